"""Sentiment in one SQLite file: the home on a laptop."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from market_data import clock as system
from market_data.clock import Clock, Sleep
from market_data.stores.objects import Kept
from market_data.stores.readings import HELD, Loaded, ReadingStore
from market_data.stores.small_file import SmallFile

__all__ = ["SqliteReadingStore"]

APPLICATION: Final = 0x49505253  # "IPRS"
LAYOUT: Final = """
CREATE TABLE IF NOT EXISTS readings (
    symbol TEXT PRIMARY KEY, version INTEGER NOT NULL, packed BLOB NOT NULL
) STRICT, WITHOUT ROWID"""

SELECT: Final = """
SELECT symbol, version, packed FROM readings WHERE symbol IN (SELECT value FROM json_each(?))"""


class SqliteReadingStore(ReadingStore):
    """Sentiment in an SQLite file, made by the first commit.

    Parameters
    ----------
    path : str or Path
    clock : Clock
    sleep : Sleep
    held : int, bytes
        See ReadingStore.
    """

    def __init__(
        self,
        path: str | Path,
        clock: Clock = system.now,
        sleep: Sleep = time.sleep,
        held: int = HELD,
    ) -> None:
        super().__init__(clock, sleep, held)
        self._file = SmallFile(path, "sentiment", APPLICATION, 1, LAYOUT)

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._file.path

    def symbols(self) -> list[str]:
        """See ReadingStore.symbols."""
        with self._file.reading() as file:
            rows = file.execute("SELECT symbol FROM readings ORDER BY symbol") if file else ()
            return [row[0] for row in rows]

    def load(self, symbols: Sequence[str]) -> Callable[[], Loaded]:
        """See ReadingStore.load: a file on this machine is read when the answer is called for."""

        def read() -> Loaded:
            with self._file.reading() as file:
                rows = file.execute(SELECT, (json.dumps(symbols),)).fetchall() if file else ()
            return {symbol: Kept(version, packed) for symbol, version, packed in rows}

        return read

    def swap(self, symbol: str, version: int, packed: bytes) -> bool:
        """See ReadingStore.swap."""
        with self._file.writing() as file:
            if version:
                done = file.execute(
                    "UPDATE readings SET version = version + 1, packed = ?"
                    " WHERE symbol = ? AND version = ?",
                    (packed, symbol, version),
                )
            else:
                done = file.execute(
                    "INSERT OR IGNORE INTO readings VALUES (?, 1, ?)", (symbol, packed)
                )
            return done.rowcount == 1

    def close(self) -> None:
        """Nothing stays open between two calls."""
