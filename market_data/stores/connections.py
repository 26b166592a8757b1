"""Connections to one SQLite file for many threads, and the layout of the file."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from market_data.errors import StoreUnavailable, StoreUntouched, UnknownFormat
from market_data.stores.sqlite_header import Header, write_ahead

__all__ = ["FORMAT", "Connections"]

FORMAT = 2
"""Of the layout; moves when that does."""
HEADER = Header("bars", 0x49504244, FORMAT)  # "IPBD"

LAYOUT = """
CREATE TABLE heads (
    symbol TEXT PRIMARY KEY, version INTEGER NOT NULL, profile TEXT NOT NULL, packed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE objects (path TEXT PRIMARY KEY, body BLOB NOT NULL, expires INTEGER) STRICT;
CREATE INDEX objects_by_expiry ON objects (expires) WHERE expires IS NOT NULL;
CREATE TABLE panels (name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
"""

Upgrade = Callable[[sqlite3.Connection], None]


class Connections:
    """A pool of connections to one file.

    Parameters
    ----------
    path : Path
        Made with its folder and its tables where it does not exist.
    wait : float, seconds
        How long to wait for another writer.
    upgrade : callable
        Brings the rows of format 1 into the tables of format 2, inside of a transaction.
    read_only : bool
        The file is there, and nobody writes it.
    """

    def __init__(self, path: Path, wait: float, upgrade: Upgrade, read_only: bool = False) -> None:
        self._path = path
        self._wait = wait
        self._upgrade = upgrade
        self._read_only = read_only
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._process = os.getpid()
        if not read_only:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreUnavailable(f"{path.parent}: {error.strerror}") from error
        with self.use() as connection:
            self._prepare(connection)

    @contextmanager
    def use(self) -> Iterator[sqlite3.Connection]:
        """A connection that no other thread uses meanwhile; SQLite's errors become ours."""
        try:
            connection = self._take()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self._give(connection)
        except sqlite3.Error as error:
            raise StoreUnavailable(self._told(error)) from error

    @contextmanager
    def transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        """One transaction, committed at the end or not at all.

        Raises
        ------
        StoreUntouched
            Before the end: nothing was written. Of an error at the end nobody knows.
        """
        with self.use() as connection:
            try:
                connection.execute(begin)
                yield connection
            except sqlite3.Error as error:
                # It closes the connection, and that rolls back.
                raise StoreUntouched(self._told(error)) from error
            connection.execute("COMMIT")

    def close(self) -> None:
        """Close what is idle; what is in use is closed when it is given back."""
        with self._lock:
            idle, self._idle, self._process = self._idle, [], -1
        for connection in idle:
            connection.close()

    def _told(self, error: sqlite3.Error) -> str:
        return f"the bars in {self._path.name}: {error}"

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._process not in (os.getpid(), -1):
                # A fork must not use its parent's connections, nor close them.
                self._idle, self._process = [], os.getpid()
            if self._idle:
                return self._idle.pop()
        # Immutable: SQLite then makes no files beside it, which a read-only folder would refuse.
        mode = "?mode=ro&immutable=1" if self._read_only else ""
        connection = sqlite3.connect(
            self._path.absolute().as_uri() + mode,
            uri=True,
            timeout=self._wait,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            # Full: what was answered once must not be lost with the power. Commits are rare.
            connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _give(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if self._process == os.getpid():
                self._idle.append(connection)
                return
        connection.close()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Make the tables in a new file; refuse a file that is another's or from the future."""
        connection.execute("BEGIN")
        layout = HEADER.layout_of(connection, self._path)
        connection.execute("COMMIT")
        if layout == FORMAT:
            return
        if self._read_only:
            raise UnknownFormat(
                f"{self._path} is empty, and not to be written"
                if not layout
                else f"{self._path} has format {layout} and may not be written; opened once where "
                f"it may, it is brought to format {FORMAT}"
            )
        if not layout:
            write_ahead(connection, self._wait)
        connection.execute("BEGIN IMMEDIATE")
        layout = HEADER.layout_of(connection, self._path)
        if layout != FORMAT:
            for statement in LAYOUT.split(";"):
                connection.execute(statement)
            if layout:
                self._upgrade(connection)
            HEADER.write(connection)
        connection.execute("COMMIT")
