"""The tables of one SQLite file as a backend of chunked bars."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import astuple
from itertools import islice
from typing import Any

from market_data.calendar import DAY
from market_data.errors import StoreUnavailable
from market_data.instruments import Instrument
from market_data.stores.connections import Connections
from market_data.stores.objects import KEPT_DAYS, NOTHING, Beside, Kept, Name

__all__ = ["SqliteBackend", "keep", "swap"]

# SQLite takes so many values in one statement at least.
AT_ONCE = 900


class SqliteBackend:
    """A Backend on the tables of one file."""

    transactional = True

    def __init__(self, connections: Connections) -> None:
        self.connections = connections

    def heads(self, symbols: Collection[str]) -> dict[str, Kept]:
        """See Backend.heads."""
        rows = self._rows("SELECT symbol, version, packed FROM heads WHERE symbol IN", symbols)
        return {symbol: Kept(version, packed) for symbol, version, packed in rows}

    def profiles(self) -> list[Instrument]:
        """See Backend.profiles."""
        with self.connections.use() as connection:
            rows = connection.execute("SELECT profile FROM heads ORDER BY symbol").fetchall()
        return [Instrument(*json.loads(profile)) for (profile,) in rows]

    def fetch(self, names: Collection[Name]) -> dict[Name, bytes | StoreUnavailable]:
        """See Backend.fetch."""
        named = {name.path: name for name in names}
        rows = self._rows("SELECT path, body FROM objects WHERE path IN", named)
        return {named[path]: body for path, body in rows}

    def refetch(self, name: Name) -> Iterator[bytes]:  # noqa: ARG002
        """See Backend.refetch: a file has one copy of everything."""
        yield from ()

    def keep(self, objects: Mapping[Name, bytes]) -> None:
        """See Backend.keep."""
        with self.connections.transaction("BEGIN IMMEDIATE") as connection:
            keep(connection, objects)

    def swap(
        self, instrument: Instrument, version: int, packed: bytes, beside: Beside = NOTHING
    ) -> bool:
        """See Backend.swap."""
        with self.connections.transaction("BEGIN IMMEDIATE") as connection:
            done = swap(connection, instrument, version, packed)
            if done:
                keep(connection, beside.objects)
                expire(connection, beside.superseded, beside.now)
            return done

    def expire(self, names: Collection[Name], now: int) -> None:
        """See Backend.expire; what has expired by now is deleted."""
        with self.connections.transaction("BEGIN IMMEDIATE") as connection:
            expire(connection, names, now)

    def names(self) -> Iterator[Name]:
        """See Backend.names."""
        with self.connections.use() as connection:
            paths = connection.execute("SELECT path FROM objects").fetchall()
        yield from filter(None, (Name.parse(path) for (path,) in paths))

    def lasting(self, names: Collection[Name]) -> set[Name]:
        """See Backend.lasting."""
        named = {name.path: name for name in names}
        rows = self._rows("SELECT path FROM objects WHERE expires IS NULL AND path IN", named)
        return {named[path] for (path,) in rows}

    def keep_panel(self, name: str, body: bytes) -> None:
        """See Backend.keep_panel."""
        with self.connections.transaction("BEGIN IMMEDIATE") as connection:
            connection.execute("INSERT OR REPLACE INTO panels VALUES (?, ?)", (name, body))

    def panel(self, name: str) -> bytes | None:
        """See Backend.panel."""
        rows = self._rows("SELECT body FROM panels WHERE name IN", [name])
        return rows[0][0] if rows else None

    def close(self) -> None:
        """Close the file."""
        self.connections.close()

    def _rows(self, select: str, keys: Collection[str]) -> list[Any]:
        """The rows of so many keys, a few hundred at a time."""
        found: list[Any] = []
        waiting = iter(keys)
        with self.connections.use() as connection:
            while some := list(islice(waiting, AT_ONCE)):
                marks = ", ".join("?" * len(some))
                found += connection.execute(f"{select} ({marks})", some).fetchall()
        return found


def keep(connection: sqlite3.Connection, objects: Mapping[Name, bytes]) -> None:
    """Write objects, inside of a transaction."""
    connection.executemany(
        "INSERT OR REPLACE INTO objects (path, body) VALUES (?, ?)",
        [(name.path, body) for name, body in objects.items()],
    )


def expire(connection: sqlite3.Connection, names: Collection[Name], now: int) -> None:
    """Let objects go later, and delete those whose time has come, inside of a transaction."""
    connection.executemany(
        "UPDATE objects SET expires = ? WHERE path = ?",
        [(now + KEPT_DAYS * DAY, name.path) for name in names],
    )
    connection.execute("DELETE FROM objects WHERE expires < ?", (now,))


def swap(
    connection: sqlite3.Connection, instrument: Instrument, version: int, packed: bytes
) -> bool:
    """Write a HEAD on condition of the version before it, inside of a transaction."""
    if version:
        statement = (
            "UPDATE heads SET version = version + 1, packed = ? WHERE symbol = ? AND version = ?"
        )
        values: Sequence[object] = (packed, instrument.symbol, version)
    else:
        statement = "INSERT OR IGNORE INTO heads VALUES (?, 1, ?, ?)"
        values = (instrument.symbol, json.dumps(astuple(instrument)), packed)
    return connection.execute(statement, values).rowcount == 1
