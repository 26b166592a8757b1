"""Sentiment in one SQLite file: the home on a laptop."""

import time
from pathlib import Path
from typing import Final

from market_data import clock as system
from market_data.clock import Clock, Sleep
from market_data.stores.readings import ReadingStore
from market_data.stores.small_file import SmallFile

__all__ = ["SqliteReadingStore"]

APPLICATION: Final = 0x49505253  # "IPRS"
LAYOUT: Final = """
CREATE TABLE IF NOT EXISTS readings (
    symbol TEXT PRIMARY KEY, version INTEGER NOT NULL, packed BLOB NOT NULL
) STRICT, WITHOUT ROWID"""


class SqliteReadingStore(ReadingStore):
    """Sentiment in an SQLite file, made by the first commit.

    Parameters
    ----------
    path : str or Path
    clock : Clock
    sleep : Sleep
    """

    def __init__(
        self, path: str | Path, clock: Clock = system.now, sleep: Sleep = time.sleep
    ) -> None:
        super().__init__(clock, sleep)
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

    def load(self, symbol: str) -> tuple[int, bytes] | None:
        """See ReadingStore.load."""
        with self._file.reading() as file:
            if file is None:
                return None
            row = file.execute(
                "SELECT version, packed FROM readings WHERE symbol = ?", (symbol,)
            ).fetchone()
        return None if row is None else (int(row[0]), bytes(row[1]))

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
