"""API keys: how they are made, recognised, and turned into the hash that is kept.

    ip_live_ 30 base62 characters 6 of CRC32            ip_test_ outside production

The thirty characters carry 178 random bits, which need no pepper. The checksum lets junk be refused
without a look-up, as GitHub's tokens do.
"""

import hashlib
import re
import secrets
import zlib
from hmac import compare_digest
from typing import Final, Literal

from graphql_api.errors import Unauthenticated

__all__ = ["Environment", "check", "digest", "mint"]

Environment = Literal["live", "test"]

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BODY: Final = 30
CHECKSUM: Final = 6
SHAPE: Final = re.compile(rf"ip_(live|test)_([0-9A-Za-z]{{{BODY}}})([0-9A-Za-z]{{{CHECKSUM}}})")


def mint(environment: Environment) -> str:
    """A new key. It is shown once and kept nowhere."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(BODY))
    return f"ip_{environment}_{body}{_checksum(body)}"


def digest(key: str) -> str:
    """The SHA-256 of a key in hex, which is all that is kept of it."""
    return hashlib.sha256(key.encode()).hexdigest()


def check(key: str, environment: Environment) -> None:
    """Refuse what cannot be a key of this environment, without a look-up.

    Raises
    ------
    Unauthenticated
        With a sentence that says what is wrong and never repeats the key.
    """
    match = SHAPE.fullmatch(key)
    if match is None:
        raise Unauthenticated(
            f"This is not an API key. One starts with ip_{environment}_ and has "
            f"{len('ip_live_') + BODY + CHECKSUM} characters, letters and digits after the prefix."
        )
    kind, body, checksum = match.groups()
    if kind != environment:
        raise Unauthenticated(
            f"This is a {kind} key, and this service takes {environment} keys, "
            f"which start with ip_{environment}_."
        )
    if not compare_digest(_checksum(body), checksum):
        raise Unauthenticated("The API key was mistyped or cut: its checksum does not match.")


def _checksum(body: str) -> str:
    value = zlib.crc32(body.encode())
    digits = []
    for _ in range(CHECKSUM):
        value, digit = divmod(value, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
