"""Raw material: bars, as they were known."""

import enum
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import numpy as np
import strawberry

from engine.types import Bars, Interval
from graphql_api.schema.catalogue import FREE, derived_enum, member
from graphql_api.schema.connection import (
    PAGED,
    After,
    Before,
    First,
    Last,
    PageInfo,
    Paging,
    page,
)
from graphql_api.schema.cost import Cost
from graphql_api.schema.cursors import of_times
from graphql_api.schema.node import Node, global_id
from graphql_api.schema.provenance import Provenance
from graphql_api.schema.results import PricesWithheld, UnknownSymbol
from graphql_api.schema.scalars import DateTime
from market_data.adjust import Adjustment as KeptAdjustment
from market_data.bars import Snapshot

__all__ = ["MAXIMUM", "Adjusted", "Adjustment", "BarSeries", "BarsResult", "adjustment", "between"]

MAXIMUM = 1_000
"""The most bars on a page."""

BARS: Final = of_times("bars")

if TYPE_CHECKING:
    Adjustment: TypeAlias = enum.Enum
else:
    Adjustment = derived_enum(
        "Adjustment",
        {
            "RAW": "Prices as they were traded.",
            "SPLITS": "Splits worked into earlier prices.",
            "SPLITS_AND_DIVIDENDS": "Splits and dividends worked into earlier prices.",
        },
        "What is worked into prices of the past, of what was known at asOf.",
    )

Adjusted: TypeAlias = Annotated[
    Adjustment | None, strawberry.argument(description="What is worked into earlier prices.")
]

SPLITS = member(Adjustment, "SPLITS")


def adjustment(value: Adjustment | None) -> KeptAdjustment:
    """A caller's adjustment, as the data knows it; splits where null was given."""
    return KeptAdjustment((value or SPLITS).value)


def between(bars: Bars, start: int | None, end: int | None) -> slice:
    """The bars that opened between two moments, both included; None is no bound."""
    first = 0 if start is None else int(np.searchsorted(bars.time, start, side="left"))
    stop = len(bars) if end is None else int(np.searchsorted(bars.time, end, side="right"))
    return slice(first, max(first, stop))


@strawberry.type(description="The prices of one interval.", directives=FREE)
class Bar:
    """A closed bar."""

    time: DateTime = strawberry.field(description="When it opened.")
    open: float = strawberry.field(description="The first price.")
    high: float = strawberry.field(description="The highest price.")
    low: float = strawberry.field(description="The lowest price.")
    close: float = strawberry.field(description="The last price.")
    volume: float = strawberry.field(description="Units traded.")


@strawberry.type(description="One bar of a page.", directives=FREE)
class BarEdge:
    """A bar and its place."""

    node: Bar = strawberry.field(description="The bar.")
    cursor: str = strawberry.field(description="Its place: its time, whatever bars follow.")


@strawberry.type(description="A page of bars, oldest first.", directives=FREE)
class BarConnection:
    """Bars by time."""

    edges: list[BarEdge] = strawberry.field(description="The bars with their places.")
    nodes: list[Bar] = strawberry.field(description="The same without their places.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many there are on all pages.")


@strawberry.type(description="The bars of one symbol.", directives=FREE)
class BarSeries(Node):
    """Closed bars, as they were known."""

    known: strawberry.Private[Snapshot]
    part: strawberry.Private[slice]

    @strawberry.field(
        description="The bars, oldest first.",
        directives=[Cost(weight="1"), PAGED],
    )
    def bars(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> BarConnection:
        """A page of the bars."""
        bars = self.known.bars[self.part]
        part = page(bars.time, Paging(first, after, last, before), BARS, MAXIMUM)
        shown = bars[part.start : part.stop]
        columns = (shown.time, shown.open, shown.high, shown.low, shown.close, shown.volume)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        edges = [
            BarEdge(
                node=Bar(time=time, open=open_, high=high, low=low, close=close, volume=volume),
                cursor=BARS.cursor(time),
            )
            for time, open_, high, low, close, volume in rows
        ]
        return BarConnection(**part.shown(edges))

    @strawberry.field(description="What this answer was made of.", directives=FREE)
    def provenance(self) -> Provenance:
        """All bars that were known."""
        return Provenance.of(self.known)

    @classmethod
    def of(
        cls,
        known: Snapshot,
        symbol: str,
        interval: Interval,
        adjusted: KeptAdjustment,
        start: int | None,
        end: int | None,
    ) -> "BarSeries":
        """Those bars of a snapshot that opened between two moments."""
        return cls(
            id=global_id(
                "BarSeries", symbol, interval.value, adjusted.value, start, end, known.as_of
            ),
            known=known,
            part=between(known.bars, start, end),
        )


BarsResult = Annotated[
    BarSeries | UnknownSymbol | PricesWithheld,
    strawberry.union("BarsResult", description="Bars, or why there are none."),
]
