"""What commands print: one JSON value for programs, or rows for people."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

__all__ = ["plain", "print_json", "print_rows"]


def print_json(value: Any) -> None:
    """One JSON value, for programs that read us."""
    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def print_rows(rows: Sequence[Mapping[str, Any]], *, as_json: bool, nothing: str) -> None:
    """Rows as JSON, or a line each; and what is said where there are none."""
    if as_json:
        print_json(rows)
        return
    for row in rows:
        print(plain("  ".join(str(value) for value in row.values())))
    if not rows:
        print(nothing)


def plain(text: str) -> str:
    """A line with nothing in it that a terminal obeys: a source may have sent anything."""
    return "".join(one if one.isprintable() else "\ufffd" for one in text)
