"""The rules every bar meets before it is kept, checked over whole columns at once."""

import enum
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.types import Bars, Float64, Int64, Interval
from market_data.calendar import LENGTH, SECOND, closes_at, misses_grid, off_grid
from market_data.errors import BadBar

__all__ = ["JUMP", "Fault", "Rule", "check", "faults", "first_fault", "jumps"]

# A fall or rise beyond this from close to close, without a split, is worth a second look.
JUMP = 0.40

PRICES = ("open", "high", "low", "close")
Columns = dict[str, NDArray[np.float64]]


class Rule(enum.StrEnum):
    """What a bar must keep to."""

    FINITE = "FINITE"
    POSITIVE = "POSITIVE"
    CONSISTENT = "CONSISTENT"
    ON_GRID = "ON_GRID"
    CLOSED = "CLOSED"
    PAST = "PAST"


class Fault(NamedTuple):
    """A bar that breaks a rule: which, in what column, and the rule in words."""

    bar: int
    column: str
    rule: Rule
    reason: str


Broken = tuple[str, NDArray[np.bool_], Rule, str]


def _price_faults(columns: Columns) -> Iterator[Broken]:
    """(column, where it is at fault, the rule it breaks), in the order people look at a bar."""
    for name in (*PRICES, "volume"):
        yield name, ~np.isfinite(columns[name]), Rule.FINITE, "not a finite number"
    for name in PRICES:
        yield name, columns[name] <= 0, Rule.POSITIVE, "a price is above zero"
    yield "volume", columns["volume"] < 0, Rule.POSITIVE, "a volume is not negative"
    opens, high, low, close = (columns[name] for name in PRICES)
    yield "high", high < low, Rule.CONSISTENT, "high is below low"
    yield (
        "high",
        high < np.maximum(opens, close),
        Rule.CONSISTENT,
        "high is below open or close",
    )
    yield "low", low > np.minimum(opens, close), Rule.CONSISTENT, "low is above open or close"


def faults(
    time: Int64, columns: Columns, interval: Interval, calendar: str, now: int
) -> list[Fault]:
    """The first fault of every bar that has one, in the order of the bars.

    Parameters
    ----------
    time : (n,) int64, microseconds UTC
    columns : open, high, low, close, volume, each (n,) float64
    now : int, microseconds UTC
        A bar that is not closed by now is refused: its numbers will still change.
    """
    found: dict[int, Fault] = {}
    for column, bad, rule, reason in _price_faults(columns):
        for i in np.flatnonzero(bad).tolist():
            found.setdefault(i, Fault(i, column, rule, reason))
    for i in np.flatnonzero(misses_grid(time, interval, calendar)).tolist():
        why = off_grid(int(time[i]), interval, calendar) or ""
        found.setdefault(i, Fault(i, "time", Rule.ON_GRID, why))
    # Whatever opened a whole interval ago is closed; the few others are asked one by one.
    for i in np.flatnonzero(time > now - LENGTH[interval]).tolist():
        moment = int(time[i])
        if moment > now:
            found.setdefault(i, Fault(i, "time", Rule.PAST, "the bar lies in the future"))
        elif closes_at(moment, interval, calendar) > now:
            found.setdefault(i, Fault(i, "time", Rule.CLOSED, "the bar is not closed yet"))
    return [found[i] for i in sorted(found)]


def first_fault(
    time: Int64, columns: Columns, interval: Interval, calendar: str, now: int
) -> tuple[int, str, str] | None:
    """The first bar that breaks a rule, as (index, column, reason); None where all are good.

    Beside the rules of `faults`, times must increase from bar to bar.
    """
    found = [
        (one.bar, one.column, one.reason)
        for one in faults(time, columns, interval, calendar, now)[:1]
    ]
    if len(late := np.flatnonzero(np.diff(time) <= 0)):
        i = int(late[0]) + 1
        same = "the same time twice" if time[i] == time[i - 1] else "times must increase"
        found.append((i, "time", same))
    return min(found, key=lambda fault: fault[0], default=None)


def check(bars: Bars, interval: Interval, calendar: str, now: int) -> None:
    """Raise BadBar for the first bar that breaks a rule."""
    columns = {name: getattr(bars, name) for name in (*PRICES, "volume")}
    fault = first_fault(bars.time, columns, interval, calendar, now)
    if fault is not None:
        index, column, reason = fault
        value = str(getattr(bars, column)[index])
        if column == "time":
            value = str(np.datetime64(int(bars.time[index]) // SECOND, "s"))
        raise BadBar(index, column, value, reason)


def jumps(time: Int64, close: Float64) -> tuple[int, ...]:
    """Times of the bars whose close lies more than JUMP from the one before."""
    change = np.abs(close[1:] / close[:-1] - 1.0)
    return tuple(int(t) for t in time[1:][change > JUMP])
