"""Backtests: what decisions would have come to, filled at the next open, costs and all.

A decision is a stance: on each bar it says which side to be on. It is known at the close and filled
at the open of the next bar, so nothing is ever bought at a price that was known when deciding.
"""

from dataclasses import dataclass, field

import numpy as np

from engine.decision import Decision
from engine.errors import BadParameter
from engine.parameters import Parameter
from engine.performance import Performance, bars_per_year, measured
from engine.stances import OnHold, OnSell, matched, positions
from engine.statistics import Estimate, wilson
from engine.trades import Trades, traded
from engine.types import Bars, Float64, Int8, Int64

__all__ = ["COSTS", "Backtest", "EquityCurve", "backtest"]

COSTS = {
    name: Parameter(
        name=name,
        default=default,
        minimum=0.0,
        maximum=1000.0,
        description=description,
        integer=False,
    )
    for name, default, description in (
        ("fee_bps", 10.0, "Fees of a leg, in hundredths of a percent of the value traded."),
        ("slippage_bps", 5.0, "How much worse than the open a leg is filled, likewise."),
    )
}


@dataclass(frozen=True, slots=True)
class EquityCurve:
    """Worth at some of the closes, as multiples of that at the first.

    Parameters
    ----------
    times : (m,) int64, microseconds since the epoch, UTC
        Of the bars.
    strategy : (m,) float64
        What the strategy made of 1, costs taken off.
    buy_and_hold : (m,) float64
        What holding the symbol all the time made of it.
    """

    times: Int64
    strategy: Float64
    buy_and_hold: Float64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backtest(Performance):
    """What decisions came to; the measures of ``Performance``, and these.

    Parameters
    ----------
    bars : Bars
        The n bars that were traded, from the first that was judged.
    position : (n,) int8
        What was held during each bar: 1 long, 0 nothing, -1 short. Nothing during the first.
    trades : Trades
        The ledger, oldest first. A trade still open at the end is marked to the last close, and
        says so.
    exposure : float on [0, 1]
        Share of the bars, after the first, that a position was held.
    turnover : float or None
        How often a year the capital changed hands: legs a year. None for a single bar.
    costs : float
        What all legs cost together, in shares of the capital at the beginning.
    win_rate : Estimate
        Share of the closed trades with a profit, costs taken off, with Wilson's interval of 95 %.
        None throughout without a closed trade.
    profit_factor : float or None
        Profits of the closed trades over their losses; None where none lost.
    ruined : bool
        Whether short positions lost everything, after which the capital is 0 and nothing is traded.
    buy_and_hold : Performance
        The same bars bought at the same first open with the same cost, and never sold.
    bars_per_year : float or None
        As given, or by the calendar of the bars, the earlier ones that were not judged included.
    """

    bars: Bars = field(repr=False)
    position: Int8 = field(repr=False)
    trades: Trades = field(repr=False)
    exposure: float
    turnover: float | None
    costs: float
    win_rate: Estimate
    profit_factor: float | None
    ruined: bool
    buy_and_hold: Performance
    bars_per_year: float | None

    def curve(self, points: int = 200) -> EquityCurve:
        """Both equity curves at evenly spread closes, the first and the last among them.

        Parameters
        ----------
        points : int, 2 to 100,000
            How many at most; all where there are fewer bars.

        Raises
        ------
        BadParameter
            When points are out of their range.
        """
        chosen = np.arange(len(self.bars))
        wanted = int(_POINTS.checked(points, "equity curve"))
        if wanted < len(chosen):
            chosen = np.linspace(0.0, len(chosen) - 1.0, wanted).round().astype(np.int64)
        return EquityCurve(
            self.bars.time[chosen], self.equity[chosen], self.buy_and_hold.equity[chosen]
        )


_POINTS = Parameter(
    name="points",
    default=200,
    minimum=2,
    maximum=100_000,
    description="How many closes of an equity curve to show.",
    integer=True,
)


