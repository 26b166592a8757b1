"""Homes of sentiment: one way to commit, over whatever keeps the bytes of a symbol by version."""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from market_data import clock as system
from market_data.clock import Clock, Sleep
from market_data.errors import Damaged, MarketDataError, StoreUnavailable
from market_data.readings import Delivered, Readings, confirmed, merged, postponed
from market_data.readings_block import pack, unpack
from market_data.stores.base import AHEAD, CONFIRM
from market_data.stores.held import Held
from market_data.stores.objects import Kept

__all__ = ["Loaded", "ReadingStore", "ReadingsCommitted"]

Loaded: TypeAlias = dict[str, Kept | StoreUnavailable]
"""What is kept of those symbols that have any; where some cannot be reached, why."""

# A commit that met another one this often in a row gives up, and has changed nothing.
ATTEMPTS = 8
# Bytes of rows that are held unpacked; a symbol has 150 KB after ten years of days, at most 1 MB.
HELD = 32 * 1024 * 1024
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
    """

    def __init__(
        self, clock: Clock = system.now, sleep: Sleep = time.sleep, held: int = HELD
    ) -> None:
        self.clock = clock
        self._sleep = sleep
        self._held: Held[str, Readings] = Held(held)

    @abstractmethod
    def symbols(self) -> list[str]:
        """The symbols that have readings, in order."""

    @abstractmethod
    def load(self, symbols: Sequence[str]) -> Callable[[], Loaded]:
        """Ask for what is kept now of some symbols, in one round; call the result for the answer.

        A home far away is asked before this returns, so that it answers while bars are read.
        """

    @abstractmethod
    def swap(self, symbol: str, version: int, packed: bytes) -> bool:
        """Keep bytes as the next version, if ``version`` is the present one; whether that was so.

        One atomic write; 0 is the version of a symbol without any.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open."""

    def readings(self, symbol: str) -> Readings:
        """Every row of a symbol, also those not known yet; none where there are none.

        Read the clock before calling this, never after, as with bars.

        Raises
        ------
        Damaged
            When what was kept cannot be read any more.
        """
        found = self.ask([symbol])()[symbol]
        if isinstance(found, MarketDataError):
            raise found
        return found

    def ask(self, symbols: Collection[str]) -> Callable[[], dict[str, Readings | MarketDataError]]:
        """Begin to read several symbols in one round of calls; call the result for all of them.

        What is begun goes on beside whatever else is asked. Where a symbol cannot be read, its
        place is taken by the error that says why. Read the clock first, as for `readings`.
        """
        wanted = list(dict.fromkeys(symbols))
        answer = self.load(wanted)

        def told() -> dict[str, Readings | MarketDataError]:
            try:
                kept = answer()
            except MarketDataError as error:
                return dict.fromkeys(wanted, error)
            return {symbol: self._unpacked(symbol, kept.get(symbol)) for symbol in wanted}

        return told

    def _unpacked(
        self, symbol: str, kept: Kept | StoreUnavailable | None
    ) -> Readings | MarketDataError:
        """The rows of what is kept, unpacked unless that very version is held."""
        if kept is None:
            return Readings(symbol)
        if isinstance(kept, StoreUnavailable):
            return kept
        held = self._held.get(symbol)
        if held is not None and held.version == kept.version:
            return held
        try:
            rows = unpack(symbol, *kept)
        except Damaged as error:
            return error
        self._held.put(symbol, rows, rows.size)
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
            if self.swap(symbol, kept.version, pack(after)):
                return ReadingsCommitted(self._confirm(symbol, after), added, restated)
            self._pause(attempt)
        raise StoreUnavailable(f"other commits to the sentiment of {symbol} came first each time")

    def _confirm(self, symbol: str, kept: Readings) -> int:
        """Confirm what is pending: known from then on, or from later if that is too near.

        Where another commit came in between, it has taken what was pending along, and confirms it.
        """
        for _ in range(ATTEMPTS):
            known = kept.pending
            in_time = self.clock() < known - CONFIRM
            after = confirmed(kept) if in_time else postponed(kept, known, self._next_known(kept))
            if not self.swap(symbol, kept.version, pack(after)):
                return self.readings(symbol).last_known
            if in_time:
                return known
            kept = after
        raise StoreUnavailable(f"the sentiment of {symbol} was not confirmed in time")

    def _next_known(self, kept: Readings) -> int:
        return max(self.clock() + AHEAD, kept.last_known + 1)

    def _pause(self, attempt: int) -> None:
        self._sleep(random.uniform(0, PAUSE * 2**attempt))
