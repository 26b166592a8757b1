"""The eleven oscillators of the technical rating, each a rule that votes to buy or to sell."""

import numpy as np

from engine.indicators.directional import adx
from engine.indicators.momentum import macd, rsi
from engine.indicators.oscillators import (
    awesome_oscillator,
    bull_bear_power,
    cci,
    ultimate_oscillator,
)
from engine.indicators.rates import momentum
from engine.indicators.stochastic import Stochastic, stochastic, williams_r, within_own_range
from engine.types import Flags, Float64, Prices
from engine.verdict import Reason, beyond_levels
from engine.windows import aligned, lagged
from engine.wording import Sentence, against, beyond, level, price, side, warming

__all__ = ["oscillator_rules"]

OSCILLATORS = "oscillators"


def oscillator_rules(
    high: Prices, low: Prices, close: Prices, trend: Float64
) -> tuple[Reason, ...]:
    """All eleven, in the order of the published table; ``trend`` is the EMA(50) of the closes."""
    strength = rsi(close, 14)
    return (
        _turning("RSI", "RSI(14)", strength, 30.0, 70.0),
        _stochastic(stochastic(high, low, close)),
        _turning("CCI", "CCI(20)", cci(high, low, close, 20), -100.0, 100.0),
        _directed(high, low, close),
        _awesome(high, low),
        _rising_momentum(close),
        _macd(close),
        _stochastic_rsi(close, trend, strength),
        _turning("WILLIAMS_R", "Williams %R(14)", williams_r(high, low, close, 14), -80.0, -20.0),
        _power(high, low, close, trend),
        _ultimate(high, low, close),
    )


def _before(values: Float64, bars: int = 1) -> Float64:
    """The values of some bars earlier, on today's bars."""
    return aligned(lagged(values, bars), values.shape[-1])


def _vote(buy: Flags, sell: Flags, latest: Float64) -> Float64:
    """1 to buy, -1 to sell, else 0; NaN while ``latest``, the last to be known, is warming up."""
    return np.where(buy, 1.0, np.where(sell, -1.0, latest * 0.0))


def _turning(indicator: str, label: str, value: Float64, low: float, high: float) -> Reason:
    """Buy below the low level when rising again, sell above the high one when falling."""
    before = _before(value)
    buy, sell = (value < low) & (value > before), (value > high) & (value < before)

    def sentence(bar: int) -> str:
        now, then = float(value[bar]), float(before[bar])
        return beyond(label, value, low, high)(bar) + (
            f" and {_moving(now, then)}" if then == then else ""
        )

    return _oscillator(indicator, label, value, _vote(buy, sell, before), sentence)


def _moving(now: float, then: float) -> str:
    return side(now, then, "rising", "falling", "unchanged")


def _oscillator(
    indicator: str, label: str, value: Float64, vote: Float64, sentence: Sentence
) -> Reason:
    return Reason(
        indicator=indicator,
        label=label,
        group=OSCILLATORS,
        value=value,
        vote=vote,
        sentence=sentence,
    )


def _stochastic(lines: Stochastic) -> Reason:
    """Buy when %K leads %D upward below 20, sell when it leads downward above 80."""
    k, d = lines.k, lines.d
    buy, sell = (k < 20.0) & (d < 20.0) & (k > d), (k > 80.0) & (d > 80.0) & (k < d)
    label = "Stochastic(14, 3, 3)"
    return _oscillator("STOCHASTIC", label, k, _vote(buy, sell, d), _crossing_lines(label, k, d))


def _stochastic_rsi(close: Prices, trend: Float64, strength: Float64) -> Reason:
    """The same on the RSI, to buy only below the trend and to sell only above it."""
    k, d = within_own_range(strength, 14, 14, 3, 3)
    buy = (close < trend) & (k < 20.0) & (d < 20.0) & (k > d)
    sell = (close > trend) & (k > 80.0) & (d > 80.0) & (k < d)
    label = "Stochastic RSI(14, 14, 3, 3)"
    lines, place = _crossing_lines(label, k, d), against("close", close, "EMA(50)", trend)
    return _oscillator(
        "STOCHASTIC_RSI",
        label,
        k,
        _vote(buy, sell, trend + d),
        lambda bar: f"{lines(bar)}; {place(bar)}",
    )


def _crossing_lines(label: str, k: Float64, d: Float64) -> Sentence:
    def sentence(bar: int) -> str:
        one, two = float(k[bar]), float(d[bar])
        if two != two:
            return warming(label)
        zone = "both below 20" if max(one, two) < 20.0 else "not both below 20 or above 80"
        zone = "both above 80" if min(one, two) > 80.0 else zone
        return f"{label} %K {level(one)} {side(one, two)} %D {level(two)}, {zone}"

    return sentence


