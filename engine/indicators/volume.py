"""Indicators of volume: whether the money goes with the price or against it."""

from typing import Annotated

import numpy as np

from engine.arithmetic import all_positive, divided, moved
from engine.catalog import Between, indicator
from engine.types import Float64, Prices, Values, Volumes
from engine.windows import into, placed, placed_ratio, typical, window_sums

__all__ = ["accumulation_distribution", "chaikin_money_flow", "mfi", "obv"]


@indicator
def obv(close: Prices, volume: Volumes) -> Values:
    """On-Balance Volume: all volume so far, that of falling days taken away.

        OBV[t] = OBV[t-1] + V, - V or unchanged, as C[t] lies above, below or on C[t-1]

    begun with the volume of the first bar.

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    volume : (..., n) float64
        Units traded.

    Returns
    -------
    (..., n) float64, units traded
        From the first bar on. Its level depends on where the history begins; its changes do not.

    Notes
    -----
    Equal to TA-Lib's OBV, bit for bit.

    References
    ----------
    J. E. Granville, New Key to Stock Market Profits (1963).

    Examples
    --------
    >>> obv(np.array([2.0, 3.0, 3.0, 1.0]), np.array([1.0, 2.0, 4.0, 8.0])).tolist()
    [1.0, 3.0, 3.0, -5.0]
    """
    if close.shape[-1] < 2:
        return volume + 0.0
    flow = volume[..., 1:] * np.sign(close[..., 1:] - close[..., :-1])
    return np.add.accumulate(np.concatenate([volume[..., :1], flow], axis=-1), axis=-1)


def _flow(high: Prices, low: Prices, close: Prices, volume: Volumes) -> Float64:
    """Volume, times where the close lies between low (-1) and high (1)."""
    place, reach = into(None, np.subtract, close, low), into(None, np.subtract, high, low)
    place -= into(None, np.subtract, high, close)
    if all_positive(reach):
        place /= reach
    else:
        place = divided(place, np.maximum(reach, 0.0), otherwise=0.0)
    place *= volume
    return place


@indicator
def accumulation_distribution(high: Prices, low: Prices, close: Prices, volume: Volumes) -> Values:
    """Accumulation/Distribution Line: all volume so far, by where each bar closed in its range.

        AD[t] = AD[t-1] + V * ((C - L) - (H - C)) / (H - L)

    Parameters
    ----------
    high, low, close : (..., n) float64
        Prices, oldest first.
    volume : (..., n) float64
        Units traded.

    Returns
    -------
    (..., n) float64, units traded
        From the first bar on; a bar without range adds nothing. Its level depends on where the
        history begins; its changes do not.

    Notes
    -----
    Equal to TA-Lib's AD within 1e-12.

    References
    ----------
    M. Chaikin; in S. B. Achelis, Technical Analysis from A to Z (1995).

    Examples
    --------
    >>> high, low, close = np.array([3.0, 5.0]), np.array([1.0, 1.0]), np.array([3.0, 2.0])
    >>> accumulation_distribution(high, low, close, np.array([10.0, 10.0])).tolist()
    [10.0, 5.0]
    """
    return np.add.accumulate(_flow(high, low, close, volume), axis=-1)


@indicator(lookback=lambda window: window - 1, windowed=True)
def chaikin_money_flow(
    high: Prices,
    low: Prices,
    close: Prices,
    volume: Volumes,
    window: Annotated[int, Between(2, 500)] = 20,
) -> Values:
    """Chaikin Money Flow: share of the volume that closed bars near their high, -1..1.

        CMF = sum of V * ((C - L) - (H - C)) / (H - L) / sum of V, over the window

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
    (..., n) float64 on -1..1
        NaN for the first ``window - 1`` bars; 0 where nothing was traded in the whole window.

    Notes
    -----
    Equal to TA-Lib's CMF within 1e-12. A tail of the history gives the same bits as all of it.

    References
    ----------
    M. Chaikin; in S. B. Achelis, Technical Analysis from A to Z (1995).

    Examples
    --------
    >>> high, low, close = np.array([3.0, 5.0]), np.array([1.0, 1.0]), np.array([3.0, 2.0])
    >>> chaikin_money_flow(high, low, close, np.array([10.0, 10.0]), window=2).tolist()
    [nan, 0.25]
    """
    [[flow, traded]] = window_sums([_flow(high, low, close, volume), volume], window)
    return placed_ratio(flow, traded, 0.0, close.shape[-1])


@indicator(lookback=lambda window: window, windowed=True)
def mfi(
    high: Prices,
    low: Prices,
    close: Prices,
    volume: Volumes,
    window: Annotated[int, Between(2, 500)] = 14,
) -> Values:
    """Money Flow Index: share of the money that flowed on rising bars, 0..100.

        P = (H + L + C) / 3
        MFI = 100 * sum of P * V where P rose / sum of P * V where P rose or fell

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
    (..., n) float64 on 0..100
        NaN for the first ``window`` bars; 0 where no money flowed either way.

    Notes
    -----
    Equal to TA-Lib's MFI within 1e-12; like there, a change of P within 1e-14 of both is none. A
    tail of the history gives the same bits as all of it.

    References
    ----------
    G. Quong, A. Soudack, Volume-weighted RSI: money flow, Technical Analysis of Stocks &
    Commodities 7:3 (1989).

    Examples
    --------
    >>> close, volume = np.array([1.0, 2.0, 1.0]), np.array([1.0, 1.0, 2.0])
    >>> mfi(close, close, close, volume, window=2).tolist()
    [nan, nan, 50.0]
    """
    price = typical(high, low, close)
    now, before = price[..., 1:], price[..., :-1]
    rose, fell = moved(into(None, np.subtract, now, before), into(None, np.add, now, before))
    money = into(None, np.multiply, now, volume[..., 1:])
    [[risen, fallen]] = window_sums([money * rose, money * fell], window)
    share = divided(risen, risen + fallen, otherwise=0.0)
    return placed(np.multiply, share, 100.0, close.shape[-1])
