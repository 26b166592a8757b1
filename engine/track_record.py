"""Track records: what followed when a strategy said the same before, and how sure that is.

What followed two occurrences a few bars apart is largely the same stretch of the market, seen
twice. A hundred such occurrences are therefore worth far fewer, and the intervals here are as wide
as the number that they are worth makes them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.decision import Decision
from engine.errors import BadBars
from engine.explain import judged_bar
from engine.parameters import Parameter
from engine.statistics import Estimate, student_quantile, wilson
from engine.types import Action, Bars, Flags, Float64

__all__ = ["ENOUGH", "TrackRecord", "effective", "followed", "track_record"]

ENOUGH = 10.0  # independent occurrences below which no interval is given

_HORIZON = Parameter(
    name="horizon",
    default=1,
    minimum=1,
    maximum=500,
    description="How many bars later to look.",
    integer=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRecord:
    """What followed so many bars after the same action.

    Parameters
    ----------
    action : Action
        What was said.
    horizon : int
        How many bars later.
    occurrences : int
        How often it was said before, with the horizon passed since.
    effective : float
        How many independent occurrences those are worth, of returns over overlapping bars.
    hit_rate : Estimate
        Share of them after which the price moved as said: up after BUY, down after SELL. HOLD says
        no direction, and has none.
    mean_forward_return : Estimate
        Mean of ``close[t + horizon] / close[t] - 1`` over them.
    benchmark_forward_return : float or None
        The same mean over all bars that were judged, whatever was said.
    """

    action: Action
    horizon: int
    occurrences: int
    effective: float
    hit_rate: Estimate
    mean_forward_return: Estimate
    benchmark_forward_return: float | None


def track_record(
    decision: Decision,
    bars: Bars | None = None,
    bar: int = -1,
    horizons: Sequence[int] = (1, 5, 20),
) -> tuple[TrackRecord, ...]:
    """What followed, so many bars on, whenever this strategy said what it says on one bar.

    Parameters
    ----------
    decision : Decision
        The whole history, judged.
    bars : Bars, optional
        Prices to measure with, those of the decision if not given; the same times, perhaps adjusted
        otherwise.
    bar : int
        The bar whose action is meant; negative ones count from the end. Nothing after it is used.
    horizons : sequence of int, bars, 1 to 500
        How far ahead to look.

    Returns
    -------
    tuple of TrackRecord
        One for each horizon.

    Raises
    ------
    BadParameter
        When there is no such bar, or a horizon is out of its range.
    BadBars
        When the bars are of other times than the decision, or a close is not above 0.
    NotEnoughHistory
        When the bar lies before the first one judged.

    Notes
    -----
    See ``followed`` for the intervals.
    """
    index = judged_bar(decision, bar)
    prices = decision.bars if bars is None else bars
    if not np.array_equal(prices.time, decision.bars.time):
        raise BadBars("the bars are not of the same times as those of the decision")
    known = slice(decision.first, index + 1)
    action = Action(decision.action[index])
    same, close = decision.action[known] == action, prices.close[known]
    if not (close.min() > 0.0 and close.max() < np.inf):  # a NaN fails it too
        raise BadBars("close holds a price that nothing can be measured with: not a number above 0")
    return tuple(
        followed(same, close, int(_HORIZON.checked(horizon, "track record")), action)
        for horizon in horizons
    )


def followed(said: Flags, close: Float64, horizon: int, action: Action) -> TrackRecord:
    """What followed the bars on which something was said.

        mean -+ t(m - 1) s / sqrt(m),    m = effective(said, 1 - k / horizon)

    with s^2 the variance of the returns about their mean, divided by 1 - 1/m because returns that
    overlap also share a part of their deviation from the true mean. The interval of the hit rate is
    Wilson's with m = effective(said, 2/pi arcsin(1 - k / horizon)) for the number of observations.

    Parameters
    ----------
    said : (n,) bool
        On which bars.
    close : (n,) float64
        Closes, the last one known included.
    horizon : int, bars
        How far ahead to look.
    action : Action
        What was said, which decides what a hit is.

    Returns
    -------
    TrackRecord
        With intervals of 95 %; None below ten effective occurrences.

    Notes
    -----
    Returns over ``horizon`` bars that begin k bars apart share ``horizon - k`` of them. Where the
    moves of single bars are not correlated, and in markets they hardly are, those returns have a
    correlation of 1 - k / horizon, and their signs 2/pi times its arcsine.

    References
    ----------
    L. P. Hansen, R. J. Hodrick, Forward Exchange Rates as Optimal Predictors of Future Spot Rates,
    Journal of Political Economy 88 (1980), 829-853, for the errors of overlapping returns. W. F.
    Sheppard, On the application of the theory of error to cases of normal distribution and normal
    correlation, Philosophical Transactions A 192 (1899), 101-167, for the correlation of signs.

    Examples
    --------
    >>> close = np.array([10.0, 11.0, 10.0, 11.0, 10.0])
    >>> record = followed(np.array([True, False, True, False, True]), close, 1, Action.BUY)
    >>> record.occurrences, record.hit_rate.value, round(record.mean_forward_return.value, 12)
    (2, 1.0, 0.1)
    """
    later = close[horizon:]
    forward = later / close[: len(later)] - 1.0
    said = said[: len(later)]
    chosen = forward[said]
    shared = 1.0 - np.arange(1, horizon) / horizon
    worth = effective(said, shared)
    hit_rate = mean_forward_return = Estimate(None, None, None)
    if len(chosen):
        mean_forward_return = _mean(chosen, worth)
        if action is not Action.HOLD:
            share = float((chosen * int(action) > 0.0).mean())
            count = effective(said, 2.0 / math.pi * np.arcsin(shared))
            hit_rate = Estimate(share, *(wilson(share, count) if worth >= ENOUGH else (None, None)))
    return TrackRecord(
        action=action,
        horizon=horizon,
        occurrences=len(chosen),
        effective=worth,
        hit_rate=hit_rate,
        mean_forward_return=mean_forward_return,
        benchmark_forward_return=float(forward.mean()) if len(forward) else None,
    )


def effective(said: Flags, correlation: Float64) -> float:
    """How many independent observations correlated ones are worth, for their mean.

        m^2 / sum over all pairs of observations of their correlation

    Parameters
    ----------
    said : (n,) bool
        On which bars there is one; m is how many.
    correlation : (k,) float64
        Of two observations that are 1, 2, ... k bars apart; 0 beyond.

    Examples
    --------
    >>> effective(np.array([True, True, False, False, True]), np.array([0.5]))
    2.25
    """
    count = int(np.count_nonzero(said))
    pairs = sum(
        share * np.count_nonzero(said[apart:] & said[:-apart])
        for apart, share in enumerate(correlation.tolist(), start=1)
    )
    return count**2 / (count + 2.0 * float(pairs)) if count else 0.0


def _mean(returns: Float64, worth: float) -> Estimate:
    mean = float(returns.mean())
    if worth < ENOUGH:
        return Estimate(mean, None, None)
    variance = float(np.square(returns - mean).mean()) / (1.0 - 1.0 / worth)
    reach = student_quantile(0.975, worth - 1.0) * math.sqrt(variance / worth)
    return Estimate(mean, mean - reach, mean + reach)
