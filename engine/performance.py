"""Performance: what an equity curve comes to, in the numbers that investors compare.

A number that is not defined, as the Sharpe ratio of money that lay still, is None.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.statistics import TRIALS, deflated_sharpe, probabilistic_sharpe
from engine.types import Float64, Int64

__all__ = ["Drawdown", "Performance", "bars_per_year", "measured", "returns_of"]

YEAR = 365.25 * 86_400 * 1_000_000  # microseconds
STILL = 1e-12  # a spread this small beside the largest return is rounding, not risk


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawdown:
    """The deepest fall of an equity curve, from its peak to the bar that reached the peak again.

    Parameters
    ----------
    depth : float
        Trough over peak, less 1: -0.25 is a fall by a quarter.
    peak, trough : int, microseconds since the epoch
        Times of the bars from which and to which it fell.
    recovered : int or None, microseconds since the epoch
        Time of the first bar back at the peak; None while there is none.
    bars : int
        Its length, from the peak to the recovery, or to the last bar while there is none.
    """

    depth: float
    peak: int
    trough: int
    recovered: int | None
    bars: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Performance:
    """An equity curve and its measures; all are net of costs, and without a risk-free rate.

    Parameters
    ----------
    equity : (n,) float64
        Worth at each close, of 1 at the first.
    total_return : float
        Last worth over the first, less 1.
    annualized_return : float or None
        ``(1 + total_return) ** (bars a year / returns) - 1``; None without a return.
    volatility : float or None
        Standard deviation of the bars' returns (n - 1 in the denominator), times the root of the
        bars a year; None below two returns, as the next three.
    sharpe : float or None
        Mean of the returns over their standard deviation, times that root; None where they do not
        vary.
    sortino : float or None
        Mean of the returns over the root of the mean of ``min(return, 0) ** 2``, times that root;
        None where none is negative.
    probabilistic_sharpe, deflated_sharpe : float or None
        Probability that the true Sharpe ratio is above 0, and above the best that luck gives so
        many trials; the second is None where trials are not given.
    max_drawdown : float
        Depth of the deepest drawdown, 0 where there is none.
    drawdown : Drawdown or None
        When it was and how long it lasted.
    """

    equity: Float64 = field(repr=False)
    total_return: float
    annualized_return: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    probabilistic_sharpe: float | None
    deflated_sharpe: float | None
    max_drawdown: float
    drawdown: Drawdown | None


def bars_per_year(time: Int64) -> float | None:
    """How many bars a year has, by the calendar that the bars themselves keep.

        (bars - 1) / (years from the first bar to the last),    a year being 365.25 days

    Parameters
    ----------
    time : (n,) int64, microseconds since the epoch
        When each bar opened.

    Returns
    -------
    float or None
        About 252 for days of a stock exchange and 365.25 for days of a market that never closes;
        None below two bars. A few weeks of bars know their calendar only roughly.

    Examples
    --------
    >>> bars_per_year(np.arange(5) * 86_400_000_000)
    365.25
    """
    if len(time) < 2:
        return None
    return float((len(time) - 1) * YEAR / (time[-1] - time[0]))


def returns_of(equity: Float64) -> Float64:
    """What each bar returned; 0 once all is lost.

    Examples
    --------
    >>> returns_of(np.array([1.0, 1.5, 0.0, 0.0])).tolist()
    [0.5, -1.0, 0.0]
    """
    before = equity[:-1]
    if equity[-1] > 0.0:
        return equity[1:] / before - 1.0
    return np.where(before > 0.0, equity[1:] / np.where(before > 0.0, before, 1.0) - 1.0, 0.0)


def measured(
    equity: Float64, time: Int64, yearly: float | None, trials: int | None = None
) -> dict[str, Any]:
    """The fields of ``Performance``, by name.

    Parameters
    ----------
    equity : (n,) float64
        Worth at each close; the first is above 0.
    time : (n,) int64, microseconds since the epoch
        When each bar opened.
    yearly : float or None
        Bars a year.
    trials : int, optional
        How many strategies were tried, for the deflated Sharpe ratio.

    Raises
    ------
    BadParameter
        When trials are out of their range.
    """
    if trials is not None:
        TRIALS.checked(trials, "deflated Sharpe ratio")  # also where there will be none
    returns = returns_of(equity)
    total = float(equity[-1] / equity[0]) - 1.0
    lowest = _drawdown(equity, time)
    return {
        "equity": equity,
        "total_return": total,
        "annualized_return": _annualized(total, len(returns), yearly),
        "max_drawdown": lowest.depth if lowest else 0.0,
        "drawdown": lowest,
    } | _risk(returns, yearly, trials)


def _risk(returns: Float64, yearly: float | None, trials: int | None) -> dict[str, float | None]:
    """What tells return from luck; None where it is not defined."""
    told: dict[str, float | None] = dict.fromkeys(
        ("volatility", "sharpe", "sortino", "probabilistic_sharpe", "deflated_sharpe")
    )
    count = len(returns)
    if count < 2 or yearly is None:
        return told
    root = math.sqrt(yearly)
    mean = float(returns.mean())
    centred = returns - mean
    squares = centred * centred
    second = float(squares.mean())
    spread = math.sqrt(second * count / (count - 1))
    losses = np.minimum(returns, 0.0)
    downside = math.sqrt(float((losses * losses).mean()))
    told["volatility"] = spread * root
    if downside > 0.0:
        told["sortino"] = mean / downside * root
    if spread <= STILL * max(-float(returns.min()), float(returns.max())):
        return told
    ratio = mean / spread
    told["sharpe"] = ratio * root
    skewness = float((squares * centred).mean()) / second**1.5
    kurtosis = float((squares * squares).mean()) / second**2
    told["probabilistic_sharpe"] = probabilistic_sharpe(ratio, count, skewness, kurtosis)
    if trials is not None:
        told["deflated_sharpe"] = deflated_sharpe(ratio, count, trials, skewness, kurtosis)
    return told


def _annualized(total: float, returns: int, yearly: float | None) -> float | None:
    if returns == 0 or yearly is None:
        return None
    try:
        return float((1.0 + total) ** (yearly / returns)) - 1.0
    except OverflowError:  # minutes, as if they went on for a year
        return None


def _drawdown(equity: Float64, time: Int64) -> Drawdown | None:
    """The deepest one, and the earliest of those that are equally deep."""
    highest = np.maximum.accumulate(equity)
    depth = equity / highest
    trough = int(depth.argmin())
    if not depth[trough] < 1.0:
        return None
    peak = int(equity[: trough + 1].argmax())
    back = equity[trough:] >= equity[peak]
    recovered = trough + int(back.argmax()) if back.any() else None
    return Drawdown(
        depth=float(depth[trough]) - 1.0,
        peak=int(time[peak]),
        trough=int(time[trough]),
        recovered=None if recovered is None else int(time[recovered]),
        bars=(len(equity) - 1 if recovered is None else recovered) - peak,
    )
