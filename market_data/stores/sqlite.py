"""Bars in one SQLite file: the home on a laptop, and in an image that carries its data."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from engine.types import Bars, Interval
from market_data import clock as system
from market_data.bars import Series
from market_data.calendar import LENGTH
from market_data.clock import Clock
from market_data.errors import StoreUnavailable
from market_data.instruments import CorporateAction, Instrument
from market_data.rules import check
from market_data.stores import sqlite_rows as rows
from market_data.stores.base import CONFIRM, CommitResult, StoredInterval
from market_data.stores.connections import Connections

__all__ = ["SqliteBarStore"]

# A commit that was too slow this often in a row is on a machine that cannot keep the promise now.
ATTEMPTS = 5


class _Late(Exception):
    """The clock came too close to k before the commit was sent."""


class SqliteBarStore:
    """Bars in an SQLite file, for any number of threads and processes of one machine.

    Parameters
    ----------
    path : str or Path
        The file; made where it does not exist.
    clock : Clock
    wait : float, seconds
        How long a commit waits for another one.
    cached : int
        How many decoded series a process keeps: about 1 MB each for 13 years of days.
    read_only : bool
        For a file that nobody writes any more, such as one inside an image: it needs no permission
        to write its folder, and every commit is refused.

    Notes
    -----
    A read takes one row, the symbol's version; rows are read again only when it has moved.
    """

    def __init__(
        self,
        path: str | Path,
        clock: Clock = system.now,
        *,
        wait: float = 5.0,
        cached: int = 64,
        read_only: bool = False,
    ) -> None:
        self._clock = clock
        self._cached = cached
        self._cache: OrderedDict[tuple[str, Interval], Series] = OrderedDict()
        self._cache_lock = threading.Lock()
        self._listed: dict[str, tuple[int, list[StoredInterval]]] = {}
        self._connections = Connections(Path(path), wait, read_only)

    @property
    def clock(self) -> Clock:
        """The clock from which k is taken."""
        return self._clock

    def instruments(self) -> list[Instrument]:
        """Every symbol that has ever been committed, in order of symbol."""
        with self._connections.use() as connection:
            return rows.profiles(connection)

    def instrument(self, symbol: str) -> Instrument | None:
        """The profile of one symbol."""
        with self._connections.use() as connection:
            return rows.profile(connection, symbol)

    def intervals(self, symbol: str) -> list[StoredInterval]:
        """The series of one symbol, shortest interval first."""
        with self._connections.use() as connection:
            version = rows.version(connection, symbol)
            if version is None:
                return []
            listed = self._listed.get(symbol)
            if listed is not None and listed[0] == version:
                return list(listed[1])
            found = connection.execute(
                "SELECT interval, min(time), max(time), count(DISTINCT time) FROM bars"
                " WHERE symbol = ? GROUP BY interval",
                (symbol,),
            ).fetchall()
        stored = [StoredInterval(Interval(name), *rest) for name, *rest in found]
        stored.sort(key=lambda series: LENGTH[series.interval])
        # Read after the version, so it may be newer than that: then it is only read once more.
        self._listed[symbol] = version, stored
        return list(stored)

    def listed(self, symbols: Collection[str]) -> dict[str, list[StoredInterval]]:
        """What `intervals` says of several symbols."""
        return {symbol: self.intervals(symbol) for symbol in symbols}

    def load(self, wanted: Collection[tuple[str, Interval]]) -> dict[tuple[str, Interval], Series]:
        """Many series at once; here a call costs next to nothing, so one after another."""
        found: dict[tuple[str, Interval], Series] = {}
        for symbol, interval in wanted:
            series = self.series(symbol, interval)
            if series is None and (instrument := self.instrument(symbol)) is not None:
                series = Series.empty(instrument, interval)
            if series is not None:
                found[symbol, interval] = series
        return found

    def series(self, symbol: str, interval: Interval) -> Series | None:
        """Every row of one series, also those not known yet; None where there is none."""
        with self._connections.use() as connection:
            version = rows.version(connection, symbol)
        if version is None:
            return None
        key = symbol, interval
        with self._cache_lock:
            held = self._cache.get(key)
            if held is not None and held.version == version:
                self._cache.move_to_end(key)
                return held
        with self._connections.transaction("BEGIN") as connection:
            series = rows.read(connection, symbol, interval)
        if series is not None:
            with self._cache_lock:
                self._cache[key] = series
                self._cache.move_to_end(key)
                while len(self._cache) > self._cached:
                    self._cache.popitem(last=False)
        return series

    def commit(
        self,
        instrument: Instrument,
        interval: Interval,
        bars: Bars,
        actions: Sequence[CorporateAction] = (),
        *,
        fetched_at: int | None = None,
        origin: str | None = None,
    ) -> CommitResult:
        """Keep what is new of a delivery, known from a moment 2 s ahead; see `BarStore.commit`."""
        now = self._clock()
        check(bars, interval, instrument.calendar, now)
        delivery = rows.Delivery(
            instrument,
            interval,
            bars,
            actions,
            now if fetched_at is None else fetched_at,
            instrument.source if origin is None else origin,
        )
        for _ in range(ATTEMPTS):
            try:
                with self._connections.transaction("BEGIN IMMEDIATE") as connection:
                    result = delivery.write(connection, self._clock())
                    self._in_time(result.known)
            except _Late:
                continue
            return self._confirmed(instrument.symbol, result)
        raise StoreUnavailable(f"the bars were not committed in time, {ATTEMPTS} times in a row")

    def close(self) -> None:
        """Close the file."""
        self._connections.close()

    def _in_time(self, known: int | None) -> None:
        if known is not None and self._clock() >= known - CONFIRM:
            raise _Late

    def _confirmed(self, symbol: str, result: CommitResult) -> CommitResult:
        """The result of a commit that is visible; known from a later moment if it came too late."""
        for _ in range(ATTEMPTS):
            if result.known is None or self._clock() < result.known - CONFIRM:
                return result
            with self._connections.transaction("BEGIN IMMEDIATE") as connection:
                known = rows.postpone(connection, symbol, result.known, self._clock())
            result = replace(result, known=known)
        raise StoreUnavailable(f"the bars were not confirmed in time, {ATTEMPTS} times in a row")
