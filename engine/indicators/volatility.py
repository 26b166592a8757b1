"""Indicators of volatility: how wide the price swings."""

from typing import Annotated

import numpy as np

from engine.catalog import Between, indicator
from engine.smoothing import wilder_mean
from engine.types import Prices, Values
from engine.windows import aligned

__all__ = ["atr", "ranges_of", "true_range"]


@indicator(lookback=lambda: 1, windowed=True)
def true_range(high: Prices, low: Prices, close: Prices) -> Values:
    """True Range: the day's range, stretched to reach the close before it.

        TR = max(high, close[t-1]) - min(low, close[t-1])

    Parameters
    ----------
    high, low, close : (..., n) float64
        Prices, oldest first.

    Returns
    -------
    (..., n) float64, in units of the price
        NaN for the first bar, which has no close before it.

    Notes
    -----
    Equal to TA-Lib's TRANGE, bit for bit.

    References
    ----------
    J. W. Wilder, New Concepts in Technical Trading Systems (1978).

    Examples
    --------
    >>> true_range(np.array([5.0, 9.0]), np.array([4.0, 8.0]), np.array([4.5, 8.5])).tolist()
    [nan, 4.5]
    """
    return aligned(ranges_of(high, low, close), close.shape[-1])


def ranges_of(high: Prices, low: Prices, close: Prices) -> Values:
    """True ranges from the second bar on."""
    before = close[..., :-1]
    ranges = np.maximum(high[..., 1:], before)
    ranges -= np.minimum(low[..., 1:], before)
    return ranges


@indicator(lookback=lambda window: window)
def atr(
    high: Prices, low: Prices, close: Prices, window: Annotated[int, Between(1, 500)] = 14
) -> Values:
    """Average True Range: how far a bar usually travels, gaps included.

        ATR = Wilder mean of the true ranges

    Parameters
    ----------
    high, low, close : (..., n) float64
        Prices, oldest first.
    window : int, bars
        Wilder's smoothing length.

    Returns
    -------
    (..., n) float64, in units of the price
        NaN for the first ``window`` bars.

    Notes
    -----
    Equal to TA-Lib's ATR within 1e-12.

    References
    ----------
    J. W. Wilder, New Concepts in Technical Trading Systems (1978).

    Examples
    --------
    >>> close = np.array([4.0, 5.0, 7.0, 6.0])
    >>> atr(close + 1.0, close - 1.0, close, window=2).tolist()
    [nan, nan, 2.5, 2.25]
    """
    return aligned(wilder_mean(ranges_of(high, low, close), window), close.shape[-1])
