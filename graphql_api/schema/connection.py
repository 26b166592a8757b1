"""Pages of a list in order of time: Relay's connections, whose cursors are bar times."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypeAlias

import strawberry

from engine.types import Int64
from graphql_api.errors import BadInput
from graphql_api.schema.catalogue import FREE
from graphql_api.schema.cost import ListSize
from graphql_api.schema.cursors import Cursors, Place

__all__ = [
    "MAXIMUM",
    "PAGE",
    "PAGED",
    "After",
    "Before",
    "First",
    "Last",
    "Page",
    "PageInfo",
    "Paging",
    "check_counts",
    "page",
]

PAGE = 50
"""How many where neither first nor last is given."""

MAXIMUM = 200
"""The most on a page, but for bars and signals."""

PAGED = ListSize(
    assumed_size=PAGE,
    slicing_arguments=["first", "last"],
    sized_fields=["edges", "nodes"],
    require_one_slicing_argument=False,
)
"""How long a page may become: what the price of a connection is counted by."""

_BOUNDS = f"at most 1,000 bars or signals and {MAXIMUM} of all else"

First: TypeAlias = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many from the start of the rest, {_BOUNDS}; {PAGE} where neither first "
        "nor last is given."
    ),
]
Last: TypeAlias = Annotated[
    int | None, strawberry.argument(description=f"How many from the end of the rest, {_BOUNDS}.")
]
After: TypeAlias = Annotated[
    str | None, strawberry.argument(description="Only what comes after this cursor.")
]
Before: TypeAlias = Annotated[
    str | None, strawberry.argument(description="Only what comes before this cursor.")
]


class Paging(NamedTuple):
    """Which part of a list a caller asks for, by the arguments of a connection."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


@strawberry.type(description="Where a page stands in the whole list.", directives=FREE)
class PageInfo:
    """The ends of a page."""

    has_next_page: bool = strawberry.field(description="Whether more follow.")
    has_previous_page: bool = strawberry.field(description="Whether some come before.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first on this page.")
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last on this page; give it as after for the next one."
    )


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list: its first index, the one past its last, and the length of the list."""

    start: int
    stop: int
    total: int

    def shown(self, edges: Sequence[Any]) -> dict[str, Any]:
        """The fields of a connection that holds these edges."""
        cursors = [edge.cursor for edge in edges]
        return {
            "edges": list(edges),
            "nodes": [edge.node for edge in edges],
            "page_info": PageInfo(
                has_next_page=self.stop < self.total,
                has_previous_page=self.start > 0,
                start_cursor=cursors[0] if cursors else None,
                end_cursor=cursors[-1] if cursors else None,
            ),
            "total_count": self.total,
        }


def page(
    places: Sequence[Place] | Int64,
    paging: Paging,
    cursors: Cursors[Place],
    maximum: int = MAXIMUM,
) -> Page:
    """The part of an ordered list that the arguments of a connection ask for.

    A cursor is a place in the order, most often a time, so new bars never move a page, and a cursor
    whose element is not in this list still stands between the elements around it.

    Parameters
    ----------
    places : ordered sequence
        The place of each element: times, or symbols.
    paging : Paging
    cursors : Cursors
        Those of this kind of list.
    maximum : int
        The most elements on a page.

    Raises
    ------
    BadInput
        When first and last are both given, one is out of range, or a cursor is none of this kind of
        list.
    """
    check_counts(paging, maximum)
    start, stop = 0, len(places)
    if paging.after is not None:
        start = bisect_right(places, cursors.place("after", paging.after))
    if paging.before is not None:
        stop = max(start, bisect_left(places, cursors.place("before", paging.before)))
    if paging.last is not None:
        start = max(start, stop - paging.last)
    else:
        stop = min(stop, start + (PAGE if paging.first is None else paging.first))
    return Page(start, stop, len(places))


def check_counts(paging: Paging, maximum: int = MAXIMUM) -> None:
    """Raise BadInput for a page that is counted from both ends, or too long or short."""
    if paging.first is not None and paging.last is not None:
        raise BadInput("first and last are both given; a page is counted from one end.")
    for name, value in (("first", paging.first), ("last", paging.last)):
        if value is not None and not 1 <= value <= maximum:
            raise BadInput(f"{name} is {value}; a page holds 1 to {maximum}.")
