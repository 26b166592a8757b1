"""Who asks: from the request's headers to a Caller, with one look-up a minute."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graphql_api.errors import (
    BEARER_CHALLENGE,
    KEY_CHALLENGE,
    Forbidden,
    Internal,
    InvalidToken,
    Unauthenticated,
)
from graphql_api.guard import keys
from graphql_api.guard.caller import Caller
from graphql_api.guard.limits import SECOND
from graphql_api.guard.memory import Memory
from graphql_api.guard.networks import within
from graphql_api.guard.plans import Plan, plan_of
from graphql_api.guard.reach import Reach
from graphql_api.stores import Account, AccountStore, ApiKey

if TYPE_CHECKING:
    from graphql_api.guard.tokens import Tokens, Verified

__all__ = ["Authenticator"]

KNOWN_FOR: Final = 60 * SECOND
UNKNOWN_FOR: Final = 5 * SECOND  # short, since the key may be made right after
KNOWN_KEYS: Final = 10_000
UNKNOWN_KEYS: Final = 10_000
VERIFIED_FOR: Final = 60 * SECOND  # and never beyond a token's own end
USED_EVERY: Final = 3_600 * SECOND  # at most one write an hour says that a key is in use

MISSING: Final = "An API key is needed, in the header x-api-key."
TWO_CREDENTIALS: Final = (
    "The request carries both x-api-key and Authorization, and it is not clear who asks: send one."
)
SEVERAL_KEYS: Final = "The header x-api-key holds more than one key: send one."
SEVERAL_TOKENS: Final = "The Authorization header holds more than one token: send one."
BEARER_GIVEN: Final = (
    "Tokens in the Authorization header are not accepted here: send an API key in x-api-key."
)
MISSING_BOTH: Final = (
    "An API key is needed, in the header x-api-key, or a token, in Authorization: Bearer."
)
NOT_BEARER: Final = "The Authorization header must hold Bearer, one space, and a token."
UNKNOWN: Final = "This API key is not known here."
REVOKED: Final = "This API key was revoked."
EXPIRED: Final = "This API key has expired."
NOT_YET: Final = "This API key is not valid yet."
# Not 401: the key is good, and showing it again would not help. Where it may be used from is told
# to nobody, or whoever found the key would know where to go.
ELSEWHERE: Final = "This API key may not be used from the network that this request comes from."
NO_ACCOUNT: Final = "The account that the token names is not known here."


@dataclass(frozen=True, slots=True)
class Known:
    """A key that was found, and whose it is."""

    key: ApiKey
    account: Account


class Authenticator:
    """Finds the caller behind a key or a token; junk never reaches the store.

    Parameters
    ----------
    tokens : Tokens, optional
        What verifies tokens; without, none is taken.
    """

    def __init__(
        self,
        accounts: AccountStore,
        clock: Callable[[], int],
        environment: keys.Environment,
        tokens: "Tokens | None" = None,
    ) -> None:
        self._store = accounts
        self._clock = clock
        self._environment = environment
        self._tokens = tokens
        self._known: Memory[str, Known] = Memory(KNOWN_KEYS)
        self._touched: Memory[str, bool] = Memory(KNOWN_KEYS)
        # Apart from the known ones, so that a flood of junk cannot push those out.
        self._refused: Memory[str, str] = Memory(UNKNOWN_KEYS)
        self._verified: Memory[bytes, Verified] = Memory(KNOWN_KEYS)
        self._accounts: Memory[str, Account] = Memory(KNOWN_KEYS)
        self._no_accounts: Memory[str, bool] = Memory(UNKNOWN_KEYS)

    def caller(
        self, headers: Mapping[str, str], reach: Reach, address: str | None = None
    ) -> Caller:
        """The caller behind the request's credentials.

        Raises
        ------
        Unauthenticated
            With a sentence that says what is wrong, and never the key or the token.
        Forbidden
            When the key may not be used from this address.
        Unavailable
            When what is needed is not in memory and does not answer.
        """
        key = headers.get("x-api-key")
        authorization = headers.get("authorization")
        if key is not None and authorization is not None:
            raise Unauthenticated(TWO_CREDENTIALS, challenge=self._challenge)
        if key is not None:
            return self._by_key(key, reach, address)
        if authorization is not None:
            return self._by_token(authorization, reach)
        raise Unauthenticated(MISSING_BOTH if self._tokens else MISSING, challenge=self._challenge)

    def forget(self, key_id: str) -> None:
        """Refuse a key that a store call has shown to be revoked."""
        self._known.forget(key_id)
        self._refused.put(key_id, REVOKED, self._clock() + KNOWN_FOR)

    @property
    def _challenge(self) -> str:
        """Everything that would be accepted."""
        return f"{KEY_CHALLENGE}, {BEARER_CHALLENGE}" if self._tokens else KEY_CHALLENGE

    def _by_key(self, secret: str, reach: Reach, address: str | None) -> Caller:
        if "," in secret:
            raise Unauthenticated(SEVERAL_KEYS, challenge=self._challenge)
        keys.check(secret, self._environment)
        key_id = keys.digest(secret)
        now = self._clock()
        refusal = self._refused.get(key_id, now)
        if refusal is not None:
            raise Unauthenticated(refusal)
        known = self._known.get(key_id, now) or self._look_up(key_id, now, reach)
        refusal = _refusal(known.key, now)
        if refusal is not None:
            raise Unauthenticated(refusal)
        if known.key.networks and not within(address, known.key.networks):
            raise Forbidden(ELSEWHERE)
        self._note_use(known.key, now, reach)
        return Caller(known.account, _plan(known.account), known.key, known.key.scopes)

    def _by_token(self, authorization: str, reach: Reach) -> Caller:
        if self._tokens is None:
            raise Unauthenticated(BEARER_GIVEN)
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated(NOT_BEARER, challenge=BEARER_CHALLENGE)
        if "," in token:
            raise Unauthenticated(SEVERAL_TOKENS, challenge=BEARER_CHALLENGE)
        digest = hashlib.sha256(token.encode()).digest()
        now = self._clock()
        verified = self._verified.get(digest, now)
        if verified is None:
            verified = reach.elsewhere(self._tokens.verify, token)
            self._verified.put(digest, verified, min(now + VERIFIED_FOR, verified.expires_at))
        account = self._account(verified.account_id, now, reach)
        return Caller(account, _plan(account), None, verified.scopes, verified.subject)

    def _account(self, account_id: str, now: int, reach: Reach) -> Account:
        """The account that a token names; the tokens of all its users share one look-up."""
        account = self._accounts.get(account_id, now)
        if account is None and not self._no_accounts.get(account_id, now):
            account = reach(self._store.find_account, account_id)
            if account is None:
                self._no_accounts.put(account_id, True, now + UNKNOWN_FOR)
            else:
                self._accounts.put(account_id, account, now + KNOWN_FOR)
        if account is None:
            raise InvalidToken(NO_ACCOUNT)
        return account

    def _look_up(self, key_id: str, now: int, reach: Reach) -> Known:
        key = reach(self._store.find_key, key_id)
        account = reach(self._store.find_account, key.account_id) if key else None
        if key is None or account is None:
            self._refused.put(key_id, UNKNOWN, now + UNKNOWN_FOR)
            raise Unauthenticated(UNKNOWN)
        known = Known(key, account)
        self._known.put(key_id, known, now + KNOWN_FOR)
        return known

    def _note_use(self, key: ApiKey, now: int, reach: Reach) -> None:
        """Keep when a key was last used: here at most one attempt a minute, everywhere one an hour.

        A key in memory does not say that it was touched since, so that is remembered beside it.
        """
        if (key.last_used_at or 0) > now - USED_EVERY or self._touched.get(key.id, now):
            return
        self._touched.put(key.id, True, now + KNOWN_FOR)
        reach.if_possible(self._store.touch_key, key.id, now, USED_EVERY)


def _plan(account: Account) -> Plan:
    plan = plan_of(account)
    if plan is None:
        raise Internal  # written by a newer version; never served with limits made up
    return plan


def _refusal(key: ApiKey, now: int) -> str | None:
    if key.revoked_at is not None:
        return REVOKED
    if key.expires_at is not None and now >= key.expires_at:
        return EXPIRED
    if key.not_before is not None and now < key.not_before:
        return NOT_YET
    return None
