"""The query that judges a strategy by its past."""

from typing import Annotated

import strawberry

from engine.errors import NotEnoughHistory as TooFewBars
from graphql_api.judgement import Judgement
from graphql_api.schema.arguments import (
    AsOf,
    Every,
    From,
    Strategies,
    Symbols,
    To,
    check_range,
    question,
)
from graphql_api.schema.backtest import Backtest, BacktestResult
from graphql_api.schema.bars import Adjusted, Adjustment, between
from graphql_api.schema.bars import adjustment as kept_adjustment
from graphql_api.schema.catalogue import DEFAULT_INTERVAL, member
from graphql_api.schema.context import Info
from graphql_api.schema.cost import Cost
from graphql_api.schema.costs import CostsInput
from graphql_api.schema.query_signals import told
from graphql_api.schema.results import NotEnoughHistory
from graphql_api.schema.scalars import rfc3339

__all__ = ["BacktestQueries"]

DIVIDENDS = member(Adjustment, "SPLITS_AND_DIVIDENDS")


@strawberry.type
class BacktestQueries:
    """What a strategy would have come to."""

    @strawberry.field(
        description="What following a strategy would have come to, beside buying and holding.",
        directives=[Cost(weight="5")],
    )
    def backtest(
        self,
        info: Info,
        symbol: Symbols,
        strategy: Strategies = None,
        interval: Every = DEFAULT_INTERVAL,
        start: From = None,
        end: To = None,
        as_of: AsOf = None,
        costs: Annotated[
            CostsInput | None,
            strawberry.argument(
                description="What each leg costs; 10 and 5 basis points if not given."
            ),
        ] = None,
        adjustment: Adjusted = DIVIDENDS,
        trials: Annotated[
            int | None,
            strawberry.argument(
                description="How many strategies or parameters were tried, for the deflated "
                "Sharpe ratio."
            ),
        ] = None,
    ) -> BacktestResult:
        """A judgement traded."""
        check_range(start, end)
        asked = question(symbol, strategy, interval, None, as_of)

        def tell(judgement: Judgement) -> Backtest | NotEnoughHistory:
            filled = judgement.adjusted(kept_adjustment(adjustment or DIVIDENDS))
            part = between(filled.bars, start, end)
            needed = max(part.start, judgement.decision.first) + 1  # one that lies in the range
            if part.stop >= needed:
                return Backtest.of(judgement, filled, part, costs, trials)
            error = TooFewBars(needed, part.stop)
            if part.stop > part.start:
                raise error
            none = NotEnoughHistory.of(symbol, asked.interval, asked.strategy, error)
            first, last = (rfc3339(int(filled.bars.time[bar])) for bar in (0, -1))
            none.message = (
                f"No bar of {asked.interval.value} of {symbol} opened between from and to: "
                f"the first opened {first}, the last {last}."
            )
            return none

        return told(info, asked, tell)
