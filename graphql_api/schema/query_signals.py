"""Queries that judge: signals, their explanations and their histories."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import strawberry

from engine.errors import NotEnoughHistory as TooFewBars
from graphql_api.decisions import Question
from graphql_api.errors import BadInput
from graphql_api.judgement import Judgement, SymbolUnknown
from graphql_api.schema.arguments import (
    AsOf,
    At,
    Every,
    From,
    Strategies,
    Symbols,
    To,
    check_range,
    question,
)
from graphql_api.schema.catalogue import DEFAULT_INTERVAL
from graphql_api.schema.context import Info
from graphql_api.schema.cost import Cost, ListSize
from graphql_api.schema.history import SignalHistory, SignalHistoryResult
from graphql_api.schema.results import NotEnoughHistory, UnknownSymbol
from graphql_api.schema.scalars import Symbol
from graphql_api.schema.signal import Explanation, ExplanationResult, Signal, SignalResult

__all__ = ["SignalQueries", "told"]

SYMBOLS_MAXIMUM = 100
"""The most symbols that one query judges at once."""

_Told = TypeVar("_Told")


def told(
    info: Info, asked: Question, tell: Callable[[Judgement], _Told]
) -> _Told | UnknownSymbol | NotEnoughHistory:
    """What a judgement tells, or why there is none."""
    try:
        return tell(info.context.judge.ask(asked))
    except SymbolUnknown as error:
        return UnknownSymbol.of(error)
    except TooFewBars as error:
        return NotEnoughHistory.of(asked.symbol, asked.interval, asked.strategy, error)


@strawberry.type
class SignalQueries:
    """What a strategy says, now and then."""

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
        return told(info, question(symbol, strategy, interval, at, as_of), Signal.of)

    @strawberry.field(
        description="The same of several symbols, answered in the order in which they are asked.",
        directives=[Cost(weight="1"), ListSize(slicing_arguments=["symbols"])],
    )
    def signals(
        self,
        info: Info,
        symbols: Annotated[
            list[Symbol],
            strawberry.argument(description=f"What is asked about: 1 to {SYMBOLS_MAXIMUM}."),
        ],
        strategy: Strategies = None,
        interval: Every = DEFAULT_INTERVAL,
        at: At = None,
        as_of: AsOf = None,
    ) -> list[SignalResult]:
        """A judgement's last bar for each symbol."""
        if not 1 <= len(symbols) <= SYMBOLS_MAXIMUM:
            raise BadInput(f"symbols holds {len(symbols)}; it may hold 1 to {SYMBOLS_MAXIMUM}.")
        asked = [question(symbol, strategy, interval, at, as_of) for symbol in symbols]
        info.context.judge.prepare(one.wants for one in asked)
        return [told(info, one, Signal.of) for one in asked]

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
        return told(info, question(symbol, strategy, interval, at, as_of), Explanation.of)

    @strawberry.field(
        description="What a strategy said of one symbol, bar by bar, each judged without knowing "
        "the bars after it.",
        directives=[Cost(weight="1")],
    )
    def signal_history(
        self,
        info: Info,
        symbol: Symbols,
        strategy: Strategies = None,
        interval: Every = DEFAULT_INTERVAL,
        start: From = None,
        end: To = None,
        as_of: AsOf = None,
    ) -> SignalHistoryResult:
        """A judgement at all its bars."""
        check_range(start, end)
        return told(
            info,
            question(symbol, strategy, interval, None, as_of),
            lambda judgement: SignalHistory.of(judgement, start, end),
        )
