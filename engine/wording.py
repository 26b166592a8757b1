"""Reasons in words, with the numbers in them, in the units of the market."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from engine.types import Float64

__all__ = [
    "Sentence",
    "against",
    "beyond",
    "in_percent_of",
    "level",
    "listed",
    "price",
    "side",
    "warming",
]

Sentence = Callable[[int], str]
"""What a reason says of one bar, by the bar's index."""

_close: ContextVar[float | None] = ContextVar("close", default=None)


@contextmanager
def in_percent_of(close: float | None) -> Iterator[None]:
    """Word prices without saying any: in percent of the close; None words them as they are.

    Examples
    --------
    >>> with in_percent_of(200.0):
    ...     price(200.0), price(187.25), price(-0.315)
    ('(100 %)', '(93.6 % of the close)', '(-0.158 % of the close)')
    """
    token = _close.set(close)
    try:
        yield
    finally:
        _close.reset(token)


def price(value: float) -> str:
    """A price with as many decimals as its size asks for.

    Examples
    --------
    >>> price(187.2), price(1.0842), price(0.0000123)
    ('187.20', '1.0842', '0.0000123')
    """
    close = _close.get()
    if close is not None:
        return "(100 %)" if value == close else f"({100.0 * value / close:.3g} % of the close)"
    size = abs(value)
    if size >= 10 or size == 0:
        return f"{value:.2f}"
    return f"{value:.{min(4 - math.floor(math.log10(size)), 12)}f}".rstrip("0").ljust(4, "0")


def level(value: float) -> str:
    """A value on a scale of its own, such as RSI's 0 to 100.

    Examples
    --------
    >>> level(61.27), level(55.0)
    ('61.3', '55')
    """
    return f"{value:.1f}".removesuffix(".0")


def side(
    one: float, two: float, over: str = "above", under: str = "below", same: str = "equal to"
) -> str:
    """Where one value lies against another."""
    return over if one > two else under if one < two else same


def warming(name: str) -> str:
    """What there is to say while an indicator has too few bars."""
    return f"{name}: warming up"


def against(name: str, values: Float64, other_name: str, other: Float64) -> Sentence:
    """One price against another: "close 187.20 above EMA(50) 181.04"."""

    def sentence(bar: int) -> str:
        one, two = float(values[bar]), float(other[bar])
        if math.isnan(one) or math.isnan(two):
            return warming(f"{name} against {other_name}")
        return f"{name} {price(one)} {side(one, two)} {other_name} {price(two)}"

    return sentence


def beyond(name: str, values: Float64, low: float, high: float) -> Sentence:
    """A value against two levels: "RSI(14) 61.3 above 55"."""

    def sentence(bar: int) -> str:
        value = float(values[bar])
        if math.isnan(value):
            return warming(name)
        if low <= value <= high:
            return f"{name} {level(value)} between {level(low)} and {level(high)}"
        return f"{name} {level(value)} " + (
            f"above {level(high)}" if value > high else f"below {level(low)}"
        )

    return sentence


def listed(items: list[str]) -> str:
    """Items as a person lists them.

    Examples
    --------
    >>> listed(["2 say buy", "1 says sell", "3 say neither"])
    '2 say buy, 1 says sell and 3 say neither'
    """
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
