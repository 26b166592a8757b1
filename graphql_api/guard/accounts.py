"""Accounts and keys: made, listed, moved and revoked, each deed with its audit entry.

What the command line does and what mutations will do. Secrets are handed out once and kept nowhere.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from graphql_api.errors import ApiError, BadInput
from graphql_api.guard import keys
from graphql_api.guard.limits import day_of, next_day_of
from graphql_api.guard.plans import PLANS
from graphql_api.guard.reach import Reach
from graphql_api.stores import Account, AccountStore, ApiKey, AuditEntry, Overrides, Scope

__all__ = ["DEMO_ACCOUNT", "Accounts", "NewKey", "ulid"]

DEMO_ACCOUNT: Final = "demo"
LONGEST_NAME: Final = 100  # characters
CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made, with the secret that is shown this once."""

    secret: str = field(repr=False)
    key: ApiKey
    account: Account


class Accounts:
    """The deeds of account management.

    Parameters
    ----------
    store : AccountStore
    clock : callable
        Integer microseconds since the epoch.
    environment : "live" or "test"
        The kind of keys that are made.
    actor : str
        Who does it, for the audit log: a key's id, or ``cli``.
    """

    def __init__(
        self,
        store: AccountStore,
        clock: Callable[[], int],
        environment: keys.Environment = "live",
        actor: str = "cli",
    ) -> None:
        self._store = store
        self._clock = clock
        self._environment = environment
        self._actor = actor

    def create_account(self, name: str, plan: str) -> Account:
        """A new account, without a key yet."""
        account = self._new_account(name, plan)
        self._keep(account, None)
        return account

    def open_account(
        self,
        name: str,
        plan: str,
        label: str = "",
        scopes: Iterable[Scope] = (Scope.SIGNALS_READ,),
        expires_at: int | None = None,
    ) -> NewKey:
        """A new account with its first key, in one transaction."""
        account = self._new_account(name, plan)
        new = self._new_key(account, label, scopes, expires_at)
        self._keep(account, new.key)
        return new

    def create_key(
        self,
        account_id: str,
        label: str = "",
        scopes: Iterable[Scope] = (Scope.SIGNALS_READ,),
        expires_at: int | None = None,
    ) -> NewKey:
        """A new key of an account that is there.

        Raises
        ------
        BadInput
            When there is no such account, or the key would never be valid.
        """
        account = self._account(account_id)
        new = self._new_key(account, label, scopes, expires_at)
        details = {"key": new.key.id, "label": label}
        entry = self._entry(account_id, "key.created", **details)
        if not Reach(self._clock)(self._store.create_key, new.key, entry):
            raise _no_account(account_id)
        return new

    def find_key(self, key_id: str) -> ApiKey:
        """The key with this id, of whatever account.

        Raises
        ------
        BadInput
            When there is no such key.
        """
        key = Reach(self._clock)(self._store.find_key, key_id)
        if key is None:
            raise BadInput("There is no such key.")
        return key

    def revoke_key(self, account_id: str, key_id: str) -> ApiKey:
        """Stop a key: at the account's next admission, wherever that is decided.

        Its id is written into today's and tomorrow's item, so that a new day does not revive it
        where it is still remembered. May be repeated.

        Raises
        ------
        BadInput
            When the account has no such key.
        """
        reach = Reach(self._clock)
        key = reach(self._store.find_key, key_id)
        if key is None or key.account_id != account_id:
            raise BadInput("This account has no such key.")
        now = self._clock()
        days = (day_of(now), next_day_of(now))
        entry = self._entry(account_id, "key.revoked", key=key_id)
        reach(self._store.revoke_key, key, now, days, entry)
        return reach(self._store.find_key, key_id) or key

    def list_keys(self, account_id: str) -> list[ApiKey]:
        """The keys of an account, oldest first, revoked ones too."""
        return Reach(self._clock)(self._store.list_keys, account_id)

    def set_plan(self, account_id: str, plan: str) -> Account:
        """Move an account to another plan; processes that know it follow within a minute."""
        _check_plan(plan)
        entry = self._entry(account_id, "plan.set", plan=plan)
        if not Reach(self._clock)(self._store.set_plan, account_id, plan, Overrides(), entry):
            raise _no_account(account_id)
        return self._account(account_id)

    def ensure_demo(self, secret: str | None = None) -> str:
        """The secret of a demo key that works: the one given while it does, or else a new one."""
        if secret is not None and self._works_for_demo(secret):
            return secret
        if Reach(self._clock)(self._store.find_account, DEMO_ACCOUNT) is not None:
            return self.create_key(DEMO_ACCOUNT, "demo").secret
        account = Account(DEMO_ACCOUNT, "Demo", "DEMO", self._clock())
        new = self._new_key(account, "demo", (Scope.SIGNALS_READ,), None)
        self._keep(account, new.key)
        return new.secret

    def _works_for_demo(self, secret: str) -> bool:
        try:
            keys.check(secret, self._environment)
        except ApiError:
            return False
        key = Reach(self._clock)(self._store.find_key, keys.digest(secret))
        return key is not None and key.account_id == DEMO_ACCOUNT and key.revoked_at is None

    def _account(self, account_id: str) -> Account:
        account = Reach(self._clock)(self._store.find_account, account_id)
        if account is None:
            raise _no_account(account_id)
        return account

    def _new_account(self, name: str, plan: str) -> Account:
        _check_plan(plan)
        name = name.strip()
        if not 1 <= len(name) <= LONGEST_NAME:
            raise BadInput(f"The name of an account has 1 to {LONGEST_NAME} characters.")
        now = self._clock()
        return Account(ulid(now), name, plan, now)

    def _new_key(
        self, account: Account, label: str, scopes: Iterable[Scope], expires_at: int | None
    ) -> NewKey:
        now = self._clock()
        granted = frozenset(scopes)
        if len(label) > LONGEST_NAME:
            raise BadInput(f"The label of a key has at most {LONGEST_NAME} characters.")
        if not granted:
            raise BadInput("A key needs at least one scope, or it could do nothing.")
        if expires_at is not None and expires_at <= now:
            raise BadInput("The key would have expired already.")
        secret = keys.mint(self._environment)
        key = ApiKey(
            id=keys.digest(secret),
            account_id=account.id,
            label=label,
            last_four=secret[-4:],
            scopes=granted,
            created_at=now,
            expires_at=expires_at,
        )
        return NewKey(secret, key, account)

    def _keep(self, account: Account, key: ApiKey | None) -> None:
        details = {"plan": account.plan}
        if key is not None:
            details["key"] = key.id
        entry = self._entry(account.id, "account.created", **details)
        if not Reach(self._clock)(self._store.create_account, account, key, entry):
            raise BadInput(f"There is an account {account.id} already.")

    def _entry(self, account_id: str, action: str, **details: str) -> AuditEntry:
        now = self._clock()
        return AuditEntry(ulid(now), account_id, now, self._actor, action, details)


def ulid(now: int) -> str:
    """A ULID: 48 bits of milliseconds, 80 of chance, in Crockford's base 32; it sorts by time."""
    number = (now // 1_000) << 80 | secrets.randbits(80)
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def _check_plan(plan: str) -> None:
    if plan not in PLANS:
        raise BadInput(f"There is no plan of that name; the plans are {', '.join(PLANS)}.")


def _no_account(account_id: str) -> BadInput:
    return BadInput(f"There is no account {account_id}.")
