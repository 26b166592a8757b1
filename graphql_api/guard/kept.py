"""A value kept elsewhere: fetched by one at a time, and used for a bounded while when stale.

    fetched ---- fresh ----> stale, and still used ----> too old: nothing is let in
             fresh_for        while it cannot be fetched again, until stale_for

Keys of an issuer and secrets of an operator are such values. They come over a network that may be
slow or away, and nobody may wait for it longer than a request can.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from graphql_api.guard.limits import SECOND

__all__ = ["Away", "Kept"]

PATIENCE: Final = 0.5  # seconds that a request waits for a fetch, which itself may go on
HASTE: Final = SECOND  # between two attempts while there is nothing to be used

logger = logging.getLogger(__name__)

Value = TypeVar("Value")


class Away(Exception):
    """A value cannot be had; the text says why, and holds nothing of the value."""


@dataclass(frozen=True, slots=True)
class Held(Generic[Value]):
    """What was fetched, and when."""

    value: Value
    at: int


class Kept(Generic[Value]):
    """One value, fetched when it is needed.

    Parameters
    ----------
    name : str
        What the log calls it.
    fetch : callable
        Fetches it, and raises Away where that cannot be. It runs in a thread of its own, since not
        all of a network can be given a time-out: looking up a host's name cannot.
    clock : callable
        Microseconds since the epoch; the times below are microseconds too.
    fresh_for : int
        How long a value is used without asking again.
    stale_for : int
        How long after it was fetched a value may be used at all.
    retry_every : int
        The shortest time between two fetches, as long as there is a value that may be used.
    """

    def __init__(
        self,
        name: str,
        fetch: Callable[[], Value],
        clock: Callable[[], int],
        *,
        fresh_for: int,
        stale_for: int,
        retry_every: int,
        patience: float = PATIENCE,
    ) -> None:
        self._name = name
        self._fetch = fetch
        self._clock = clock
        self._fresh_for = fresh_for
        self._stale_for = stale_for
        self._retry_every = retry_every
        self._patience = patience
        self._lock = threading.Lock()
        self._held: Held[Value] | None = None
        self._tried_at: int | None = None
        self._failed = False
        self._running: threading.Event | None = None

    @property
    def failed(self) -> bool:
        """Whether the last attempt to fetch it failed."""
        return self._failed

    def at_hand(self, wanted: Callable[[Value], bool]) -> Value | None:
        """The value without any waiting, if it is fresh and has what is wanted."""
        held = self._held
        if held is None or self._clock() >= held.at + self._fresh_for or not wanted(held.value):
            return None
        return held.value

    def get(self, wanted: Callable[[Value], bool]) -> Value:
        """The value, fetched anew where it is old or lacks what is ``wanted``, if that is due.

        Whoever finds what is wanted in a value that is merely old does not wait for another's
        fetch. What is returned may still lack it.

        Raises
        ------
        Away
            When there is no value that may still be used.
        """
        value = self.at_hand(wanted)
        if value is not None:
            return value
        now = self._clock()
        with self._lock:
            held = self._usable(now)
            began = self._running is None and self._is_due(now, held)
            if began:
                self._begin(now)
            running = self._running
        if running is not None and (began or held is None or not wanted(held.value)):
            running.wait(self._patience)
        held = self._usable(self._clock())
        if held is None:
            raise Away(f"{self._name} cannot be had")
        return held.value

    def _usable(self, now: int) -> Held[Value] | None:
        held = self._held
        return held if held is not None and now < held.at + self._stale_for else None

    def _is_due(self, now: int, held: Held[Value] | None) -> bool:
        if self._tried_at is None:
            return True
        pause = self._retry_every if held is not None else min(HASTE, self._retry_every)
        return not 0 <= now - self._tried_at < pause  # a clock that was set back waits for nothing

    def _begin(self, now: int) -> None:
        self._tried_at = now
        self._running = done = threading.Event()
        threading.Thread(target=self._run, args=(done,), name=self._name, daemon=True).start()

    def _run(self, done: threading.Event) -> None:
        at = self._clock()
        try:
            held = Held(self._fetch(), at)
        except Away as error:
            logger.warning("%s cannot be fetched: %s", self._name, error)
            self._failed = True
        except Exception as error:  # its text may hold what must not be logged
            logger.error("%s cannot be fetched: %s", self._name, type(error).__name__)
            self._failed = True
        else:
            self._held = held
            self._failed = False
        finally:
            self._running = None
            done.set()
