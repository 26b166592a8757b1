"""Strategies that follow a price out of its channel, and hold on until it turns."""

from typing import Annotated

import numpy as np

from engine.catalog import Between, strategy
from engine.errors import BadParameter
from engine.indicators.channels import donchian_channels
from engine.smoothing import carried
from engine.types import Flags, Float64, Prices, Rating
from engine.verdict import Reason, Verdict
from engine.windows import aligned, lagged
from engine.wording import Sentence, price, side, warming

__all__ = ["breakout"]


@strategy(
    version="1",
    lookback=lambda entry_window: entry_window,
    reach=lambda entry_window: entry_window + 1,  # for what was held before the bar
    thresholds={Rating.BUY: 0.0, Rating.NEUTRAL: 0.0, Rating.SELL: -1.0},
)
def breakout(
    high: Prices,
    low: Prices,
    close: Prices,
    entry_window: Annotated[int, Between(2, 500)] = 55,
    exit_window: Annotated[int, Between(1, 500)] = 20,
) -> Verdict:
    """Breakout: in with a new high of 55 bars, out with a new low of 20.

        score = position held + what an exit takes from it + what an entry adds to it

    Buy when the close leaves the channel of the ``entry_window`` bars before it upward, and stay in
    until it leaves the shorter channel of ``exit_window`` bars downward; the mirror image to sell.
    Without a position, hold.

    Parameters
    ----------
    high, low, close : (n,) float64
        Prices, oldest first.
    entry_window : int, bars
        Window of the channel whose breaking opens a position.
    exit_window : int, bars
        Window of the channel whose breaking closes it; no longer than the other.

    Raises
    ------
    BadParameter
        When the exit channel is longer than the entry channel.

    References
    ----------
    R. D. Donchian, High finance in copper, Financial Analysts Journal 16:6 (1960), for the channel;
    C. Faith, The Original Turtle Trading Rules (2003), System 2, for entry and exit.
    """
    if exit_window > entry_window:
        raise BadParameter(
            f"BREAKOUT: exit_window ({exit_window}) must be no longer than entry_window "
            f"({entry_window})"
        )
    top, bottom = _channel(high, low, entry_window)
    exit_top, exit_bottom = _channel(high, low, exit_window)
    # Whoever breaks the long channel has broken the short one too, so the sides exclude each other.
    long = _held(close > top, close < exit_bottom, entry_window)
    short = _held(close < bottom, close > exit_top, entry_window)
    position = long - short
    before = aligned(lagged(position, 1), close.shape[-1])
    entry, leave = _side_left(close, top, bottom), _side_left(close, exit_top, exit_bottom)
    judged = top == top

    def weigh() -> list[Float64]:
        return [
            judged * 1.0,
            judged * (leave * before < 0.0) * 1.0,
            judged * ((entry != 0.0) & (entry != before)) * 1.0,
        ]

    reasons = (
        Reason(
            indicator=None,
            label="position held",
            group="position",
            value=before,
            vote=before,
            sentence=_holding(before),
        ),
        Reason(
            indicator="DONCHIAN_CHANNELS",
            label=f"exit channel of {exit_window} bars",
            group="channels",
            value=np.where(before < 0.0, exit_top, exit_bottom),
            vote=leave,
            sentence=_leaving("exit channel", close, exit_top, exit_bottom, exit_window),
        ),
        Reason(
            indicator="DONCHIAN_CHANNELS",
            label=f"entry channel of {entry_window} bars",
            group="channels",
            value=np.where(close < bottom, bottom, top),
            vote=entry,
            sentence=_leaving("entry channel", close, top, bottom, entry_window),
        ),
    )
    return Verdict(reasons, (position * judged).astype(np.int8), judged, weigh)


def _channel(high: Prices, low: Prices, window: int) -> tuple[Float64, Float64]:
    """Top and bottom of the bars before each bar."""
    channel, bars = donchian_channels(high, low, window), high.shape[-1]
    return aligned(lagged(channel.upper, 1), bars), aligned(lagged(channel.lower, 1), bars)


def _side_left(close: Prices, top: Float64, bottom: Float64) -> Float64:
    """1 where the close leaves a channel upward, -1 downward, 0 within, NaN where there is none."""
    return np.where(close > top, 1.0, np.where(close < bottom, -1.0, top * 0.0))


def _held(enter: Flags, leave: Flags, first: int) -> Float64:
    """1 from each entry to the exit after it, else 0; the bar ``first`` has the first channel."""
    events = np.where(enter, 1.0, np.where(leave, 0.0, np.nan))
    held = aligned(carried(events[..., first:], 0.0), events.shape[-1])
    return np.where(held == held, held, 0.0)


def _holding(before: Float64) -> Sentence:
    return lambda bar: f"{side(before[bar], 0.0, 'a long', 'a short', 'no')} position was held"


def _leaving(name: str, close: Prices, top: Float64, bottom: Float64, window: int) -> Sentence:
    """In words: "close 187.20 above 185.10, top of the entry channel of 55 bars"."""

    def sentence(bar: int) -> str:
        here, high, low = float(close[bar]), float(top[bar]), float(bottom[bar])
        whole = f"the {name} of {window} bars"
        if high != high:
            return warming(whole)
        if low <= here <= high:
            return f"close {price(here)} within {whole}, {price(low)} to {price(high)}"
        line, edge = (high, "top") if here > high else (low, "bottom")
        return f"close {price(here)} {side(here, line)} {price(line)}, {edge} of {whole}"

    return sentence
