"""The clock of market data: microseconds since the epoch, UTC, handed in wherever time matters."""

import time
from collections.abc import Callable

from market_data.calendar import SECOND

__all__ = ["Clock", "Sleep", "now", "wait_until"]

Clock = Callable[[], int]
Sleep = Callable[[float], None]


def now() -> int:
    """The system's clock."""
    return time.time_ns() // 1000


def wait_until(moment: int, clock: Clock, sleep: Sleep) -> None:
    """Sleep until the clock reads ``moment``, however often sleep wakes too early."""
    while (left := moment - clock()) > 0:
        sleep(left / SECOND)
