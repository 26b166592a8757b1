"""Volume-weighted average prices: what a unit cost on average, lately or since the day began."""

from typing import Annotated

import numpy as np

from engine.arithmetic import divided
from engine.catalog import Between, indicator
from engine.fork import by_candidate
from engine.indicators.averages import volume_weighted
from engine.types import Float64, Int64, Prices, Values, Volumes
from engine.windows import typical

__all__ = ["session_vwap", "vwap"]

_DAY = 86_400_000_000  # microseconds


@indicator(lookback=lambda window: window - 1, windowed=True)
def vwap(
    high: Prices,
    low: Prices,
    close: Prices,
    volume: Volumes,
    window: Annotated[int, Between(1, 500)] = 20,
) -> Values:
    """Rolling Volume-Weighted Average Price: what a unit cost on average over the window.

        VWAP = sum of P * V / sum of V, over the window    P = (H + L + C) / 3

    Parameters
    ----------
    high, low, close : (..., n) float64
        Prices, oldest first.
    volume : (..., n) float64
        Units traded.
    window : int, bars
        The sums are taken over these.

    Returns
    -------
    (..., n) float64, in units of the price
        NaN for the first ``window - 1`` bars. Where nothing was traded in the whole window, the
        plain mean of P.

    Notes
    -----
    A tail of the history gives the same bits as all of it.

    References
    ----------
    S. A. Berkowitz, D. E. Logue, E. A. Noser, The total cost of transactions on the NYSE, Journal
    of Finance 43:1 (1988).

    Examples
    --------
    >>> price, volume = np.array([1.0, 4.0, 5.0]), np.array([2.0, 1.0, 1.0])
    >>> vwap(price, price, price, volume, window=2).tolist()
    [nan, 2.0, 4.5]
    """
    return volume_weighted(typical(high, low, close), volume, window)


@indicator
@by_candidate
def session_vwap(time: Int64, high: Prices, low: Prices, close: Prices, volume: Volumes) -> Values:
    """Session Volume-Weighted Average Price: what a unit has cost on average since the day began.

        VWAP = sum of P * V / sum of V, over the bars of the UTC day so far    P = (H + L + C) / 3

    Parameters
    ----------
    time : (..., n) int64, microseconds since the epoch, UTC
        When each bar opened.
    high, low, close : (..., n) float64
        Prices, oldest first.
    volume : (..., n) float64
        Units traded.

    Returns
    -------
    (..., n) float64, in units of the price
        From the first bar on. Until something was traded that day, P itself.

    Notes
    -----
    American sessions lie within one UTC day, and markets that never close reset at 00:00Z. With
    daily or longer bars it is P. Within one day equal to TA-Lib's VWAP within 1e-12, which reads 0
    until something was traded. A tail that begins with a day gives the same bits as all of the
    history.

    References
    ----------
    S. A. Berkowitz, D. E. Logue, E. A. Noser, The total cost of transactions on the NYSE, Journal
    of Finance 43:1 (1988).

    Examples
    --------
    >>> hours = np.array([0, 12, 24, 36], dtype=np.int64) * 3_600_000_000
    >>> price, volume = np.array([1.0, 3.0, 5.0, 6.0]), np.array([1.0, 1.0, 0.0, 2.0])
    >>> session_vwap(hours, price, price, price, volume).tolist()
    [1.0, 2.0, 5.0, 6.0]
    """
    price = typical(high, low, close)
    place = _places(time // _DAY)
    traded = _sums_so_far(volume, place)
    means = divided(_sums_so_far(price * volume, place), traded, otherwise=0.0)
    return np.where(traded == 0.0, price, means)


def _places(day: Int64) -> Int64:
    """How many bars of the same day came before."""
    index = np.broadcast_to(np.arange(day.shape[-1]), day.shape)
    begins = np.zeros_like(day)
    np.copyto(begins[..., 1:], index[..., 1:], where=day[..., 1:] != day[..., :-1])
    return index - np.maximum.accumulate(begins, axis=-1)


def _sums_so_far(values: Float64, place: Int64) -> Float64:
    """Sums from the first bar of each day on, by doubling: over 1, 2, 4, ... bars of it."""
    sums, width = np.array(values), 1
    while width <= place.max(initial=0):
        sums[..., width:] += np.where(place[..., width:] >= width, sums[..., :-width], 0.0)
        width *= 2
    return sums
