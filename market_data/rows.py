"""Rows of one series as they are kept: bars, and when each became known and was fetched."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.types import Bars, Float64, Int64

__all__ = ["COLUMNS", "Rows"]

COLUMNS = ("time", "known", "fetched", "origin", "open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of one series, sorted by time and then by the time from which they are known.

    Parameters
    ----------
    time, known, fetched : (n,) int64, microseconds UTC
        When a bar opened, since when this row of it is known, and when its source was last asked
        and told it so.
    origin : (n,) int64
        Which of `origins` a row comes from.
    open, high, low, close, volume : (n,) float64
        As traded.
    origins : tuple of str
        Where rows come from.
    """

    time: Int64
    known: Int64
    fetched: Int64
    origin: Int64
    open: Float64
    high: Float64
    low: Float64
    close: Float64
    volume: Float64
    origins: tuple[str, ...] = ("",)

    @classmethod
    def none(cls) -> Self:
        """No rows."""
        whole, real = np.zeros(0, np.int64), np.zeros(0)
        return cls(whole, whole, whole, whole, real, real, real, real, real)

    @classmethod
    def of(cls, bars: Bars, known: int, fetched: int, origin: str) -> Self:
        """The bars of one delivery."""
        count = len(bars)
        return cls(
            bars.time,
            np.full(count, known),
            np.full(count, fetched),
            np.zeros(count, np.int64),
            bars.open,
            bars.high,
            bars.low,
            bars.close,
            bars.volume,
            (origin,),
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """All rows of several parts, in their order, under one list of origins."""
        if len(parts) == 1:
            return parts[0]
        origins = tuple(dict.fromkeys(name for part in parts for name in part.origins))
        told = [part.origin_in(origins) for part in parts]
        columns = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in COLUMNS
            if name != "origin"
        }
        return cls(**columns, origin=np.concatenate(told), origins=origins)

    def __len__(self) -> int:
        return len(self.time)

    def origin_in(self, origins: Sequence[str]) -> Int64:
        """Which of a longer list of origins each row comes from."""
        number = [origins.index(name) for name in self.origins]
        if number == list(range(len(number))):
            return self.origin
        return np.array(number, np.int64)[self.origin]

    def take(self, which: "slice | Int64 | NDArray[np.bool_]") -> Self:
        """Some of the rows."""
        return self.replace(**{name: getattr(self, name)[which] for name in COLUMNS})

    def replace(self, **columns: Any) -> Self:
        """The same rows with some columns exchanged."""
        return type(self)(
            **{f.name: columns.get(f.name, getattr(self, f.name)) for f in fields(self)}
        )

    def sorted(self) -> Self:
        """The rows by time, and of one time by the time from which they are known."""
        return self.take(np.lexsort((self.known, self.time)))

    @property
    def size(self) -> int:
        """How many bytes of memory the columns take."""
        return sum(getattr(self, name).nbytes for name in COLUMNS)
