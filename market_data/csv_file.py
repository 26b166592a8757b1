"""Bars from a CSV file in one of the common layouts; a bad row refuses the file whole."""

import csv
import gzip
import re
import zlib
from array import array
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from engine.types import Bars, Float64, Interval
from market_data.calendar import DAY
from market_data.errors import BadCsv
from market_data.rules import first_fault

__all__ = ["MAX_BYTES", "CsvBars", "lines", "parse_time", "read_csv"]

# A million bars, which is more than 40 years of 15-minute bars.
MAX_BYTES = 64 * 1024 * 1024

# How files call the columns, in lower case and without blanks, dots, dashes and underscores.
NAMES = {
    "date": "time",
    "time": "time",
    "datetime": "time",
    "timestamp": "time",
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "volume": "volume",
    "vol": "volume",
}
COLUMNS = ("time", "open", "high", "low", "close", "volume")
ADJUSTED = frozenset({"adjclose", "adjustedclose"})

_EPOCH = re.compile(r"\d{9,19}")
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
    """The bars of a CSV file, plain or gzipped, in UTF-8, oldest first.

    The header names Date (or Time, Datetime, Timestamp), Open, High, Low, Close and Volume in any
    case and order; other columns are left out and noted. A time is ISO 8601 (UTC where it names no
    offset) or an epoch in s, ms, us or ns. A daily bar given at midnight of any offset has the date
    that is written there.

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
    rows = _Rows(str(path), interval, calendar, now)
    reader = csv.reader(lines(path, max_bytes), strict=True)
    try:
        rows.read_header(next(reader, []))
        for fields in reader:
            if any(fields):
                rows.append(reader.line_num, fields)
    except csv.Error as error:
        raise BadCsv(str(path), reader.line_num, "", "", f"not CSV: {error}") from error
    except BadCsv as fault:
        # A row before it may break a rule that is checked over whole columns, and comes first.
        raise rows.fault() or fault from fault
    if not rows.lines:
        raise BadCsv(str(path), 0, "", "", "the file has a header and no bars")
    if (broken := rows.fault()) is not None:
        raise broken
    return rows.result()


def lines(path: str | Path, max_bytes: int) -> Generator[str]:
    """The lines of a text file, plain or gzipped; BadCsv where it is no such thing or too large."""
    name = str(path)
    try:
        with Path(path).open("rb") as file:
            size = file.seek(0, 2)
            if size > max_bytes:
                raise BadCsv(name, 0, "", "", f"{size} bytes; the limit is {max_bytes}")
            file.seek(0)
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            # GzipFile reads lines like any binary file, but is not declared as one.
            plain = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
            yield from _decoded(name, plain, max_bytes)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadCsv(name, 0, "", "", f"a damaged gzip file: {error}") from error
    except OSError as error:
        raise BadCsv(name, 0, "", "", f"cannot be read: {error.strerror}") from error


def _decoded(name: str, file: BinaryIO, max_bytes: int) -> Iterator[str]:
    left, number = max_bytes, 0
    # A line without an end is read no further than the limit.
    while raw := file.readline(left + 1):
        number += 1
        left -= len(raw)
        if left < 0:
            raise BadCsv(
                name, number, "", "", f"unpacks to more than the limit of {max_bytes} bytes"
            )
        try:
            yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            shown = raw[error.start : error.start + 8].hex(" ")
            raise BadCsv(name, number, "", shown, "these bytes are not UTF-8 text") from error
    if not number:
        raise BadCsv(name, 0, "", "", "the file is empty")


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


def _number(text: str) -> float:
    # float() also takes 1_000, which nobody writes into a file on purpose.
    if "_" in text:
        raise ValueError(text)
    return float(text)


def _plain(header: str) -> str:
    return re.sub(r"[\s._-]", "", header).lower()


@dataclass(slots=True)
class _Rows:
    """The rows of a file as they are read, in columns, with the line each came from."""

    file: str
    interval: Interval
    calendar: str | None
    now: int
    header: list[str] = field(default_factory=list)
    place: dict[str, int] = field(default_factory=dict)
    lines: "array[int]" = field(default_factory=lambda: array("q"))
    time: "array[int]" = field(default_factory=lambda: array("q"))
    values: "dict[str, array[float]]" = field(
        default_factory=lambda: {name: array("d") for name in COLUMNS[1:]}
    )

    def read_header(self, fields: list[str]) -> None:
        """Find the columns."""
        self.header = [name.strip() for name in fields]
        for i, name in enumerate(self.header):
            column = NAMES.get(_plain(name))
            if column in self.place:
                first = self.header[self.place[column]]
                raise BadCsv(self.file, 1, name, "", f"a second {column}, after column {first}")
            if column is not None:
                self.place[column] = i
        for column in COLUMNS:
            if column not in self.place:
                there = ", ".join(self.header)
                raise BadCsv(self.file, 1, column, there, "the header lacks this column")

    def append(self, line: int, fields: list[str]) -> None:
        """Read one row."""
        if len(fields) != len(self.header):
            reason = f"{len(fields)} fields under a header of {len(self.header)}"
            raise BadCsv(self.file, line, "", ",".join(fields), reason)
        moment = 0
        numbers = {}
        for column, i in sorted(self.place.items(), key=lambda item: item[1]):
            text = fields[i].strip()
            try:
                if column == "time":
                    moment = parse_time(text, self.interval)
                else:
                    numbers[column] = _number(text)
            except ValueError as error:
                wanted = "a time in ISO 8601 or an epoch" if column == "time" else "a number"
                reason = f"not {wanted}" if text else f"empty, where {wanted} belongs"
                raise BadCsv(self.file, line, self.header[i], text, reason) from error
        self.lines.append(line)
        self.time.append(moment)
        for column, number in numbers.items():
            self.values[column].append(number)

    def columns(self) -> dict[str, Float64]:
        return {name: np.array(column, np.float64) for name, column in self.values.items()}

    def found_calendar(self) -> str:
        """The calendar asked for, or the one the times speak of."""
        if self.calendar is not None:
            return self.calendar
        weekday = (np.array(self.time, np.int64) // DAY + 3) % 7
        return "24/7" if float((weekday >= 5).mean()) >= WEEKEND_SHARE else "XNYS"

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
            value = str(_START + timedelta(microseconds=self.time[index]))
        else:
            value = repr(self.values[column][index]).removesuffix(".0")
        return BadCsv(self.file, self.lines[index], self.header[self.place[column]], value, reason)

    def result(self) -> CsvBars:
        """The bars, once no row is at fault."""
        notes = tuple(
            f"Column {name} is not read"
            + (", for prices are kept raw, beside their splits and dividends." if adjusted else ".")
            for i, name in enumerate(self.header)
            if i not in self.place.values()
            for adjusted in [_plain(name) in ADJUSTED]
        )
        bars = Bars(np.array(self.time, np.int64), **self.columns())
        return CsvBars(bars, self.found_calendar(), notes)
