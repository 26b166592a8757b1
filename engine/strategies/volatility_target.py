"""Strategies that take the less of a market the more it swings."""

from typing import Annotated

import numpy as np

from engine.catalog import Between, strategy
from engine.indicators.dispersion import historical_volatility
from engine.indicators.rates import roc
from engine.types import Float64, Prices, Rating
from engine.verdict import Reason, Verdict
from engine.wording import Sentence, level, side, warming

__all__ = ["trend_with_volatility_target"]


@strategy(
    version="1",
    lookback=lambda short, medium, long, volatility_window: max(
        (short, medium, long, volatility_window)
    ),
    thresholds={
        Rating.STRONG_BUY: 0.5,
        Rating.BUY: 0.25,
        Rating.NEUTRAL: -0.25,
        Rating.SELL: -0.5,
        Rating.STRONG_SELL: -1.0,
    },
)
def trend_with_volatility_target(
    close: Prices,
    short: Annotated[int, Between(1, 500)] = 21,
    medium: Annotated[int, Between(1, 500)] = 63,
    long: Annotated[int, Between(1, 500)] = 252,
    target: Annotated[float, Between(1, 500)] = 20.0,
    volatility_window: Annotated[int, Between(5, 500)] = 60,
    bars_a_year: Annotated[float, Between(1, 100_000)] = 252.0,
) -> Verdict:
    """Trend with Volatility Target: three trends, followed the less the more the market swings.

        score = (sign of each of three returns, averaged) * min(1, target / volatility)

    over one, three and twelve months of daily bars. Buy above 0.25, strongly above 0.5; sell below
    -0.25, strongly below -0.5.

    Parameters
    ----------
    close : (n,) float64
        Closing prices, oldest first.
    short : int, bars
        How far back the first return begins.
    medium : int, bars
        How far back the second return begins.
    long : int, bars
        How far back the third return begins.
    target : float, percent a year
        Volatility up to which the trend is followed in full.
    volatility_window : int, bars
        Window of the volatility.
    bars_a_year : float, bars
        252 for the daily bars of a stock exchange, 365 for those of a market that never closes.

    References
    ----------
    B. Hurst, Y. H. Ooi, L. H. Pedersen, A Century of Evidence on Trend-Following Investing, Journal
    of Portfolio Management 44 (2017), 15-29: one-, three- and twelve-month trends of equal weight,
    scaled to a target volatility.
    """
    windows = (short, medium, long)
    changes = [roc(close, window) for window in windows]
    volatility = historical_volatility(close, volatility_window, bars_a_year)
    votes = [np.sign(change) for change in changes]
    total = votes[0] + votes[1] + votes[2]
    wild = volatility > target
    scale = target / np.where(wild, volatility, target)
    judged = (total == total) & (volatility == volatility)
    reach = np.abs(total) * scale  # three times the size of the score, in whole numbers while calm
    size = (4.0 * reach > 3.0).astype(np.int8) + (2.0 * reach > 3.0).astype(np.int8)
    rating = np.where(judged, np.sign(total), 0.0).astype(np.int8) * size

    def weigh() -> list[Float64]:
        return [scale * judged / 3.0] * 3 + [judged * 0.0]

    trends = (
        Reason(
            indicator="ROC",
            label=f"return over {window} bars",
            group="trends",
            value=change,
            vote=vote,
            sentence=_returned(change, window),
        )
        for window, change, vote in zip(windows, changes, votes, strict=True)
    )
    swing = Reason(
        indicator="HISTORICAL_VOLATILITY",
        label=f"volatility({volatility_window})",
        group="volatility",
        value=volatility,
        vote=volatility * 0.0,
        sentence=_scaled(volatility, scale, target),
    )
    return Verdict((*trends, swing), rating, judged, weigh)


def _returned(change: Float64, window: int) -> Sentence:
    """In words: "rose 4.2 % over 21 bars"."""

    def sentence(bar: int) -> str:
        value = float(change[bar])
        if value != value:
            return warming(f"return over {window} bars")
        return f"{side(value, 0.0, 'rose', 'fell', 'moved')} {abs(value):.1f} % over {window} bars"

    return sentence


def _scaled(volatility: Float64, scale: Float64, target: float) -> Sentence:
    """In words: "volatility 32 % a year above the target of 20 %, so trends count 0.62"."""

    def sentence(bar: int) -> str:
        value, share = float(volatility[bar]), float(scale[bar])
        if value != value:
            return warming("volatility")
        place = "above" if value > target else "within"
        counted = f"trends count {share:.2f}" if value > target else "trends count in full"
        return f"volatility {level(value)} % a year {place} the target of {target:g} %: {counted}"

    return sentence
