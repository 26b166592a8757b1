"""A strategy judged by its past: what its decisions would have come to."""

from typing import Annotated, Final

import strawberry

import engine
from engine.audit import Difference
from engine.performance import Performance
from graphql_api.errors import BadInput
from graphql_api.judgement import Judgement
from graphql_api.schema.catalogue import FREE, Interval, Strategy, member
from graphql_api.schema.connection import (
    PAGED,
    After,
    Before,
    First,
    Last,
    Paging,
    page,
)
from graphql_api.schema.cost import Cost
from graphql_api.schema.costs import CostsInput
from graphql_api.schema.cursors import of_times
from graphql_api.schema.provenance import Provenance
from graphql_api.schema.results import NotEnoughHistory, UnknownSymbol
from graphql_api.schema.scalars import DateTime, Symbol
from graphql_api.schema.track_record import Estimate
from graphql_api.schema.trades import Trade, TradeConnection, TradeEdge
from market_data.bars import Snapshot
from market_data.calendar import bars_per_year

__all__ = ["Backtest", "BacktestResult"]

POINTS = 200
POINTS_MAXIMUM = 1_000

TRADES: Final = of_times("trades")


@strawberry.type(description="Worth over time, of 1 at the first close.", directives=FREE)
class EquityCurve:
    """Two curves over the same times."""

    times: list[DateTime] = strawberry.field(description="The bars that the values belong to.")
    strategy: list[float] = strawberry.field(description="Worth of following the strategy.")
    buy_and_hold: list[float] = strawberry.field(
        description="Worth of buying and holding, which is the price on another scale: empty where "
        "the source does not let prices be passed on."
    )


@strawberry.type(description="The same bars bought once and held, at equal cost.", directives=FREE)
class BuyAndHold:
    """What holding came to."""

    total_return: float = strawberry.field(description="Last worth over the first, less 1.")
    annualized_return: float | None = strawberry.field(description="The same a year.")
    volatility: float | None = strawberry.field(description="Of the returns, a year.")
    sharpe: float | None = strawberry.field(description="Return over volatility, a year.")
    sortino: float | None = strawberry.field(description="Return over downward deviation.")
    max_drawdown: float = strawberry.field(description="Depth of the deepest fall: -0.25 is 25 %.")

    @classmethod
    def of(cls, found: Performance) -> "BuyAndHold":
        """The engine's measures."""
        return cls(
            total_return=found.total_return,
            annualized_return=found.annualized_return,
            volatility=found.volatility,
            sharpe=found.sharpe,
            sortino=found.sortino,
            max_drawdown=found.max_drawdown,
        )


@strawberry.type(description="Where a decision changed once later bars were cut.", directives=FREE)
class LookAheadDifference:
    """One bar that was decided otherwise."""

    what: str = strawberry.field(description="What differed: the action or the score.")
    bar_time: DateTime = strawberry.field(description="The bar that was decided otherwise.")
    known: int = strawberry.field(description="How many bars the shorter history had.")
    truncated: float | None = strawberry.field(description="What it said.")
    whole: float | None = strawberry.field(description="What the whole history said.")

    @classmethod
    def of(cls, found: Difference) -> "LookAheadDifference":
        """A difference that the engine's audit found."""
        return cls(
            what=found.what,
            bar_time=DateTime(found.time),
            known=found.known,
            truncated=found.truncated,
            whole=found.whole,
        )


@strawberry.type(
    description="Whether the strategy, run again on truncated histories, decides the same.",
    directives=FREE,
)
class LookAheadAudit:
    """The proof that nothing of the future was used."""

    passed: bool = strawberry.field(description="Whether every shorter history said the same.")
    histories: int = strawberry.field(description="How many were compared.")
    difference: LookAheadDifference | None = strawberry.field(
        description="The first that was found; null where none was."
    )


