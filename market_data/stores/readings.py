"""Homes of sentiment: one way to commit, over whatever keeps the rows of a symbol by version."""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from market_data import clock as system
from market_data.clock import Clock, Sleep
from market_data.errors import Damaged, MarketDataError, StoreUnavailable
from market_data.readings import Delivered, Readings, confirmed, merged, postponed
from market_data.readings_block import unpack
from market_data.stores.base import AHEAD, CONFIRM
from market_data.stores.held import Held
from market_data.stores.sweeping import Swept

__all__ = ["Found", "Loaded", "ReadingStore", "ReadingsCommitted"]


class Found(NamedTuple):
    """What a home has of a symbol.

    Parameters
    ----------
    version : int
    packed : bytes or None
        Its rows; None where those that are held already are still the right ones.
    pending : int or None, microseconds UTC
        See Readings.pending; None where the packed rows say it themselves.
    content : str
        See Readings.content.
    """

    version: int
    packed: bytes | None
    pending: int | None = None
    content: str = ""


Loaded: TypeAlias = dict[str, Found | MarketDataError]
"""What is kept of those symbols that have any; where some cannot be reached, why."""

# A commit that met another one this often in a row gives up, and has changed nothing.
ATTEMPTS = 8
# Bytes of rows that are held unpacked; a symbol has 150 KB after ten years of days, at most 1 MB.
HELD = 32 * 1024 * 1024
# What Python itself takes for readings, also for none.
OVERHEAD = 2_000
# Seconds; doubled with each attempt, and a random part of it is waited.
PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class ReadingsCommitted:
    """What a commit of readings changed.

    Attributes
    ----------
    known : int, microseconds UTC, or None
        The k of the new rows: from then on they are answered. None where nothing changed.
    added, restated : int
        Readings that are new, and that say otherwise than before.
    """

    known: int | None
    added: int = 0
    restated: int = 0


