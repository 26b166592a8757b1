"""Sentiment from CSV files: scored values, or dated headlines; a bad row refuses the file whole."""

import csv
import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.types import Float64, Int64
from market_data.calendar import DAY
from market_data.errors import BadCsv, BadReadings
from market_data.readings import Delivered
from market_data.tables import lines

if TYPE_CHECKING:
    import _csv

__all__ = ["read_headlines", "read_scores"]

MAX_BYTES: Final = 16 * 1024 * 1024
FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)  # no earlier moment has a date to be told by
START: Final = datetime(1970, 1, 1, tzinfo=UTC)
SCORES: Final = ("time", "value")
PUBLISHED: Final = ("published",)
HEADLINES: Final = ("time", "headline")
LONGEST: Final = 10_000  # characters of one headline

Score = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file, with the line it stands on."""

    line: int
    fields: dict[str, str]


def read_scores(path: str | Path, now: int, source: str = "file") -> Delivered:
    """Readings from a CSV file with the header ``time,value`` or ``time,published,value``.

    A time is ISO 8601, UTC where it names no offset. A reading of a date alone is taken to be
    public once that date is over, unless ``published`` says when it was: else a value made of a
    whole day would be heard during it. ``value`` lies on 0..1; 0.5 is neutral.

    Raises
    ------
    BadCsv
        With the place and the reason of the first fault.
    """
    rows = _rows(path, SCORES, PUBLISHED)
    time, published, value = [], [], []
    for row in rows:
        moment, public = _moment(path, row, "time")
        if row.fields.get("published"):
            public = _moment(path, row, "published")[1]
        time.append(moment)
        published.append(public)
        value.append(_number(path, row, "value"))
    try:
        return Delivered(
            np.array(time, np.int64),
            np.array(published, np.int64),
            np.array(value, np.float64),
            source,
            now,
        )
    except BadReadings as error:
        line = 0 if error.index is None else rows[error.index].line
        raise BadCsv(str(path), line, "", "", str(error)) from error


def read_headlines(
    path: str | Path, now: int, score: Score, source: str = "headlines"
) -> Delivered:
    """Readings from a CSV file of headlines with the header ``time,headline``, in any order.

    There is one reading for each moment at which headlines appeared: the mean score of all
    headlines of the 24 hours up to it. A headline with a date alone appeared when that date was
    over, since nobody can say that it was out by the close of a session.

    Parameters
    ----------
    score : callable
        From a text to 0..1; see `headlines.vader`.

    Raises
    ------
    BadCsv
    """
    dated: list[tuple[int, float]] = []
    for row in _rows(path, HEADLINES):
        text = row.fields["headline"]
        if not text or len(text) > LONGEST:
            reason = f"a headline has 1 to {LONGEST:,} characters"
            raise BadCsv(str(path), row.line, "headline", text, reason)
        moment = _moment(path, row, "time")[1]
        if moment > now:
            raise BadCsv(
                str(path), row.line, "time", row.fields["time"], "the headline lies in the future"
            )
        dated.append((moment, score(text)))
    time, value = _means(sorted(dated))
    return Delivered(time, time, value, source, now)


def _means(dated: list[tuple[int, float]]) -> tuple[Int64, Float64]:
    """The moments of headlines, each once, and the mean score of the 24 hours up to each."""
    window: deque[tuple[int, float]] = deque()
    means: dict[int, float] = {}
    for moment, scored in dated:
        window.append((moment, scored))
        while window[0][0] <= moment - DAY:
            window.popleft()
        means[moment] = math.fsum(one for _, one in window) / len(window)
    return np.array(list(means), np.int64), np.array(list(means.values()), np.float64)


def _rows(path: str | Path, needed: tuple[str, ...], known: tuple[str, ...] = ()) -> list[Row]:
    """The rows of a file, by the names in its header."""
    with closing(lines(path, MAX_BYTES)) as text:
        reader = csv.reader(text, strict=True)
        try:
            rows = list(_named(str(path), reader, needed, known))
        except csv.Error as error:
            raise BadCsv(str(path), reader.line_num, "", "", f"not CSV: {error}") from error
    if not rows:
        raise BadCsv(str(path), 0, "", "", "the file has a header and nothing under it")
    return rows


def _named(
    file: str, reader: "_csv.Reader", needed: tuple[str, ...], known: tuple[str, ...]
) -> Iterator[Row]:
    header = [name.strip().lower() for name in next(reader, [])]
    if not {*needed} <= {*header} <= {*needed, *known} or len({*header}) != len(header):
        right = ",".join(needed) + "".join(f" and perhaps {name}" for name in known)
        raise BadCsv(file, 1, "", ",".join(header), f"the header names {right}")
    for fields in reader:
        if not any(fields):
            continue
        if len(fields) != len(header):
            reason = f"{len(fields)} fields under a header of {len(header)}"
            raise BadCsv(file, reader.line_num, "", ",".join(fields), reason)
        named = zip(header, (text.strip() for text in fields), strict=True)
        yield Row(reader.line_num, dict(named))


def _moment(path: str | Path, row: Row, column: str) -> tuple[int, int]:
    """The moment that a field names, and when it is over: a whole day later for a date alone."""
    text = row.fields[column]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        reason = "not a date such as 2013-02-25 or a time such as 2013-02-25T14:30:00Z"
        raise BadCsv(str(path), row.line, column, text, reason) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if moment < FIRST:
        raise BadCsv(str(path), row.line, column, text, "a moment before the year 1, in UTC")
    at = (moment - START) // timedelta(microseconds=1)
    return at, at + (DAY if _is_date(text) else 0)


def _is_date(text: str) -> bool:
    """Whether a text names a day, in any form of ISO 8601, and no time of it."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _number(path: str | Path, row: Row, column: str) -> float:
    text = row.fields[column]
    try:
        if "_" in text:  # which float() takes, and nobody writes on purpose
            raise ValueError(text)
        value = float(text)
    except ValueError as error:
        raise BadCsv(str(path), row.line, column, text, "not a number") from error
    if not 0.0 <= value <= 1.0:
        reason = "sentiment lies on 0 to 1, where 0.5 is neutral"
        raise BadCsv(str(path), row.line, column, text, reason)
    return value
