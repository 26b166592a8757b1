"""Warm environments on one virtual clock: what takes seconds there takes none here.

Each environment is a thread, and exactly one thread runs at a time: one that waits hands over to
whatever is due next. So the guard runs as it is, its calls to the store take their time and overlap
with those of others, and the same seed gives the same run.
"""

import heapq
import itertools
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

__all__ = ["SECOND", "Environment", "Simulation"]

SECOND: Final = 1_000_000  # microseconds


class _Turn:
    """A semaphore of none or one: a lock that another thread lets go of, ten times as quick."""

    def __init__(self) -> None:
        lock = threading.Lock()
        lock.acquire()
        self.give, self.take = lock.release, lock.acquire


class Simulation:
    """A clock and what is due on it."""

    def __init__(self, seed: int, now: int) -> None:
        self.now = now
        self.random = random.Random(seed)
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._handed_back = _Turn()
        self._environments: list[Environment] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for environment in self._environments:
            environment.end()

    def clock(self) -> int:
        """Microseconds since the epoch."""
        return self.now

    def at(self, moment: int, do: Callable[[], None]) -> None:
        """Have something done at a moment."""
        heapq.heappush(self._due, (moment, next(self._order), do))

    def run(self, until: int) -> None:
        """Let time pass."""
        while self._due and self._due[0][0] < until:
            self.now, _, do = heapq.heappop(self._due)
            do()
        self.now = until

    def environment(self) -> "Environment":
        """A new one, idle."""
        made = Environment(self)
        self._environments.append(made)
        return made

    def sleep(self, microseconds: int) -> None:
        """Wait, in an environment; elsewhere time does not pass."""
        current = threading.current_thread()
        if isinstance(current, Environment):
            self.at(self.now + microseconds, current.go_on)
            current.pause()


class Environment(threading.Thread):
    """Does one job at a time."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__(daemon=True)
        self._simulation = simulation
        self._turn = _Turn()
        self._job: Callable[[], None] | None = None
        self.error: BaseException | None = None
        self.start()

    def do(self, job: Callable[[], None]) -> None:
        """Begin a job; back when it waits or is done."""
        self._job = job
        self.go_on()

    def go_on(self) -> None:
        """Give this environment the turn, until it waits."""
        self._turn.give()
        self._simulation._handed_back.take()
        if self.error is not None:
            raise self.error

    def pause(self) -> None:
        """Give the turn back, and wait for the next."""
        self._simulation._handed_back.give()
        self._turn.take()
        if self._job is None:
            raise _Ended

    def end(self) -> None:
        """Leave whatever is being done."""
        self._job = None
        self._turn.give()
        self.join()

    def run(self) -> None:
        """Do one job after another."""
        self._turn.take()
        with suppress(_Ended):
            while self._job is not None:
                try:
                    self._job()
                except Exception as error:  # the simulation raises it
                    self.error = error
                self.pause()


class _Ended(BaseException):
    """The simulation is over; not an Exception, so that nothing on the way keeps it."""
