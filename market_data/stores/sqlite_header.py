"""Whose an SQLite file is and which layout it has, as its header says; and its write-ahead log."""

import sqlite3
import time
from pathlib import Path
from typing import NamedTuple

from market_data.errors import UnknownFormat

__all__ = ["Header", "write_ahead"]


class Header(NamedTuple):
    """What our software writes into the headers of its files.

    Attributes
    ----------
    holds : str
        What the file holds, in a word for errors.
    application : int
        Whose file it is.
    layout : int
        The newest one that is known; moves when the tables do.
    """

    holds: str
    application: int
    layout: int

    def layout_of(self, connection: sqlite3.Connection, path: Path) -> int:
        """The file's layout, if it is one of ours; 0 where it is empty.

        Asked inside of a transaction: else another's new tables may be seen, and not yet whose
        they are.

        Raises
        ------
        UnknownFormat
            When it is another's, or of newer software.
        """
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (layout,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != self.application and (application or layout or tables):
            raise UnknownFormat(f"{path} is a database, but not one of {self.holds}")
        if layout > self.layout:
            raise UnknownFormat(
                f"{path} has format {layout}; this software knows formats up to {self.layout}"
            )
        return int(layout)

    def write(self, connection: sqlite3.Connection) -> None:
        """Say whose it is, in the transaction that makes the tables."""
        connection.execute(f"PRAGMA application_id = {self.application}")
        connection.execute(f"PRAGMA user_version = {self.layout}")


def write_ahead(connection: sqlite3.Connection, patience: float) -> None:
    """Let readers work beside the writer; the file remembers it.

    SQLite does not wait for others while it changes this, so the waiting is done here.

    Parameters
    ----------
    patience : float, seconds
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
