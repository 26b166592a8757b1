"""The ledger of a backtest, page by page."""

import enum
from typing import TYPE_CHECKING, TypeAlias

import strawberry

from engine.trades import Trade as EngineTrade
from graphql_api.schema.catalogue import FREE, derived_enum, member
from graphql_api.schema.connection import PageInfo
from graphql_api.schema.scalars import DateTime

__all__ = ["Trade", "TradeConnection", "TradeEdge"]

if TYPE_CHECKING:
    Side: TypeAlias = enum.Enum
else:
    Side = derived_enum(
        "Side",
        {"LONG": "Bought, to gain from a rise.", "SHORT": "Sold, to gain from a fall."},
        "Which way a position leans.",
    )


@strawberry.type(description="One position, from its entry to its exit.", directives=FREE)
class Trade:
    """A trade of the ledger."""

    side: Side = strawberry.field(description="Long or short.")
    entry_time: DateTime = strawberry.field(description="The bar at whose open it was entered.")
    entry_price: float | None = strawberry.field(
        description="That open; null where the source does not let prices be passed on."
    )
    exit_time: DateTime = strawberry.field(
        description="The bar at whose open it was left; the last bar while it is open."
    )
    exit_price: float | None = strawberry.field(
        description="That open, or the last close while it is open; null likewise."
    )
    bars_held: int = strawberry.field(description="How many bars it was held.")
    net_return: float = strawberry.field(
        description="What it added to the capital in it, costs taken off: 0.05 is 5 %."
    )
    cost: float = strawberry.field(description="What its legs cost, as a share of that capital.")
    open: bool = strawberry.field(description="Whether it is still held, and only marked.")

    @classmethod
    def of(cls, found: EngineTrade, *, withheld: bool = False) -> "Trade":
        """A trade of the engine's ledger, with or without the prices it was made at."""
        return cls(
            side=member(Side, "LONG" if found.side > 0 else "SHORT"),
            entry_time=DateTime(found.entry_time),
            entry_price=None if withheld else found.entry_price,
            exit_time=DateTime(found.exit_time),
            exit_price=None if withheld else found.exit_price,
            bars_held=found.bars,
            net_return=found.net_return,
            cost=found.cost,
            open=found.open,
        )


@strawberry.type(description="One trade of a page.", directives=FREE)
class TradeEdge:
    """A trade and its place."""

    node: Trade = strawberry.field(description="The trade.")
    cursor: str = strawberry.field(description="Its place: the time of its entry.")


@strawberry.type(description="A page of trades, oldest first.", directives=FREE)
class TradeConnection:
    """Trades by entry."""

    edges: list[TradeEdge] = strawberry.field(description="The trades with their places.")
    nodes: list[Trade] = strawberry.field(description="The same without their places.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many there are on all pages.")
