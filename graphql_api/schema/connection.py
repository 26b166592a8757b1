"""Pages of a list in order of time: Relay's connections, whose cursors are bar times."""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, TypeAlias

import numpy as np
import strawberry

from engine.types import Int64
from graphql_api.errors import BadInput
from graphql_api.schema.catalogue import FREE

__all__ = [
    "PAGE",
    "After",
    "Before",
    "First",
    "Last",
    "Page",
    "PageInfo",
    "cursor",
    "page",
    "place",
]

PAGE = 50
"""How many where neither first nor last is given."""

First: TypeAlias = Annotated[
    int | None, strawberry.argument(description="How many from the start of the rest.")
]
Last: TypeAlias = Annotated[
    int | None, strawberry.argument(description="How many from the end of the rest.")
]
After: TypeAlias = Annotated[
    str | None, strawberry.argument(description="Only what comes after this cursor.")
]
Before: TypeAlias = Annotated[
    str | None, strawberry.argument(description="Only what comes before this cursor.")
]


@strawberry.type(description="Where a page stands in the whole list.", directives=FREE)
class PageInfo:
    """The ends of a page."""

    has_next_page: bool = strawberry.field(description="Whether more follow.")
    has_previous_page: bool = strawberry.field(description="Whether some come before.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first on this page.")
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last on this page; give it as after for the next one."
    )

    @classmethod
    def of(cls, cursors: list[str], *, before: bool, after: bool) -> "PageInfo":
        """The ends of a page with these cursors, and whether there is more on either side."""
        return cls(
            has_next_page=after,
            has_previous_page=before,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list: its first index, the one past its last, and the length of the list."""

    start: int
    stop: int
    total: int

    def info(self, cursors: list[str]) -> PageInfo:
        """Where the page stands."""
        return PageInfo.of(cursors, before=self.start > 0, after=self.stop < self.total)


def cursor(place: str) -> str:
    """An opaque cursor of a place: a symbol, or a bar's time in microseconds."""
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def place(argument: str, given: str) -> str:
    """The place of a cursor.

    Raises
    ------
    BadInput
        When it is none that we gave.
    """
    try:
        padded = given.encode("ascii") + b"=" * (-len(given) % 4)
        found = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, UnicodeError):
        found = ""
    if not found or len(found) > 40:
        raise BadInput(f"{argument} is no cursor of this list; give one that it answered.")
    return found


def page(
    times: Int64,
    *,
    maximum: int,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Page:
    """The part of a list in order of time that the arguments of a connection ask for.

    A cursor is a time, so new bars never move a page, and a cursor whose bar is not in this list
    still stands between the bars around it.

    Raises
    ------
    BadInput
        When first and last are both given, one is out of range, or a cursor is none.
    """
    if first is not None and last is not None:
        raise BadInput("first and last are both given; a page is counted from one end.")
    for name, value in (("first", first), ("last", last)):
        if value is not None and not 1 <= value <= maximum:
            raise BadInput(f"{name} is {value}; a page holds 1 to {maximum}.")
    start, stop = 0, len(times)
    if after is not None:
        start = int(np.searchsorted(times, _time("after", after), side="right"))
    if before is not None:
        stop = max(start, int(np.searchsorted(times, _time("before", before), side="left")))
    if last is not None:
        start = max(start, stop - last)
    else:
        stop = min(stop, start + (PAGE if first is None else first))
    return Page(start, stop, len(times))


def _time(argument: str, given: str) -> int:
    found = place(argument, given)
    if not found.removeprefix("-").isdigit() or abs(int(found)) > 2**62:
        raise BadInput(f"{argument} is no cursor of this list; give one that it answered.")
    return int(found)
