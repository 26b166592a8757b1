"""JSON from strangers: an object, each name once, and numbers that are numbers."""

import json
from typing import Any, Never

__all__ = ["read_object"]


def read_object(text: bytes) -> dict[str, Any]:
    """The object in a text.

    A name that stands twice is refused, since two readers may believe different ones.

    Raises
    ------
    ValueError
        When the text is anything else. Its message is not for showing.
    """
    try:
        value = json.loads(text.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")
