"""Queries for raw material: bars, indicators, and the catalogues of what there is."""

from typing import Annotated

import strawberry

import engine
from engine.errors import NotEnoughHistory as TooFewBars
from graphql_api.errors import BadInput
from graphql_api.judgement import PricesWithheld as Withheld
from graphql_api.judgement import SymbolUnknown
from graphql_api.schema import bars as bar_types
from graphql_api.schema import indicators as indicator_types
from graphql_api.schema.arguments import (
    AsOf,
    Every,
    From,
    Symbols,
    To,
    check_range,
    given_parameters,
)
from graphql_api.schema.bars import SPLITS, Adjusted, BarSeries, BarsResult, between
from graphql_api.schema.catalogue import DEFAULT_INTERVAL, Indicator, Strategy
from graphql_api.schema.catalogue import interval as engine_interval
from graphql_api.schema.connection import PAGED, After, Before, First, Last, Paging
from graphql_api.schema.context import Info
from graphql_api.schema.cost import Cost
from graphql_api.schema.indicators import IndicatorInput, IndicatorResult, IndicatorSeries
from graphql_api.schema.instruments import SymbolConnection
from graphql_api.schema.results import NotEnoughHistory, PricesWithheld, UnknownSymbol

__all__ = ["MaterialQueries"]


@strawberry.type
class MaterialQueries:
    """What signals are made of, and what there is to ask for."""

    @strawberry.field(
        description="The closed bars of one symbol, as they were known.",
        directives=[Cost(weight="1")],
    )
    def bars(
        self,
        info: Info,
        symbol: Symbols,
        interval: Every = DEFAULT_INTERVAL,
        start: From = None,
        end: To = None,
        as_of: AsOf = None,
        adjustment: Adjusted = SPLITS,
    ) -> BarsResult:
        """A symbol's bars."""
        check_range(start, end)
        every, adjusted = engine_interval(interval), bar_types.adjustment(adjustment)
        try:
            known = info.context.judge.history(symbol, every, as_of, adjusted)
        except SymbolUnknown as error:
            return UnknownSymbol.of(error)
        except Withheld as error:
            return PricesWithheld.of(error)
        return BarSeries.of(known, symbol, every, adjusted, start, end)

    @strawberry.field(
        description="An indicator's values on the bars of one symbol, as columns of numbers.",
        directives=[Cost(weight="2")],
    )
    def indicator(
        self,
        info: Info,
        symbol: Symbols,
        indicator: Annotated[IndicatorInput, strawberry.argument(description="What is computed.")],
        interval: Every = DEFAULT_INTERVAL,
        start: From = None,
        end: To = None,
        as_of: AsOf = None,
        adjustment: Adjusted = SPLITS,
    ) -> IndicatorResult:
        """A symbol's indicator."""
        check_range(start, end)
        name, parameters = indicator.name.name, given_parameters(indicator.parameters)
        every = engine_interval(interval)
        try:
            snapshot = info.context.judge.history(
                symbol, every, as_of, bar_types.adjustment(adjustment)
            )
        except SymbolUnknown as error:
            return UnknownSymbol.of(error)
        except Withheld as error:
            return PricesWithheld.of(error)
        needed = engine.indicators()[name].lookback(**parameters) + 1
        if len(snapshot.bars) < needed:
            return NotEnoughHistory.of(symbol, every, name, TooFewBars(needed, len(snapshot.bars)))
        part = between(snapshot.bars, start, end)
        if part.stop - part.start > indicator_types.MAXIMUM:
            raise BadInput(
                f"from and to hold {part.stop - part.start} bars; an answer may hold "
                f"{indicator_types.MAXIMUM}."
            )
        return IndicatorSeries.of(name, parameters, snapshot, part)

    @strawberry.field(
        description="The symbols whose bars are kept, by name.",
        directives=[Cost(weight="1"), PAGED],
    )
    def symbols(
        self,
        info: Info,
        search: Annotated[
            str | None,
            strawberry.argument(description="Part of a symbol or a name, in any case."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> SymbolConnection:
        """The instruments that are kept, a page at a time."""
        return SymbolConnection.page(info.context.bars, search, Paging(first, after, last, before))

    @strawberry.field(
        description="The strategies that can judge, with their parameters and thresholds.",
        directives=[Cost(weight="0")],
    )
    def strategies(self) -> list[Strategy]:
        """The catalogue of strategies."""
        return [Strategy.listed(spec) for spec in engine.strategies().values()]

    @strawberry.field(
        description="The indicators that can be computed, with their parameters and outputs.",
        directives=[Cost(weight="0")],
    )
    def indicators(self) -> list[Indicator]:
        """The catalogue of indicators."""
        return [Indicator.of(spec) for spec in engine.indicators().values()]
