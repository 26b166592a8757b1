"""Bars from a CSV file in one of the common layouts; a bad row refuses the file whole."""

import itertools
import re
from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import numpy as np

from engine.types import Bars, Float64, Int64, Interval
from market_data.calendar import DAY, OLDEST
from market_data.errors import BadCsv
from market_data.layouts import COLUMNS, Layout, find_layout
from market_data.rules import first_fault
from market_data.tables import MAX_BYTES, rows_of

__all__ = ["CsvBars", "calendar_of", "parse_time", "read_csv"]

_EPOCH = re.compile(r"\d{9,19}")
_SLASHED = re.compile(r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9.]*,[0-9,.]*")
_START = datetime(1970, 1, 1, tzinfo=UTC)

# A market that never rests has two bars of seven on a weekend; a slip of the pen has one of many.
WEEKEND_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class CsvBars:
    """The bars of a file.

    Attributes
    ----------
    bars : Bars
    calendar : str
        As asked for; else 24/7 where the file trades on weekends and XNYS where it does not.
    notes : tuple of str
        What was left out, one sentence each.
    """

    bars: Bars
    calendar: str
    notes: tuple[str, ...]


def read_csv(
    path: str | Path,
    interval: Interval,
    calendar: str | None,
    now: int,
    *,
    max_bytes: int = MAX_BYTES,
) -> CsvBars:
    """The bars of a CSV or Parquet file in one of the common layouts, plain or gzipped.

    `market_data.layouts` lists the layouts; columns that are no bar's are left out and noted. A
    time is ISO 8601 (UTC where it names no offset) or an epoch in s, ms, us or ns. A daily bar
    given at midnight of any offset has the date that is written there. Bars come oldest first, or
    newest first throughout.

    Parameters
    ----------
    interval : Interval
    calendar : str or None
        XNYS, XNAS, XLON or 24/7; None looks whether the file trades on weekends.
    now : int, microseconds UTC
        A bar that is not closed by now is refused.
    max_bytes : int
        A larger file is refused before it is read; a gzipped one once it unpacks to more.

    Raises
    ------
    BadCsv
        With the place and the reason of the first fault.
    """
    told = rows_of(path, max_bytes)
    layout = find_layout(str(path), told, interval)
    rows = _Rows(str(path), interval, calendar, now, layout)
    try:
        for line, fields in itertools.chain(layout.begun, told):
            if any(fields):
                rows.append(line, fields)
    except BadCsv as fault:
        # A row before it may break a rule that is checked over whole columns, and comes first.
        raise rows.fault() or fault from fault
    if not rows.lines:
        raise BadCsv(str(path), 0, "", "", "the file has a header and no bars")
    rows.turn_around()
    if (broken := rows.fault()) is not None:
        raise broken
    return rows.result()


def parse_time(text: str, interval: Interval) -> int:
    """Microseconds UTC of an ISO 8601 time or an epoch; ValueError where it is neither."""
    if _EPOCH.fullmatch(text):
        # Seconds have 9 to 11 digits until the year 5138, and each smaller unit three more.
        unit = (len(text) - 9) // 3
        return int(text) * 1000 ** (2 - unit) if unit < 3 else int(text) // 1000
    moment = datetime.fromisoformat(text)
    whole_days = interval in (Interval.ONE_DAY, Interval.ONE_WEEK)
    if moment.tzinfo is None or (whole_days and moment.time() == time()):
        moment = moment.replace(tzinfo=UTC)
    return (moment - _START) // timedelta(microseconds=1)


def calendar_of(time: Int64) -> str:
    """The calendar that times speak of: 24/7 where there are bars on weekends, else XNYS."""
    weekday = (time // DAY + 3) % 7
    return "24/7" if float((weekday >= 5).mean()) >= WEEKEND_SHARE else "XNYS"


def _written(moment: int) -> str:
    """A moment as people write it: a day is a date; before the year 1 as numpy counts on."""
    if moment < OLDEST:
        return f"{np.datetime64(moment, 'us')}Z"
    told = _START + timedelta(microseconds=moment)
    return str(told.date() if told.time() == time() else told)


def _wanted(column: str, text: str) -> str:
    """What belongs where something else stands."""
    wanted = "a time in ISO 8601 or an epoch" if column == "time" else "a number"
    if not text:
        return f"empty, where {wanted} belongs"
    if column == "time" and _SLASHED.match(text):
        return f"not {wanted}: nobody knows which of its numbers is the month; write 2020-01-31"
    if column != "time" and _DECIMAL_COMMA.fullmatch(text):
        return f"not {wanted}: write it with a point and without separators, as 1234.5"
    return f"not {wanted}"


def _number(text: str) -> float:
    # float() also takes 1_000, which nobody writes into a file on purpose.
    if "_" in text:
        raise ValueError(text)
    return float(text)


@dataclass(slots=True)
class _Rows:
    """The rows of a file as they are read, in columns, with the line each came from."""

    file: str
    interval: Interval
    calendar: str | None
    now: int
    layout: Layout
    ticker: str | None = None
    lines: "array[int]" = field(default_factory=lambda: array("q"))
    time: "array[int]" = field(default_factory=lambda: array("q"))
    values: "dict[str, array[float]]" = field(
        default_factory=lambda: {name: array("d") for name in COLUMNS[1:]}
    )

    def append(self, line: int, fields: list[str]) -> None:
        """Read one row."""
        header, place = self.layout.header, self.layout.place
        self.ticker = self.layout.check(self.file, line, fields, self.interval, self.ticker)
        moment = 0
        numbers = {}
        for column, i in sorted(place.items(), key=lambda item: item[1]):
            text = fields[i].strip()
            try:
                if column == "time":
                    text = self.layout.time_text(fields, self.interval)
                    moment = parse_time(text, self.interval)
                else:
                    numbers[column] = _number(text)
            except ValueError as error:
                raise BadCsv(
                    self.file,
                    line,
                    header[i],
                    text,
                    _wanted(column, text),
                    judged_alone=column != "time",
                ) from error
        self.lines.append(line)
        self.time.append(moment)
        for column, number in numbers.items():
            self.values[column].append(number)

    def turn_around(self) -> None:
        """Put rows that stand newest first, every one of them, oldest first."""
        if len(self.time) > 1 and all(a > b for a, b in itertools.pairwise(self.time)):
            self.lines.reverse()
            self.time.reverse()
            for numbers in self.values.values():
                numbers.reverse()

    def columns(self) -> dict[str, Float64]:
        return {name: np.array(column, np.float64) for name, column in self.values.items()}

    def found_calendar(self) -> str:
        """The calendar asked for, or the one the times speak of."""
        return self.calendar or calendar_of(np.array(self.time, np.int64))

    def fault(self) -> BadCsv | None:
        """The first row so far that breaks a rule."""
        if not self.lines:
            return None
        times, columns = np.array(self.time, np.int64), self.columns()
        found = first_fault(times, columns, self.interval, self.found_calendar(), self.now)
        if found is None:
            return None
        index, column, reason = found
        if column == "time":
            value = _written(self.time[index])
        else:
            value = repr(self.values[column][index]).removesuffix(".0")
        return BadCsv(
            self.file,
            self.lines[index],
            self.layout.header[self.layout.place[column]],
            value,
            reason,
            judged_alone=True,
        )

    def result(self) -> CsvBars:
        """The bars, once no row is at fault."""
        bars = Bars(np.array(self.time, np.int64), **self.columns())
        return CsvBars(bars, self.found_calendar(), self.layout.told())
