"""Strategies that hear more than prices."""

from typing import Annotated

import numpy as np

from engine.catalog import Between, strategy
from engine.sentiment import fresh
from engine.strategies.crossing import price_and_rsi
from engine.types import Float64, Prices, Rating
from engine.verdict import Reason, Verdict, join
from engine.wording import Sentence

__all__ = ["combined"]


@strategy(
    version="1",
    lookback=lambda window, rsi_window: max(window - 1, rsi_window),
    reach=lambda window, rsi_window, fresh_for: max(window - 1, rsi_window, fresh_for),
    thresholds={
        Rating.STRONG_BUY: 0.5,
        Rating.BUY: 0.0,
        Rating.NEUTRAL: 0.0,
        Rating.SELL: -0.5,
        Rating.STRONG_SELL: -1.0,
    },
)
def combined(
    close: Prices,
    window: Annotated[int, Between(2, 500)] = 20,
    rsi_window: Annotated[int, Between(2, 500)] = 14,
    buy_above: Annotated[float, Between(50, 100)] = 55.0,
    sell_below: Annotated[float, Between(0, 50)] = 45.0,
    positive_above: Annotated[float, Between(0.5, 1)] = 0.6,
    negative_below: Annotated[float, Between(0, 0.5)] = 0.4,
    fresh_for: Annotated[int, Between(1, 250)] = 5,
    sentiment: Float64 | None = None,
) -> Verdict:
    """Combined: price and RSI, together with what people say.

        score = (action of PRICE_AND_RSI + vote of the sentiment) / 2

    Where both agree their action stands, and strongly. Where one is neutral the other is followed,
    and where they disagree it is HOLD. Without any sentiment that is PRICE_AND_RSI, at half the
    score. A reading counts from the bar by whose close it was known.

    Parameters
    ----------
    close : (n,) float64
        Closing prices, oldest first.
    window : int, bars
        Window of the average of closes.
    rsi_window : int, bars
        Window of the RSI.
    buy_above : float, 50 to 100
        RSI beyond which momentum is upward.
    sell_below : float, 0 to 50
        RSI below which momentum is downward.
    positive_above : float, 0.5 to 1
        Sentiment beyond which it says buy.
    negative_below : float, 0 to 0.5
        Sentiment below which it says sell.
    fresh_for : int, bars
        On how many bars a reading counts where no newer one follows.
    sentiment : (n,) float64, optional
        The reading that became known by each bar's close, NaN where none did.

    References
    ----------
    P. C. Tetlock, Giving Content to Investor Sentiment: The Role of Media in the Stock Market,
    Journal of Finance 62 (2007), 1139-1168, for sentiment as a signal; J. W. Wilder, New Concepts
    in Technical Trading Systems (1978), for the RSI. How they are joined is this project's own.
    """
    price = price_and_rsi(close, window, rsi_window, buy_above, sell_below)
    said = np.full(close.shape[-1], np.nan) if sentiment is None else fresh(sentiment, fresh_for)
    vote = (said > positive_above) * 1.0 - (said < negative_below) * 1.0
    mood = Reason(
        indicator=None,
        label="sentiment",
        group="sentiment",
        value=said,
        vote=vote,
        sentence=_mood(said, negative_below, positive_above),
    )
    return join(price, mood)


def _mood(said: Float64, low: float, high: float) -> Sentence:
    """In words: "sentiment 0.72 above 0.6"."""

    def sentence(bar: int) -> str:
        value = float(said[bar])
        if value != value:
            return "no sentiment is known: neutral"
        if low <= value <= high:
            return f"sentiment {value:.2f} between {low:g} and {high:g}"
        return f"sentiment {value:.2f} " + (f"above {high:g}" if value > high else f"below {low:g}")

    return sentence
