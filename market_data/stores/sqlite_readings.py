"""Sentiment in one SQLite file: the home on a laptop."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from market_data import clock as system
from market_data.clock import Clock, Sleep
from market_data.readings import Readings
from market_data.readings_block import pack
from market_data.stores.readings import HELD, Found, Loaded, ReadingStore
from market_data.stores.small_file import SmallFile
from market_data.stores.sqlite_header import Header
from market_data.stores.sweeping import Swept

__all__ = ["SqliteReadingStore"]

APPLICATION: Final = 0x49505253  # "IPRS"
LAYOUT: Final = """
CREATE TABLE IF NOT EXISTS readings (
    symbol TEXT PRIMARY KEY, version INTEGER NOT NULL, packed BLOB NOT NULL
) STRICT, WITHOUT ROWID"""

# Rows of a version that is held are left where they are.
SELECT: Final = """
SELECT symbol, version, CASE version WHEN held.value THEN NULL ELSE packed END
FROM json_each(?) AS held JOIN readings ON symbol = held.key"""


class SqliteReadingStore(ReadingStore):
    """Sentiment in an SQLite file, made by the first commit.

    Parameters
    ----------
    path : str or Path
    clock : Clock
    sleep : Sleep
    held, fresh_for
        See ReadingStore.
    """

    def __init__(
        self,
        path: str | Path,
        clock: Clock = system.now,
        sleep: Sleep = time.sleep,
        held: int = HELD,
        fresh_for: int = 0,
    ) -> None:
        super().__init__(clock, sleep, held, fresh_for)
        self._file = SmallFile(path, Header("sentiment", APPLICATION, 1), LAYOUT)

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._file.path

    def symbols(self) -> list[str]:
        """See ReadingStore.symbols."""
        with self._file.reading() as file:
            rows = file.execute("SELECT symbol FROM readings ORDER BY symbol") if file else ()
            return [row[0] for row in rows]

    def load(self, symbols: Sequence[str], held: Mapping[str, Readings]) -> Callable[[], Loaded]:
        """See ReadingStore.load: a file on this machine is read when the answer is called for."""
        versions = {one: held[one].version if one in held else 0 for one in symbols}

        def read() -> Loaded:
            with self._file.reading() as file:
                rows = file.execute(SELECT, (json.dumps(versions),)).fetchall() if file else ()
            return {symbol: Found(version, packed) for symbol, version, packed in rows}

        return read

    def swap(self, before: Readings, after: Readings) -> Readings | None:
        """See ReadingStore.swap."""
        packed = pack(after)
        with self._file.writing() as file:
            if before.version:
                done = file.execute(
                    "UPDATE readings SET version = version + 1, packed = ?"
                    " WHERE symbol = ? AND version = ?",
                    (packed, before.symbol, before.version),
                )
            else:
                done = file.execute(
                    "INSERT OR IGNORE INTO readings VALUES (?, 1, ?)", (before.symbol, packed)
                )
            return after if done.rowcount == 1 else None

    def sweep(self, *, apply: bool = False) -> Iterator[Swept]:  # noqa: ARG002
        """See ReadingStore.sweep: here a commit is one write, and leaves nothing."""
        yield from ()

    def close(self) -> None:
        """Nothing stays open between two calls."""
