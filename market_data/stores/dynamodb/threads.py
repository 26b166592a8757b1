"""Calls side by side: as many round trips as there are, in the time of one."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

__all__ = ["Threads"]

AT_ONCE = 16

T = TypeVar("T")


class Threads:
    """Threads that wait for answers; there are none before they are needed first.

    Parameters
    ----------
    name : str
        What they are called, for whoever looks at a process.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def begin(self, calls: Sequence[Callable[[], T]]) -> list[Future[T]]:
        """Begin some calls, and go on at once; they know what this one does of the request."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(AT_ONCE, self._name)
            return [self._pool.submit(copy_context().run, call) for call in calls]

    def all(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """What calls answer that are made at once; a single one needs no thread of its own."""
        if len(calls) < 2:
            return [call() for call in calls]
        return [one.result() for one in self.begin(calls)]

    def close(self) -> None:
        """Let the threads end, once they have done what they were given."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()
