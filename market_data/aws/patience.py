"""How long a caller of a store will still wait: what is to be tried again asks here first."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

__all__ = ["LONGEST_CALL", "allows_another", "within"]

# Seconds of one call, with which a call that is begun ends early enough: the time-outs of
# connecting and reading are 0.3 and 0.5, and both are reached only by chance.
LONGEST_CALL: Final = 0.65

_until: ContextVar[float] = ContextVar("until", default=float("inf"))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let the calls inside know for how long they are waited for."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def allows_another() -> bool:
    """Whether there is time for one more call."""
    return _until.get() - time.monotonic() >= LONGEST_CALL
