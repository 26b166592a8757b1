"""When bars open and close: sessions of exchanges, and markets that never rest.

XNYS, XNAS and XLON hold the sessions of `market_data.sessions`; 24/7 has none, and its bars follow
each other. Within a session the first bar opens with it, whatever the interval, and the last one is
as long as the session lasts: at XNYS the hours open at 09:30, 10:30, ... 15:30, and the last of
them has half an hour.

Times are int64 microseconds since the epoch, UTC. A daily bar's time is its session's date at
00:00Z, a weekly bar's is its Monday at 00:00Z.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.types import Int64, Interval
from market_data.sessions import DAY, MINUTE, Exchange, exchange

__all__ = [
    "CALENDARS",
    "DAY",
    "HOUR",
    "LENGTH",
    "MINUTE",
    "OLDEST",
    "SECOND",
    "allowance",
    "bars_per_year",
    "closes_at",
    "closes_of",
    "grid",
    "in_session",
    "known_until",
    "last_expected",
    "misses_grid",
    "off_grid",
    "time_zone",
]

SECOND = 1_000_000
HOUR = 60 * MINUTE
WEEK = 7 * DAY
YEAR = DAY * 1461 // 4  # 365.25 days

LENGTH = {
    Interval.FIFTEEN_MINUTES: 15 * MINUTE,
    Interval.ONE_HOUR: HOUR,
    Interval.FOUR_HOURS: 4 * HOUR,
    Interval.ONE_DAY: DAY,
    Interval.ONE_WEEK: WEEK,
}

OLDEST = -719_162 * DAY
"""0001-01-01T00:00:00Z, before which no moment has a date to be told by."""

CALENDARS = ("XNYS", "XNAS", "XLON", "24/7")

_MONDAY = 4 * DAY  # 1970-01-05, the first Monday of the epoch


def _exchange(calendar: str) -> Exchange | None:
    return None if calendar == "24/7" else exchange(calendar)


def time_zone(calendar: str) -> str:
    """The time zone in which a calendar's days are told."""
    held = _exchange(calendar)
    return held.zone if held else "UTC"


def known_until(calendar: str) -> int | None:
    """The last day, at 00:00Z, whose holidays are known; None where there are none for ever.

    What follows is taken for regular weekdays: see `market_data.sessions`.
    """
    held = _exchange(calendar)
    return held.last * DAY if held else None


def in_session(time: int, calendar: str) -> bool:
    """Whether the market is open at a moment."""
    held = _exchange(calendar)
    if held is None:
        return True
    day = time - time % DAY
    opened, closed = held.hours(day)
    return held.holds(day) and opened <= time < closed


def closes_at(time: int, interval: Interval, calendar: str) -> int:
    """When the bar that opened at ``time`` is closed for good.

    On an exchange a daily bar closes with its session, a weekly one with the last session of its
    week, and an intraday one after its length, or with the session where that comes first. A bar
    that is off the grid gets an answer too, the regular hours of its date.
    """
    end = time + LENGTH[interval]
    held = _exchange(calendar)
    if held is None:
        return end
    if interval is Interval.ONE_WEEK:
        return held.hours(_last_session(held, time))[1]
    close = held.hours(time - time % DAY)[1]
    if interval is Interval.ONE_DAY:
        return close
    return close if time < close < end else end


def _last_session(held: Exchange, monday: int) -> int:
    """The date of the last session of a week; its Friday where it holds none."""
    days = (monday + n * DAY for n in (4, 3, 2, 1, 0))
    return next((day for day in days if held.holds(day)), monday + 4 * DAY)


def closes_of(time: Int64, interval: Interval, calendar: str) -> Int64:
    """When each of many bars on the grid is closed for good; see `closes_at`."""
    found: Int64 = time + LENGTH[interval]
    held = _exchange(calendar)
    if held is None or not len(time):
        return found
    days = time - time % DAY
    # A week is asked for by its last session, which comes before the next week's first.
    sought = days + WEEK if interval is Interval.ONE_WEEK else days + DAY
    place = np.searchsorted(held.day, sought) - 1
    known = place >= 0
    place = np.maximum(place, 0)
    known &= held.day[place] >= days
    close = held.close[place]
    whole_days = interval in {Interval.ONE_DAY, Interval.ONE_WEEK}
    ends = known if whole_days else known & (time < close) & (close < found)
    found = np.where(ends, close, found)
    for i in np.flatnonzero(~known).tolist():
        found[i] = closes_at(int(time[i]), interval, calendar)
    return found


