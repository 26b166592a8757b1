"""The root of every query: each field a sentence, its price beside it."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import strawberry

import engine
from engine.errors import NotEnoughHistory as TooFewBars
from graphql_api.judgement import Judgement, Question, SymbolUnknown
from graphql_api.schema.account import RateLimit, Usage, Viewer
from graphql_api.schema.arguments import AsOf, At, Every, Strategies, Symbols, question
from graphql_api.schema.catalogue import DEFAULT_INTERVAL, Indicator, Strategy
from graphql_api.schema.connection import PAGE
from graphql_api.schema.context import Info
from graphql_api.schema.cost import Cost, ListSize
from graphql_api.schema.instruments import PAGE_MAXIMUM, SymbolConnection
from graphql_api.schema.results import NotEnoughHistory, UnknownSymbol
from graphql_api.schema.signal import Explanation, ExplanationResult, Signal, SignalResult

__all__ = ["Query"]

_Told = TypeVar("_Told")


def _told(
    info: Info, asked: Question, tell: Callable[[Judgement], _Told]
) -> _Told | UnknownSymbol | NotEnoughHistory:
    """What a judgement tells, or why there is none."""
    try:
        return tell(info.context.judge.ask(asked))
    except SymbolUnknown as error:
        return UnknownSymbol.of(error)
    except TooFewBars as error:
        return NotEnoughHistory.of(asked, error)


@strawberry.type(description="What can be asked.")
class Query:
    """The fields at the root."""

    @strawberry.field(
        description="What a strategy says of one symbol, judged at its last closed bar.",
        directives=[Cost(weight="1")],
    )
    def signal(
        self,
        info: Info,
        symbol: Symbols,
        strategy: Strategies = None,
        interval: Every = DEFAULT_INTERVAL,
        at: At = None,
        as_of: AsOf = None,
    ) -> SignalResult:
        """A judgement's last bar."""
        return _told(info, question(symbol, strategy, interval, at, as_of), Signal.of)

    @strawberry.field(
        description="Why a strategy says what it says: parts that add up to the score, and the "
        "prices at which the action would change.",
        directives=[Cost(weight="2")],
    )
    def explanation(
        self,
        info: Info,
        symbol: Symbols,
        strategy: Strategies = None,
        interval: Every = DEFAULT_INTERVAL,
        at: At = None,
        as_of: AsOf = None,
    ) -> ExplanationResult:
        """A judgement's reasons."""
        return _told(info, question(symbol, strategy, interval, at, as_of), Explanation.of)

    @strawberry.field(
        description="The symbols whose bars are kept, by name.",
        directives=[
            Cost(weight="1"),
            ListSize(
                assumed_size=PAGE,
                slicing_arguments=["first"],
                sized_fields=["edges", "nodes"],
                require_one_slicing_argument=False,
            ),
        ],
    )
    def symbols(
        self,
        info: Info,
        search: Annotated[
            str | None,
            strawberry.argument(description="Part of a symbol or a name, in any case."),
        ] = None,
        first: Annotated[
            int | None,
            strawberry.argument(
                description=f"How many, 1 to {PAGE_MAXIMUM}; {PAGE} where none is given."
            ),
        ] = None,
        after: Annotated[
            str | None, strawberry.argument(description="The endCursor of the page before.")
        ] = None,
    ) -> SymbolConnection:
        """The instruments that are kept, a page at a time."""
        return SymbolConnection.page(info.context.bars, search, first, after)

    @strawberry.field(
        description="The strategies that can judge, with their parameters and thresholds.",
        directives=[Cost(weight="0")],
    )
    def strategies(self) -> list[Strategy]:
        """The catalogue of strategies."""
        return [Strategy.of(spec) for spec in engine.strategies().values()]

    @strawberry.field(
        description="The indicators that can be computed, with their parameters and outputs.",
        directives=[Cost(weight="0")],
    )
    def indicators(self) -> list[Indicator]:
        """The catalogue of indicators."""
        return [Indicator.of(spec) for spec in engine.indicators().values()]

    @strawberry.field(description="Who is asking, by which key.", directives=[Cost(weight="0")])
    def viewer(self, info: Info) -> Viewer:
        """The caller."""
        return Viewer.of(info.context.caller)

    @strawberry.field(
        description="What the account has used today, and what it may still use.",
        directives=[Cost(weight="0")],
    )
    def usage(self, info: Info) -> Usage:
        """The caller's day."""
        return Usage.of(info.context)

    @strawberry.field(
        description="How many requests the account may make now.", directives=[Cost(weight="0")]
    )
    def rate_limit(self, info: Info) -> RateLimit:
        """The caller's bucket."""
        return RateLimit.of(info.context)
