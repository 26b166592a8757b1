"""Accounts: made, listed and moved, each deed with its audit entry; and, with it, their keys.

What the command line does and what mutations do. Secrets are handed out once and kept nowhere.
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Final

from graphql_api.errors import ApiError, BadInput
from graphql_api.guard import keys
from graphql_api.guard.deeds import NewKey, asked_of, no_account, told_of, ulid
from graphql_api.guard.idempotency import Request
from graphql_api.guard.key_deeds import KeyDeeds
from graphql_api.guard.terms import KeyTerms, check_overrides, check_plan, readable
from graphql_api.stores import Account, ApiKey, AuditEntry, Once, Overrides, Scope, Slice

__all__ = ["DEMO_ACCOUNT", "Accounts", "NewKey", "ulid"]

DEMO_ACCOUNT: Final = "demo"
NO_OVERRIDES: Final = Overrides()


class Accounts(KeyDeeds):
    """The deeds of account management."""

    def create_account(
        self,
        name: str,
        plan: str,
        overrides: Overrides = NO_OVERRIDES,
        request: Request | None = None,
    ) -> Account:
        """A new account, without a key yet."""
        account = self._new_account(name, plan, overrides)
        mark = self._mark(request, "account.created", asked_of(account), account.id)
        before = self._before(mark)
        if before is None and not self._keep(account, None, mark):
            before = self._before(mark)
            if before is None:
                raise _is_there(account)
        return account if before is None else self.find_account(before.result)

    def open_account(
        self,
        name: str,
        plan: str,
        label: str = "",
        scopes: Iterable[Scope] = (Scope.SIGNALS_READ,),
        expires_at: int | None = None,
        *,
        not_before: int | None = None,
        networks: Iterable[str] = (),
        overrides: Overrides = NO_OVERRIDES,
        request: Request | None = None,
    ) -> NewKey:
        """A new account with its first key, in one transaction."""
        account = self._new_account(name, plan, overrides)
        new = self._new_key(account, KeyTerms(label, scopes, not_before, expires_at, networks))
        asked = [asked_of(account), asked_of(new.key) | {"account_id": None}]
        mark = self._mark(request, "account.opened", asked, new.key.id)
        before = self._made_before(mark)
        if before is None and not self._keep(account, new.key, mark):
            before = self._made_before(mark)
            if before is None:
                raise _is_there(account)
        return before or new

    def list_accounts(self, part: Slice) -> list[Account]:
        """A part of all accounts, in order of their making."""
        return self._ask(self._store.list_accounts, part)

    def audit_log(self, account_id: str, part: Slice) -> list[AuditEntry]:
        """A part of what was done to an account, newest first."""
        return self._ask(self._store.audit_log, account_id, part)

    def set_plan(
        self, account_id: str, plan: str | None, overrides: Overrides = NO_OVERRIDES
    ) -> Account:
        """Give an account a plan, None for the one it has, and limits of its own in it, or none.

        Processes that know the account follow within a minute.
        """
        if plan is not None:
            check_plan(plan)
        check_overrides(overrides)
        given = {name: value for name, value in asdict(overrides).items() if value is not None}
        told = {name: str(value) for name, value in given.items()}
        if plan is not None:
            told["plan"] = plan
        entry = self._entry(account_id, "plan.set" if plan else "limits.set", **told)
        if not self._ask(self._store.set_plan, account_id, plan, overrides, entry):
            raise no_account(account_id)
        return self.find_account(account_id)

    def ensure_demo(self, secret: str | None = None) -> str:
        """The secret of a demo key that works: the one given while it does, or else a new one."""
        if secret is not None and self._works_for_demo(secret):
            return secret
        if self._ask(self._store.find_account, DEMO_ACCOUNT) is not None:
            return self.create_key(DEMO_ACCOUNT, "demo").secret
        account = Account(DEMO_ACCOUNT, "Demo", "DEMO", self._clock())
        new = self._new_key(account, KeyTerms("demo"))
        if not self._keep(account, new.key, None):
            raise _is_there(account)
        return new.secret

    def _works_for_demo(self, secret: str) -> bool:
        try:
            keys.check(secret, self._environment)
        except ApiError:
            return False
        key = self._ask(self._store.find_key, keys.digest(secret))
        return key is not None and key.account_id == DEMO_ACCOUNT and key.revoked_at is None

    def _new_account(self, name: str, plan: str, overrides: Overrides) -> Account:
        check_plan(plan)
        check_overrides(overrides)
        now = self._clock()
        return Account(ulid(now), readable("The name of an account", name), plan, now, overrides)

    def _keep(self, account: Account, key: ApiKey | None, mark: Once | None) -> bool:
        details = {"plan": account.plan, "name": account.name}
        if key is not None:
            details |= {"key": key.id, **told_of(key)}
        entry = self._entry(account.id, "account.created", **details)
        return self._ask(self._store.create_account, account, key, entry, mark)


def _is_there(account: Account) -> BadInput:
    return BadInput(f"There is an account {account.id} already.")
