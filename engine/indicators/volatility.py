"""Indicators of volatility: how wide the price swings."""

from typing import Annotated, NamedTuple

import numpy as np

from engine.arithmetic import beyond_rounding, divided
from engine.catalog import Between, indicator
from engine.moments import moments
from engine.smoothing import wilder_mean
from engine.types import Prices, Values
from engine.windows import aligned, placed

__all__ = ["BollingerBands", "atr", "bollinger_bands", "ranges_of", "true_range"]


class BollingerBands(NamedTuple):
    """What Bollinger bands say."""

    upper: Values
    middle: Values
    lower: Values
    percent_b: Values
    bandwidth: Values


@indicator(lookback=lambda window: window - 1, windowed=True)
def bollinger_bands(
    close: Prices,
    window: Annotated[int, Between(2, 500)] = 20,
    width: Annotated[float, Between(0.1, 10)] = 2.0,
) -> BollingerBands:
    """Bollinger Bands: a moving average and the usual distance from it, on both sides.

        middle = SMA(window)    upper, lower = middle +- width * deviation
        percent_b = (close - lower) / (upper - lower)    bandwidth = (upper - lower) / middle

    with the population standard deviation of the closes in the window.

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    window : int, bars
        How many closes are averaged.
    width : float, standard deviations
        Distance of the bands from the middle.

    Returns
    -------
    BollingerBands of (..., n) float64
        The bands in units of the price, ``percent_b`` 0 on the lower and 1 on the upper band,
        ``bandwidth`` as a share of the middle. NaN for the first ``window - 1`` bars. Where the
        price stood still the bands meet and ``percent_b`` is 0.5.

    Notes
    -----
    Equal to TA-Lib's BBANDS within 1e-12.

    References
    ----------
    J. Bollinger, Bollinger on Bollinger Bands (2001).

    Examples
    --------
    >>> bands = bollinger_bands(np.array([1.0, 3.0, 5.0]), window=2)
    >>> bands.upper.tolist(), bands.lower.tolist(), bands.percent_b.tolist()
    ([nan, 4.0, 6.0], [nan, 0.0, 2.0], [nan, 0.75, 0.75])
    """
    bars = close.shape[-1]
    middle, squares = moments(close, window)
    reach = np.sqrt(squares * (width * width / window))
    lower, span = placed(np.subtract, middle, reach, bars), reach + reach
    above = close[..., window - 1 :] - lower[..., bars - middle.shape[-1] :]
    return BollingerBands(
        upper=placed(np.add, middle, reach, bars),
        middle=aligned(middle, bars),
        lower=lower,
        percent_b=aligned(divided(above, beyond_rounding(span, middle), otherwise=0.5), bars),
        bandwidth=aligned(divided(span, middle, otherwise=0.0), bars),
    )


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
