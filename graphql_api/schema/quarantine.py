"""What sources gave and was not taken, for administrators to look at."""

import enum
import re
from collections.abc import Sequence
from typing import Annotated, Final

import strawberry

from graphql_api.schema.access import RequiresScope
from graphql_api.schema.account import Scope
from graphql_api.schema.catalogue import FREE, Interval, member
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
from graphql_api.schema.context import Info
from graphql_api.schema.cost import Cost
from graphql_api.schema.cursors import Cursors, when
from graphql_api.schema.scalars import DateTime, Symbol
from market_data.quarantine import Quarantined
from market_data.quarantine import State as KeptState

__all__ = ["QuarantineConnection", "QuarantineQueries"]

MOST = 10_000
"""The most rows that are listed; whoever has more looks at one symbol."""

ROWS: Final = Cursors(
    "quarantined rows", when(re.compile(r"\S+ \S+ [0-9]{19} [0-9a-f]+").fullmatch)
)


@strawberry.enum(description="Why a row of a source was not taken.")
class QuarantineCode(enum.Enum):
    """See the kept enum of the same values."""

    NOT_A_NUMBER = strawberry.enum_value(
        "NOT_A_NUMBER", description="A number is a text that is none."
    )
    NOT_FINITE = strawberry.enum_value("NOT_FINITE", description="A number is NaN or infinite.")
    OUT_OF_RANGE = strawberry.enum_value(
        "OUT_OF_RANGE",
        description="A price is not above zero, a volume is negative, or a date is none.",
    )
    BROKEN_PRICES = strawberry.enum_value(
        "BROKEN_PRICES", description="High and low do not hold open and close."
    )
    OFF_GRID = strawberry.enum_value(
        "OFF_GRID", description="No bar of the interval opens at that time."
    )
    UNCLOSED = strawberry.enum_value(
        "UNCLOSED", description="The bar had not closed when it was fetched."
    )
    FUTURE = strawberry.enum_value("FUTURE", description="The bar lies in the future.")
    CONTRADICTED = strawberry.enum_value(
        "CONTRADICTED",
        description="The next bar, another source or the same answer says otherwise.",
    )
    BAD_ACTION = strawberry.enum_value(
        "BAD_ACTION", description="A split or dividend that cannot be one."
    )


@strawberry.enum(description="What was decided of a row.")
class QuarantineState(enum.Enum):
    """See the kept enum of the same values."""

    HELD = strawberry.enum_value("HELD", description="It waits for a decision.")
    RELEASED = strawberry.enum_value("RELEASED", description="It was taken after all.")
    DROPPED = strawberry.enum_value("DROPPED", description="It is wrong, and is not held again.")


@strawberry.type(description="One number of a row, as the source wrote it.", directives=FREE)
class QuarantinedValue:
    """A value by its name."""

    name: str = strawberry.field(description="open, high, low, close, volume, kind or value.")
    text: str = strawberry.field(description="What stood there.")


@strawberry.type(description="A row that a source gave and that was not taken.", directives=FREE)
class QuarantinedRow:
    """A row in quarantine."""

    id: strawberry.ID = strawberry.field(
        description="By which intellpulse bars release and drop name it."
    )
    symbol: Symbol = strawberry.field(description="The instrument.")
    interval: Interval = strawberry.field(description="The interval of its bars.")
    source: str = strawberry.field(description="Who gave it.")
    time: DateTime = strawberry.field(description="When its bar opened, or its action took effect.")
    values: list[QuarantinedValue] = strawberry.field(description="Its numbers.")
    code: QuarantineCode = strawberry.field(description="Why it was not taken.")
    column: str = strawberry.field(description="The column at fault.")
    reason: str = strawberry.field(description="The same in words.")
    fetched_at: DateTime = strawberry.field(description="When the source gave it.")
    state: QuarantineState = strawberry.field(description="What was decided of it.")
    decided_at: DateTime | None = strawberry.field(description="When that was; null while held.")

    @classmethod
    def of(cls, kept: Quarantined) -> "QuarantinedRow":
        """A row as it is held."""
        told = zip(kept.row._fields[1:], kept.row[1:], strict=True)
        return cls(
            id=strawberry.ID(kept.id),
            symbol=Symbol(kept.symbol),
            interval=member(Interval, kept.interval.name),
            source=kept.source,
            time=DateTime(kept.time),
            values=[QuarantinedValue(name=name, text=str(value)) for name, value in told],
            code=member(QuarantineCode, kept.code),
            column=kept.column,
            reason=kept.reason,
            fetched_at=DateTime(kept.fetched_at),
            state=member(QuarantineState, kept.state),
            decided_at=None if kept.decided_at is None else DateTime(kept.decided_at),
        )


@strawberry.type(description="One row of a page.", directives=FREE)
class QuarantineEdge:
    """A row and its place."""

    node: QuarantinedRow = strawberry.field(description="The row.")
    cursor: str = strawberry.field(description="Its place; give it as after to go on from here.")


@strawberry.type(description="A page of rows in quarantine.", directives=FREE)
class QuarantineConnection:
    """Rows by symbol, interval and time, a page at a time."""

    edges: list[QuarantineEdge] = strawberry.field(description="The rows with their places.")
    nodes: list[QuarantinedRow] = strawberry.field(description="The same without their places.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many there are on all pages.")

    @classmethod
    def page(cls, rows: Sequence[Quarantined], paging: Paging) -> "QuarantineConnection":
        """A page of the rows, which are few: they wait to be looked at by hand."""
        places = sorted(((_place(row), row) for row in rows), key=lambda one: one[0])
        part = page([place for place, _ in places], paging, ROWS)
        edges = [
            QuarantineEdge(node=QuarantinedRow.of(row), cursor=ROWS.cursor(place))
            for place, row in places[part.start : part.stop]
        ]
        return cls(**part.shown(edges))


def _place(row: Quarantined) -> str:
    """The place of a row: by symbol, interval and time, which is padded so that it sorts."""
    return f"{row.symbol} {row.interval} {row.time + 2**62:019d} {row.id}"


@strawberry.type
class QuarantineQueries:
    """What was not taken."""

    @strawberry.field(
        description="What sources gave and was not taken, by symbol, interval and time: unclosed "
        "bars, times off the grid, broken prices, contradicted jumps.",
        directives=[Cost(weight="1"), RequiresScope(scope=member(Scope, "ADMIN")), PAGED],
    )
    def quarantine(
        self,
        info: Info,
        symbol: Annotated[
            Symbol | None, strawberry.argument(description="Of this instrument alone.")
        ] = None,
        decided: Annotated[
            bool, strawberry.argument(description="Those that were released or dropped as well.")
        ] = False,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> QuarantineConnection:
        """A page of what is held."""
        rows = info.context.quarantine.listing(
            symbol=symbol, state=None if decided else KeptState.HELD, limit=MOST
        )
        return QuarantineConnection.page(rows, Paging(first, after, last, before))
