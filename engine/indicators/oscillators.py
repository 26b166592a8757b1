"""Oscillators that measure the price against its own mean or its own range."""

from typing import Annotated, NamedTuple

import numpy as np

from engine.arithmetic import beyond_rounding, divided
from engine.catalog import Between, indicator
from engine.scratch import scratch
from engine.smoothing import exponential_mean
from engine.types import Prices, Values
from engine.windows import (
    into,
    placed,
    placed_ratio,
    typical,
    window_mean,
    window_sum,
    window_sums,
)

__all__ = ["BullBearPower", "awesome_oscillator", "bull_bear_power", "cci", "ultimate_oscillator"]


@indicator(lookback=lambda window: window - 1, windowed=True)
def cci(
    high: Prices, low: Prices, close: Prices, window: Annotated[int, Between(2, 500)] = 20
) -> Values:
    """Commodity Channel Index: how unusually far the price lies from its mean.

        P = (H + L + C) / 3
        CCI = (P - SMA(P)) / (0.015 * mean absolute deviation of P from that SMA in the window)

    Parameters
    ----------
    high, low, close : (..., n) float64
        Prices, oldest first.
    window : int, bars
        How many bars are averaged.

    Returns
    -------
    (..., n) float64, most of it on -100..100
        NaN for the first ``window - 1`` bars; 0 where the price stood still.

    Notes
    -----
    Equal to TA-Lib's CCI within 1e-12. A tail of the history gives the same bits as all of it.

    References
    ----------
    D. R. Lambert, Commodity Channel Index, Commodities 9:10 (1980).

    Examples
    --------
    >>> close = np.array([1.0, 2.0, 3.0, 1.0])
    >>> cci(close, close, close, window=3).round(1).tolist()
    [nan, nan, 100.0, -100.0]
    """
    price = typical(high, low, close)
    mean = window_mean(price, window)
    scatter = _absolute_deviations(price, mean, window)
    scatter *= 1.0 / window
    scatter = beyond_rounding(scatter, mean)
    distance = into(None, np.subtract, price[..., window - 1 :], mean)
    return placed_ratio(distance, scatter * 0.015, 0.0, close.shape[-1])


def _absolute_deviations(values: Values, mean: Values, window: int) -> Values:
    """Sums of the distances from the mean over ``window`` bars."""
    bars = mean.shape[-1]
    step, *_ = scratch(mean.shape)
    total = into(None, np.subtract, values[..., :bars], mean)
    total = np.abs(total, out=total)
    for start in range(1, window):
        distance = np.subtract(values[..., start : start + bars], mean, out=step)
        total += np.abs(distance, out=distance)
    return total


@indicator(lookback=lambda fast, slow: max(fast, slow) - 1, windowed=True)
def awesome_oscillator(
    high: Prices,
    low: Prices,
    fast: Annotated[int, Between(1, 500)] = 5,
    slow: Annotated[int, Between(1, 500)] = 34,
) -> Values:
    """Awesome Oscillator: how far a fast mean of the midpoints has left a slow one.

        AO = SMA(fast) - SMA(slow), of (H + L) / 2

    Parameters
    ----------
    high, low : (..., n) float64
        Prices, oldest first.
    fast : int, bars
        Window of the fast mean.
    slow : int, bars
        Window of the slow mean.

    Returns
    -------
    (..., n) float64, in units of the price
        NaN for the first ``slow - 1`` bars.

    Notes
    -----
    Equal to TA-Lib's AO within 1e-12 of the price. A tail of the history gives the same bits as all
    of it.

    References
    ----------
    B. Williams, Trading Chaos (1995).

    Examples
    --------
    >>> price = np.array([1.0, 2.0, 4.0])
    >>> awesome_oscillator(price + 1.0, price - 1.0, fast=1, slow=2).tolist()
    [nan, 0.5, 1.0]
    """
    both = into(None, np.add, high, low)
    longest = max(fast, slow)
    spans = [both]
    quick, calm = window_sum(both, fast, spans), window_sum(both, slow, spans)
    quick = into(None, np.divide, quick[..., longest - fast :], 2.0 * fast)
    calm = into(None, np.divide, calm[..., longest - slow :], 2.0 * slow)
    return placed(np.subtract, quick, calm, high.shape[-1])