class ReadingStore(ABC):
    """A home of sentiment; safe for any number of threads and processes.

    Every method raises StoreUnavailable where the store cannot be reached.

    Parameters
    ----------
    clock : Clock
        From which k is taken.
    sleep : Sleep
    held : int, bytes
        How much of what was read a process holds, by its version.
    fresh_for : int, microseconds
        For how long what was read answers further questions; 0 asks each time.
    """

    def __init__(
        self,
        clock: Clock = system.now,
        sleep: Sleep = time.sleep,
        held: int = HELD,
        fresh_for: int = 0,
    ) -> None:
        self.clock = clock
        self._sleep = sleep
        self._fresh_for = fresh_for
        self._held: Held[str, Readings] = Held(held)

    @abstractmethod
    def symbols(self) -> list[str]:
        """The symbols that have readings, in order."""

    @abstractmethod
    def load(self, symbols: Sequence[str], held: Mapping[str, Readings]) -> Callable[[], Loaded]:
        """Ask for what is kept now of some symbols, in two rounds; call the result for the answer.

        Rows that are held already are not asked for, which leaves one round. A home far away is
        asked before this returns, so that it answers while bars are read.
        """

    @abstractmethod
    def swap(self, before: Readings, after: Readings) -> Readings | None:
        """Keep the next version of a symbol's rows, if the one before it is still there.

        One atomic write, in which all becomes visible; 0 is the version of a symbol without any.

        Returns
        -------
        Readings or None
            What is kept now; None where another version was there, and nothing changed.
        """

    @abstractmethod
    def sweep(self, *, apply: bool = False) -> Iterator[Swept]:
        """Look for what commits that died on their way have left; see `BarStore.sweep`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open."""

    def readings(self, symbol: str) -> Readings:
        """Every row of a symbol as it is now, also those not known yet; none where there are none.

        Read the clock before calling this, never after, as with bars.

        Raises
        ------
        Damaged
            When what was kept cannot be read any more.
        """
        found = self._read([symbol])()[symbol]
        if isinstance(found, MarketDataError):
            raise found
        return found

    def ask(self, symbols: Collection[str]) -> Callable[[], dict[str, Readings | MarketDataError]]:
        """Begin to read several symbols in one round of calls; call the result for all of them.

        What is begun goes on beside whatever else is asked. Where a symbol cannot be read, its
        place is taken by the error that says why. Read the clock first, as for `readings`. What was
        read no longer ago than the bound of freshness is not asked for.
        """
        wanted = list(dict.fromkeys(symbols))
        now = self.clock() if self._fresh_for else 0
        fresh: dict[str, Readings | MarketDataError] = {
            one: rows
            for one in wanted
            if (rows := self._held.get(one)) is not None
            and 0 <= now - rows.read_at < self._fresh_for
        }
        waiting = [one for one in wanted if one not in fresh]
        answer = self._read(waiting) if waiting else dict
        return lambda: fresh | answer()

    def _read(self, wanted: Sequence[str]) -> Callable[[], dict[str, Readings | MarketDataError]]:
        """Begin to read several symbols, whatever is held; see `ask`."""
        held = {one: rows for one in wanted if (rows := self._held.get(one)) is not None}
        now = self.clock() if self._fresh_for else 0
        answer = self.load(wanted, held)

        def told() -> dict[str, Readings | MarketDataError]:
            try:
                kept = answer()
            except MarketDataError as error:
                return dict.fromkeys(wanted, error)
            return {one: self._opened(one, kept.get(one), held.get(one), now) for one in wanted}

        return told

    def _opened(
        self, symbol: str, found: Found | MarketDataError | None, held: Readings | None, now: int
    ) -> Readings | MarketDataError:
        """The rows of what was found, unpacked unless they are held."""
        if isinstance(found, MarketDataError):
            return found
        try:
            rows = Readings(symbol) if found is None else _unpacked(symbol, found, held)
        except Damaged as error:
            return error
        if rows is held and not self._fresh_for:
            return held
        rows = replace(rows, read_at=now, fresh_for=self._fresh_for)
        if rows.version or self._fresh_for:
            self._held.put(symbol, rows, rows.size + OVERHEAD)
        return rows

    def commit(self, symbol: str, told: Delivered) -> ReadingsCommitted:
        """Keep what is new of a delivery, known from a moment 2 s ahead.

        As bars are: k is taken inside the commit and is pending, so that nobody is told of it,
        until it is confirmed before k - 0.5 s; else it is known later still. What a commit left
        pending whose writer is gone, the next one takes along. The same delivery again changes
        nothing.

        Raises
        ------
        BadReadings
            When the symbol would have too many; nothing is kept.
        """
        for attempt in range(ATTEMPTS):
            kept = self.readings(symbol)
            known = self._next_known(kept)
            after, added, restated = merged(kept, told, known)
            if after is kept:
                return ReadingsCommitted(None)
            landed = self._swapped(kept, after)
            if landed is not None and not landed.pending:
                return ReadingsCommitted(None)
            if landed is not None:
                return ReadingsCommitted(self._confirm(symbol, landed), added, restated)
            self._pause(attempt)
        raise StoreUnavailable(f"other commits to the sentiment of {symbol} came first each time")

    def _confirm(self, symbol: str, kept: Readings) -> int:
        """Confirm what is pending: known from then on, or from later if that is too near.

        Where another commit came in between, it has taken what was pending along, and confirms it.
        Where the write was lost, it is made again.
        """
        for _ in range(ATTEMPTS):
            known = kept.pending
            in_time = self.clock() < known - CONFIRM
            after = confirmed(kept) if in_time else postponed(kept, known, self._next_known(kept))
            landed = self._swapped(kept, after)
            if landed is None:
                found = self.readings(symbol)
                if found.version != kept.version:
                    return found.last_known
            elif in_time:
                return known
            else:
                kept = landed
        raise StoreUnavailable(f"the sentiment of {symbol} was not confirmed in time")

    def _swapped(self, before: Readings, after: Readings) -> Readings | None:
        """See `swap`; what is held is asked for anew, because it has just been written."""
        try:
            return self.swap(before, after)
        finally:
            if self._fresh_for:
                self._held.drop(before.symbol)

    def _next_known(self, kept: Readings) -> int:
        return max(self.clock() + AHEAD, kept.last_known + 1)

    def _pause(self, attempt: int) -> None:
        self._sleep(random.uniform(0, PAUSE * 2**attempt))


def _unpacked(symbol: str, found: Found, held: Readings | None) -> Readings:
    """The rows of what was found; those that are held where they are the same.

    Raises
    ------
    Damaged
    """
    if held is not None and held.version == found.version:
        return held
    if held is not None and found.packed is None:
        rows = held
    else:
        rows = unpack(symbol, found.version, found.packed or b"")
    pending = rows.pending if found.pending is None else found.pending
    return replace(rows, version=found.version, pending=pending, content=found.content)
