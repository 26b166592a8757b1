"""Global identifiers: a type and what names one of it, opaque to callers and the same for ever."""

import base64
import binascii
from typing import Any

import orjson
import strawberry

from graphql_api.errors import BadInput

__all__ = ["Node", "global_id", "named_by"]


@strawberry.interface(description="Something with an identifier of its own.")
class Node:
    """What a client may cache by its id."""

    id: strawberry.ID = strawberry.field(
        description="Names this object among all objects of all types."
    )


def global_id(type_name: str, *key: Any) -> strawberry.ID:
    """The identifier of one object: URL-safe base64 of its type and key."""
    packed = base64.urlsafe_b64encode(orjson.dumps([type_name, *key]))
    return strawberry.ID(packed.decode().rstrip("="))


def named_by(identifier: strawberry.ID) -> tuple[str, list[Any]]:
    """The type and the key of an identifier.

    Raises
    ------
    BadInput
        When it is none that `global_id` made.
    """
    try:
        padded = identifier.encode("ascii") + b"=" * (-len(identifier) % 4)
        type_name, *key = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error):
        raise BadInput("id is none that this API gave.") from None
    if global_id(type_name, *key) != identifier:
        raise BadInput("id is none that this API gave.")
    return str(type_name), key
