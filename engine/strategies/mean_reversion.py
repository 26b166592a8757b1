"""Strategies that expect a price to come back."""

from typing import Annotated

import numpy as np

from engine.catalog import Between, strategy
from engine.indicators.dispersion import z_score
from engine.types import Prices, Rating
from engine.verdict import Reason, Verdict
from engine.windows import aligned, window_mean
from engine.wording import Sentence, price, side, warming

__all__ = ["mean_reversion"]


@strategy(
    version="1",
    lookback=lambda window: window - 1,
    thresholds={Rating.BUY: 0.5, Rating.NEUTRAL: -0.5, Rating.SELL: -1.0},
)
def mean_reversion(
    close: Prices,
    window: Annotated[int, Between(2, 500)] = 20,
    entry: Annotated[float, Between(0.25, 5)] = 2.0,
) -> Verdict:
    """Mean Reversion: what fell unusually far below its mean comes back.

        score = -z / (2 * entry), held within -1 and 1

    with z the number of standard deviations by which the close lies above its mean. Buy below
    ``-entry`` deviations, sell above ``entry``, and hold between.

    Parameters
    ----------
    close : (n,) float64
        Closing prices, oldest first.
    window : int, bars
        Window of the mean and of the deviation.
    entry : float, standard deviations
        How far from the mean is unusual.

    References
    ----------
    E. P. Chan, Algorithmic Trading: Winning Strategies and Their Rationale (2013), chapters 2 and
    3: positions against the z-score of a price, entered beyond a level of it.
    """
    z = z_score(close, window)
    rating = (z < -entry).astype(np.int8) - (z > entry).astype(np.int8)
    judged = z == z
    reason = Reason(
        indicator="Z_SCORE",
        label=f"Z-score({window})",
        group="mean reversion",
        value=z,
        vote=np.clip(z / (-2.0 * entry), -1.0, 1.0),
        sentence=_stretched(close, z, window, entry),
    )
    return Verdict((reason,), rating, judged, lambda: [judged * 1.0])


def _stretched(close: Prices, z: Prices, window: int, entry: float) -> Sentence:
    """In words: "close 187.20 is 2.41 deviations above SMA(20) 181.04, beyond 2"."""
    mean = aligned(window_mean(close, window), close.shape[-1])

    def sentence(bar: int) -> str:
        far = float(z[bar])
        if far != far:
            return warming(f"Z-score({window})")
        place = f"{abs(far):.2f} deviations {side(far, 0.0)}" if far else "at"
        beyond = f"beyond {entry:g}" if abs(far) > entry else f"within {entry:g}"
        middle = f"SMA({window}) {price(float(mean[bar]))}"
        return f"close {price(float(close[bar]))} is {place} {middle}, {beyond}"

    return sentence
