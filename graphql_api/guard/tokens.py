"""Tokens: JSON Web Tokens of one issuer, for Cognito and its like.

    header.claims.signature         each in base64url; RS256 or ES256 over the first two

A token is first recognised, then its signature is verified with a key that the issuer publishes,
and only then is anything believed of what it claims. What a header says of where to find a key
(jku, x5u, jwk, x5c) is never looked at.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from jwt.api_jwk import PyJWK
from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError

from graphql_api.errors import InvalidToken
from graphql_api.guard.jwks import ALGORITHMS
from graphql_api.guard.limits import SECOND
from graphql_api.guard.strict_json import read_object
from graphql_api.stores.records import Scope

__all__ = ["Rules", "Tokens", "Verified"]

LONGEST: Final = 8_192  # characters; what a Function URL takes in all headers is little more
LEEWAY: Final = 30 * SECOND  # by which the issuer's clock and ours may differ
FAR: Final = 253_402_300_800  # seconds; the year 10000, beyond which no clock is right

SHAPE: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
KEY_ID: Final = re.compile(r"[!-~]{1,200}")
ACCOUNT: Final = re.compile(r"[!-~]{1,100}")
SUBJECT: Final = re.compile(r"[ -~]{1,255}")  # RFC 7519 and OpenID Connect
TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})  # RFC 7519, RFC 9068
USES: Final = ("access", "id")  # Cognito's token_use

TOO_LONG: Final = f"The token is longer than {LONGEST:,} characters."
UNSIGNED: Final = (
    "This is not a signed token: one has three parts in base64url, with dots between them."
)
ENCRYPTED: Final = "Encrypted tokens are not taken: send a signed one, which has three parts."
BAD_HEADER: Final = "The header of the token is not a JSON object in which each name stands once."
BAD_ALGORITHM: Final = f"The token must be signed by {' or '.join(ALGORITHMS)}."
NESTED: Final = "A token within a token is not taken: send the inner one."
BAD_TYPE: Final = "The token is of another type (typ) than JWT or at+jwt."
CRITICAL: Final = "The header of the token asks for extensions (crit) that are not known here."
NO_KEY_ID: Final = "The header of the token does not name the key (kid) that it was signed with."
UNKNOWN_KEY: Final = "The token is signed with a key (kid) that its issuer does not publish."
FORGED: Final = "The signature of the token does not match."
BAD_CLAIMS: Final = "The claims of the token are not a JSON object in which each name stands once."
BAD_ISSUER: Final = "The token comes from another issuer (iss) than the one that is trusted here."
BAD_AUDIENCE: Final = "The token was made for another audience (aud, or client_id) than this API."
BAD_USE: Final = "The token is neither an access token nor an ID token (token_use)."
BAD_TIMES: Final = "The token needs an exp, and its exp, nbf and iat must be seconds since 1970."
EXPIRED: Final = "The token has expired (exp)."
NOT_YET: Final = "The token is not valid yet (nbf)."
FROM_THE_FUTURE: Final = "The token was issued in the future (iat)."


@dataclass(frozen=True, slots=True)
class Rules:
    """Whose tokens are taken, and what their claims mean."""

    issuer: str
    audiences: tuple[str, ...]
    account_claim: str
    scope_claims: tuple[str, ...]  # lists, or words with spaces between
    scope_prefix: str  # a resource server's, as intellpulse/ in intellpulse/signals:read


@dataclass(frozen=True, slots=True)
class Verified:
    """What is believed of a token."""

    account_id: str
    scopes: frozenset[Scope]
    expires_at: int  # microseconds since the epoch, without the leeway
    subject: str = ""  # whom the issuer names, for the audit log


class Keys(Protocol):
    """Where the issuer's keys are found."""

    def find(self, key_id: str, algorithm: str) -> PyJWK | None:
        """The key of this id and algorithm."""
        ...


