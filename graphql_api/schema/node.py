"""Global identifiers: a type and what names one of it, opaque to callers and the same for ever."""

import base64
from typing import Any

import orjson
import strawberry

__all__ = ["Node", "global_id"]


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
