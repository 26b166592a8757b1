"""A file of bars as a source: CSV or Parquet in one of the common layouts."""

import itertools
from pathlib import Path

from engine.types import Interval
from market_data import clock as system
from market_data.calendar import OLDEST
from market_data.clock import Clock
from market_data.csv_file import parse_time
from market_data.errors import BadCsv, UnknownAtSource
from market_data.layouts import COLUMNS, Layout, find_layout
from market_data.sources.base import RawBar, RawBatch, Terms
from market_data.sources.registry import TERMS
from market_data.tables import MAX_BYTES, rows_of

__all__ = ["FileSource"]


class FileSource:
    """A file whose rows are judged one by one, unlike an import, which takes it whole or not.

    Parameters
    ----------
    path : str or Path
    clock : Clock
    alone : bool
        Whether the file is of one symbol alone, however it spells it: another one refuses it.
    max_bytes : int
        A larger file is refused before it is read.
    """

    def __init__(
        self,
        path: str | Path,
        clock: Clock = system.now,
        *,
        alone: bool = False,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._path = path
        self._clock = clock
        self._alone = alone
        self._max_bytes = max_bytes

    @property
    def terms(self) -> Terms:
        """Those of files."""
        return TERMS["file"]

    def fetch(self, symbol: str, interval: Interval, start: int, end: int) -> RawBatch:
        """The file's bars from ``start`` up to, and not at, ``end``, in the order of its rows.

        A file that names the symbol of each row gives those of ``symbol``; another one holds one
        symbol, whichever is asked for.

        Raises
        ------
        BadCsv
            Where the file is none, is too large, or a row has no time or too few fields, or is of
            another interval.
        UnknownAtSource
            Where it names its symbols and this one is not among them.
        """
        fetched_at = self._clock()
        told = rows_of(self._path, self._max_bytes)
        layout = find_layout(str(self._path), told, interval)
        bars, known, before = [], layout.ticker is None or self._alone, None
        for line, fields in itertools.chain(layout.begun, told):
            if not any(fields):
                continue
            spelling = layout.check(str(self._path), line, fields, interval, before)
            before = spelling if self._alone else None
            bar = self._bar(line, fields, layout, interval)
            if not self._alone and spelling is not None and spelling.strip() != symbol:
                continue
            known = True
            if start <= bar.time < end:
                bars.append(bar)
        if not known:
            raise UnknownAtSource("file", f"{self._path} has no symbol {symbol[:40]}")
        return RawBatch("file", symbol, interval, fetched_at, tuple(bars), notes=layout.told())

    def _bar(self, line: int, fields: list[str], layout: Layout, interval: Interval) -> RawBar:
        text, place = layout.time_text(fields, interval), layout.header[layout.place["time"]]
        try:
            time = parse_time(text, interval)
        except ValueError as error:
            reason = "not a time in ISO 8601 or an epoch"
            raise BadCsv(str(self._path), line, place, text, reason) from error
        if time < OLDEST:
            raise BadCsv(str(self._path), line, place, text, "no bar opens before the year 1")
        return RawBar(time, *(fields[layout.place[column]].strip() for column in COLUMNS[1:]))
