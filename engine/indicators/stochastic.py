"""Oscillators that place the price within the range of its window."""

from typing import Annotated, NamedTuple

import numpy as np

from engine.arithmetic import divided
from engine.catalog import Between, indicator
from engine.extrema import window_max, window_min
from engine.indicators.momentum import rsi
from engine.types import Float64, Prices, Values
from engine.windows import aligned, into, placed, placed_ratio, window_mean, window_sum

__all__ = [
    "Stochastic",
    "stochastic",
    "stochastic_fast",
    "stochastic_rsi",
    "williams_r",
    "within_own_range",
]


class Stochastic(NamedTuple):
    """What a stochastic oscillator says."""

    k: Values
    d: Values


_STILL = 1e-10  # points of RSI: a market that stands still moves its RSI by rounding alone


def _place(high: Float64, low: Float64, close: Float64, window: int, still: float = 0.0) -> Float64:
    """Where the close lies between the extremes of the window, 0..100, 0 where they are one."""
    lowest = window_min(low, window)
    reach = into(None, np.subtract, window_max(high, window), lowest)
    if still:
        reach = np.where(reach > still, reach, 0.0)
    reach *= 0.01
    return divided(into(None, np.subtract, close[..., window - 1 :], lowest), reach, otherwise=0.0)


def _smoothed(place: Float64, smooth_k: int, smooth_d: int, length: int) -> Stochastic:
    k = window_mean(place, smooth_k)
    d = placed(np.divide, window_sum(k, smooth_d), smooth_d, length)
    return Stochastic(aligned(k[..., smooth_d - 1 :], length), d)


@indicator(
    lookback=lambda window, smooth_k, smooth_d: window + smooth_k + smooth_d - 3, windowed=True
)
def stochastic(
    high: Prices,
    low: Prices,
    close: Prices,
    window: Annotated[int, Between(1, 500)] = 14,
    smooth_k: Annotated[int, Between(1, 500)] = 3,
    smooth_d: Annotated[int, Between(1, 500)] = 3,
) -> Stochastic:
    """Slow Stochastic: where the close lies in the range of the window, 0..100.

        place = 100 * (C - lowest low) / (highest high - lowest low)
        k = SMA(smooth_k) of place    d = SMA(smooth_d) of k

    Parameters
    ----------
    high, low, close : (..., n) float64
        Prices, oldest first.
    window : int, bars
        The range is taken over these.
    smooth_k : int, bars
        How many places ``k`` averages.
    smooth_d : int, bars
        How many values of ``k`` its signal ``d`` averages.

    Returns
    -------
    Stochastic of (..., n) float64 on 0..100
        NaN for the first ``window + smooth_k + smooth_d - 3`` bars, in both. A place in a range of
        nothing is 0.

    Notes
    -----
    Equal to TA-Lib's STOCH within 1e-12. A tail of the history gives the same bits as all of it.

    References
    ----------
    G. C. Lane, Lane's stochastics, Technical Analysis of Stocks & Commodities 2:3 (1984).

    Examples
    --------
    >>> close = np.array([1.0, 2.0, 3.0, 2.0])
    >>> line = stochastic(close + 1.0, close - 1.0, close, window=2, smooth_k=1, smooth_d=2)
    >>> line.k.round(1).tolist(), line.d.round(1).tolist()
    ([nan, nan, 66.7, 33.3], [nan, nan, 66.7, 50.0])
    """
    return _smoothed(_place(high, low, close, window), smooth_k, smooth_d, close.shape[-1])


@indicator(lookback=lambda window, smooth_d: window + smooth_d - 2, windowed=True)
def stochastic_fast(
    high: Prices,
    low: Prices,
    close: Prices,
    window: Annotated[int, Between(1, 500)] = 14,
    smooth_d: Annotated[int, Between(1, 500)] = 3,
) -> Stochastic:
    """Fast Stochastic: where the close lies in the range of the window, unsmoothed, 0..100.

        k = 100 * (C - lowest low) / (highest high - lowest low)    d = SMA(smooth_d) of k

    Parameters
    ----------
    high, low, close : (..., n) float64
        Prices, oldest first.
    window : int, bars
        The range is taken over these.
    smooth_d : int, bars
        How many values of ``k`` its signal ``d`` averages.

    Returns
    -------
    Stochastic of (..., n) float64 on 0..100
        NaN for the first ``window + smooth_d - 2`` bars, in both. A place in a range of nothing
        is 0.

    Notes
    -----
    Equal to TA-Lib's STOCHF within 1e-12. A tail of the history gives the same bits as all of it.

    References
    ----------
    G. C. Lane, Lane's stochastics, Technical Analysis of Stocks & Commodities 2:3 (1984).

    Examples
    --------
    >>> close = np.array([1.0, 2.0, 3.0, 2.0])
    >>> stochastic_fast(close, close, close, window=2, smooth_d=2).d.tolist()
    [nan, nan, 100.0, 50.0]
    """
    return _smoothed(_place(high, low, close, window), 1, smooth_d, close.shape[-1])


