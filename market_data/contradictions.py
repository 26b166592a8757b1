"""Jumps: those that something contradicts, as a typing error is, and those that nothing explains.

A fall or rise of over 40 % that no split explains may be true: AAPL fell by 52 % on 2000-09-29. So
it is kept, and told. It is taken back only where the next bar is as far away again, on the side it
came from, or where a second source says of the same bar something quite different. A second source
that has jumped as far at the same bar confirms it: two that saw it know more than what came after.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from engine.types import Float64, Int64
from market_data.rules import JUMP

__all__ = [
    "Contradicted",
    "Jump",
    "by_second_source",
    "by_the_next_bar",
    "is_near",
    "levels",
    "seen_by_both",
    "unexplained",
]

# New shares for one old, as companies split: one of these that is as near explains a jump.
USUAL = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 200, 500, 1_000, 10_000)
AS_NEAR = 0.06
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


class Jump(NamedTuple):
    """A bar that was kept though it is far from the one before it.

    Attributes
    ----------
    time : int, microseconds UTC
    reason : str
        How far, and what might explain it.
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
            found.append(Contradicted(int(time[i]), _between(time, close, level, i)))
            taken = i
    return found


def _between(time: Int64, close: Float64, level: Float64, i: int) -> str:
    """Why a bar is contradicted, with all that decided it: the splits that are told, too."""
    reason = (
        f"a close of {close[i]:g} between {close[i - 1]:g} and {close[i + 1]:g}: "
        "the next bar contradicts the jump"
    )
    for bar in (i, i + 1):
        ratio = level[bar] * close[bar - 1] / (level[bar - 1] * close[bar])
        if abs(ratio - 1.0) > 1e-9:
            day = np.datetime64(int(time[bar]), "us").astype("datetime64[D]")
            reason += f", with the split of {ratio:g} for 1 of {day}; see that its date is right"
    return reason


def unexplained(time: Int64, close: Float64, level: Float64) -> list[Jump]:
    """The bars that jump though splits and dividends are worked in.

    Parameters
    ----------
    level : (n,) float64
        The closes with splits and dividends worked in (`levels`).
    """
    found = []
    for i in (np.flatnonzero(np.abs(level[1:] / level[:-1] - 1.0) > JUMP) + 1).tolist():
        reason = (
            f"a close of {close[i]:g} after {close[i - 1]:g} is over {JUMP:.0%} away, and no split "
            f"or dividend that is told explains it"
        )
        shares = float(level[i - 1] / level[i])
        for usual in USUAL:
            for new, old in ((usual, 1), (1, usual)):
                if abs(shares * old / new - 1.0) < AS_NEAR:
                    reason += f"; a split of {new} for {old} would"
        found.append(Jump(int(time[i]), reason))
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
        if said is not None and not is_near(said, float(close[i])):
            reason = f"a close of {close[i]:g} after {close[i - 1]:g}, where {named} has {said:g}"
            found.append(Contradicted(int(time[i]), reason))
    return found


def seen_by_both(
    time: Int64, close: Float64, level: Float64, other: Mapping[int, float], named: str
) -> dict[int, str]:
    """The bars that jump and at which another source has jumped as well, each with what it has.

    Parameters are those of `by_second_source`.
    """
    found = {}
    for i in (np.flatnonzero(np.abs(level[1:] / level[:-1] - 1.0) > JUMP) + 1).tolist():
        said = other.get(int(time[i]))
        if said is None or not is_near(said, float(close[i])):
            continue
        if abs(level[i] * said / (close[i] * level[i - 1]) - 1.0) > JUMP:
            found[int(time[i])] = f"{named} has {said:g}"
    return found


def is_near(one: float, other: float) -> bool:
    """Whether two closes of a bar may be those of the same trade or of trades close by."""
    return abs(one / other - 1.0) <= NEAR
