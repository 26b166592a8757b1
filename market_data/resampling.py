"""Longer bars made of shorter ones: whole and closed, on the grid of their calendar."""

import numpy as np

from engine.types import Bars, Int64, Interval
from market_data.calendar import LENGTH, SECOND, closes_of, grid, misses_grid, off_grid
from market_data.errors import BadBar

__all__ = ["resample"]

WEEK = LENGTH[Interval.ONE_WEEK]


def resample(
    bars: Bars, interval: Interval, longer: Interval, calendar: str, *, sparse: bool = False
) -> Bars:
    """The bars of a longer interval that some bars make up.

        open    of the first      high    the highest
        close   of the last       low     the lowest      volume    their sum

    A bar is made of all bars of ``interval`` that open within it; where one of them is missing it
    is not made, so neither of an hour that has just begun nor of one with a hole in it.

    Parameters
    ----------
    bars : Bars
        Closed, on the grid, oldest first; neither end need be the end of a longer bar.
    interval, longer : Interval
        Of ``bars``, and of the bars to make.
    calendar : str
    sparse : bool
        Where a source tells no bar of an interval without trades: a bar is made of those there are,
        and only the ends must be whole: the longer bars that begin before the first bar and end
        after the last one are left out.

    Returns
    -------
    Bars

    Raises
    ------
    ValueError
        When ``longer`` is not longer.
    BadBar
        When a bar is off the grid.

    Notes
    -----
    Cut between two longer bars, both parts make what the whole makes.
    """
    if LENGTH[longer] <= LENGTH[interval]:
        raise ValueError(f"bars of {longer} cannot be made of bars of {interval}")
    for i in np.flatnonzero(misses_grid(bars.time, interval, calendar))[:1].tolist():
        moment = int(bars.time[i])
        shown = str(np.datetime64(moment // SECOND, "s"))
        raise BadBar(i, "time", shown, off_grid(moment, interval, calendar) or "")
    if not len(bars):
        return bars
    opens, closes = _longer_bars(bars.time, longer, calendar)
    within = np.searchsorted(opens, bars.time, side="right") - 1
    if sparse:
        ends = closes_of(bars.time[-1:], interval, calendar)[0]
        whole = (opens >= bars.time[0]) & (closes <= ends)
    else:
        every = grid(int(opens[0]), int(closes[-1]), interval, calendar)
        due = np.bincount(np.searchsorted(opens, every, side="right") - 1, minlength=len(opens))
        whole = np.bincount(within, minlength=len(opens)) == due
    firsts = np.flatnonzero(np.diff(within, prepend=-1))
    lasts = np.append(firsts[1:], len(bars)) - 1
    kept = whole[within[firsts]]
    return Bars(
        opens[within[firsts]][kept],
        bars.open[firsts][kept],
        np.maximum.reduceat(bars.high, firsts)[kept],
        np.minimum.reduceat(bars.low, firsts)[kept],
        bars.close[lasts][kept],
        np.add.reduceat(bars.volume, firsts)[kept],
    )


def _longer_bars(time: Int64, longer: Interval, calendar: str) -> tuple[Int64, Int64]:
    """When the longer bars around some times open and close."""
    opens = grid(int(time[0]) - WEEK, int(time[-1]) + 1, longer, calendar)
    # The first that holds one of the times; those before hold none.
    opens = opens[max(int(np.searchsorted(opens, time[0], side="right")) - 1, 0) :]
    return opens, closes_of(opens, longer, calendar)