@indicator(
    lookback=lambda rsi_window, window, smooth_k, smooth_d: (
        rsi_window + window + smooth_k + smooth_d - 3
    )
)
def stochastic_rsi(
    close: Prices,
    rsi_window: Annotated[int, Between(2, 500)] = 14,
    window: Annotated[int, Between(1, 500)] = 14,
    smooth_k: Annotated[int, Between(1, 500)] = 3,
    smooth_d: Annotated[int, Between(1, 500)] = 3,
) -> Stochastic:
    """Stochastic RSI: where the RSI lies in its own range of the window, 0..100.

        place = 100 * (RSI - lowest RSI) / (highest RSI - lowest RSI)
        k = SMA(smooth_k) of place    d = SMA(smooth_d) of k

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    rsi_window : int, bars
        Wilder's smoothing length of the RSI.
    window : int, bars
        The range of the RSI is taken over these.
    smooth_k : int, bars
        How many places ``k`` averages.
    smooth_d : int, bars
        How many values of ``k`` its signal ``d`` averages.

    Returns
    -------
    Stochastic of (..., n) float64 on 0..100
        NaN for the first ``rsi_window + window + smooth_k + smooth_d - 3`` bars, in both. A place
        in a range of nothing is 0.

    Notes
    -----
    With ``smooth_k=1`` equal to TA-Lib's STOCHRSI within 1e-12 through the range. While a market
    stands still its RSI changes by rounding alone: a range of 1e-10 points is one of nothing here,
    and anything from 0 to 100 in TA-Lib.

    References
    ----------
    T. S. Chande, S. Kroll, The New Technical Trader (1994).

    Examples
    --------
    >>> close = np.array([1.0, 2.0, 1.0, 2.0, 3.0, 2.0])
    >>> stochastic_rsi(close, rsi_window=2, window=2, smooth_k=1, smooth_d=1).k.tolist()
    [nan, nan, nan, 100.0, 100.0, 0.0]
    """
    strength = rsi(close, rsi_window)
    return within_own_range(strength, rsi_window, window, smooth_k, smooth_d)


def within_own_range(
    strength: Values, warm_up: int, window: int, smooth_k: int, smooth_d: int
) -> Stochastic:
    """The Stochastic RSI of an RSI that is there already, of which ``warm_up`` bars are NaN."""
    known = strength[..., warm_up:]
    place = _place(known, known, known, window, _STILL)
    return _smoothed(place, smooth_k, smooth_d, strength.shape[-1])


@indicator(lookback=lambda window: window - 1, windowed=True)
def williams_r(
    high: Prices, low: Prices, close: Prices, window: Annotated[int, Between(2, 500)] = 14
) -> Values:
    """Williams %R: how far the close lies below the top of the window's range, -100..0.

        %R = -100 * (highest high - C) / (highest high - lowest low)

    Parameters
    ----------
    high, low, close : (..., n) float64
        Prices, oldest first.
    window : int, bars
        The range is taken over these.

    Returns
    -------
    (..., n) float64 on -100..0
        NaN for the first ``window - 1`` bars; 0 in a range of nothing.

    Notes
    -----
    Equal to TA-Lib's WILLR within 1e-12. A tail of the history gives the same bits as all of it.

    References
    ----------
    L. Williams, How I Made One Million Dollars Last Year Trading Commodities (1973).

    Examples
    --------
    >>> close = np.array([1.0, 2.0, 3.0, 2.0])
    >>> williams_r(close + 1.0, close - 1.0, close, window=3).tolist()
    [nan, nan, -25.0, -66.66666666666667]
    """
    highest = window_max(high, window)
    reach = into(None, np.subtract, highest, window_min(low, window))
    reach *= -0.01
    below = into(None, np.subtract, highest, close[..., window - 1 :])
    return placed_ratio(below, reach, 0.0, close.shape[-1])
