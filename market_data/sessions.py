"""The sessions of exchanges, from a table that scripts/bake_calendars.py makes.

The table knows the holidays and early closes of 1900 to 2050. Days beyond it are taken for regular
weekdays at the hours of winter, when exchanges of the north open and close latest: no bar counts as
closed too early there, and a holiday only makes a series read stale until the next session.
"""

import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from engine.types import Int64

__all__ = ["DAY", "MINUTE", "Exchange", "days_of", "exchange"]

MINUTE = 60_000_000  # microseconds
DAY = 24 * 60 * MINUTE

_EPOCH = date(1970, 1, 1).toordinal()
_MONDAY = 4  # 1970-01-05 as a number of days


def days_of(text: str) -> int:
    """The days since 1970-01-01 of a date such as 20240131."""
    return date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal() - _EPOCH


def _minutes(text: str) -> int:
    """The minutes since midnight of a time such as 09:30."""
    return int(text[:2]) * 60 + int(text[3:])


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """One exchange's sessions.

    Parameters
    ----------
    zone : str
        The time zone in which its hours are told.
    first, last : int
        The first and the last day of the table, in days since 1970-01-01.
    opens, closes : int
        Its regular hours, in minutes since midnight in its zone.
    ahead : (days of the table,) int64
        How many minutes its clocks are ahead of UTC at noon.
    day, open, close : (sessions,) int64, microseconds UTC
        Its sessions' dates at 00:00Z, and when they opened and closed.
    """

    zone: str
    first: int
    last: int
    opens: int
    closes: int
    ahead: Int64
    day: Int64
    open: Int64
    close: Int64

    def find(self, day: int) -> int | None:
        """The place of the session on the date that starts at ``day``; None where there is none."""
        place = int(np.searchsorted(self.day, day))
        return place if place < len(self.day) and self.day[place] == day else None

    def covers(self, day: int) -> bool:
        """Whether the table knows that date."""
        return self.first <= day // DAY <= self.last

    def holds(self, day: int) -> bool:
        """Whether there is a session on that date; beyond the table, whether it is a weekday."""
        if self.covers(day):
            return self.find(day) is not None
        return (day // DAY - _MONDAY) % 7 < 5

    def hours(self, day: int) -> tuple[int, int]:
        """When the session of a date opens and closes; its regular hours where there is none."""
        place = self.find(day)
        if place is not None:
            return int(self.open[place]), int(self.close[place])
        number = day // DAY
        known = self.first <= number <= self.last
        ahead = int(self.ahead[number - self.first]) if known else int(self.ahead[-1])
        return day + (self.opens - ahead) * MINUTE, day + (self.closes - ahead) * MINUTE


@lru_cache(maxsize=8)
def exchange(name: str) -> Exchange:
    """The sessions of an exchange that is in the table."""
    table: dict[str, Any] = json.loads((files("market_data") / "calendars.json").read_bytes())
    told = table[table[name].get("same_as", name)]
    first, last = days_of(told["first"]), days_of(told["last"])
    days = np.arange(first, last + 1)
    opens, closes = _minutes(told["opens"]), _minutes(told["closes"])
    changes = np.array([days_of(day) for day in told["offsets"]], np.int64)
    minutes = np.array(list(told["offsets"].values()), np.int64)
    ahead = minutes[np.searchsorted(changes, days, side="right") - 1]
    held = (days - _MONDAY) % 7 < 5
    held[np.array([days_of(day) for day in told["closed"]], np.int64) - first] = False
    until = np.full(len(days), closes)
    for close, dates in told["early"].items():
        until[np.array([days_of(day) for day in dates], np.int64) - first] = _minutes(close)
    columns = (
        days[held] * DAY,
        days[held] * DAY + (opens - ahead[held]) * MINUTE,
        days[held] * DAY + (until[held] - ahead[held]) * MINUTE,
    )
    for column in (ahead, *columns):
        column.flags.writeable = False
    return Exchange(told["zone"], first, last, opens, closes, ahead, *columns)
