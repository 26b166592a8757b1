"""The public keys of an issuer of tokens: fetched from its JWKS, checked, and kept."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import urllib3
from jwt.api_jwk import PyJWK
from jwt.exceptions import PyJWTError

from graphql_api.errors import Unavailable
from graphql_api.guard.kept import Away, Kept
from graphql_api.guard.limits import SECOND
from graphql_api.guard.strict_json import read_object

__all__ = ["ALGORITHMS", "IssuerKeys", "fetch", "usable_keys"]

ALGORITHMS: Final = ("RS256", "ES256")

FRESH_FOR: Final = 600 * SECOND
STALE_FOR: Final = 24 * 3_600 * SECOND  # while the issuer cannot be reached
REFRESH_EVERY: Final = 60 * SECOND  # also for a key that is not known

LARGEST: Final = 65_536  # bytes of a JWKS
MOST_KEYS: Final = 100
LONGEST_ID: Final = 200
RSA_BITS: Final = range(2_048, 8_193)  # shorter ones can be broken, longer ones only cost time
CONNECT: Final = 0.3  # seconds
READ: Final = 0.3
WHOLE: Final = 2.0  # an answer that only drips is given up then

KEYS_AWAY: Final = (
    "The keys that tokens are signed with cannot be fetched from their issuer. "
    "Try again in a moment."
)


Keys = Mapping[tuple[str, str], PyJWK]  # by id and algorithm


class IssuerKeys:
    """The keys of one issuer.

    They are fetched when the first token comes, and anew when they are ten minutes old or a token
    names a key that is not among them, at most once a minute. While the issuer cannot be reached
    those that are known serve on, for a day.
    """

    def __init__(self, url: str, clock: Callable[[], int]) -> None:
        self._kept: Kept[Keys] = Kept(
            "the JWKS",
            lambda: usable_keys(fetch(url)),
            clock,
            fresh_for=FRESH_FOR,
            stale_for=STALE_FOR,
            retry_every=REFRESH_EVERY,
        )

    def find(self, key_id: str, algorithm: str) -> PyJWK | None:
        """The key of this id and algorithm, if the issuer has one.

        Raises
        ------
        Unavailable
            When that cannot be found out.
        """
        name = (key_id, algorithm)
        try:
            keys = self._kept.get(lambda keys: name in keys)
        except Away as error:
            raise Unavailable(KEYS_AWAY) from error
        if name not in keys and self._kept.failed:  # it may be a new one
            raise Unavailable(KEYS_AWAY)
        return keys.get(name)


def fetch(url: str) -> bytes:
    """What stands at an address, as it is sent, bounded in size and in time.

    Raises
    ------
    Away
        For whatever is not an answer of 200 by this very address.
    """
    deadline = time.monotonic() + WHOLE
    timeout = urllib3.Timeout(connect=CONNECT, read=READ)
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    with urllib3.PoolManager(timeout=timeout, retries=False, headers=headers) as pool:
        try:
            answer = pool.request("GET", url, redirect=False, preload_content=False)
            try:
                return _body(answer, deadline)
            finally:
                answer.close()
        except urllib3.exceptions.HTTPError as error:
            raise Away(type(error).__name__) from error


def _body(answer: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    if answer.status != 200:
        raise Away(f"it is answered by {answer.status}")
    body = b""
    while chunk := answer.read1(LARGEST, decode_content=False):
        body += chunk
        if len(body) > LARGEST:
            raise Away(f"it is larger than {LARGEST} bytes")
        if time.monotonic() > deadline:
            raise Away("it comes too slowly")
    return body


def usable_keys(text: bytes) -> Keys:
    """The keys of a JWKS that may verify tokens; others are passed over.

    Raises
    ------
    Away
        When it is no JWKS, or holds none.
    """
    try:
        listed = read_object(text).get("keys")
    except ValueError:
        listed = None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise Away("it is no JSON object with a list of keys")
    keys: dict[tuple[str, str], PyJWK] = {}
    for one in listed:
        named = _usable(one) if isinstance(one, dict) else None
        if named is not None:
            keys.setdefault(*named)
    if not keys:
        raise Away(f"it holds no key for {' or '.join(ALGORITHMS)}")
    return keys


def _usable(jwk: dict[str, Any]) -> tuple[tuple[str, str], PyJWK] | None:
    """A key with its name, if it is public, strong, and meant for verifying by our algorithms."""
    key_id = jwk.get("kid")
    parts: tuple[str, ...]
    # Nothing but the numbers of a public key is read: no certificate, no address, no private part.
    if jwk.get("kty") == "RSA":
        algorithm, parts = "RS256", ("kty", "n", "e")
    elif jwk.get("kty") == "EC" and jwk.get("crv") == "P-256":
        algorithm, parts = "ES256", ("kty", "crv", "x", "y")
    else:
        return None
    if not isinstance(key_id, str) or not 1 <= len(key_id) <= LONGEST_ID:
        return None
    if jwk.get("alg", algorithm) != algorithm or jwk.get("use", "sig") != "sig":
        return None
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    try:
        made = PyJWK({part: jwk[part] for part in parts}, algorithm)
    except (PyJWTError, KeyError, TypeError, ValueError):
        return None
    if algorithm == "RS256" and made.key.key_size not in RSA_BITS:
        return None
    return (key_id, algorithm), made