def off_grid(time: int, interval: Interval, calendar: str) -> str | None:
    """Why no bar of this interval can open at ``time``; None where one can."""
    if time < OLDEST:
        return "no bar opens before the year 1"
    held = _exchange(calendar)
    day = time - time % DAY
    if interval is Interval.ONE_WEEK:
        if (time - _MONDAY) % WEEK:
            return "a weekly bar opens on Monday at 00:00Z"
        if held is not None and not held.holds(_last_session(held, time)):
            return f"{calendar} holds no session in the week of {_date(day)}"
        return None
    if held is not None and not held.holds(day):
        if (time - _MONDAY) // DAY % 7 >= 5:
            return f"{calendar} holds no session on a weekend; 24/7 does"
        return f"{calendar} holds no session on {_date(day)}"
    if interval is Interval.ONE_DAY:
        return None if time % DAY == 0 else "a daily bar's time is its session's date at 00:00Z"
    step = LENGTH[interval]
    if held is None:
        right = f"a bar of {interval} opens on whole {step // MINUTE} minutes"
        return None if time % step == 0 else right
    opened, closed = held.hours(day)
    if opened <= time < closed and (time - opened) % step == 0:
        return None
    return (
        f"a bar of {interval} opens every {step // MINUTE} minutes from {_clock(opened)} on, "
        f"before {_clock(closed)}, at {calendar} on {_date(day)}"
    )


def misses_grid(time: Int64, interval: Interval, calendar: str) -> NDArray[np.bool_]:
    """Which of many bars open where none can; `off_grid` says why."""
    held = _exchange(calendar)
    step = LENGTH[interval]
    if held is None:
        origin = _MONDAY if interval is Interval.ONE_WEEK else 0
        missed: NDArray[np.bool_] = ((time - origin) % step != 0) | (time < OLDEST)
        return missed
    # Bars that look right at once; the few others are asked one by one.
    place = np.maximum(np.searchsorted(held.day, time, side="right") - 1, 0)
    if interval is Interval.ONE_DAY:
        missed = held.day[place] != time
    elif interval is Interval.ONE_WEEK:
        missed = np.ones(len(time), bool)
    else:
        opened = held.open[place]
        missed = (time < opened) | (time >= held.close[place]) | ((time - opened) % step != 0)
    for i in np.flatnonzero(missed).tolist():
        missed[i] = off_grid(int(time[i]), interval, calendar) is not None
    return missed


def grid(start: int, end: int, interval: Interval, calendar: str) -> Int64:
    """When the bars open that open from ``start`` up to, and not at, ``end``.

    Of days that the table does not know an exchange has none here.
    """
    step = LENGTH[interval]
    held = _exchange(calendar)
    if held is None or interval is Interval.ONE_WEEK:
        origin = _MONDAY if interval is Interval.ONE_WEEK else 0
        times = np.arange(start + (origin - start) % step, end, step, dtype=np.int64)
        if held is None:
            return times
        # A week counts where it holds a session.
        return times[np.searchsorted(held.day, times) < np.searchsorted(held.day, times + WEEK)]
    days = slice(*np.searchsorted(held.day, (start - start % DAY, end)))
    if interval is Interval.ONE_DAY:
        times = held.day[days]
    else:
        opened, closed = held.open[days], held.close[days]
        counts = -((opened - closed) // step)
        first = np.repeat(np.cumsum(counts) - counts, counts)
        times = np.repeat(opened, counts) + (np.arange(len(first)) - first) * step
    return times[(times >= start) & (times < end)]


def allowance(interval: Interval) -> int:
    """What a delivery may take after a bar has closed, microseconds, before it counts as missing.

    A quarter of the interval, and never more than an hour.
    """
    return min(LENGTH[interval] // 4, HOUR)


def last_expected(moment: int, interval: Interval, calendar: str) -> int:
    """The time of the newest bar that ought to be closed and delivered by ``moment``."""
    due = moment - allowance(interval)
    held = _exchange(calendar)
    if interval is Interval.ONE_WEEK:
        week = due - (due - _MONDAY) % WEEK
        while off_grid(week, interval, calendar) or closes_at(week, interval, calendar) > due:
            week -= WEEK
        return week
    step = LENGTH[interval]
    if held is None:
        return due - due % step - step
    day = due - due % DAY
    if interval is Interval.ONE_DAY:
        while not held.holds(day) or held.hours(day)[1] > due:
            day -= DAY
        return day
    # The last session that had a whole bar by then: the first bar, or the last where it is over.
    while not held.holds(day) or min(held.hours(day)[0] + step, held.hours(day)[1]) > due:
        day -= DAY
    opened, closed = held.hours(day)
    last = (closed - opened - 1) // step if closed <= due else (due - opened) // step - 1
    return opened + last * step


@lru_cache(maxsize=32)
def bars_per_year(interval: Interval, calendar: str) -> float:
    """How many bars a year has: of exchanges on the average of the sessions of 2000 to 2049.

    That is 251.27 days at XNYS, of 6.5 hours each but for the early closes, so 26 quarters of an
    hour, 7 hours or 2 times four hours; weeks and markets that never rest count by the clock, at
    365.25 days a year.
    """
    held = _exchange(calendar)
    if held is None or interval is Interval.ONE_WEEK:
        return YEAR / LENGTH[interval]
    start, end = _JANUARY_2000, _JANUARY_2050
    return len(grid(start, end, interval, calendar)) * YEAR / (end - start)


_JANUARY_2000, _JANUARY_2050 = 10_957 * DAY, 29_220 * DAY


def _date(day: int) -> str:
    return str(np.datetime64(day // DAY, "D"))


def _clock(time: int) -> str:
    minutes = time % DAY // MINUTE
    return f"{minutes // 60:02}:{minutes % 60:02}Z"
