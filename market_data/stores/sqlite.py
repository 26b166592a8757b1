"""Bars in one SQLite file: the home on a laptop, and in an image that carries its data."""

import time
from pathlib import Path

from market_data import clock as system
from market_data.clock import Clock, Sleep
from market_data.stores.chunked import HELD, ChunkedBarStore
from market_data.stores.connections import Connections
from market_data.stores.format_one import upgrade
from market_data.stores.sqlite_backend import SqliteBackend

__all__ = ["SqliteBarStore"]


class SqliteBarStore(ChunkedBarStore):
    """Bars in an SQLite file, for any number of threads and processes of one machine.

    Parameters
    ----------
    path : str or Path
        The file; made where it does not exist, and brought up to date where it is of an older
        format.
    clock : Clock
    wait : float, seconds
        How long a commit waits for another one.
    sleep, held, fresh_for
        See ChunkedBarStore.
    read_only : bool
        For a file that nobody writes any more, such as one inside an image: it needs no permission
        to write its folder, and every commit is refused.
    """

    def __init__(
        self,
        path: str | Path,
        clock: Clock = system.now,
        *,
        wait: float = 5.0,
        sleep: Sleep = time.sleep,
        held: int = HELD,
        fresh_for: int = 0,
        read_only: bool = False,
    ) -> None:
        backend = SqliteBackend(Connections(Path(path), wait, upgrade, read_only))
        super().__init__(backend, clock, sleep=sleep, held=held, fresh_for=fresh_for)
