"""Moving averages that weigh the closes of their window unevenly."""

from functools import lru_cache
from math import isqrt
from typing import Annotated

import numpy as np

from engine.arithmetic import divided, has_no_zero
from engine.cascades import Cascade, cascaded, gaps
from engine.catalog import Between, indicator
from engine.types import Float64, Prices, Values, Volumes
from engine.weighted import line, placed_weighted_sum
from engine.windows import aligned, into, placed, window_mean, window_sums

__all__ = ["dema", "hma", "tema", "volume_weighted", "vwma", "wma"]


@indicator(lookback=lambda window: window - 1, windowed=True)
def wma(close: Prices, window: Annotated[int, Between(1, 500)] = 20) -> Values:
    """Weighted Moving Average: mean of the last closes, weights falling in a straight line.

        WMA = (window * C[t] + (window-1) * C[t-1] + ... + C[t-window+1]) / (1 + 2 + ... + window)

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    window : int, bars
        How many closes are averaged.

    Returns
    -------
    (..., n) float64, in units of the price
        NaN for the first ``window - 1`` bars.

    Notes
    -----
    Equal to TA-Lib's WMA within 1e-12. A tail of the history gives the same bits as all of it.

    References
    ----------
    J. J. Murphy, Technical Analysis of the Financial Markets (1999).

    Examples
    --------
    >>> wma(np.array([1.0, 4.0, 4.0, 1.0]), window=2).tolist()
    [nan, 3.0, 4.0, 2.0]
    """
    return placed_weighted_sum(close, line(window), close.shape[-1])


@indicator(lookback=lambda window: 2 * (window - 1))
def dema(close: Prices, window: Annotated[int, Between(1, 500)] = 20) -> Values:
    """Double Exponential Moving Average: an EMA, less most of its delay.

        DEMA = 2 * EMA - EMA(EMA)

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    window : int, bars
        Window of both means.

    Returns
    -------
    (..., n) float64, in units of the price
        NaN for the first ``2 * (window - 1)`` bars.

    Notes
    -----
    Equal to TA-Lib's DEMA within 1e-12.

    References
    ----------
    P. G. Mulloy, Smoothing data with faster moving averages, Technical Analysis of Stocks &
    Commodities 12:1 (1994).

    Examples
    --------
    >>> dema(np.array([1.0, 2.0, 3.0, 4.0]), window=2).round(12).tolist()
    [nan, nan, 3.0, 4.0]
    """
    return _hurried(close, gaps(window, 2))


@indicator(lookback=lambda window: 3 * (window - 1))
def tema(close: Prices, window: Annotated[int, Between(1, 500)] = 20) -> Values:
    """Triple Exponential Moving Average: an EMA, less nearly all of its delay.

        TEMA = 3 * EMA - 3 * EMA(EMA) + EMA(EMA(EMA))

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    window : int, bars
        Window of all three means.

    Returns
    -------
    (..., n) float64, in units of the price
        NaN for the first ``3 * (window - 1)`` bars.

    Notes
    -----
    Equal to TA-Lib's TEMA within 1e-12.

    References
    ----------
    P. G. Mulloy, Smoothing data with faster moving averages, Technical Analysis of Stocks &
    Commodities 12:1 (1994).

    Examples
    --------
    >>> tema(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), window=2).round(12).tolist()
    [nan, nan, nan, 4.0, 5.0]
    """
    return _hurried(close, gaps(window, 3))


def _hurried(close: Prices, left: Cascade) -> Values:
    """The close without what is left of it after its means were taken from it."""
    gap = cascaded(close, left)
    bars = close.shape[-1]
    return placed(np.subtract, close[..., bars - gap.shape[-1] :], gap, bars)


@indicator(lookback=lambda window: window + isqrt(window) - 2, windowed=True)
def hma(close: Prices, window: Annotated[int, Between(2, 500)] = 20) -> Values:
    """Hull Moving Average: a weighted mean that hardly lags, smoothed once more.

        HMA = WMA(sqrt(window)) of (2 * WMA(window / 2) - WMA(window))

    with both lengths rounded down.

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    window : int, bars
        Length of the slow weighted mean.

    Returns
    -------
    (..., n) float64, in units of the price
        NaN for the first ``window + floor(sqrt(window)) - 2`` bars.

    Notes
    -----
    Equal to TA-Lib's HMA within 1e-12. A tail of the history gives the same bits as all of it.

    References
    ----------
    A. Hull, How to reduce lag in a moving average (2005), alanhull.com.

    Examples
    --------
    >>> hma(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), window=4).round(9).tolist()
    [nan, nan, nan, nan, 5.0, 6.0]
    """
    return placed_weighted_sum(close, _hull(window), close.shape[-1])


@lru_cache(maxsize=256)
def _hull(window: int) -> Float64:
    """What each close weighs after all three means."""
    ahead = -line(window)
    ahead[-(window // 2) :] += 2.0 * line(window // 2)
    smooth = line(isqrt(window))
    weights = np.zeros(window + len(smooth) - 1)
    # Not np.convolve, which asks BLAS, whose kernels round otherwise on other processors.
    for start, weight in enumerate(smooth):
        weights[start : start + window] += weight * ahead
    return weights


@indicator(lookback=lambda window: window - 1, windowed=True)
def vwma(close: Prices, volume: Volumes, window: Annotated[int, Between(1, 500)] = 20) -> Values:
    """Volume-Weighted Moving Average: mean of the last closes, each counting as it was traded.

        VWMA = sum of C * V / sum of V, over the window

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    volume : (..., n) float64
        Units traded.
    window : int, bars
        How many closes are averaged.

    Returns
    -------
    (..., n) float64, in units of the price
        NaN for the first ``window - 1`` bars. Where nothing was traded in the whole window, the
        plain mean.

    Notes
    -----
    Equal to TA-Lib's VWMA within 1e-12, which has no value where nothing was traded. A tail of the
    history gives the same bits as all of it.

    References
    ----------
    S. B. Achelis, Technical Analysis from A to Z (2000).

    Examples
    --------
    >>> vwma(np.array([1.0, 4.0, 5.0]), np.array([2.0, 1.0, 1.0]), window=2).tolist()
    [nan, 2.0, 4.5]
    """
    return volume_weighted(close, volume, window)


def volume_weighted(prices: Prices, volume: Volumes, window: int) -> Values:
    """Means of prices weighted by volume over ``window`` bars, plain where there is none."""
    bars = prices.shape[-1]
    [[worth, weights]] = window_sums([into(None, np.multiply, prices, volume), volume], window)
    if has_no_zero(weights):
        return placed(np.divide, worth, weights, bars)
    means = divided(worth, weights, otherwise=np.nan)
    np.copyto(means, window_mean(prices, window), where=weights == 0.0)
    return aligned(means, bars)
