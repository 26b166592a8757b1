"""A small SQLite file that is opened for each call: what is kept in it, and whose it is."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from market_data.errors import StoreUnavailable
from market_data.stores.sqlite_header import Header

__all__ = ["SmallFile"]

PATIENCE = 0.5  # seconds to wait for another writer


class SmallFile:
    """One SQLite file, made by the first write; safe for any number of threads and processes.

    Parameters
    ----------
    path : str or Path
    header : Header
    tables : str
        The statements that make its tables.
    """

    def __init__(self, path: str | Path, header: Header, tables: str) -> None:
        self.path = Path(path)
        self._header = header
        self._tables = tables

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """The file, for reading; None where there is none yet."""
        if not self.path.exists():
            yield None
            return
        with self.writing() as file:
            yield file

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The file, made where there is none; each statement is a transaction of its own."""
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
            raise StoreUnavailable(
                f"the {self._header.holds} in {self.path.name}: {error}"
            ) from error

    def _prepare(self, file: sqlite3.Connection) -> None:
        """Make the tables in a new file; refuse one that is another's or from the future."""
        file.execute("BEGIN")
        layout = self._header.layout_of(file, self.path)
        file.execute("COMMIT")
        if layout:
            return
        # Looked at again with the lock: another may have made the tables by now.
        file.execute("BEGIN IMMEDIATE")
        if not self._header.layout_of(file, self.path):
            for statement in self._tables.split(";"):
                file.execute(statement)
            self._header.write(file)
        file.execute("COMMIT")
