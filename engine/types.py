"""The data that all floors agree on: bars, intervals, actions, ratings."""

import enum
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import BadBars

__all__ = [
    "REASON",
    "Action",
    "Bars",
    "Flags",
    "Float64",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "Interval",
    "Prices",
    "Rating",
    "Values",
    "Volumes",
    "within_reason",
]

Float64 = NDArray[np.float64]
Prices = Float64  # in the currency of the listing, oldest first along the last axis
Volumes = Float64  # units traded
Values = Float64  # what an indicator says, one a bar
Flags = NDArray[np.bool_]
Int64 = NDArray[np.int64]
Int8 = NDArray[np.int8]
Int16 = NDArray[np.int16]
Int32 = NDArray[np.int32]


class Interval(enum.StrEnum):
    """How much time one bar covers."""

    FIFTEEN_MINUTES = "FIFTEEN_MINUTES"
    ONE_HOUR = "ONE_HOUR"
    FOUR_HOURS = "FOUR_HOURS"
    ONE_DAY = "ONE_DAY"
    ONE_WEEK = "ONE_WEEK"


class Action(enum.IntEnum):
    """What to do, as the sign of the score says it."""

    SELL = -1
    HOLD = 0
    BUY = 1


class Rating(enum.IntEnum):
    """How strongly a score speaks, in five steps."""

    STRONG_SELL = -2
    SELL = -1
    NEUTRAL = 0
    BUY = 1
    STRONG_BUY = 2


_SMALLEST = 1e-100  # and the inverse of the largest: products of them then stay in float64
REASON = f"0 or between {_SMALLEST:g} and {1 / _SMALLEST:g} in size"


def within_reason(values: Float64) -> Flags:
    """Which of these are numbers, and of a size that a market may have."""
    size = np.abs(values)
    good: Flags = (size <= 1.0 / _SMALLEST) & ((size >= _SMALLEST) | (size == 0.0))
    return good


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Closed price bars of one symbol, oldest first.

    Parameters
    ----------
    time : (n,) int64, microseconds since the epoch, UTC
        When each bar opened; strictly increasing. A daily bar opens at 00:00Z of its session.
    open, high, low, close : (n,) float64
        Prices in the currency of the listing.
    volume : (n,) float64
        Units traded; 0 where none were.

    Raises
    ------
    BadBars
        When the columns differ in length, are not one-dimensional, or times do not increase.

    Notes
    -----
    The columns are read-only views: nobody downstream can change the past. They may hold values
    that are missing, as sources have them, until somebody is to judge them: ``judgeable``.
    """

    time: Int64
    open: Float64
    high: Float64
    low: Float64
    close: Float64
    volume: Float64

    def __post_init__(self) -> None:
        for field in fields(self):
            kind = np.int64 if field.name == "time" else np.float64
            column = np.asarray(getattr(self, field.name), dtype=kind).view()
            column.flags.writeable = False
            if column.ndim != 1:
                raise BadBars(
                    f"{field.name} has {column.ndim} dimensions; a column of bars has one"
                )
            if len(column) != len(self.time):
                raise BadBars(
                    f"{field.name} holds {len(column)} values and time {len(self.time)}; "
                    "every column holds one value a bar"
                )
            object.__setattr__(self, field.name, column)
        if not np.all(self.time[1:] > self.time[:-1]):
            raise BadBars("times must increase from bar to bar")

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, part: slice) -> Self:
        if part.indices(len(self)) == (0, len(self), 1):
            return self
        return type(self)(**{field.name: getattr(self, field.name)[part] for field in fields(self)})

    def judgeable(self) -> Self:
        """The bars themselves, once nothing in them keeps a strategy from judging.

        Raises
        ------
        BadBars
            When a price or a volume is no number, or of a size that no market has.
        """
        for field in fields(self)[1:]:
            column = getattr(self, field.name)
            good = within_reason(column)
            if not good.all():
                bar = int(np.argmin(good))
                raise BadBars(
                    f"{field.name} is {column[bar]:g} on bar {bar}, of "
                    f"{self.time[bar].astype('datetime64[us]')}; prices and volumes that are "
                    f"judged are {REASON}"
                )
        return self

    def replace(self, **columns: Any) -> Self:
        """The same bars with some columns exchanged."""
        return type(self)(
            **{f.name: columns.get(f.name, getattr(self, f.name)) for f in fields(self)}
        )
