"""The instruments whose bars are kept, listed page by page."""

import strawberry

from graphql_api.errors import BadInput
from graphql_api.schema.catalogue import FREE, Interval, member
from graphql_api.schema.connection import PAGE, PageInfo, cursor, place
from graphql_api.schema.node import Node, global_id
from graphql_api.schema.scalars import DateTime, Symbol
from market_data.bars import Instrument as KeptInstrument
from market_data.stores import BarStore

__all__ = ["PAGE_MAXIMUM", "SymbolConnection"]

PAGE_MAXIMUM = 200


@strawberry.type(description="What can be asked about: a symbol and its bars.", directives=FREE)
class Instrument(Node):
    """An instrument with the bars that are kept of it."""

    symbol: Symbol = strawberry.field(description="Its name in queries.")
    name: str | None = strawberry.field(description="Its name in words.")
    tick: float = strawberry.field(description="The smallest step of its price.")
    calendar: str = strawberry.field(description="The calendar of its sessions, as XNAS or 24/7.")
    source: str = strawberry.field(description="Who publishes its bars.")
    intervals: list[Interval] = strawberry.field(description="The intervals that are kept.")
    first_bar: DateTime | None = strawberry.field(description="Time of the oldest bar kept.")
    last_bar: DateTime | None = strawberry.field(description="Time of the newest bar kept.")

    @classmethod
    def of(cls, kept: KeptInstrument, bars: BarStore) -> "Instrument":
        """An instrument and what is kept of it."""
        series = bars.intervals(kept.symbol)
        return cls(
            id=global_id("Instrument", kept.symbol),
            symbol=Symbol(kept.symbol),
            name=kept.name,
            tick=kept.tick,
            calendar=kept.calendar,
            source=kept.source,
            intervals=[member(Interval, one.interval.name) for one in series],
            first_bar=DateTime(min(one.first_time for one in series)) if series else None,
            last_bar=DateTime(max(one.last_time for one in series)) if series else None,
        )


@strawberry.type(description="One instrument of a page.", directives=FREE)
class SymbolEdge:
    """An instrument and its place."""

    node: Instrument = strawberry.field(description="The instrument.")
    cursor: str = strawberry.field(description="Its place; give it as after to go on from here.")


@strawberry.type(description="A page of instruments.", directives=FREE)
class SymbolConnection:
    """Instruments by symbol, a page at a time."""

    edges: list[SymbolEdge] = strawberry.field(description="The instruments with their places.")
    nodes: list[Instrument] = strawberry.field(description="The same without their places.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many there are on all pages.")

    @classmethod
    def page(
        cls, bars: BarStore, search: str | None, first: int | None, after: str | None
    ) -> "SymbolConnection":
        """The instruments after a cursor whose symbol or name holds what is searched for."""
        size = PAGE if first is None else first
        if not 1 <= size <= PAGE_MAXIMUM:
            raise BadInput(f"first is {size}; a page holds 1 to {PAGE_MAXIMUM} symbols")
        wanted = (search or "").casefold()
        found = sorted(
            (
                one
                for one in bars.instruments()
                if wanted in one.symbol.casefold() or wanted in (one.name or "").casefold()
            ),
            key=lambda one: one.symbol,
        )
        start = "" if after is None else place("after", after)
        rest = [one for one in found if one.symbol > start]
        edges = [
            SymbolEdge(node=Instrument.of(one, bars), cursor=cursor(one.symbol))
            for one in rest[:size]
        ]
        return cls(
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo.of(
                [edge.cursor for edge in edges],
                before=len(rest) < len(found),
                after=len(rest) > size,
            ),
            total_count=len(found),
        )