def _directed(high: Prices, low: Prices, close: Prices) -> Reason:
    """Buy when movement is strong, growing and upward, sell when it is downward."""
    strength, plus, minus = adx(high, low, close, 14)
    before = _before(strength)
    growing = (strength > 20.0) & (strength > before)
    label = "ADX(14)"

    def sentence(bar: int) -> str:
        now, then = float(strength[bar]), float(before[bar])
        up, down = float(plus[bar]), float(minus[bar])
        if then != then:
            return warming(label)
        return (
            f"{label} {level(now)} {side(now, 20.0)} 20 and {_moving(now, then)}, "
            f"+DI {level(up)} {side(up, down)} -DI {level(down)}"
        )

    vote = _vote(growing & (plus > minus), growing & (plus < minus), before)
    return _oscillator("ADX", label, strength, vote, sentence)


def _awesome(high: Prices, low: Prices) -> Reason:
    """Buy on crossing 0 upward and on a saucer above it, sell on their mirror images."""
    value = awesome_oscillator(high, low)
    before, earlier = _before(value), _before(value, 2)
    label = "Awesome oscillator(5, 34)"
    dip = (value > before) & (earlier > before)
    bump = (value < before) & (earlier < before)
    known = earlier == earlier
    buy = known & (value > 0.0) & ((before <= 0.0) | dip)
    sell = known & (value < 0.0) & ((before >= 0.0) | bump)

    def sentence(bar: int) -> str:
        now, then, once = float(value[bar]), float(before[bar]), float(earlier[bar])
        if once != once:
            return warming(label)
        said = f"{label} {price(now)}"
        if now * then <= 0.0 and now != 0.0:
            return f"{said} crosses {side(now, 0.0)} 0"
        if (now > then < once and now > 0.0) or (now < then > once and now < 0.0):
            return f"{said} makes a saucer {side(now, 0.0)} 0"
        return f"{said} {side(now, 0.0)} 0 and {_moving(now, then)}"

    return _oscillator("AWESOME_OSCILLATOR", label, value, _vote(buy, sell, earlier), sentence)


def _rising_momentum(close: Prices) -> Reason:
    """Buy when momentum rises, sell when it falls."""
    value = momentum(close, 10)
    before = _before(value)
    label = "Momentum(10)"

    def sentence(bar: int) -> str:
        now, then = float(value[bar]), float(before[bar])
        if then != then:
            return warming(label)
        return f"{label} {price(now)} {_moving(now, then)} from {price(then)}"

    return _oscillator("MOMENTUM", label, value, np.sign(value - before), sentence)


def _macd(close: Prices) -> Reason:
    """Buy above the signal line, sell below it."""
    lines = macd(close)
    label = "MACD(12, 26, 9)"
    return _oscillator(
        "MACD",
        label,
        lines.macd,
        np.sign(lines.macd - lines.signal),
        against(label, lines.macd, "its signal", lines.signal),
    )


def _power(high: Prices, low: Prices, close: Prices, trend: Float64) -> Reason:
    """Buy when the bears tire in a rising market, sell when the bulls tire in a falling one."""
    bull, bear = bull_bear_power(high, low, close, 13)
    bull_before, bear_before = _before(bull), _before(bear)
    buy = (close > trend) & (bear < 0.0) & (bear > bear_before)
    sell = (close < trend) & (bull > 0.0) & (bull < bull_before)
    label = "Bull/bear power(13)"
    place = against("close", close, "EMA(50)", trend)

    def sentence(bar: int) -> str:
        bulls, bears = float(bull[bar]), float(bear[bar])
        then, once = float(bull_before[bar]), float(bear_before[bar])
        if once != once:
            return warming(label)
        return (
            f"bull power {price(bulls)} {_moving(bulls, then)}, "
            f"bear power {price(bears)} {_moving(bears, once)}; {place(bar)}"
        )

    return _oscillator(
        "BULL_BEAR_POWER", label, bull + bear, _vote(buy, sell, trend + bear_before), sentence
    )


def _ultimate(high: Prices, low: Prices, close: Prices) -> Reason:
    """Buy above 70, sell below 30."""
    value = ultimate_oscillator(high, low, close)
    label = "Ultimate oscillator(7, 14, 28)"
    return _oscillator(
        "ULTIMATE_OSCILLATOR",
        label,
        value,
        beyond_levels(value, 30.0, 70.0),
        beyond(label, value, 30.0, 70.0),
    )
