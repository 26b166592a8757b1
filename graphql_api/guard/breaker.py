"""A circuit breaker: a store that does not answer is left alone, but for a probe each second.

    closed     every call goes through; FAILURES in a row open it
    open       no call goes through: refused at once, where waiting for time-outs would pile up
    half-open  once a second or so, one call goes through alone; its answer closes the circuit

Jitter keeps the processes of one service from probing together.
"""

import random
import threading
from collections.abc import Callable
from typing import Final

from graphql_api.guard.limits import SECOND

__all__ = ["Breaker"]

FAILURES: Final = 5
PROBE_AFTER: Final = (3 * SECOND // 4, 5 * SECOND // 4)  # from the start of the probe before


class Breaker:
    """Counts the failures of one store, over all threads.

    Parameters
    ----------
    clock : callable
        Microseconds since the epoch.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._failures = 0
        self._tried_at: int | None = None  # when it opened, or the last probe began; None: closed
        self._pause = 0
        self._lock = threading.Lock()

    @property
    def closed(self) -> bool:
        """Whether calls go through."""
        return self._tried_at is None

    def allows(self) -> bool:
        """Whether a call may be made now; where it is a probe, the next is due a second later."""
        if self._tried_at is None:
            return True
        with self._lock:
            tried_at, now = self._tried_at, self._clock()
            if tried_at is not None:
                if 0 <= now - tried_at < self._pause:  # or the clock was set back
                    return False
                self._wait(now)
            return True

    def succeeded(self) -> None:
        """The store has answered, whatever it said."""
        if self._failures or self._tried_at is not None:
            with self._lock:
                self._failures = 0
                self._tried_at = None

    def failed(self) -> None:
        """The store has not answered."""
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES and self._tried_at is None:
                self._wait(self._clock())

    def _wait(self, now: int) -> None:
        self._tried_at = now
        self._pause = random.randint(*PROBE_AFTER)
