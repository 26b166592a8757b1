"""Trailing stops: a line that follows the price from one side until it is touched."""

from typing import Annotated, NamedTuple

import numpy as np

from engine.catalog import Between, indicator
from engine.fork import by_candidate
from engine.indicators.volatility import atr
from engine.types import Prices, Values
from engine.walks import followed, stops
from engine.windows import aligned

__all__ = ["ParabolicSar", "Supertrend", "parabolic_sar", "supertrend"]


class ParabolicSar(NamedTuple):
    """What the parabolic SAR says."""

    sar: Values


@indicator(lookback=lambda: 1, blocks=False)
@by_candidate
def parabolic_sar(
    high: Prices,
    low: Prices,
    step: Annotated[float, Between(0.0, 1.0)] = 0.02,
    maximum: Annotated[float, Between(0.0, 1.0)] = 0.2,
) -> ParabolicSar:
    """Parabolic SAR: a stop that closes in on the price, faster the longer a trend makes extremes.

        SAR[t+1] = SAR[t] + a * (extreme - SAR[t])

    ``extreme`` is the highest high of a rising trend, ``a`` begins at ``step`` and grows by it with
    each new one, up to ``maximum``. The SAR stays out of the range of the last two bars; touched,
    it jumps to the extreme, and the trend turns. A falling trend is the mirror image.

    Parameters
    ----------
    high, low : (..., n) float64
        Prices, oldest first.
    step : float
        First acceleration, and by how much it grows.
    maximum : float
        Largest acceleration.

    Returns
    -------
    ParabolicSar of (..., n) float64, in units of the price
        NaN for the first bar. The trend begins downward if the second bar reached further below
        the first than above it, else upward.

    Notes
    -----
    Equal to TA-Lib's SAR within 1e-12. Each value hangs on the one before it, so this is a loop.

    References
    ----------
    J. W. Wilder, New Concepts in Technical Trading Systems (1978).

    Examples
    --------
    >>> high, low = np.array([2.0, 3.0, 4.0, 3.0]), np.array([1.0, 2.0, 3.0, 0.5])
    >>> parabolic_sar(high, low).sar.tolist()
    [nan, 1.0, 1.04, 4.0]
    """
    line = np.full(high.shape, np.nan)
    if high.shape[-1] > 1:
        line[..., 1:] = stops(high, low, min(step, maximum), maximum)
    return ParabolicSar(line)


class Supertrend(NamedTuple):
    """What Supertrend says."""

    supertrend: Values
    direction: Values


@indicator(lookback=lambda window: window, blocks=False)
@by_candidate
def supertrend(
    high: Prices,
    low: Prices,
    close: Prices,
    window: Annotated[int, Between(2, 500)] = 10,
    width: Annotated[float, Between(0.0, 20.0)] = 3.0,
) -> Supertrend:
    """Supertrend: a stop some average true ranges away, which only ever closes in on the price.

        bands = (H + L) / 2 +- width * ATR

    The lower band never falls unless the close before was below it, the upper one never rises
    unless the close before was above it. The trend turns when the close crosses the band that it
    follows: the lower one while rising, the upper one while falling.

    Parameters
    ----------
    high, low, close : (..., n) float64
        Prices, oldest first.
    window : int, bars
        Wilder's smoothing length of the true range.
    width : float, average true ranges
        Distance of the bands from the middle of a bar.

    Returns
    -------
    Supertrend of (..., n) float64
        ``supertrend`` in units of the price, ``direction`` 1 while rising and -1 while falling; NaN
        for the first ``window`` bars. The trend begins upward.

    Notes
    -----
    Equal to TA-Lib's SUPERTREND within 1e-12. Each value hangs on the one before it, so this is a
    loop.

    References
    ----------
    O. Seban, Tout le monde mérite d'être riche (2008).

    Examples
    --------
    >>> close = np.array([4.0, 5.0, 6.0, 3.0, 2.0])
    >>> line = supertrend(close + 1.0, close - 1.0, close, window=2, width=1.0)
    >>> line.supertrend.tolist(), line.direction.tolist()
    ([nan, nan, 4.0, 6.0, 4.5], [nan, nan, 1.0, -1.0, -1.0])
    """
    middle = (high + low) * 0.5
    reach = width * atr(high, low, close, window)
    lines = followed(*(c[..., window:] for c in (middle + reach, middle - reach, close)))
    return Supertrend(*(aligned(line, close.shape[-1]) for line in lines))
