"""Jumps that the next bar, or a second source, contradicts: what a typing error looks like.

A fall or rise of over 40 % that no split explains may be true: AAPL fell by 52 % on 2000-09-29. So
it is kept. It is taken back only where the next bar is as far away again, on the side it came
from, or where a second source says of the same bar something quite different.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from engine.types import Float64, Int64
from market_data.rules import JUMP

__all__ = ["Contradicted", "by_second_source", "by_the_next_bar", "levels"]

# How near the next close must come to the one before the jump; the other source's, to this one's.
NEAR = JUMP / 2


class Contradicted(NamedTuple):
    """A bar that is contradicted.

    Attributes
    ----------
    time : int, microseconds UTC
    reason : str
        By what, in words with the numbers.
    """

    time: int
    reason: str


def levels(time: Int64, close: Float64, splits: Mapping[int, float]) -> Float64:
    """Closes with splits worked in: what one share of the first bar is worth at each.

    Parameters
    ----------
    time : (n,) int64, microseconds UTC
    close : (n,) float64
        As traded.
    splits : mapping
        New shares for one old, by the moment from which it trades so.
    """
    factor = np.ones(len(time) + 1)
    for moment, ratio in splits.items():
        # One that lies before the first bar is in all closes alike.
        if (bar := int(np.searchsorted(time, moment))) or (len(time) and time[0] == moment):
            factor[bar] *= ratio
    worked: Float64 = close * np.cumprod(factor[:-1])
    return worked


def by_the_next_bar(time: Int64, close: Float64, level: Float64) -> list[Contradicted]:
    """The bars that jump away and from which the next one jumps back.

    Parameters
    ----------
    level : (n,) float64
        The closes with splits worked in (`levels`).
    """
    jump = np.abs(level[1:] / level[:-1] - 1.0) > JUMP
    found: list[Contradicted] = []
    taken = -1
    for i in (np.flatnonzero(jump[:-1] & jump[1:]) + 1).tolist():
        # A bar is judged beside those that stand: the good one after an error is no jump itself.
        before = level[i - 2] if taken == i - 1 else level[i - 1]
        away = abs(level[i] / before - 1.0) > JUMP
        if away and abs(level[i + 1] / before - 1.0) <= NEAR:
            reason = (
                f"a close of {close[i]:g} between {close[i - 1]:g} and {close[i + 1]:g}: "
                "the next bar contradicts the jump"
            )
            found.append(Contradicted(int(time[i]), reason))
            taken = i
    return found


def by_second_source(
    time: Int64, close: Float64, level: Float64, other: Mapping[int, float], named: str
) -> list[Contradicted]:
    """The bars that jump and of which another source says otherwise.

    Parameters
    ----------
    other : mapping
        The other source's closes by time; a bar that it does not have is not contradicted.
    named : str
        What the other source is called.
    """
    away = np.abs(level[1:] / level[:-1] - 1.0) > JUMP
    found = []
    for i in (np.flatnonzero(away) + 1).tolist():
        said = other.get(int(time[i]))
        if said is not None and abs(said / close[i] - 1.0) > NEAR:
            reason = f"a close of {close[i]:g} after {close[i - 1]:g}, where {named} has {said:g}"
            found.append(Contradicted(int(time[i]), reason))
    return found
