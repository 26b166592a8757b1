"""Which delivery of each place came last: what a queue brings twice is taken once."""

from pathlib import Path
from typing import Final, Protocol

from market_data import clock as system
from market_data.calendar import DAY
from market_data.clock import Clock
from market_data.stores.small_file import SmallFile
from market_data.stores.sqlite_header import Header

__all__ = ["REMEMBERED", "Deliveries", "SqliteDeliveries"]

# Queues keep messages for two weeks at most; after that a delivery is just taken again.
REMEMBERED: Final = 35 * DAY

APPLICATION: Final = 0x49504456  # "IPDV"
LAYOUT: Final = """
CREATE TABLE IF NOT EXISTS deliveries (
    place TEXT PRIMARY KEY, identity TEXT NOT NULL, expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID"""


class Deliveries(Protocol):
    """The last delivery of each place: a series of a source, or one version of an object.

    It saves work and nothing depends on it, since a delivery that is taken twice changes nothing.
    Only the last one is remembered: a source that says A, then B, then A again has said A anew.
    """

    def last(self, place: str) -> str | None:
        """What came last."""
        ...

    def record(self, place: str, identity: str) -> None:
        """Remember a delivery for 35 days; once it is kept, never before."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


class SqliteDeliveries:
    """Deliveries in one SQLite file."""

    def __init__(self, path: str | Path, clock: Clock = system.now) -> None:
        self._file = SmallFile(path, Header("deliveries", APPLICATION, 1), LAYOUT)
        self._clock = clock

    def last(self, place: str) -> str | None:
        """See Deliveries.last."""
        with self._file.reading() as file:
            if file is None:
                return None
            row = file.execute(
                "SELECT identity FROM deliveries WHERE place = ? AND expires_at > ?",
                (place, self._clock()),
            ).fetchone()
        return None if row is None else str(row[0])

    def record(self, place: str, identity: str) -> None:
        """See Deliveries.record."""
        now = self._clock()
        with self._file.writing() as file:
            file.execute("DELETE FROM deliveries WHERE expires_at <= ?", (now,))
            row = (place, identity, now + REMEMBERED)
            file.execute("INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?)", row)

    def close(self) -> None:
        """Nothing stays open between two calls."""
