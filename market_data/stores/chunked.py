"""Bars in immutable chunks under one HEAD a symbol: what every home of bars does, on any backend.

A commit puts its chunks first and then, on condition of the version that it has read, a new HEAD,
in which its rows are *pending*: readers do not speak of moments from their k on. Once the writer
has seen the answer before k - 0.5 s it confirms them, and that may take as long as it will. Where
it has not, or where it died, whoever commits next moves the rows to a k of its own. So a crash
between any two writes loses nothing that a redelivery does not bring, and changes no answer.
"""

import random
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Final

from engine.types import Bars, Interval
from market_data import clock as system
from market_data.bars import Series
from market_data.clock import Clock, Sleep
from market_data.errors import MarketDataError, StoreUnavailable
from market_data.instruments import CorporateAction, Instrument
from market_data.rules import check
from market_data.stores.base import CONFIRM, CommitResult, StoredInterval
from market_data.stores.drafting import Delivery, Draft, Drafter
from market_data.stores.head import Head, pack, unpack
from market_data.stores.objects import Backend, Name
from market_data.stores.panels import Panel, pack_panel, panel_name
from market_data.stores.reading import Key, Reader
from market_data.stores.sweeping import Swept, sweep

__all__ = ["ChunkedBarStore"]

# Too slow so often in a row: a machine that cannot keep the promise now.
ATTEMPTS: Final = 5
# A commit that another one beat this often gives up.
CONFLICTS: Final = 100
# Seconds, times a random number and a power of two: between attempts, and between looks at a HEAD.
PAUSE: Final = 0.01
LONGEST: Final = 0.25
# Looks at a HEAD with rows pending before they are taken over though their k is still far.
LOOKS: Final = 20
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
        self._drafter = Drafter(self._reader, clock)

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
        return self.listed([symbol])[symbol]

    def listed(self, symbols: Collection[str]) -> dict[str, list[StoredInterval]]:
        """What `intervals` says of several symbols, in one round of calls; empty lists too."""
        seen = self._reader.heads(symbols) if symbols else {}
        return {symbol: _listed(seen[symbol].head) if symbol in seen else [] for symbol in symbols}

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
        return _Commit(self, delivery).run()


def _listed(head: Head) -> list[StoredInterval]:
    return [
        StoredInterval(interval, *manifest.span, manifest.bars)
        for interval, manifest in head.manifests.items()
        if manifest.bars
    ]


class _Commit:
    """One commit on its way."""

    def __init__(self, store: ChunkedBarStore, delivery: Delivery) -> None:
        self._store = store
        self._delivery = delivery
        self._symbol = delivery.instrument.symbol
        self._mine: set[str] = set()
        self._unheard: set[str] = set()
        self._landed: CommitResult | None = None
        self._superseded: set[Name] = set()
        self._now = self._late = self._beaten = 0

    def run(self) -> CommitResult:
        """Draft, write and confirm until it is done."""
        backend = self._store._backend
        while True:
            draft = self._store._drafter.draft(self._settled(), self._delivery)
            if not draft.writes:
                return self._told(draft)
            if draft.objects:
                backend.keep(draft.objects)
            if self._too_late(draft):
                self._discard(draft)
            elif not self._swap(draft.head, draft.packed):
                # What was not heard of may be done yet, and then its HEAD names these objects.
                if draft.head.commit not in self._unheard:
                    self._discard(draft)
                self._pause_after_conflict()
            elif self._confirmed(draft):
                self._expire(self._superseded)
                return self._told(draft)

    def _settled(self) -> Head:
        """The HEAD, after waiting a little for whoever has rows pending to confirm them."""
        looks = 0
        while True:
            kept = self._store._backend.heads([self._symbol]).get(self._symbol)
            if kept is None:
                return Head(self._delivery.instrument)
            head = unpack(kept.packed)
            if not head.pending or head.commit in self._mine or looks == LOOKS:
                return head
            if self._store._clock() >= head.pending - CONFIRM:
                return head
            looks += 1
            self._pause(looks)

    def _swap(self, head: Head, packed: bytes) -> bool:
        """Write a HEAD; whether it is there. Where the answer is lost, the store is asked."""
        self._mine.add(head.commit)
        try:
            return self._store._backend.swap(head.instrument, head.version - 1, packed)
        except StoreUnavailable:
            self._unheard.add(head.commit)
            return self._is_there(head)
        finally:
            self._store._reader.forget(self._symbol)

    def _is_there(self, head: Head) -> bool:
        """Whether a HEAD whose writing has an unknown outcome has been written by now.

        If it has not, it may be yet: but then the next attempt, which expects the same version,
        either comes first and makes it fail, or fails itself and finds it.
        """
        for attempt in range(ATTEMPTS):
            with suppress(StoreUnavailable):
                kept = self._store._backend.heads([self._symbol]).get(self._symbol)
                return kept is not None and unpack(kept.packed).commit == head.commit
            self._pause(attempt)
        raise StoreUnavailable(f"whether the bars of {self._symbol} were committed is unknown")

    def _confirmed(self, draft: Draft) -> bool:
        """Confirm what is visible, if it was so in time; whether nobody has moved it meanwhile."""
        self._superseded |= draft.superseded
        if draft.result.known is None:
            return True
        self._landed = self._landed or draft.result
        if self._too_late(draft):
            return False
        head, packed, _ = pack(
            replace(
                draft.head,
                version=draft.head.version + 1,
                pending=0,
                commit=f"{random.getrandbits(64):016x}",
            )
        )
        if self._swap(head, packed):
            return True
        self._pause_after_conflict()
        return False

    def _too_late(self, draft: Draft) -> bool:
        """Whether the clock has come too close to the k of a draft, and so it must be redone."""
        self._now, known = self._store._clock(), draft.result.known
        if known is None or self._now < known - CONFIRM:
            return False
        self._late += 1
        if self._late == ATTEMPTS:
            how = "committed" if self._landed is None else "confirmed"
            raise StoreUnavailable(f"the bars were not {how} in time, {ATTEMPTS} times in a row")
        return True

    def _told(self, draft: Draft) -> CommitResult:
        """What came of it, as of the first attempt that changed anything."""
        if self._landed is None:
            return draft.result
        known = draft.result.known or draft.since or self._landed.known
        return replace(self._landed, known=known)

    def _discard(self, draft: Draft) -> None:
        """Let go of objects that no HEAD will name."""
        self._expire(set(draft.objects))

    def _expire(self, names: set[Name]) -> None:
        """Let objects go, but for parts of manifests, which have no salt: another may name them."""
        names = {name for name in names if name.kind != "M"}
        if names:
            # What stays for ever costs a little; it is no reason to fail.
            with suppress(StoreUnavailable):
                self._store._backend.expire(names, self._now)

    def _pause_after_conflict(self) -> None:
        self._beaten += 1
        if self._beaten == CONFLICTS:
            raise StoreUnavailable(f"other commits to {self._symbol} came first each time")
        self._pause(self._beaten)

    def _pause(self, attempt: int) -> None:
        self._store._sleep(random.uniform(0.5, 1.0) * min(LONGEST, PAUSE * 2**attempt))
