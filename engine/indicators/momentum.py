"""Indicators of momentum: how fast the price is going, and whether it tires."""

from typing import Annotated, NamedTuple

import numpy as np

from engine.arithmetic import divided
from engine.cascades import cascaded, leads, means, two_cascaded
from engine.catalog import Between, indicator
from engine.lockstep import turned
from engine.smoothing import exponential_mean
from engine.types import Prices, Values
from engine.windows import aligned, placed

__all__ = ["Macd", "macd", "rsi"]


@indicator(lookback=lambda window: window)
def rsi(close: Prices, window: Annotated[int, Between(2, 500)] = 14) -> Values:
    """Relative Strength Index: share of recent movement that was upward, 0..100.

        RSI = 100 * U / (U + D)

    with U and D the Wilder means of the gains and of the losses between closes.

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    window : int, bars
        Wilder's smoothing length.

    Returns
    -------
    (..., n) float64 on 0..100
        NaN for the first ``window`` bars. A market that has not moved reads 50.

    Notes
    -----
    Equal to TA-Lib's RSI within 1e-12, except that TA-Lib reads 0 where nothing moved.

    References
    ----------
    J. W. Wilder, New Concepts in Technical Trading Systems (1978).

    Examples
    --------
    >>> rsi(np.array([10.0, 11.0, 12.0, 11.0]), window=2).round(1).tolist()
    [nan, nan, 100.0, 50.0]
    """
    close = turned(close)
    change = close[..., 1:] - close[..., :-1]
    risen = np.maximum(change, 0.0)
    change -= risen
    gains, losses = two_cascaded(risen, change, means(1.0, window))  # losses are below 0
    return placed(
        np.multiply, divided(gains, gains - losses, otherwise=0.5), 100.0, close.shape[-1]
    )


class Macd(NamedTuple):
    """What MACD says."""

    macd: Values
    signal: Values
    histogram: Values


@indicator(lookback=lambda fast, slow, signal: max(fast, slow) + signal - 2)
def macd(
    close: Prices,
    fast: Annotated[int, Between(2, 500)] = 12,
    slow: Annotated[int, Between(2, 500)] = 26,
    signal: Annotated[int, Between(1, 500)] = 9,
) -> Macd:
    """Moving Average Convergence Divergence: how far a fast mean has left a slow one.

        MACD = EMA(fast) - EMA(slow)    signal = EMA(signal) of MACD    histogram = MACD - signal

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    fast : int, bars
        Window of the fast mean.
    slow : int, bars
        Window of the slow mean.
    signal : int, bars
        Window of the mean of their difference.

    Returns
    -------
    Macd of (..., n) float64, in units of the price
        NaN for the first ``slow + signal - 2`` bars, in all three.

    Notes
    -----
    Equal to TA-Lib's MACD within 1e-12 of the price: the shorter mean is seeded so that its seed
    ends on the same bar as that of the longer one. TA-Lib exchanges fast and slow where fast is the
    longer; here the answer is then the negative.

    References
    ----------
    G. Appel, Technical Analysis: Power Tools for Active Investors (2005).

    Examples
    --------
    >>> line = macd(np.array([1.0, 2.0, 4.0, 8.0, 16.0]), fast=2, slow=3, signal=2)
    >>> line.histogram.round(3).tolist()
    [nan, nan, nan, 0.25, 0.426]
    """
    bars, difference = close.shape[-1], cascaded(close, leads(fast, slow))
    mean = aligned(exponential_mean(difference, signal), bars)
    difference = aligned(difference[..., signal - 1 :], bars)
    return Macd(difference, mean, difference - mean)
