"""Channels: lines above and below the price, between which it is at home."""

from typing import Annotated, NamedTuple

import numpy as np

from engine.arithmetic import beyond_rounding
from engine.catalog import Between, indicator
from engine.extrema import window_max, window_min
from engine.indicators.volatility import ranges_of
from engine.moments import moments
from engine.smoothing import exponential_mean, wilder_mean
from engine.types import Float64, Prices, Values
from engine.windows import aligned, into, placed, placed_ratio

__all__ = [
    "BollingerBands",
    "Channel",
    "Ichimoku",
    "bollinger_bands",
    "donchian_channels",
    "ichimoku",
    "keltner_channels",
]


class Channel(NamedTuple):
    """What a channel says."""

    upper: Values
    middle: Values
    lower: Values


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
    sums, reach = moments(close, window)
    reach *= width * width / window / 2.0
    reach = np.sqrt(reach, out=reach)
    middle = placed(np.divide, sums, window, bars)
    known = middle[..., bars - reach.shape[-1] :]
    upper, lower = placed(np.add, known, reach, bars), placed(np.subtract, known, reach, bars)
    above = into(None, np.subtract, close[..., window - 1 :], lower[..., window - 1 :])
    reach += reach
    return BollingerBands(
        upper=upper,
        middle=middle,
        lower=lower,
        percent_b=placed_ratio(above, beyond_rounding(reach, known), 0.5, bars),
        bandwidth=placed_ratio(reach, known, 0.0, bars),
    )


@indicator(lookback=lambda window: window - 1, windowed=True)
def donchian_channels(
    high: Prices, low: Prices, window: Annotated[int, Between(1, 500)] = 20
) -> Channel:
    """Donchian Channels: highest high and lowest low of the window, and their middle.

        upper = max(H)    lower = min(L)    middle = (upper + lower) / 2

    over the window, today's bar among them.

    Parameters
    ----------
    high, low : (..., n) float64
        Prices, oldest first.
    window : int, bars
        The extremes are taken over these.

    Returns
    -------
    Channel of (..., n) float64, in units of the price
        NaN for the first ``window - 1`` bars.

    Notes
    -----
    Equal to TA-Lib's DONCHIAN, bit for bit. A tail of the history gives the same bits as all of it.

    References
    ----------
    R. D. Donchian, High finance in copper, Financial Analysts Journal 16:6 (1960).

    Examples
    --------
    >>> import numpy as np
    >>> channel = donchian_channels(np.array([2.0, 5.0, 4.0]), np.array([1.0, 3.0, 2.0]), window=2)
    >>> channel.upper.tolist(), channel.middle.tolist(), channel.lower.tolist()
    ([nan, 5.0, 5.0], [nan, 3.0, 3.5], [nan, 1.0, 2.0])
    """
    bars = high.shape[-1]
    upper, lower = aligned(window_max(high, window), bars), aligned(window_min(low, window), bars)
    return Channel(upper, (upper + lower) * 0.5, lower)


