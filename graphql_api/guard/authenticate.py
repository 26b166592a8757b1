"""Who asks: from the request's headers to a Caller, with one look-up a minute."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from graphql_api.errors import Internal, Unauthenticated
from graphql_api.guard import keys
from graphql_api.guard.caller import Caller
from graphql_api.guard.limits import SECOND
from graphql_api.guard.memory import Memory
from graphql_api.guard.plans import PLANS
from graphql_api.guard.reach import Reach
from graphql_api.stores import Account, AccountStore, ApiKey

__all__ = ["Authenticator"]

KNOWN_FOR: Final = 60 * SECOND
UNKNOWN_FOR: Final = 5 * SECOND  # short, since the key may be made right after
KNOWN_KEYS: Final = 10_000
UNKNOWN_KEYS: Final = 10_000
USED_EVERY: Final = 3_600 * SECOND  # at most one write an hour says that a key is in use

MISSING: Final = "An API key is needed, in the header x-api-key."
TWO_CREDENTIALS: Final = (
    "The request carries both x-api-key and Authorization, and it is not clear who asks: send one."
)
BEARER_GIVEN: Final = (
    "Tokens in the Authorization header are not accepted here: send an API key in x-api-key."
)
UNKNOWN: Final = "This API key is not known here."
REVOKED: Final = "This API key was revoked."
EXPIRED: Final = "This API key has expired."
NOT_YET: Final = "This API key is not valid yet."


@dataclass(frozen=True, slots=True)
class Known:
    """A key that was found, and whose it is."""

    key: ApiKey
    account: Account


class Authenticator:
    """Finds the caller behind a key; junk never reaches the store."""

    def __init__(
        self, accounts: AccountStore, clock: Callable[[], int], environment: keys.Environment
    ) -> None:
        self._accounts = accounts
        self._clock = clock
        self._environment = environment
        self._known: Memory[str, Known] = Memory(KNOWN_KEYS)
        # Apart from the known ones, so that a flood of junk cannot push those out.
        self._refused: Memory[str, str] = Memory(UNKNOWN_KEYS)

    def caller(self, headers: Mapping[str, str], reach: Reach) -> Caller:
        """The caller behind the request's credentials.

        Raises
        ------
        Unauthenticated
            With a sentence that says what is wrong, and never the key.
        Unavailable
            When the key is not in memory and the store does not answer.
        """
        key_id = self._key_id(headers)
        now = self._clock()
        refusal = self._refused.get(key_id, now)
        if refusal is not None:
            raise Unauthenticated(refusal)
        known = self._known.get(key_id, now) or self._look_up(key_id, now, reach)
        refusal = _refusal(known.key, now)
        if refusal is not None:
            raise Unauthenticated(refusal)
        plan = PLANS.get(known.account.plan)
        if plan is None:
            raise Internal  # written by a newer version; never served with limits made up
        return Caller(known.account, plan, known.key, known.key.scopes)

    def forget(self, key_id: str) -> None:
        """Refuse a key that a store call has shown to be revoked."""
        self._known.forget(key_id)
        self._refused.put(key_id, REVOKED, self._clock() + KNOWN_FOR)

    def _key_id(self, headers: Mapping[str, str]) -> str:
        key = headers.get("x-api-key")
        authorization = headers.get("authorization")
        if key is not None and authorization is not None:
            raise Unauthenticated(TWO_CREDENTIALS)
        if key is None:
            raise Unauthenticated(MISSING if authorization is None else BEARER_GIVEN)
        keys.check(key, self._environment)
        return keys.digest(key)

    def _look_up(self, key_id: str, now: int, reach: Reach) -> Known:
        key = reach(self._accounts.find_key, key_id)
        account = reach(self._accounts.find_account, key.account_id) if key else None
        if key is None or account is None:
            self._refused.put(key_id, UNKNOWN, now + UNKNOWN_FOR)
            raise Unauthenticated(UNKNOWN)
        known = Known(key, account)
        self._known.put(key_id, known, now + KNOWN_FOR)
        if _refusal(key, now) is None and (key.last_used_at or 0) <= now - USED_EVERY:
            reach.if_possible(self._accounts.touch_key, key_id, now)
        return known


def _refusal(key: ApiKey, now: int) -> str | None:
    if key.revoked_at is not None:
        return REVOKED
    if key.expires_at is not None and now >= key.expires_at:
        return EXPIRED
    if key.not_before is not None and now < key.not_before:
        return NOT_YET
    return None