@strawberry.type(
    description="What following a strategy would have come to: decided at each close, filled at "
    "the next open, long on BUY, short on SELL, out on HOLD, costs charged for each leg.",
    directives=FREE,
)
class Backtest:
    """A decision traded."""

    judgement: strawberry.Private[Judgement]
    filled: strawberry.Private[Snapshot]
    result: strawberry.Private[engine.Backtest]
    strategy: Strategy = strawberry.field(description="The strategy that was followed.")
    symbol: Symbol = strawberry.field(description="The instrument that was traded.")
    interval: Interval = strawberry.field(description="The interval of its bars.")
    start: DateTime = strawberry.field(name="from", description="The first bar.")
    end: DateTime = strawberry.field(name="to", description="The last bar.")
    bars: int = strawberry.field(description="How many bars were traded.")
    total_return: float = strawberry.field(description="Last worth over the first, less 1.")
    bars_per_year: float | None = strawberry.field(
        description="How many bars a year has at the instrument's exchange, on the average: what "
        "all measures a year are made with."
    )
    annualized_return: float | None = strawberry.field(description="The same a year.")
    volatility: float | None = strawberry.field(
        description="Standard deviation of the bars' returns, a year."
    )
    sharpe: float | None = strawberry.field(
        description="Mean return over its standard deviation, a year; no risk-free rate."
    )
    sortino: float | None = strawberry.field(
        description="Mean return over downward deviation, a year."
    )
    max_drawdown: float = strawberry.field(description="Depth of the deepest fall: -0.25 is 25 %.")
    max_drawdown_bars: int = strawberry.field(
        description="Its length, from the peak until the peak was reached again."
    )
    exposure: float = strawberry.field(description="Share of the bars that a position was held.")
    turnover: float | None = strawberry.field(description="Legs a year.")
    profit_factor: float | None = strawberry.field(
        description="Profits of closed trades over their losses; null where none lost."
    )
    probabilistic_sharpe: float | None = strawberry.field(
        description="Probability that the true Sharpe ratio is above 0."
    )
    deflated_sharpe: float | None = strawberry.field(
        description="Probability that it is above the best that luck gives so many trials; null "
        "without trials."
    )
    win_rate: Estimate = strawberry.field(
        description="Share of the closed trades with a profit, costs taken off."
    )
    buy_and_hold: BuyAndHold = strawberry.field(description="What holding came to.")

    @strawberry.field(
        description="The ledger, oldest first.",
        directives=[Cost(weight="0"), PAGED],
    )
    def trades(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> TradeConnection:
        """A page of the trades."""
        ledger = self.result.trades
        part = page(ledger.entry_time, Paging(first, after, last, before), TRADES)
        edges = [
            TradeEdge(
                node=Trade.of(trade, withheld=self.judgement.withheld),
                cursor=TRADES.cursor(trade.entry_time),
            )
            for trade in ledger[part.start : part.stop]
        ]
        return TradeConnection(**part.shown(edges))

    @strawberry.field(description="Worth over time, beside buying and holding.", directives=FREE)
    def equity(
        self,
        points: Annotated[
            int | None,
            strawberry.argument(description=f"How many closes: 2 to {POINTS_MAXIMUM}."),
        ] = POINTS,
    ) -> EquityCurve:
        """Both curves at evenly spread closes."""
        wanted = POINTS if points is None else points
        if not 2 <= wanted <= POINTS_MAXIMUM:
            raise BadInput(f"points is {wanted}; it may be 2 to {POINTS_MAXIMUM}.")
        curve = self.result.curve(wanted)
        return EquityCurve(
            times=curve.times.tolist(),
            strategy=curve.strategy.tolist(),
            buy_and_hold=[] if self.judgement.withheld else curve.buy_and_hold.tolist(),
        )

    @strawberry.field(
        description="The strategy run again on truncated histories.",
        directives=[Cost(weight="5")],
    )
    def look_ahead_audit(self) -> LookAheadAudit:
        """The audit of this very decision."""
        found = engine.audit(self.judgement.decision)
        return LookAheadAudit(
            passed=found.passed,
            histories=found.histories,
            difference=None
            if found.difference is None
            else LookAheadDifference.of(found.difference),
        )

    @strawberry.field(description="What this answer was made of.", directives=FREE)
    def provenance(self) -> Provenance:
        """The bars at whose prices was traded, and the strategy."""
        return Provenance.of(self.filled, self.judgement.decision.hash)

    @classmethod
    def of(
        cls,
        judgement: Judgement,
        filled: Snapshot,
        part: slice,
        costs: CostsInput | None,
        trials: int | None,
    ) -> "Backtest":
        """A judgement traded at the prices of a part of some bars."""
        fee, slippage = (costs or CostsInput()).charged()
        result = engine.backtest(
            judgement.decision,
            filled.bars[part],
            fee_bps=fee,
            slippage_bps=slippage,
            trials=trials,
            yearly=bars_per_year(judgement.question.interval, judgement.instrument.calendar),
        )
        drawdown = result.drawdown
        return cls(
            judgement=judgement,
            filled=filled,
            result=result,
            strategy=Strategy.of(judgement.decision),
            symbol=Symbol(judgement.question.symbol),
            interval=member(Interval, judgement.question.interval.name),
            start=DateTime(int(result.bars.time[0])),
            end=DateTime(int(result.bars.time[-1])),
            bars=len(result.bars),
            total_return=result.total_return,
            bars_per_year=result.bars_per_year,
            annualized_return=result.annualized_return,
            volatility=result.volatility,
            sharpe=result.sharpe,
            sortino=result.sortino,
            max_drawdown=result.max_drawdown,
            max_drawdown_bars=0 if drawdown is None else drawdown.bars,
            exposure=result.exposure,
            turnover=result.turnover,
            profit_factor=result.profit_factor,
            probabilistic_sharpe=result.probabilistic_sharpe,
            deflated_sharpe=result.deflated_sharpe,
            win_rate=Estimate.of(result.win_rate),
            buy_and_hold=BuyAndHold.of(result.buy_and_hold),
        )


BacktestResult = Annotated[
    Backtest | UnknownSymbol | NotEnoughHistory,
    strawberry.union("BacktestResult", description="A backtest, or why there is none."),
]
