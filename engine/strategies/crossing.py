"""Strategies that compare prices with their own averages."""

from typing import Annotated

import numpy as np

from engine.catalog import Between, strategy
from engine.errors import BadParameter
from engine.indicators.momentum import rsi
from engine.indicators.trend import sma
from engine.types import Prices, Rating
from engine.verdict import Reason, Verdict, agree, beyond_levels
from engine.wording import against, beyond

__all__ = ["moving_average_cross", "price_and_rsi"]


@strategy(
    version="1",
    lookback=lambda fast, slow: max(fast, slow) - 1,
    thresholds={Rating.BUY: 0.0, Rating.NEUTRAL: 0.0, Rating.SELL: -1.0},
)
def moving_average_cross(
    close: Prices,
    fast: Annotated[int, Between(1, 200)] = 20,
    slow: Annotated[int, Between(2, 500)] = 50,
) -> Verdict:
    """Moving Average Cross: on the side of the shorter average.

    Buy while the fast average of closes is above the slow one, sell while it is below.

    Parameters
    ----------
    close : (n,) float64
        Closing prices, oldest first.
    fast : int, bars
        Window of the fast average; shorter than the slow one.
    slow : int, bars
        Window of the slow average.

    Raises
    ------
    BadParameter
        When the fast average is not shorter than the slow one.

    References
    ----------
    W. Brock, J. Lakonishok, B. LeBaron, Simple Technical Trading Rules and the Stochastic
    Properties of Stock Returns, Journal of Finance 47 (1992), 1731-1764.
    """
    if fast >= slow:
        raise BadParameter(
            f"MOVING_AVERAGE_CROSS: fast ({fast}) must be shorter than slow ({slow})"
        )
    quick, steady = sma(close, fast), sma(close, slow)
    return agree(
        Reason(
            indicator="SMA",
            label=f"SMA({fast})",
            group="moving averages",
            value=quick,
            vote=np.sign(quick - steady),
            sentence=against(f"SMA({fast})", quick, f"SMA({slow})", steady),
        )
    )


@strategy(
    version="1",
    lookback=lambda window, rsi_window: max(window - 1, rsi_window),
    thresholds={Rating.BUY: 0.5, Rating.NEUTRAL: -0.5, Rating.SELL: -1.0},
)
def price_and_rsi(
    close: Prices,
    window: Annotated[int, Between(2, 500)] = 20,
    rsi_window: Annotated[int, Between(2, 500)] = 14,
    buy_above: Annotated[float, Between(50, 100)] = 55.0,
    sell_below: Annotated[float, Between(0, 50)] = 45.0,
) -> Verdict:
    """Price and RSI: a trend that has momentum behind it.

    Buy when the close is above its average and RSI above a level, sell when the close is below its
    average and RSI below a level, and hold otherwise.

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

    References
    ----------
    J. W. Wilder, New Concepts in Technical Trading Systems (1978), for the RSI; its pairing with a
    moving average is common practice.
    """
    mean, strength = sma(close, window), rsi(close, rsi_window)
    name = f"RSI({rsi_window})"
    return agree(
        Reason(
            indicator="SMA",
            label=f"SMA({window})",
            group="moving averages",
            value=mean,
            vote=np.sign(close - mean),
            sentence=against("close", close, f"SMA({window})", mean),
        ),
        Reason(
            indicator="RSI",
            label=name,
            group="oscillators",
            value=strength,
            vote=beyond_levels(strength, sell_below, buy_above),
            sentence=beyond(name, strength, sell_below, buy_above),
        ),
    )
