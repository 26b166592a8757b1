"""A limit on the length of an answer: of what is longer than 6 MiB Lambda hands on nothing."""

from typing import Any, Final

from graphql_api.errors import QueryTooComplex
from graphql_api.limits.bounds import LIMITS

__all__ = ["check_length"]

TWICE: Final = (b'"', b"\\")
"""What Lambda writes as two bytes, since it hands on the answer as a string of JSON."""


def check_length(content: bytes) -> dict[str, Any] | None:
    """The error in place of an answer that is too long to be handed on."""
    maximum = LIMITS["bytes"].maximum
    if 2 * len(content) <= maximum:
        return None
    length = len(content) + sum(map(content.count, TWICE))
    if length <= maximum:
        return None
    refused = QueryTooComplex(
        f"The answer has {length} bytes; it may have {maximum}: ask for less at once.",
        limit="bytes",
        value=length,
        maximum=maximum,
    )
    return {"message": refused.message, "extensions": refused.extensions()}