@indicator(lookback=lambda window, atr_window: max(window - 1, atr_window))
def keltner_channels(
    high: Prices,
    low: Prices,
    close: Prices,
    window: Annotated[int, Between(2, 500)] = 20,
    atr_window: Annotated[int, Between(1, 500)] = 10,
    width: Annotated[float, Between(0.1, 10)] = 2.0,
) -> Channel:
    """Keltner Channels: a mean price, and some average true ranges on both sides of it.

        middle = EMA(window) of (H + L + C) / 3    upper, lower = middle +- width * ATR(atr_window)

    Parameters
    ----------
    high, low, close : (..., n) float64
        Prices, oldest first.
    window : int, bars
        Window of the mean.
    atr_window : int, bars
        Wilder's smoothing length of the true range.
    width : float, average true ranges
        Distance of the lines from the middle.

    Returns
    -------
    Channel of (..., n) float64, in units of the price
        NaN for the first ``max(window - 1, atr_window)`` bars, in all three.

    Notes
    -----
    Equal to TA-Lib's KC within 1e-12: the mean and the range are seeded so that both seeds end on
    the first bar that has a value. Keltner's own lines were plain means.

    References
    ----------
    C. W. Keltner, How to Make Money in Commodities (1960).

    Examples
    --------
    >>> import numpy as np
    >>> close = np.array([4.0, 5.0, 7.0])
    >>> channel = keltner_channels(close + 1.0, close - 1.0, close, window=2, atr_window=2)
    >>> channel.upper.round(2).tolist(), channel.middle.round(2).tolist()
    ([nan, nan, 11.0], [nan, nan, 6.0])
    """
    warm_up = max(window - 1, atr_window)
    skipped = warm_up - window + 1
    middle = high[..., skipped:] + low[..., skipped:] + close[..., skipped:]
    middle = exponential_mean(middle / 3.0, window)
    skipped = warm_up - atr_window
    ranges = ranges_of(high[..., skipped:], low[..., skipped:], close[..., skipped:])
    reach = width * wilder_mean(ranges, atr_window)
    middle, reach = aligned(middle, close.shape[-1]), aligned(reach, close.shape[-1])
    return Channel(middle + reach, middle, middle - reach)


class Ichimoku(NamedTuple):
    """What Ichimoku says, each line at the bar that makes it."""

    conversion: Values
    base: Values
    lead1: Values
    lead2: Values


@indicator(lookback=lambda conversion, base, lead: max(conversion, base, lead) - 1)
def ichimoku(
    high: Prices,
    low: Prices,
    conversion: Annotated[int, Between(1, 500)] = 9,
    base: Annotated[int, Between(1, 500)] = 26,
    lead: Annotated[int, Between(1, 500)] = 52,
) -> Ichimoku:
    """Ichimoku Kinko Hyo: the middles of three windows, and a cloud to be drawn ahead of the price.

        middle(w) = (highest high + lowest low) / 2, over w bars
        conversion = middle(conversion)         base = middle(base)
        lead1 = (conversion + base) / 2         lead2 = middle(lead)

    Parameters
    ----------
    high, low : (..., n) float64
        Prices, oldest first.
    conversion : int, bars
        Window of the conversion line (tenkan-sen).
    base : int, bars
        Window of the base line (kijun-sen).
    lead : int, bars
        Window of the slow side of the cloud (senkou span B).

    Returns
    -------
    Ichimoku of (..., n) float64, in units of the price
        NaN while each window fills: ``conversion - 1`` bars, ``base - 1``, the longer of the two,
        and ``lead - 1``.

    Notes
    -----
    Nothing is shifted. Charts draw the cloud 26 bars ahead, so the one under today's price is
    ``lead1`` and ``lead2`` of 26 bars ago; the lagging line (chikou) is the close itself, drawn 26
    bars back. A tail of the history gives the same bits as all of it.

    References
    ----------
    N. Elliott, Ichimoku Charts (2007).

    Examples
    --------
    >>> import numpy as np
    >>> high, low = np.array([2.0, 4.0, 6.0]), np.array([1.0, 3.0, 5.0])
    >>> lines = ichimoku(high, low, conversion=1, base=2, lead=3)
    >>> [line.tolist()[-1] for line in lines]
    [5.5, 4.5, 5.0, 3.5]
    """
    bars = high.shape[-1]
    fast, slow = _middle(high, low, conversion), _middle(high, low, base)
    later = max(conversion, base)
    cloud = (fast[..., later - conversion :] + slow[..., later - base :]) * 0.5
    columns = (fast, slow, cloud, _middle(high, low, lead))
    return Ichimoku(*(aligned(column, bars) for column in columns))


def _middle(high: Prices, low: Prices, window: int) -> Float64:
    return (window_max(high, window) + window_min(low, window)) * 0.5
