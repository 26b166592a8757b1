"""Sentiment: readings of a market's mood, and from when on each of them was known."""

from dataclasses import dataclass

import numpy as np

from engine.errors import BadSentiment
from engine.types import Float64, Int64

__all__ = ["Sentiment", "fresh"]


@dataclass(frozen=True, slots=True, eq=False)
class Sentiment:
    """Readings of the mood of one market.

    Parameters
    ----------
    time : (m,) int64, microseconds since the epoch, UTC
        The moment of which each reading speaks.
    known : (m,) int64, microseconds since the epoch, UTC
        From when on it was known; no earlier bar hears of it.
    value : (m,) float64 on 0..1
        0 is as bad as can be, 0.5 is neutral, 1 is as good as can be.

    Raises
    ------
    BadSentiment
        When the columns differ in length, or a value lies outside 0..1.
    """

    time: Int64
    known: Int64
    value: Float64

    def __post_init__(self) -> None:
        for name, kind in (("time", np.int64), ("known", np.int64), ("value", np.float64)):
            column = np.asarray(getattr(self, name), dtype=kind).view()
            column.flags.writeable = False
            object.__setattr__(self, name, column)
        if self.time.ndim != 1 or not len(self.time) == len(self.known) == len(self.value):
            raise BadSentiment("a series of sentiment has one time, one known and one value a row")
        if not np.all((self.value >= 0.0) & (self.value <= 1.0)):
            raise BadSentiment("a value of sentiment lies between 0 and 1")

    def readings(self, closed: Int64) -> Float64:
        """The newest reading that became known after the bar before closed and by each bar's close.

        Parameters
        ----------
        closed : (n,) int64, microseconds since the epoch, UTC
            When each bar closed; increasing.

        Returns
        -------
        (n,) float64
            NaN where none did. One that comes late, after a reading of a later moment, is left out.

        Examples
        --------
        >>> mood = Sentiment([10, 20, 15], [12, 31, 32], [0.2, 0.9, 0.5])
        >>> mood.readings(np.array([11, 21, 31, 41])).tolist()
        [nan, 0.2, 0.9, nan]
        """
        order = np.lexsort((self.time, self.known))
        time = self.time[order]
        order = order[time >= np.maximum.accumulate(time)]
        bar = np.searchsorted(closed, self.known[order])
        column = np.full(len(closed) + 1, np.nan)
        column[bar] = self.value[order]  # of several on one bar the newest is written last
        return column[:-1]


def fresh(readings: Float64, bars: int) -> Float64:
    """The latest reading, for as many bars as it counts; NaN where there is none.

    Examples
    --------
    >>> fresh(np.array([np.nan, 0.2, np.nan, np.nan]), 2).tolist()
    [nan, 0.2, 0.2, nan]
    """
    here = np.arange(readings.shape[-1])
    latest = np.maximum.accumulate(np.where(readings == readings, here, 0))
    return np.where(here - latest < bars, readings[latest], np.nan)
