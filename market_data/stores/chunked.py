"""Bars in immutable chunks under one HEAD a symbol: what every home does, on any backend."""

import time
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Final

from engine.types import Bars, Interval
from market_data import clock as system
from market_data.bars import Series
from market_data.clock import Clock, Sleep
from market_data.errors import MarketDataError
from market_data.instruments import CorporateAction, Instrument
from market_data.rules import check
from market_data.stores.base import CommitResult, StoredInterval
from market_data.stores.committing import Commit
from market_data.stores.drafting import Delivery
from market_data.stores.objects import Backend
from market_data.stores.panels import Panel, pack_panel, panel_name
from market_data.stores.reading import Key, Reader, Seen
from market_data.stores.sweeping import Swept, sweep

__all__ = ["ChunkedBarStore"]

HELD: Final = 64 * 1024 * 1024


class ChunkedBarStore:
    """A BarStore on a backend; safe for any number of threads and processes.

    Parameters
    ----------
    backend : Backend
    clock : Clock
    sleep : Sleep
    held : int, bytes
        How much of what was read a process holds.
    fresh_for : int, microseconds
        For how long a HEAD that was read answers further questions. 0 asks the store each time.
    """

    def __init__(
        self,
        backend: Backend,
        clock: Clock = system.now,
        *,
        sleep: Sleep = time.sleep,
        held: int = HELD,
        fresh_for: int = 0,
    ) -> None:
        self._backend = backend
        self._clock = clock
        self._sleep = sleep
        self._reader = Reader(backend, clock, held, fresh_for)

    @property
    def clock(self) -> Clock:
        """The clock from which k is taken."""
        return self._clock

    # -- reading ------------------------------------------------------------------------------

    def instruments(self) -> list[Instrument]:
        """Every symbol that has ever been committed, in order of symbol."""
        return self._backend.profiles()

    def instrument(self, symbol: str) -> Instrument | None:
        """The profile of one symbol."""
        seen = self._reader.heads([symbol]).get(symbol)
        return seen and seen.head.instrument

    def intervals(self, symbol: str) -> list[StoredInterval]:
        """The series of one symbol, shortest interval first."""
        found = self.listed([symbol])[symbol]
        if isinstance(found, MarketDataError):
            raise found
        return found

    def listed(self, symbols: Collection[str]) -> dict[str, list[StoredInterval] | MarketDataError]:
        """What `intervals` says of several symbols; see `BarStore.listed`."""
        seen = self._reader.seen(symbols) if symbols else {}
        return {symbol: _listed(seen.get(symbol)) for symbol in symbols}

    def series(self, symbol: str, interval: Interval) -> Series | None:
        """Every row of one series; see `BarStore.series`."""
        series = self.load([(symbol, interval)]).get((symbol, interval))
        if isinstance(series, MarketDataError):
            raise series
        return series if series is not None and len(series.time) else None

    def load(self, wanted: Collection[Key]) -> dict[Key, Series | MarketDataError]:
        """Many series at once; see `BarStore.load`."""
        return self._reader.load(wanted) if wanted else {}

    # -- panels -------------------------------------------------------------------------------

    def write_panel(
        self, universe: str, session: date, symbols: Collection[str], interval: Interval
    ) -> Panel:
        """Keep a panel of some symbols; see `BarStore.write_panel`."""
        name = panel_name(universe, interval, session)
        now = self._clock()
        packed = pack_panel(self._backend, self._reader, symbols, interval, now)
        self._backend.keep_panel(name, packed)
        return Panel(packed)

    def panel(self, universe: str, session: date, interval: Interval) -> Panel | None:
        """A panel in one round trip; see `BarStore.panel`."""
        packed = self._backend.panel(panel_name(universe, interval, session))
        return None if packed is None else Panel(packed)

    def sweep(self, *, apply: bool = False) -> Iterator[Swept]:
        """Look for objects that no HEAD names; see `BarStore.sweep`."""
        return sweep(self._backend, self._clock, apply=apply)

    def close(self) -> None:
        """Let go of what is open."""
        self._backend.close()

    # -- committing ---------------------------------------------------------------------------

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
        delivery = Delivery(
            instrument,
            interval,
            bars,
            tuple(actions),
            now if fetched_at is None else fetched_at,
            instrument.source if origin is None else origin,
        )
        return Commit(self._backend, self._reader, self._clock, self._sleep, delivery).run()


def _listed(seen: Seen | MarketDataError | None) -> list[StoredInterval] | MarketDataError:
    if isinstance(seen, MarketDataError):
        return seen
    if seen is None:
        return []
    return [
        StoredInterval(interval, *manifest.span, manifest.bars, not seen.head.pending)
        for interval, manifest in seen.head.manifests.items()
        if manifest.bars
    ]
