"""Everything known of a series in one file, and back: CSV or Parquet, exact to the last bit.

One row a bar as it was told, with the time from which it is known, and one a split or dividend:

    symbol interval calendar source kind time known origin open high low close volume value

`kind` is BAR, SPLIT or DIVIDEND; bars have prices and an origin, the others have a value. Times are
RFC 3339 in CSV and microseconds UTC in Parquet.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np

from engine.types import Interval
from market_data.bars import KnownAction, Series
from market_data.errors import BadAction, BadCsv, BadInstrument
from market_data.instruments import ActionKind, CorporateAction, Instrument
from market_data.tables import MAX_BYTES, rows_of

__all__ = ["read_export", "write_csv", "write_parquet"]

BAR = "BAR"
PRICES = ("open", "high", "low", "close", "volume")
_START = datetime(1970, 1, 1, tzinfo=UTC)


class Row(NamedTuple):
    """One row of an export."""

    symbol: str
    interval: str
    calendar: str
    source: str
    kind: str
    time: int
    known: int
    origin: str | None
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None
    value: float | None


HEADER = Row._fields


def _rows(series: Series) -> Iterator[Row]:
    """The rows of a series, bars first."""
    one = series.instrument
    whose = one.symbol, series.interval.value, one.calendar, one.source
    origin = [series.origins[i] for i in series.origin.tolist()]
    columns = [getattr(series, name).tolist() for name in ("time", "known")]
    prices = [getattr(series, name).tolist() for name in PRICES]
    for time, known, told, *values in zip(*columns, origin, *prices, strict=True):
        yield Row._make((*whose, BAR, time, known, told, *values, None))
    for action in series.actions:
        kind, time, value = action.action.kind.value, action.action.ex_time, action.action.value
        yield Row._make((*whose, kind, time, action.known, *[None] * 6, value))


def write_csv(series: Series, file: TextIO) -> None:
    """Write a series as CSV; every number in the shortest form that reads back exactly."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    for row in _rows(series):
        told = row._replace(time=_said(row.time), known=_said(row.known))  # type: ignore[arg-type]
        writer.writerow(["" if one is None else one for one in told])


def write_parquet(series: Series, path: str | Path) -> None:
    """Write a series as Parquet."""
    from arro3.core import Array, DataType, Table
    from arro3.io import write_parquet as write

    text, moment, real = DataType.utf8(), DataType.timestamp("us", tz="UTC"), DataType.float64()
    kinds = {"time": moment, "known": moment, **dict.fromkeys((*PRICES, "value"), real)}
    columns = dict(zip(HEADER, zip(*_rows(series), strict=True), strict=True))
    table = Table.from_pydict(
        {
            name: Array(column, type=DataType.int64()).cast(moment)
            if kinds.get(name) is moment
            else Array(column, type=kinds.get(name, text))
            for name, column in columns.items()
        }
    )
    # The library names no file in its errors.
    with Path(path).open("wb") as file:
        write(table, file, compression="zstd(3)")


def read_export(path: str | Path, max_bytes: int = MAX_BYTES) -> list[Series]:
    """The series of an export, CSV (plain or gzipped) or Parquet, whichever it is.

    Raises
    ------
    BadCsv
        With the place and the reason of the first fault, also where the file is Parquet.
    """
    return _series(str(path), _rows_of(path, max_bytes))


def _rows_of(path: str | Path, max_bytes: int) -> Iterator[tuple[int, Row]]:
    name, table = str(path), rows_of(path, max_bytes)
    _, header = next(table)
    if not set(HEADER) <= set(header):
        raise BadCsv(name, 1, "", ",".join(header), f"the header is {','.join(HEADER)}")
    for line, told in table:
        if len(told) != len(header):
            said = f"{len(told)} fields, not {len(header)}"
            raise BadCsv(name, line, "", ",".join(told), said)
        yield line, _parsed(name, line, dict(zip(header, told, strict=True)))


def _parsed(name: str, line: int, told: dict[str, str]) -> Row:
    parsed: dict[str, Any] = {column: told[column] for column in HEADER}
    parsed["origin"] = told["origin"] or None
    for column in ("time", "known"):
        parsed[column] = _value(name, line, column, told[column], _moment, "a time in RFC 3339")
    for column in (*PRICES, "value"):
        text = told[column]
        parsed[column] = _value(name, line, column, text, float, "a number") if text else None
    return Row(**parsed)


def _value(name: str, line: int, column: str, text: str, parse: Any, wanted: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise BadCsv(name, line, column, text, f"not {wanted}") from error


def _series(name: str, rows: Iterable[tuple[int, Row]]) -> list[Series]:
    bars: dict[tuple[str, str], list[Row]] = {}
    actions: dict[tuple[str, str], list[KnownAction]] = {}
    about: dict[tuple[str, str], tuple[Instrument, Interval]] = {}
    for line, row in rows:
        key = row.symbol, row.interval
        try:
            if key not in about:
                instrument = Instrument(row.symbol, calendar=row.calendar, source=row.source)
                about[key] = instrument, Interval(row.interval)
            if row.kind == BAR:
                bars.setdefault(key, []).append(_whole(name, line, row))
            else:
                action = CorporateAction(row.time, ActionKind(row.kind), float(row.value or 0.0))
                actions.setdefault(key, []).append(KnownAction(action, row.known))
        except (ValueError, TypeError, BadInstrument, BadAction) as error:
            raise BadCsv(name, line, "", "", str(error)) from error
    if not about:
        raise BadCsv(name, 0, "", "", "the file has a header and no rows")
    return [
        _assembled(*about[key], bars.get(key, []), tuple(actions.get(key, ()))) for key in about
    ]


def _whole(name: str, line: int, row: Row) -> Row:
    for column in ("origin", *PRICES):
        if getattr(row, column) is None:
            raise BadCsv(name, line, column, "", "a bar needs it")
    return row


def _assembled(
    instrument: Instrument, interval: Interval, rows: list[Row], actions: tuple[KnownAction, ...]
) -> Series:
    rows.sort(key=lambda row: (row.time, row.known))
    origins = tuple(dict.fromkeys([instrument.source, *(str(row.origin) for row in rows)]))
    kinds: dict[str, Any] = {"time": np.int64, "known": np.int64}
    columns: dict[str, Any] = {
        name: np.array([getattr(row, name) for row in rows], kinds.get(name, np.float64))
        for name in ("time", "known", *PRICES)
    }
    origin = np.array([origins.index(str(row.origin)) for row in rows], np.int64)
    return Series(
        instrument, interval, 0, **columns, actions=actions, origins=origins, origin=origin
    )


def _said(moment: int) -> str:
    return (_START + timedelta(microseconds=moment)).isoformat().replace("+00:00", "Z")


def _moment(text: str) -> int:
    told = datetime.fromisoformat(text)
    if told.tzinfo is None:
        raise ValueError(text)
    return (told - _START) // timedelta(microseconds=1)