def backtest(
    decision: Decision | Int8,
    bars: Bars | None = None,
    fee_bps: float = 10.0,
    slippage_bps: float = 5.0,
    *,
    on_sell: OnSell = OnSell.SHORT,
    on_hold: OnHold = OnHold.FLAT,
    trials: int | None = None,
    yearly: float | None = None,
) -> Backtest:
    """Trade decisions: decided at each close, filled at the next open, paid for on each leg.

    The position follows the action: long while it says BUY, short while it says SELL, and out of
    the market while it says HOLD. A strategy that keeps a position says BUY for as long as it does.

    Parameters
    ----------
    decision : Decision, or (n,) actions
        What was decided at each close: 1 buy, 0 hold, -1 sell.
    bars : Bars, optional
        At whose prices to trade, those of the decision if not given. They may be adjusted
        otherwise, as for dividends, or be a part of them, but of the same times without a gap.
        Trading starts with the first of them that was judged, and from no position.
    fee_bps, slippage_bps : float, basis points, 0 to 1000
        What each leg costs, together, of the value that it moves. Entering is a leg and leaving is
        one; turning from long to short is two.
    on_sell : OnSell
        SHORT: SELL holds a short position. FLAT: it only leaves the long one.
    on_hold : OnHold
        FLAT: HOLD is out of the market. KEEP: it keeps what there is.
    trials : int, optional
        How many strategies or parameters were tried, for the deflated Sharpe ratio.
    yearly : float, optional
        How many bars a year has, by the calendar of the market; by the bars' own times where it is
        not given.

    Returns
    -------
    Backtest

    Raises
    ------
    BadParameter
        When a cost is no number or out of its range, or trials are, or no year has so many bars.
    BadBars
        When the bars are of other times than the decision, or an open or close is not above 0.
    NotEnoughHistory
        When none of the bars was judged.

    Notes
    -----
    All of the capital is in each trade, and a trade holds its units until it is left: profits are
    invested again, and a short position is not trimmed on the way. Short selling borrows for
    nothing and pays the dividends where the bars are adjusted for them. Idle money earns nothing.

    The last close's decision is not filled, for there is no open after it. The bars before the
    first that was judged count for the calendar only, neither for the strategy nor for buying and
    holding.

    Examples
    --------
    Bought at the open of the second bar and sold at that of the fourth, for nothing:

    >>> open = np.array([10.0, 10.0, 11.0, 12.0, 12.0])
    >>> days = np.arange(5) * 86_400_000_000
    >>> bars = Bars(days, open, open, open, open, np.zeros(5))
    >>> result = backtest(np.array([1, 1, 0, 0, 0]), bars, fee_bps=0, slippage_bps=0)
    >>> round(result.total_return, 12), len(result.trades), result.trades[0].bars
    (0.2, 1, 2)
    """
    rate = sum(
        COSTS[name].checked(value, "backtest") / 10_000
        for name, value in (("fee_bps", fee_bps), ("slippage_bps", slippage_bps))
    )
    action, bars, calendar = matched(decision, bars)
    wanted = positions(action, OnSell(on_sell), OnHold(on_hold))
    filled = traded(wanted, bars, rate)
    if yearly is not None and not 0.0 < yearly < np.inf:  # a NaN fails it too
        raise BadParameter(f"backtest: a year has no {yearly} bars; it has more than 0")
    if yearly is None or len(calendar) < 2:
        yearly = bars_per_year(calendar)
    count = len(bars)
    trades = filled.trades
    legs = 2 * len(trades) - int(np.count_nonzero(trades.open))
    profit = trades.profit[~trades.open]
    lost = -float(np.minimum(profit, 0.0).sum())
    return Backtest(
        **measured(filled.equity, bars.time, yearly, trials),
        bars=bars,
        position=filled.position,
        trades=trades,
        exposure=int(np.count_nonzero(filled.position)) / max(count - 1, 1),
        turnover=None if yearly is None or count < 2 else legs * yearly / (count - 1),
        costs=float((trades.cost * trades.capital).sum()),
        win_rate=_win_rate(profit),
        profit_factor=float(np.maximum(profit, 0.0).sum()) / lost if lost > 0.0 else None,
        ruined=filled.ruined,
        buy_and_hold=Performance(**measured(_held(bars, rate), bars.time, yearly, trials)),
        bars_per_year=yearly,
    )


def _held(bars: Bars, rate: float) -> Float64:
    """Worth at each close of the bars bought at the second's open, at a cost, and never sold."""
    worth = np.full(len(bars), 1.0)
    if len(bars) > 1:
        worth[1:] = bars.close[1:] * ((1.0 - rate) / bars.open[1])
    worth.flags.writeable = False
    return worth


def _win_rate(profit: Float64) -> Estimate:
    """The share of trades with a profit."""
    if len(profit) == 0:
        return Estimate(None, None, None)
    share = float((profit > 0.0).mean())
    return Estimate(share, *wilson(share, len(profit)))
