"""Moving averages that hurry while the market goes somewhere and rest while it does not."""

from typing import Annotated

import numpy as np

from engine.arithmetic import divided
from engine.catalog import Between, indicator
from engine.smoothing import varying_mean
from engine.types import Prices, Values
from engine.windows import aligned, lagged, window_sum

__all__ = ["kama"]


@indicator(lookback=lambda window: window)
def kama(
    close: Prices,
    window: Annotated[int, Between(2, 500)] = 10,
    fast: Annotated[int, Between(1, 500)] = 2,
    slow: Annotated[int, Between(1, 500)] = 30,
) -> Values:
    """Kaufman's Adaptive Moving Average: an EMA as fast as the market is straight.

        KAMA[t] = KAMA[t-1] + gain * (C[t] - KAMA[t-1])
        gain = (ER * 2 / (fast + 1) + (1 - ER) * 2 / (slow + 1))**2
        ER = abs(C[t] - C[t-window]) / sum of abs(C[i] - C[i-1]) over the window

    begun with the close before the first value.

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    window : int, bars
        The efficiency ratio ER is taken over these.
    fast : int, bars
        Window of the EMA that it is in a straight line.
    slow : int, bars
        Window of the EMA that it is in mere noise.

    Returns
    -------
    (..., n) float64, in units of the price
        NaN for the first ``window`` bars. A market that stands still counts as straight.

    Notes
    -----
    Equal to TA-Lib's KAMA within 1e-12.

    References
    ----------
    P. J. Kaufman, Smarter Trading (1995).

    Examples
    --------
    >>> kama(np.array([1.0, 2.0, 3.0, 4.0, 3.0]), window=2).round(3).tolist()
    [nan, nan, 2.444, 3.136, 3.135]
    """
    path = window_sum(np.abs(close[..., 1:] - close[..., :-1]), window)
    way = np.abs(close[..., window:] - lagged(close, window))
    # Rounding may leave the way a little longer than the path of which it is the end.
    efficiency = np.minimum(divided(way, path, otherwise=1.0), 1.0)
    slowest, fastest = 2.0 / (slow + 1.0), 2.0 / (fast + 1.0)
    gain = (efficiency * (fastest - slowest) + slowest) ** 2
    start = close[..., window - 1 : window]
    return aligned(varying_mean(close[..., window:], gain, start), close.shape[-1])
