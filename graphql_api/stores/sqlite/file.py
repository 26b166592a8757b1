"""One SQLite file, shared by threads and processes: how it is opened, and how it is asked."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from market_data.errors import StoreUnavailable, StoreUntouched
from market_data.stores.sqlite_header import write_ahead

__all__ = ["SqliteFile"]

PATIENCE: Final = 0.35  # seconds to wait for our own threads, and again for another writer
FIRST: Final = """
CREATE TABLE accounts (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, plan TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE keys (
    id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts, label TEXT NOT NULL,
    last_four TEXT NOT NULL, scopes TEXT NOT NULL, created_at INTEGER NOT NULL,
    not_before INTEGER, expires_at INTEGER, revoked_at INTEGER, last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX keys_by_account ON keys (account_id, created_at);
CREATE TABLE usage (
    account_id TEXT NOT NULL, day TEXT NOT NULL, tat INTEGER, used INTEGER NOT NULL DEFAULT 0,
    reqs INTEGER NOT NULL DEFAULT 0, revoked TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (account_id, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
    account_id TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL,
    action TEXT NOT NULL, details TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID"""
OVERRIDES_NETWORKS_ROTATION: Final = """
ALTER TABLE accounts ADD COLUMN per_second INTEGER;
ALTER TABLE accounts ADD COLUMN burst INTEGER;
ALTER TABLE accounts ADD COLUMN units_per_day INTEGER;
ALTER TABLE accounts ADD COLUMN single_query INTEGER;
ALTER TABLE keys ADD COLUMN networks TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN replaces TEXT;
ALTER TABLE keys ADD COLUMN replaced_by TEXT;
CREATE TABLE once (
    account_id TEXT NOT NULL, id TEXT NOT NULL, fingerprint TEXT NOT NULL, result TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID"""
DOCUMENTS: Final = """
CREATE TABLE documents (
    name TEXT PRIMARY KEY, text TEXT NOT NULL, at INTEGER NOT NULL
) STRICT, WITHOUT ROWID"""
SLOT: Final = "ALTER TABLE usage ADD COLUMN slot INTEGER"
VERSIONS: Final = (FIRST, OVERRIDES_NETWORKS_ROTATION, DOCUMENTS, SLOT)
"""What each version of the file adds to the one before; never changed once it was released."""


class SqliteFile:
    """A file that is opened at the first question, and made where there is none.

    One connection serves all threads, one at a time: SQLite has one writer anyway, and a lock of
    our own wakes the next thread at once, where SQLite's would have it sleep and look again.
    Processes wait for one another by SQLite's means.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close the file; the next question opens it again."""
        with self._lock:
            self._drop()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: all of it is kept, or nothing."""
        with self._opened() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # some errors have rolled back already
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The file, for one statement that reads."""
        with self._opened() as connection:
            yield connection

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        if not self._lock.acquire(timeout=PATIENCE):
            raise StoreUntouched("too many wait for the file of accounts")
        try:
            if self._connection is None:
                self._connection = self._open()
            yield self._connection
        except sqlite3.Error as error:
            self._drop()  # the file may be mended or replaced before the next question
            # Who cannot have the file has written nothing: all is in one transaction.
            in_vain = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            kind = StoreUntouched if in_vain else StoreUnavailable
            raise kind(f"SQLite: {error}") from error
        finally:
            self._lock.release()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"no place for {self.path}: {error.strerror}") from error
        connection = sqlite3.connect(
            self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > len(VERSIONS):
                raise StoreUnavailable(
                    f"{self.path} has version {version} and this program knows {len(VERSIONS)}: "
                    "it was written by a newer one"
                )
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            if version < len(VERSIONS):
                write_ahead(connection, PATIENCE)
                _upgrade(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def _upgrade(connection: sqlite3.Connection) -> None:
    """Bring a file to the newest version in one transaction; another process may have by now."""
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for additions in VERSIONS[version:]:
        for statement in additions.split(";"):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(VERSIONS)}")
    connection.execute("COMMIT")
