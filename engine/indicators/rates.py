"""Indicators of pace: how much the price has changed, and in which direction it leans."""

from functools import lru_cache
from typing import Annotated

import numpy as np

from engine.arithmetic import divided
from engine.cascades import means, two_cascaded
from engine.catalog import Between, indicator
from engine.lockstep import turned
from engine.types import Float64, Prices, Values
from engine.weighted import placed_weighted_sum
from engine.windows import into, lagged, placed

__all__ = ["linear_regression_slope", "momentum", "roc", "tsi"]


@indicator(lookback=lambda window: window, windowed=True)
def momentum(close: Prices, window: Annotated[int, Between(1, 500)] = 10) -> Values:
    """Momentum: by how much the close has changed since some bars ago.

        MOM = C[t] - C[t-window]

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    window : int, bars
        How far back the other close lies.

    Returns
    -------
    (..., n) float64, in units of the price
        NaN for the first ``window`` bars.

    Notes
    -----
    Equal to TA-Lib's MOM, bit for bit.

    References
    ----------
    J. J. Murphy, Technical Analysis of the Financial Markets (1999).

    Examples
    --------
    >>> momentum(np.array([1.0, 2.0, 4.0]), window=1).tolist()
    [nan, 1.0, 2.0]
    """
    return placed(np.subtract, close[..., window:], lagged(close, window), close.shape[-1])


@indicator(lookback=lambda window: window, windowed=True)
def roc(close: Prices, window: Annotated[int, Between(1, 500)] = 10) -> Values:
    """Rate of Change: by how many percent the close has changed since some bars ago.

        ROC = 100 * (C[t] / C[t-window] - 1)

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    window : int, bars
        How far back the other close lies.

    Returns
    -------
    (..., n) float64, percent
        NaN for the first ``window`` bars; 0 where the earlier close is 0.

    Notes
    -----
    Equal to TA-Lib's ROC, bit for bit.

    References
    ----------
    J. J. Murphy, Technical Analysis of the Financial Markets (1999).

    Examples
    --------
    >>> roc(np.array([1.0, 2.0, 3.0]), window=1).tolist()
    [nan, 100.0, 50.0]
    """
    ratio = divided(close[..., window:], lagged(close, window), otherwise=1.0)
    return placed(np.multiply, ratio - 1.0, 100.0, close.shape[-1])


@indicator(lookback=lambda slow, fast: slow + fast - 1)
def tsi(
    close: Prices,
    slow: Annotated[int, Between(2, 500)] = 25,
    fast: Annotated[int, Between(2, 500)] = 13,
) -> Values:
    """True Strength Index: share of the movement that went one way, smoothed twice, -100..100.

        TSI = 100 * EMA(fast) of EMA(slow) of change / EMA(fast) of EMA(slow) of abs(change)

    with the change from close to close.

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    slow : int, bars
        Window of the first mean.
    fast : int, bars
        Window of the second mean.

    Returns
    -------
    (..., n) float64 on -100..100
        NaN for the first ``slow + fast - 1`` bars; 0 for a market that has not moved.

    Notes
    -----
    Equal to TA-Lib's TSI within 1e-12.

    References
    ----------
    W. Blau, True strength index, Technical Analysis of Stocks & Commodities 9:11 (1991).

    Examples
    --------
    >>> tsi(np.array([1.0, 2.0, 3.0, 4.0, 3.0]), slow=2, fast=2).round(2).tolist()
    [nan, nan, nan, 100.0, 11.11]
    """
    close = turned(close)
    change = close[..., 1:] - close[..., :-1]
    lean, movement = two_cascaded(change, np.abs(change), means(2.0, slow, fast))
    return placed(np.multiply, divided(lean, movement, otherwise=0.0), 100.0, close.shape[-1])


@indicator(lookback=lambda window: window - 1, windowed=True)
def linear_regression_slope(close: Prices, window: Annotated[int, Between(2, 500)] = 14) -> Values:
    """Linear Regression Slope: by how much a bar the straight line through the closes rises.

        slope = sum of (i - m) * C[i] / sum of (i - m)**2,    i = 0 ... window - 1,  m = mean of i

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    window : int, bars
        How many closes the line of least squares runs through.

    Returns
    -------
    (..., n) float64, in units of the price a bar
        NaN for the first ``window - 1`` bars.

    Notes
    -----
    Equal to TA-Lib's LINEARREG_SLOPE within 4e-11; made of changes, where TA-Lib subtracts large
    sums. A tail of the history gives the same bits as all of it.

    References
    ----------
    S. B. Achelis, Technical Analysis from A to Z (2000).

    Examples
    --------
    >>> linear_regression_slope(np.array([1.0, 3.0, 5.0, 4.0]), window=3).tolist()
    [nan, nan, 2.0, 0.5]
    """
    changes = into(None, np.subtract, close[..., 1:], close[..., :-1])
    return placed_weighted_sum(changes, _lifts(window), close.shape[-1])


@lru_cache(maxsize=256)
def _lifts(window: int) -> Float64:
    """What each change weighs in the slope: it lifts all bars after it; a level has no weight."""
    after = np.arange(1.0, window)
    return after * after[::-1] * (6.0 / (window * (window * window - 1.0)))
