"""Sentiment in one SQLite file: the home on a laptop."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from market_data import clock as system
from market_data.clock import Clock, Sleep
from market_data.errors import StoreUnavailable, UnknownFormat
from market_data.stores.readings import ReadingStore

__all__ = ["SqliteReadingStore"]

FORMAT = 1
APPLICATION = 0x49505253  # "IPRS"
LAYOUT = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS readings (
    symbol TEXT PRIMARY KEY, version INTEGER NOT NULL, packed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {FORMAT};
COMMIT;
"""
PATIENCE = 0.5  # seconds to wait for another writer


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
        self.path = Path(path)

    def symbols(self) -> list[str]:
        """See ReadingStore.symbols."""
        if not self.path.exists():
            return []
        with self._open() as file:
            return [row[0] for row in file.execute("SELECT symbol FROM readings ORDER BY symbol")]

    def load(self, symbol: str) -> tuple[int, bytes] | None:
        """See ReadingStore.load."""
        if not self.path.exists():
            return None
        with self._open() as file:
            row = file.execute(
                "SELECT version, packed FROM readings WHERE symbol = ?", (symbol,)
            ).fetchone()
        return None if row is None else (int(row[0]), bytes(row[1]))

    def swap(self, symbol: str, version: int, packed: bytes) -> bool:
        """See ReadingStore.swap."""
        with self._open() as file:
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

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(
                sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
            ) as file:
                # What was answered once must not be lost with the power.
                file.execute("PRAGMA synchronous = FULL")
                self._prepare(file)
                yield file
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailable(f"the sentiment in {self.path.name}: {error}") from error

    def _prepare(self, file: sqlite3.Connection) -> None:
        (application,) = file.execute("PRAGMA application_id").fetchone()
        (layout,) = file.execute("PRAGMA user_version").fetchone()
        if (application, layout) == (APPLICATION, FORMAT):
            return
        (tables,) = file.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != APPLICATION and (application or layout or tables):
            raise UnknownFormat(f"{self.path} is a database, but not one of sentiment")
        if layout > FORMAT:
            raise UnknownFormat(
                f"{self.path} has format {layout}; this software knows formats up to {FORMAT}"
            )
        file.executescript(LAYOUT)
