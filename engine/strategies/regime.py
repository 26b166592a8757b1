"""Strategies that act only while the market is in a state that suits them."""

from typing import Annotated

import numpy as np

from engine.catalog import Between, strategy
from engine.errors import BadParameter
from engine.indicators.dispersion import historical_volatility
from engine.indicators.trend import sma
from engine.types import Float64, Prices, Rating
from engine.verdict import Reason, Verdict
from engine.wording import Sentence, against, level, warming

__all__ = ["regime_filter"]


@strategy(
    version="1",
    lookback=lambda fast, slow, regime, volatility_window: max(
        fast - 1, slow - 1, regime - 1, volatility_window
    ),
    thresholds={Rating.BUY: 0.0, Rating.NEUTRAL: 0.0, Rating.SELL: -1.0},
)
def regime_filter(
    close: Prices,
    fast: Annotated[int, Between(1, 200)] = 20,
    slow: Annotated[int, Between(2, 500)] = 50,
    regime: Annotated[int, Between(2, 500)] = 200,
    volatility_window: Annotated[int, Between(5, 500)] = 60,
    most_volatility: Annotated[float, Between(1, 500)] = 50.0,
    bars_a_year: Annotated[float, Between(1, 100_000)] = 252.0,
) -> Verdict:
    """Regime Filter: a crossing of averages, followed only with the long trend and in calm.

    Buy while the fast average of closes is above the slow one, provided that the close is above the
    long average and the volatility no more than ``most_volatility``; sell while it is below,
    provided that the close is below the long average and the market as calm. The filter gives and
    takes the crossing's weight.

    Parameters
    ----------
    close : (n,) float64
        Closing prices, oldest first.
    fast : int, bars
        Window of the fast average; shorter than the slow one.
    slow : int, bars
        Window of the slow average.
    regime : int, bars
        Window of the long average, which says what the regime is.
    volatility_window : int, bars
        Window of the volatility.
    most_volatility : float, percent a year
        In a wilder market nothing is done.
    bars_a_year : float, bars
        252 for the daily bars of a stock exchange, 365 for those of a market that never closes.

    Raises
    ------
    BadParameter
        When the fast average is not shorter than the slow one.

    References
    ----------
    M. T. Faber, A Quantitative Approach to Tactical Asset Allocation, Journal of Wealth Management
    9 (2007), 69-79, for the long average; W. Brock, J. Lakonishok, B. LeBaron, Simple Technical
    Trading Rules, Journal of Finance 47 (1992), for the crossing.
    """
    if fast >= slow:
        raise BadParameter(f"REGIME_FILTER: fast ({fast}) must be shorter than slow ({slow})")
    quick, steady, mean = sma(close, fast), sma(close, slow), sma(close, regime)
    volatility = historical_volatility(close, volatility_window, bars_a_year)
    cross, trend = np.sign(quick - steady), np.sign(close - mean)
    judged = (cross == cross) & (trend == trend) & (volatility == volatility)
    open_ = judged & (volatility <= most_volatility) & (cross * trend > 0.0)

    def weigh() -> list[Float64]:
        return [open_ * 1.0, judged * 0.0, judged * 0.0]

    reasons = (
        Reason(
            indicator="SMA",
            label=f"SMA({fast})",
            group="trend",
            value=quick,
            vote=cross,
            sentence=_filtered(quick, steady, open_, fast, slow),
        ),
        Reason(
            indicator="SMA",
            label=f"SMA({regime})",
            group="regime",
            value=mean,
            vote=trend,
            sentence=against("close", close, f"SMA({regime})", mean),
        ),
        Reason(
            indicator="HISTORICAL_VOLATILITY",
            label=f"volatility({volatility_window})",
            group="regime",
            value=volatility,
            vote=volatility * 0.0,
            sentence=_calm(volatility, most_volatility),
        ),
    )
    rating = np.where(open_, cross, 0.0).astype(np.int8)
    return Verdict(reasons, rating, judged, weigh)


def _filtered(quick: Float64, steady: Float64, open_: Float64, fast: int, slow: int) -> Sentence:
    """In words: "SMA(20) 187.20 above SMA(50) 181.04, which the regime allows"."""
    crossed = against(f"SMA({fast})", quick, f"SMA({slow})", steady)
    return lambda bar: f"{crossed(bar)}, which the regime {'allows' if open_[bar] else 'forbids'}"


def _calm(volatility: Float64, most: float) -> Sentence:
    """In words: "volatility 32 % a year, no more than 50 %"."""

    def sentence(bar: int) -> str:
        value = float(volatility[bar])
        if value != value:
            return warming("volatility")
        place = "no more" if value <= most else "more"
        return f"volatility {level(value)} % a year, {place} than {most:g} %"

    return sentence
