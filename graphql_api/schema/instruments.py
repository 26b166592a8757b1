"""The instruments whose bars are kept, listed page by page."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import strawberry

from graphql_api.errors import DataDamaged
from graphql_api.loader import readable
from graphql_api.schema.catalogue import FREE, Interval, member
from graphql_api.schema.connection import PageInfo, Paging, page
from graphql_api.schema.context import Info
from graphql_api.schema.cursors import Cursors, when
from graphql_api.schema.node import Node, global_id
from graphql_api.schema.scalars import DateTime, Symbol, is_symbol
from market_data.bars import Instrument as KeptInstrument
from market_data.errors import MarketDataError
from market_data.stores import BarStore, StoredInterval

__all__ = ["Instrument", "Listed", "SymbolConnection"]

SYMBOLS: Final = Cursors("symbols", when(is_symbol))


class Listed:
    """What is kept of the symbols of a page, asked of the store at once when the first is."""

    def __init__(self, bars: BarStore, symbols: Sequence[str]) -> None:
        self._bars = bars
        self._symbols = symbols

    @cached_property
    def _found(self) -> dict[str, list[StoredInterval] | MarketDataError]:
        return self._bars.listed(self._symbols)

    def __getitem__(self, symbol: str) -> list[StoredInterval]:
        return readable(symbol, self._found[symbol])


@strawberry.type(description="What can be asked about: a symbol and its bars.", directives=FREE)
class Instrument(Node):
    """An instrument with the bars that are kept of it."""

    symbol: Symbol = strawberry.field(description="Its name in queries.")
    name: str | None = strawberry.field(description="Its name in words.")
    tick: float = strawberry.field(description="The smallest step of its price.")
    calendar: str = strawberry.field(description="The calendar of its sessions, as XNAS or 24/7.")
    source: str = strawberry.field(description="Who publishes its bars.")
    listed: strawberry.Private[Listed]

    @strawberry.field(
        description="Whether its source lets prices be passed on; where not, bars and indicator "
        "say PRICES_WITHHELD, and signals are told without prices."
    )
    def redistributable(self, info: Info) -> bool:
        """By the source's terms, and the licences that the operator holds."""
        return not info.context.judge.withheld_by([self.source])

    @strawberry.field(
        description="The intervals that are kept; none, beside an error of this path, where what "
        "is kept of the symbol is damaged."
    )
    def intervals(self, info: Info) -> list[Interval]:
        """Shortest first. One damaged symbol costs no page."""
        try:
            return [member(Interval, one.interval.name) for one in self.listed[self.symbol]]
        except DataDamaged as damage:
            info.context.leave_out(info, damage)
            return []

    @strawberry.field(description="Time of the oldest bar kept.")
    def first_bar(self) -> DateTime | None:
        """Of all intervals."""
        times = [one.first_time for one in self.listed[self.symbol]]
        return DateTime(min(times)) if times else None

    @strawberry.field(description="Time of the newest bar kept.")
    def last_bar(self) -> DateTime | None:
        """Of all intervals."""
        times = [one.last_time for one in self.listed[self.symbol]]
        return DateTime(max(times)) if times else None

    @classmethod
    def of(cls, kept: KeptInstrument, listed: Listed) -> "Instrument":
        """An instrument and what is kept of it."""
        return cls(
            id=global_id("Instrument", kept.symbol),
            symbol=Symbol(kept.symbol),
            name=kept.name,
            tick=kept.tick,
            calendar=kept.calendar,
            source=kept.source,
            listed=listed,
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
    def page(cls, bars: BarStore, search: str | None, paging: Paging) -> "SymbolConnection":
        """The instruments whose symbol or name holds what is searched for, a page of them."""
        part_of = (search or "").casefold()
        found = sorted(
            (
                one
                for one in bars.instruments()
                if part_of in one.symbol.casefold() or part_of in (one.name or "").casefold()
            ),
            key=lambda one: one.symbol,
        )
        part = page([one.symbol for one in found], paging, SYMBOLS)
        shown = found[part.start : part.stop]
        listed = Listed(bars, [one.symbol for one in shown])
        edges = [
            SymbolEdge(node=Instrument.of(one, listed), cursor=SYMBOLS.cursor(one.symbol))
            for one in shown
        ]
        return cls(**part.shown(edges))
