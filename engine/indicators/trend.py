"""Indicators of trend: where the price is going, with its noise averaged away."""

from typing import Annotated

import numpy as np

from engine.catalog import Between, indicator
from engine.smoothing import exponential_mean
from engine.types import Prices, Values
from engine.windows import aligned, placed, window_sum

__all__ = ["ema", "sma"]


@indicator(lookback=lambda window: window - 1, windowed=True)
def sma(close: Prices, window: Annotated[int, Between(1, 500)] = 20) -> Values:
    """Simple Moving Average: mean of the last closes, each counting alike.

        SMA = (C[t] + C[t-1] + ... + C[t-window+1]) / window

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
    Equal to TA-Lib's SMA within 1e-12. A tail of the history gives the same bits as all of it.

    References
    ----------
    J. J. Murphy, Technical Analysis of the Financial Markets (1999).

    Examples
    --------
    >>> import numpy as np
    >>> sma(np.array([1.0, 2.0, 3.0, 4.0]), window=3).tolist()
    [nan, nan, 2.0, 3.0]
    """
    return placed(np.divide, window_sum(close, window), window, close.shape[-1])


@indicator(lookback=lambda window: window - 1)
def ema(close: Prices, window: Annotated[int, Between(1, 500)] = 20) -> Values:
    """Exponential Moving Average: mean of all closes, the newer counting more.

        EMA[t] = EMA[t-1] + 2 / (window + 1) * (C[t] - EMA[t-1])

    begun with the plain mean of the first ``window`` closes.

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    window : int, bars
        How slowly the past fades: 86 % of the weight lies on the last ``window`` closes.

    Returns
    -------
    (..., n) float64, in units of the price
        NaN for the first ``window - 1`` bars.

    Notes
    -----
    Equal to TA-Lib's EMA within 1e-12.

    References
    ----------
    J. J. Murphy, Technical Analysis of the Financial Markets (1999).

    Examples
    --------
    >>> import numpy as np
    >>> ema(np.array([1.0, 2.0, 3.0, 5.0]), window=3).tolist()
    [nan, nan, 2.0, 3.5]
    """
    return aligned(exponential_mean(close, window), close.shape[-1])
