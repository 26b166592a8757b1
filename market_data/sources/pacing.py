"""How often a source is asked: within its published limit, and not at all while it fails."""

import threading
import time
from collections import deque
from collections.abc import Callable

from market_data.clock import Sleep
from market_data.errors import RateLimited, SourceUnavailable
from market_data.sources.base import Limit

__all__ = ["Breaker", "Pace", "Seconds", "shared"]

Seconds = Callable[[], float]


class Pace:
    """Keeps to a limit in every window of its length, over all threads of the process.

    Unlike a token bucket, which lets twice its size pass within a window, it remembers when the
    last requests went out, and sends the next once the first of them is a window old.

    Parameters
    ----------
    source : str
    limit : Limit
    clock : monotonic seconds
    sleep : Sleep
    patience : float, seconds
        Who would have to wait longer is refused at once, and told how long.
    """

    def __init__(
        self,
        source: str,
        limit: Limit,
        clock: Seconds = time.monotonic,
        sleep: Sleep = time.sleep,
        patience: float = 60.0,
    ) -> None:
        self._source = source
        self._limit = limit
        self._clock = clock
        self._sleep = sleep
        self._patience = patience
        self._sent: deque[float] = deque(maxlen=limit.requests)
        self._not_before = float("-inf")
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait for this request's turn; RateLimited where that is too far away."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._not_before)
            if self._sent:
                turn = max(turn, self._sent[-1] + self._limit.apart)
            if len(self._sent) == self._limit.requests:
                turn = max(turn, self._sent[0] + self._limit.seconds)
            wait = turn - now
            if wait > self._patience:
                raise RateLimited(self._source, "was asked as often as it allows", wait)
            # The turn is taken before it has come, so that the next in line counts from it.
            self._sent.append(turn)
        if wait > 0:
            self._sleep(wait)

    def pause(self, seconds: float) -> None:
        """Send nothing for a while: the source said so."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + seconds)


class Breaker:
    """Stops asking a source that keeps failing, and tries it again with one request after a rest.

    Parameters
    ----------
    failures : int
        So many in a row open it.
    rest : float, seconds
        So long nothing is sent; then one request is.
    """

    def __init__(
        self,
        source: str,
        clock: Seconds = time.monotonic,
        failures: int = 5,
        rest: float = 60.0,
    ) -> None:
        self._source = source
        self._clock = clock
        self._most = failures
        self._rest = rest
        self._failures = 0
        self._tries_at = float("-inf")
        self._lock = threading.Lock()

    def enter(self) -> None:
        """Pass, or raise SourceUnavailable while it is open."""
        with self._lock:
            if self._failures < self._most:
                return
            wait = self._tries_at - self._clock()
            if wait > 0:
                what = f"failed {self._failures} times in a row and is left alone"
                raise SourceUnavailable(self._source, what, wait)
            # This one request is the trial; the others wait for what comes of it.
            self._tries_at = self._clock() + self._rest

    def succeeded(self) -> None:
        """The source answered."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """The source did not answer, or not for us to use."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._most:
                self._tries_at = self._clock() + self._rest


_SHARED: dict[str, tuple[Pace, Breaker]] = {}
_LOCK = threading.Lock()


def shared(source: str, limit: Limit) -> tuple[Pace, Breaker]:
    """The pace and the breaker of a source, the same for everybody in this process."""
    with _LOCK:
        if source not in _SHARED:
            _SHARED[source] = Pace(source, limit), Breaker(source)
        return _SHARED[source]
