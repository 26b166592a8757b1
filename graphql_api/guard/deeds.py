"""What all deeds of account management share: whom they reach, how they are logged, done once."""

import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final, ParamSpec, TypeVar

from graphql_api.errors import BadInput
from graphql_api.guard import keys
from graphql_api.guard.idempotency import Request, check_same
from graphql_api.guard.reach import Reach
from graphql_api.guard.terms import KeyTerms
from graphql_api.stores import Account, AccountStore, ApiKey, AuditEntry, Once

__all__ = [
    "NO_SUCH_KEY",
    "OPERATOR",
    "Deeds",
    "NewKey",
    "asked_of",
    "no_account",
    "told_of",
    "ulid",
]

P = ParamSpec("P")
Answer = TypeVar("Answer")

OPERATOR: Final = "operator"
NO_SUCH_KEY: Final = "This account has no such key."
CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made, with the secret that is shown once: to whoever's request made it."""

    secret: str = field(repr=False)  # empty where the same request had made it before
    key: ApiKey
    account: Account
    replaced: ApiKey | None = None


class Deeds:
    """What acts on a store in someone's name.

    Parameters
    ----------
    store : AccountStore
    clock : callable
        Integer microseconds since the epoch.
    environment : "live" or "test"
        The kind of keys that are made.
    actor : str
        Who does it, for the audit log: ``key:`` and its id, ``token:`` and its subject, ``cli``.
    home : Account, optional
        The actor's own account. What is done to others is logged as an operator's.
    reach : Reach, optional
        The second of store time of the request that this is part of; without, one for each call.
    """

    def __init__(
        self,
        store: AccountStore,
        clock: Callable[[], int],
        environment: keys.Environment = "live",
        actor: str = "cli",
        home: Account | None = None,
        reach: Reach | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._environment = environment
        self._actor = actor
        self._home = home
        self._reach = reach

    def find_account(self, account_id: str) -> Account:
        """The account with this id.

        Raises
        ------
        BadInput
            When there is none.
        """
        account = self._ask(self._store.find_account, account_id)
        if account is None:
            raise no_account(account_id)
        return account

    def find_key(self, key_id: str, account_id: str | None = None) -> ApiKey:
        """The key with this id, of this account or of whatever one.

        Raises
        ------
        BadInput
            When there is no such key, or it is another's, which is not told apart.
        """
        key = self._ask(self._store.find_key, key_id)
        if account_id is not None and (key is None or key.account_id != account_id):
            raise BadInput(NO_SUCH_KEY)
        if key is None:
            raise BadInput("There is no such key.")
        return key

    def _account(self, account_id: str) -> Account:
        """An account whose keys are at issue; the actor's own was found before."""
        if self._home is not None and self._home.id == account_id:
            return self._home
        return self.find_account(account_id)

    def _new_key(self, account: Account, terms: KeyTerms) -> NewKey:
        now = self._clock()
        terms = terms.checked(now)
        secret = keys.mint(self._environment)
        key = ApiKey(
            id=keys.digest(secret),
            account_id=account.id,
            label=terms.label,
            last_four=secret[-4:],
            scopes=frozenset(terms.scopes),
            created_at=now,
            not_before=terms.not_before,
            expires_at=terms.expires_at,
            networks=tuple(terms.networks),
        )
        return NewKey(secret, key, account)

    def _mark(self, request: Request | None, deed: str, asked: Any, result: str) -> Once | None:
        return None if request is None else request.mark(deed, asked, result, self._clock())

    def _before(self, mark: Once | None) -> Once | None:
        """The mark of the same request, where it was done before."""
        if mark is None:
            return None
        before = self._ask(self._store.find_once, mark.account_id, mark.id)
        if before is None or before.until <= self._clock():
            return None
        check_same(before, mark)
        return before

    def _made_before(self, mark: Once | None) -> NewKey | None:
        """The key that the same request made before; its secret is gone."""
        before = self._before(mark)
        if before is None:
            return None
        key = self.find_key(before.result)
        replaced = None if key.replaces is None else self.find_key(key.replaces)
        return NewKey("", key, self._account(key.account_id), replaced)

    def _entry(self, account_id: str, action: str, **details: str) -> AuditEntry:
        now = self._clock()
        elsewhere = self._home is not None and self._home.id != account_id
        actor = f"{OPERATOR}:{self._actor}" if elsewhere else self._actor
        return AuditEntry(ulid(now), account_id, now, actor, action, details)

    def _ask(self, ask: Callable[P, Answer], *arguments: P.args, **named: P.kwargs) -> Answer:
        reach = self._reach or Reach(self._clock)
        return reach(ask, *arguments, **named)


class Ulids:
    """ULIDs: 48 bits of milliseconds, 80 of chance, in Crockford's base 32; they sort by time.

    Those of one millisecond count up from the first, so that what one process did in turn is
    listed in turn.
    """

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def __call__(self, now: int) -> str:
        """The next one."""
        moment = now // 1_000
        with self._lock:
            if self._last >> 80 != moment:
                self._last = moment << 80 | secrets.randbits(79)  # leaves room to count
            else:
                self._last += 1
            number = self._last
        return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


ulid: Final = Ulids()


def asked_of(made: Account | ApiKey) -> dict[str, Any]:
    """What was asked for, without what chance and the clock have made of it."""
    asked = asdict(made)
    for name in ("id", "created_at", "last_four"):
        asked.pop(name, None)
    if isinstance(made, ApiKey):
        asked["scopes"] = sorted(made.scopes)
    return asked


def told_of(key: ApiKey) -> dict[str, str]:
    """What the audit log says of a new key."""
    told = {"label": key.label, "scopes": " ".join(sorted(key.scopes))}
    return told | ({"networks": " ".join(key.networks)} if key.networks else {})


def no_account(account_id: str) -> BadInput:
    """The refusal of an account that is not there."""
    shown = account_id if len(account_id) <= 40 else f"{account_id[:40]}..."
    return BadInput(f"There is no account {shown}.")
