"""Everything known of a symbol's sentiment in one CSV file, and back, exact to the last bit.

symbol,time,published,known,value,source
"""

import csv
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TextIO

import numpy as np

from market_data.errors import BadCsv
from market_data.readings import Readings
from market_data.tables import MAX_BYTES, lines

__all__ = ["read_readings", "write_readings"]

HEADER: Final = ["symbol", "time", "published", "known", "value", "source"]
START: Final = datetime(1970, 1, 1, tzinfo=UTC)


def write_readings(kept: Readings, file: TextIO) -> None:
    """Write every row; a value in the shortest form that reads back exactly."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    columns = (kept.time, kept.published, kept.known)
    moments = (map(_said, column.tolist()) for column in columns)
    named = [kept.origins[i] for i in kept.origin.tolist()]
    for row in zip(*moments, map(repr, kept.value.tolist()), named, strict=True):
        writer.writerow([kept.symbol, *row])


def read_readings(path: str | Path) -> dict[str, Readings]:
    """The readings in an export, by symbol.

    Raises
    ------
    BadCsv
        With the place and the reason of the first fault.
    """
    rows: dict[str, list[tuple[int, int, int, float, str]]] = {}
    with closing(lines(path, MAX_BYTES)) as text:
        reader = csv.reader(text, strict=True)
        try:
            header = next(reader, [])
            if header != HEADER:
                reason = f"the header of an export of sentiment is {','.join(HEADER)}"
                raise BadCsv(str(path), 1, "", ",".join(header), reason)
            for fields in reader:
                if len(fields) != len(HEADER):
                    reason = f"{len(fields)} fields and not {len(HEADER)}"
                    raise BadCsv(str(path), reader.line_num, "", ",".join(fields), reason)
                symbol, *row = fields
                rows.setdefault(symbol, []).append(_row(str(path), reader.line_num, row))
        except csv.Error as error:
            raise BadCsv(str(path), reader.line_num, "", "", f"not CSV: {error}") from error
    return {symbol: _readings(symbol, told) for symbol, told in rows.items()}


def _row(file: str, line: int, fields: list[str]) -> tuple[int, int, int, float, str]:
    moments = []
    for place, text in zip(HEADER[1:4], fields, strict=False):
        try:
            moments.append((datetime.fromisoformat(text) - START) // timedelta(microseconds=1))
        except (ValueError, TypeError) as error:  # the latter for a time without an offset
            raise BadCsv(file, line, place, text, "no time as an export writes it") from error
    try:
        value = float(fields[3])
    except ValueError as error:
        raise BadCsv(file, line, "value", fields[3], "not a number") from error
    if not 0.0 <= value <= 1.0:
        raise BadCsv(file, line, "value", fields[3], "sentiment lies on 0 to 1")
    time, published, known = moments
    return time, published, known, value, fields[4]


def _readings(symbol: str, rows: list[tuple[int, int, int, float, str]]) -> Readings:
    time, published, known, value, source = zip(*rows, strict=True)
    origins = tuple(dict.fromkeys(source))
    return Readings(
        symbol,
        1,
        time=np.array(time, np.int64),
        published=np.array(published, np.int64),
        known=np.array(known, np.int64),
        fetched=np.array(known, np.int64),
        value=np.array(value, np.float64),
        origin=np.array([origins.index(name) for name in source], np.int64),
        origins=origins,
    )


def _said(moment: int) -> str:
    """RFC 3339, with as many digits of a second as there are."""
    return (START + timedelta(microseconds=moment)).isoformat().replace("+00:00", "Z")
