"""The technical rating: 26 rules, 15 on moving averages and 11 on oscillators."""

from fractions import Fraction
from itertools import pairwise

import numpy as np

from engine.catalog import strategy
from engine.indicators.averages import hma, vwma
from engine.indicators.channels import ichimoku
from engine.indicators.trend import ema, sma
from engine.strategies.oscillator_rules import oscillator_rules
from engine.types import Float64, Prices, Rating, Volumes
from engine.verdict import Reason, Verdict, mean_of_means
from engine.windows import aligned, lagged
from engine.wording import Sentence, against, price, warming

__all__ = ["technical_rating"]

WEAK, STRONG = Fraction(1, 10), Fraction(1, 2)
AVERAGES = "moving averages"
WINDOWS = (10, 20, 30, 50, 100, 200)
CLOUD_AHEAD = 26  # bars by which a chart draws Ichimoku's cloud ahead of the price


@strategy(
    version="1",
    lookback=lambda: 11,
    reach=lambda: 199,  # of the longest averages
    thresholds={
        Rating.STRONG_BUY: float(STRONG),
        Rating.BUY: float(WEAK),
        Rating.NEUTRAL: -float(WEAK),
        Rating.SELL: -float(STRONG),
        Rating.STRONG_SELL: -1.0,
    },
)
def technical_rating(high: Prices, low: Prices, close: Prices, volume: Volumes) -> Verdict:
    """Technical Rating: what 15 moving averages and 11 oscillators say, each a vote.

        score = (mean of the moving averages' votes + mean of the oscillators' votes) / 2

    A rule that is still warming up is left out of its mean. Buy beyond 0.1, strongly beyond 0.5;
    sell below -0.1, strongly below -0.5.

    Parameters
    ----------
    high, low, close : (n,) float64
        Prices, oldest first.
    volume : (n,) float64
        Units traded.

    References
    ----------
    TradingView, TechnicalRating library (Pine script jDWyb5PG), as read in November 2026. Other
    published variants differ. MACD's averages are aligned as TA-Lib does.
    """
    trend = ema(close, 50)
    averages = [
        _above(close, name, window, trend if (name, window) == ("EMA", 50) else mean(close, window))
        for name, mean in (("SMA", sma), ("EMA", ema))
        for window in WINDOWS
    ]
    averages.append(_above(close, "HMA", 9, hma(close, 9)))
    averages.append(_above(close, "VWMA", 20, vwma(close, volume, 20)))
    averages.append(_over_the_cloud(high, low, close))
    oscillators = oscillator_rules(high, low, close, trend)
    return mean_of_means(tuple(averages), oscillators, weak=WEAK, strong=STRONG)


def _above(close: Prices, indicator: str, window: int, mean: Float64) -> Reason:
    """Buy above the average, sell below it."""
    label = f"{indicator}({window})"
    return Reason(
        indicator=indicator,
        label=label,
        group=AVERAGES,
        value=mean,
        vote=np.sign(close - mean),
        sentence=against("close", close, label, mean),
    )


def _over_the_cloud(high: Prices, low: Prices, close: Prices) -> Reason:
    """Buy when cloud, base, conversion and close lie above one another, in this order."""
    lines, bars = ichimoku(high, low), close.shape[-1]
    conversion, base = lines.conversion, lines.base
    lead1, lead2 = (aligned(lagged(side, CLOUD_AHEAD), bars) for side in (lines.lead1, lines.lead2))
    rising = (lead1 > lead2) & (base > lead1) & (conversion > base) & (close > conversion)
    falling = (lead1 < lead2) & (base < lead1) & (conversion < base) & (close < conversion)
    label = "Ichimoku(9, 26, 52)"
    return Reason(
        indicator="ICHIMOKU",
        label=label,
        group=AVERAGES,
        value=conversion,
        vote=np.where(rising, 1.0, np.where(falling, -1.0, lead2 * 0.0)),
        sentence=_cloud(label, close, conversion, base, lead1, lead2),
    )


def _cloud(label: str, *lines: Float64) -> Sentence:
    names = ("close", "conversion", "base", "cloud", "its far side")

    def sentence(bar: int) -> str:
        values = [float(line[bar]) for line in lines]
        if any(value != value for value in values):
            return warming(label)
        steps = {(one > two) - (one < two) for one, two in pairwise(values)}
        order = "in rising order" if steps == {1} else "in no order"
        order = "in falling order" if steps == {-1} else order
        said = ", ".join(
            f"{name} {price(value)}" for name, value in zip(names, values, strict=True)
        )
        return f"{label} {order}: {said}"

    return sentence