class Tokens:
    """Verifies tokens by rules that are set, with an issuer's keys.

    Parameters
    ----------
    clock : callable
        Integer microseconds since the epoch.
    """

    def __init__(self, rules: Rules, keys: Keys, clock: Callable[[], int]) -> None:
        self._rules = rules
        self._keys = keys
        self._clock = clock
        self._jws = PyJWS()

    def verify(self, token: str) -> Verified:
        """What a token says, when it is genuine, meant for us, and valid now.

        Raises
        ------
        InvalidToken
            With a sentence that says what is wrong, and nothing of the token.
        Unavailable
            When the issuer's keys cannot be had.
        """
        algorithm, key_id = _header(token)
        key = self._keys.find(key_id, algorithm)
        if key is None:
            raise InvalidToken(UNKNOWN_KEY)
        try:
            verified = self._jws.decode_complete(token, key, algorithms=[algorithm])
        except PyJWTError:
            raise InvalidToken(FORGED) from None
        try:
            claims = read_object(verified["payload"])
        except ValueError:
            raise InvalidToken(BAD_CLAIMS) from None
        self._check_origin(claims)
        expires_at = _check_times(claims, self._clock())
        subject = claims.get("sub")
        subject = subject if isinstance(subject, str) and SUBJECT.fullmatch(subject) else ""
        return Verified(self._account(claims), self._scopes(claims), expires_at, subject)

    def _check_origin(self, claims: Mapping[str, Any]) -> None:
        """From our issuer, for us, and to be shown to an API."""
        if claims.get("iss") != self._rules.issuer:
            raise InvalidToken(BAD_ISSUER)
        use = claims.get("token_use")
        if use is not None and use not in USES:
            raise InvalidToken(BAD_USE)
        audience = claims.get("aud")
        if audience is None and use == "access":  # Cognito's name their client only
            audience = claims.get("client_id")
        if not any(one in self._rules.audiences for one in _strings(audience)):
            raise InvalidToken(BAD_AUDIENCE)

    def _account(self, claims: Mapping[str, Any]) -> str:
        name = self._rules.account_claim
        account = claims.get(name)
        if not isinstance(account, str) or not ACCOUNT.fullmatch(account):
            raise InvalidToken(f"The token names no account: its claim {name} should.")
        return account

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[Scope]:
        """The scopes that are known here, of those that the token has under our prefix."""
        prefix = self._rules.scope_prefix
        held = [word for name in self._rules.scope_claims for word in _words(claims.get(name))]
        return frozenset(scope for scope in Scope if f"{prefix}{scope}" in held)


def _header(token: str) -> tuple[str, str]:
    """The algorithm and the key's id of what may be a token."""
    if len(token) > LONGEST:
        raise InvalidToken(TOO_LONG)
    if not SHAPE.fullmatch(token):
        raise InvalidToken(ENCRYPTED if token.count(".") == 4 else UNSIGNED)
    part = token.partition(".")[0]
    try:
        header = read_object(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error):
        raise InvalidToken(BAD_HEADER) from None
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise InvalidToken(BAD_ALGORITHM)
    if "crit" in header or "b64" in header:
        raise InvalidToken(CRITICAL)
    if "cty" in header:
        raise InvalidToken(NESTED)
    if str(header.get("typ", "JWT")).lower() not in TYPES:
        raise InvalidToken(BAD_TYPE)
    if not isinstance(key_id, str) or not KEY_ID.fullmatch(key_id):
        raise InvalidToken(NO_KEY_ID)
    return algorithm, key_id


def _check_times(claims: Mapping[str, Any], now: int) -> int:
    """When the token expires, in microseconds; refused when it is not valid at ``now``."""
    expires_at = _moment(claims, "exp")
    begins_at = _moment(claims, "nbf")
    issued_at = _moment(claims, "iat")
    if expires_at is None:
        raise InvalidToken(BAD_TIMES)
    if now >= expires_at + LEEWAY:
        raise InvalidToken(EXPIRED)
    if begins_at is not None and begins_at > now + LEEWAY:
        raise InvalidToken(NOT_YET)
    if issued_at is not None and issued_at > now + LEEWAY:
        raise InvalidToken(FROM_THE_FUTURE)
    return expires_at


def _moment(claims: Mapping[str, Any], name: str) -> int | None:
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidToken(BAD_TIMES)
    if not 0 <= value < FAR:  # nor is infinity, which JSON can hide in 1e999
        raise InvalidToken(BAD_TIMES)
    return round(value * SECOND)


def _strings(value: Any) -> Iterable[str]:
    """A claim that is a string or a list of them."""
    listed = value if isinstance(value, list) else [value]
    return [one for one in listed if isinstance(one, str)]


def _words(value: Any) -> Iterable[str]:
    """The words of a claim that is a list, or a string with spaces between."""
    return [word for one in _strings(value) for word in one.split(" ")]