@indicator(lookback=lambda fast, middle, slow: max(slow, middle, fast), windowed=True)
def ultimate_oscillator(
    high: Prices,
    low: Prices,
    close: Prices,
    fast: Annotated[int, Between(1, 500)] = 7,
    middle: Annotated[int, Between(1, 500)] = 14,
    slow: Annotated[int, Between(1, 500)] = 28,
) -> Values:
    """Ultimate Oscillator: share of the true range that was bought, over three windows, 0..100.

        UO = 100 * (4 * S(fast) + 2 * S(middle) + S(slow)) / 7
        S(w) = sum of (C - min(L, C[t-1])) / sum of true ranges, over w bars

    Parameters
    ----------
    high, low, close : (..., n) float64
        Prices, oldest first.
    fast : int, bars
        The window that counts four times.
    middle : int, bars
        The window that counts twice.
    slow : int, bars
        The window that counts once.

    Returns
    -------
    (..., n) float64 on 0..100
        NaN for as many bars as the longest window has. A window without movement adds 0.

    Notes
    -----
    Equal to TA-Lib's ULTOSC within 1e-12; like there, the shortest window counts most in whatever
    order the three are given. A tail of the history gives the same bits as all of it.

    References
    ----------
    L. Williams, The ultimate oscillator, Technical Analysis of Stocks & Commodities 3:4 (1985).

    Examples
    --------
    >>> close = np.array([2.0, 3.0, 2.0, 3.0])
    >>> ultimate_oscillator(close + 1.0, close - 1.0, close, 1, 2, 3).round(2).tolist()
    [nan, nan, nan, 50.0]
    """
    before = close[..., :-1]
    floor = into(None, np.minimum, low[..., 1:], before)
    bought = into(None, np.subtract, close[..., 1:], floor)
    ranges = into(None, np.maximum, high[..., 1:], before)
    ranges -= floor
    windows = sorted((fast, middle, slow))
    bars = max(bought.shape[-1] - windows[-1] + 1, 0)
    quick, usual, calm = (
        divided(share[..., share.shape[-1] - bars :], whole[..., whole.shape[-1] - bars :], 0.0)
        for share, whole in window_sums([bought, ranges], *windows)
    )
    quick *= 2.0
    quick += usual
    quick *= 2.0
    quick += calm
    return placed(np.multiply, quick, 100.0 / 7.0, close.shape[-1])


class BullBearPower(NamedTuple):
    """What bull and bear power say."""

    bull: Values
    bear: Values


@indicator(lookback=lambda window: window - 1)
def bull_bear_power(
    high: Prices, low: Prices, close: Prices, window: Annotated[int, Between(2, 500)] = 13
) -> BullBearPower:
    """Bull and Bear Power: how far buyers lifted the price over its mean, and sellers beat it down.

        bull = H - EMA of the closes    bear = L - EMA of the closes

    Parameters
    ----------
    high, low, close : (..., n) float64
        Prices, oldest first.
    window : int, bars
        Window of the mean.

    Returns
    -------
    BullBearPower of (..., n) float64, in units of the price
        NaN for the first ``window - 1`` bars.

    Notes
    -----
    Equal to TA-Lib's ERI within 1e-12 of the price.

    References
    ----------
    A. Elder, Trading for a Living (1993).

    Examples
    --------
    >>> close = np.array([1.0, 3.0, 3.5])
    >>> power = bull_bear_power(close + 1.0, close - 1.0, close, window=2)
    >>> power.bull.tolist(), power.bear.tolist()
    ([nan, 2.0, 1.5], [nan, 0.0, -0.5])
    """
    mean = exponential_mean(close, window)
    return BullBearPower(
        bull=placed(np.subtract, high[..., window - 1 :], mean, close.shape[-1]),
        bear=placed(np.subtract, low[..., window - 1 :], mean, close.shape[-1]),
    )
