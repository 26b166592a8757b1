"""A small SQLite file that is opened for each call: what is kept in it, and whose it is."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from market_data.errors import StoreUnavailable, UnknownFormat

__all__ = ["SmallFile"]

PATIENCE = 0.5  # seconds to wait for another writer


class SmallFile:
    """One SQLite file, made by the first write; safe for any number of threads and processes.

    Parameters
    ----------
    path : str or Path
    holds : str
        What it holds, in a word for errors.
    application : int
        Written into its header: whose file it is.
    version : int
        Of its layout; moves when that does.
    layout : str
        The statements that make its tables.
    """

    def __init__(
        self, path: str | Path, holds: str, application: int, version: int, layout: str
    ) -> None:
        self.path = Path(path)
        self._holds = holds
        self._application = application
        self._version = version
        self._layout = layout

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
            raise StoreUnavailable(f"the {self._holds} in {self.path.name}: {error}") from error

    def _prepare(self, file: sqlite3.Connection) -> None:
        """Make the tables in a new file; refuse one that is another's or from the future."""
        if self._recognised(file):
            return
        # Looked at again with the lock: another may be making the tables just now.
        file.execute("BEGIN IMMEDIATE")
        if not self._recognised(file):
            for statement in self._layout.split(";"):
                file.execute(statement)
            file.execute(f"PRAGMA application_id = {self._application}")
            file.execute(f"PRAGMA user_version = {self._version}")
        file.execute("COMMIT")

    def _recognised(self, file: sqlite3.Connection) -> bool:
        """Whether the file has our layout; False where it is empty, or may be half seen."""
        (application,) = file.execute("PRAGMA application_id").fetchone()
        (version,) = file.execute("PRAGMA user_version").fetchone()
        if (application, version) == (self._application, self._version):
            return True
        if not file.in_transaction:
            return False
        (tables,) = file.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != self._application and (application or version or tables):
            raise UnknownFormat(f"{self.path} is a database, but not one of {self._holds}")
        if version > self._version:
            raise UnknownFormat(
                f"{self.path} has format {version}; "
                f"this software knows formats up to {self._version}"
            )
        return False
