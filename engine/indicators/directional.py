"""Indicators of direction: whether there is a trend at all, and which way it points."""

from typing import Annotated, NamedTuple

import numpy as np

from engine.arithmetic import divided
from engine.catalog import Between, indicator
from engine.extrema import since_max, since_min
from engine.indicators.volatility import ranges_of
from engine.lockstep import turned
from engine.smoothing import resting_mean, wilder_sum
from engine.types import Prices, Values
from engine.windows import aligned

__all__ = ["Adx", "Aroon", "adx", "aroon"]


class Adx(NamedTuple):
    """What the directional movement system says."""

    adx: Values
    plus_di: Values
    minus_di: Values


@indicator(lookback=lambda window: 2 * window - 1)
def adx(
    high: Prices, low: Prices, close: Prices, window: Annotated[int, Between(2, 500)] = 14
) -> Adx:
    """Average Directional Index: how strong a trend is, and the two directions it weighs, 0..100.

        +DM = H[t] - H[t-1] where that exceeds both 0 and L[t-1] - L[t], -DM the mirror image
        +DI = 100 * +DM / TR    -DI = 100 * -DM / TR    as Wilder sums over the window
        DX = 100 * abs(+DI - -DI) / (+DI + -DI)         ADX = Wilder mean of DX

    Parameters
    ----------
    high, low, close : (..., n) float64
        Prices, oldest first.
    window : int, bars
        Wilder's smoothing length, of the sums and of the mean.

    Returns
    -------
    Adx of (..., n) float64 on 0..100
        ``adx`` is NaN for the first ``2 * window - 1`` bars, ``plus_di`` and ``minus_di`` for the
        first ``window``. Without any range both directions are 0; without any direction there is
        no DX, and ``adx`` stays where it was.

    Notes
    -----
    Equal to TA-Lib's ADX, PLUS_DI and MINUS_DI within 1e-12: a DX that is not there counts 0 in the
    first mean and is left out of the later ones.

    References
    ----------
    J. W. Wilder, New Concepts in Technical Trading Systems (1978).

    Examples
    --------
    >>> close = np.array([4.0, 5.0, 7.0, 6.0, 8.0])
    >>> line = adx(close + 1.0, close - 1.0, close, window=2)
    >>> line.adx.round(1).tolist(), line.plus_di.round(1).tolist()
    ([nan, nan, nan, 55.6, 61.8], [nan, nan, 62.5, 31.2, 52.5])
    """
    high, low, close = turned(high), turned(low), turned(close)
    up, down = high[..., 1:] - high[..., :-1], low[..., :-1] - low[..., 1:]
    rise = np.where(up > np.maximum(down, 0.0), up, 0.0)
    fall = np.where(down > np.maximum(up, 0.0), down, 0.0)
    ranges = wilder_sum(ranges_of(high, low, close), window)
    plus = 100.0 * divided(wilder_sum(rise, window), ranges, otherwise=0.0)
    minus = 100.0 * divided(wilder_sum(fall, window), ranges, otherwise=0.0)
    both = plus + minus
    dx = 100.0 * divided(np.abs(plus - minus), both, otherwise=0.0)
    strength = resting_mean(dx, both != 0.0, window)
    return Adx(*(aligned(column, close.shape[-1]) for column in (strength, plus, minus)))


class Aroon(NamedTuple):
    """What Aroon says."""

    up: Values
    down: Values
    oscillator: Values


@indicator(lookback=lambda window: window, windowed=True)
def aroon(high: Prices, low: Prices, window: Annotated[int, Between(2, 500)] = 25) -> Aroon:
    """Aroon: how recently the highest high and the lowest low of the window were made, 0..100.

        up = 100 * (window - bars since the highest high of window + 1 bars) / window
        down = the same of the lowest low    oscillator = up - down

    Parameters
    ----------
    high, low : (..., n) float64
        Prices, oldest first.
    window : int, bars
        How far back an extreme may lie.

    Returns
    -------
    Aroon of (..., n) float64
        ``up`` and ``down`` on 0..100, ``oscillator`` on -100..100; NaN for the first ``window``
        bars. Of equal extremes the latest counts.

    Notes
    -----
    Equal to TA-Lib's AROON and AROONOSC within 1e-12. A tail of the history gives the same bits as
    all of it.

    References
    ----------
    T. S. Chande, A time price oscillator, Technical Analysis of Stocks & Commodities 13:9 (1995).

    Examples
    --------
    >>> line = aroon(np.array([3.0, 2.0, 2.5]), np.array([2.0, 1.0, 1.5]), window=2)
    >>> line.up.tolist(), line.down.tolist()
    ([nan, nan, 0.0], [nan, nan, 50.0])
    """
    up = (window - since_max(high, window + 1)) * np.float64(100.0 / window)
    down = (window - since_min(low, window + 1)) * np.float64(100.0 / window)
    up, down = aligned(up, high.shape[-1]), aligned(down, high.shape[-1])
    return Aroon(up, down, up - down)
