"""Splits and dividends from a CSV file: date, kind and value."""

import csv
from datetime import date
from pathlib import Path

from engine.types import Interval
from market_data.calendar import DAY
from market_data.csv_file import parse_time
from market_data.errors import BadAction, BadCsv
from market_data.instruments import ActionKind, CorporateAction
from market_data.tables import lines

__all__ = ["read_actions"]

HEADER = ["date", "kind", "value"]
# A century of monthly dividends has 30 KB.
MAX_BYTES = 1024 * 1024


def read_actions(path: str | Path) -> list[CorporateAction]:
    """The corporate actions of a file with the header ``date,kind,value``.

    A SPLIT's value is new shares for one old, a DIVIDEND's the amount a share as it was then;
    the date is the first that trades without it.

    Raises
    ------
    BadCsv
        With the place and the reason of the first fault.
    """
    file = str(path)
    reader = csv.reader(lines(path, MAX_BYTES), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if header != HEADER:
            raise BadCsv(file, 1, "", ",".join(header), f"the header is {','.join(HEADER)}")
        return [
            _action(file, reader.line_num, [text.strip() for text in fields])
            for fields in reader
            if any(fields)
        ]
    except csv.Error as error:
        raise BadCsv(file, reader.line_num, "", "", f"not CSV: {error}") from error


def _action(file: str, line: int, fields: list[str]) -> CorporateAction:
    if len(fields) != len(HEADER):
        raise BadCsv(file, line, "", ",".join(fields), f"{len(fields)} fields and not 3")
    day, kind, value = fields
    try:
        ex_time = parse_time(date.fromisoformat(day).isoformat(), Interval.ONE_DAY)
    except ValueError as error:
        raise BadCsv(file, line, "date", day, "not a date such as 2005-02-28") from error
    if kind.upper() not in list(ActionKind):
        raise BadCsv(file, line, "kind", kind, "neither SPLIT nor DIVIDEND")
    try:
        return CorporateAction(ex_time - ex_time % DAY, ActionKind(kind.upper()), float(value))
    except ValueError as error:
        raise BadCsv(file, line, "value", value, "not a number") from error
    except BadAction as error:
        raise BadCsv(file, line, "value", value, str(error)) from error
