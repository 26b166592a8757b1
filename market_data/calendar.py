"""When bars open and close: sessions of exchanges, and markets that never rest.

XNYS and XNAS hold a session on every weekday, 09:30 to 16:00 in New York. Holidays and early closes
are not known here yet: on a holiday a series is called stale until the next session has closed, and
on an early close a bar counts as closed some hours late, never too early. 24/7 has no sessions.

Times are int64 microseconds since the epoch, UTC. A daily bar's time is its session's date at
00:00Z, a weekly bar's is its Monday at 00:00Z.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from engine.types import Interval

__all__ = [
    "CALENDARS",
    "DAY",
    "HOUR",
    "LENGTH",
    "MINUTE",
    "SECOND",
    "Session",
    "closes_at",
    "last_expected",
    "off_grid",
    "time_zone",
]

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LENGTH = {
    Interval.FIFTEEN_MINUTES: 15 * MINUTE,
    Interval.ONE_HOUR: HOUR,
    Interval.FOUR_HOURS: 4 * HOUR,
    Interval.ONE_DAY: DAY,
    Interval.ONE_WEEK: 7 * DAY,
}

_EPOCH = date(1970, 1, 1)
_MONDAY = 4 * DAY  # 1970-01-05, the first Monday of the epoch


# New York's summer time: since which year, and the dates on or after which a Sunday bounds it.
_SUMMERS = (
    (2007, (3, 8), (11, 1)),
    (1987, (4, 1), (10, 25)),
    (1976, (4, 24), (10, 25)),
    (1975, (2, 23), (10, 25)),
    (1974, (1, 6), (10, 25)),
    (0, (4, 24), (10, 25)),
)


@dataclass(frozen=True, slots=True)
class Session:
    """An exchange's regular hours, as the minute at which they end in its own time zone."""

    zone: str
    closes_minute: int

    def close(self, day: int) -> int:
        """The close of the session on the date that starts at ``day`` (00:00Z)."""
        return day + self.closes_minute * MINUTE + _behind_utc(day)


CALENDARS: dict[str, Session | None] = {
    "XNYS": Session("America/New_York", 16 * 60),
    "XNAS": Session("America/New_York", 16 * 60),
    "24/7": None,
}


def time_zone(calendar: str) -> str:
    """The time zone in which a calendar's days are told."""
    session = CALENDARS[calendar]
    return session.zone if session else "UTC"


def _behind_utc(day: int) -> int:
    """How far New York is behind UTC in the daytime of a date.

    By the rules in force since 1955; earlier years had shorter summers. Written out rather than
    asked of a time-zone database, which slim images do not have.
    """
    # Dates end with the year 9999, and no bar is as far away.
    number = min(max(day // DAY + _EPOCH.toordinal(), 1), date.max.toordinal())
    begins, ends = _summer(date.fromordinal(number).year)
    return 4 * HOUR if begins <= number < ends else 5 * HOUR


@lru_cache(maxsize=256)
def _summer(year: int) -> tuple[int, int]:
    """The first day of a year's summer time and the first after it, as ordinals of dates."""
    rules = next(rules for since, *rules in _SUMMERS if year >= since)
    days = (date(year, month, day).toordinal() for month, day in rules)
    # An ordinal divided by 7 leaves 0 on Sundays.
    begins, ends = (day + -day % 7 for day in days)
    return begins, ends


def closes_at(time: int, interval: Interval, calendar: str) -> int:
    """When the bar that opened at ``time`` is closed for good.

    On an exchange a daily bar closes with its session, a weekly one with its Friday's session, and
    an intraday one after its length, or with the session where that comes first.
    """
    end = time + LENGTH[interval]
    session = CALENDARS[calendar]
    if session is None:
        return end
    if interval is Interval.ONE_WEEK:
        return session.close(time + 4 * DAY)
    close = session.close(time - time % DAY)
    if interval is Interval.ONE_DAY:
        return close
    return close if time < close < end else end


def off_grid(time: int, interval: Interval, calendar: str) -> str | None:
    """Why no bar of this interval can open at ``time``; None where one can."""
    if interval is Interval.ONE_WEEK:
        return (
            None if (time - _MONDAY) % (7 * DAY) == 0 else "a weekly bar opens on Monday at 00:00Z"
        )
    weekend = (time - _MONDAY) // DAY % 7 >= 5
    if CALENDARS[calendar] is not None and weekend:
        return f"{calendar} holds no session on a weekend; 24/7 does"
    if interval is Interval.ONE_DAY:
        return None if time % DAY == 0 else "a daily bar's time is its session's date at 00:00Z"
    # Exchanges open at half past, so their hours do not start on the hour.
    step = LENGTH[interval] if CALENDARS[calendar] is None else 15 * MINUTE
    return (
        None if time % step == 0 else f"a bar of {interval} opens on whole {step // MINUTE} minutes"
    )


def last_expected(moment: int, interval: Interval, calendar: str) -> int:
    """The time of the newest bar that ought to be closed and delivered by ``moment``.

    A delivery may take a quarter of the interval, and never needs more than an hour.

    On an exchange it is asked of intraday intervals only whether the last session that has ended
    is there: its last bar opens at most one interval before the close.
    """
    due = moment - min(LENGTH[interval] // 4, HOUR)
    session = CALENDARS[calendar]
    if interval is Interval.ONE_WEEK:
        week = due - (due - _MONDAY) % (7 * DAY)
        return week if closes_at(week, interval, calendar) <= due else week - 7 * DAY
    if session is None:
        return due - due % LENGTH[interval] - LENGTH[interval]
    day = due - due % DAY + DAY
    while off_grid(day, Interval.ONE_DAY, calendar) or session.close(day) > due:
        day -= DAY
    return day if interval is Interval.ONE_DAY else session.close(day) - LENGTH[interval]
