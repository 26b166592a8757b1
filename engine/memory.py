"""What recursions remember of bars that are gone, so that a tail of the history answers for all.

A strategy is a function of whole columns. Each recursion of ``engine.smoothing`` asks here for its
value on the bar before its first: None, and it begins with its usual seed, or, while a tail is
judged in place of the whole history, the value that it had there. A recursion is known by its place
in the order of calls, which for one strategy with its parameters is always the same.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from engine.types import Float64

__all__ = [
    "Memory",
    "dropped",
    "note",
    "recalling",
    "recalls",
    "remember",
    "remembered",
    "resumes",
]


class Memory:
    """The values with which all recursions of one strategy begin.

    Parameters
    ----------
    before : sequence of float, or None
        What each recursion was on the bar before its first, by order of calls; None where the bars
        are the whole history.
    dropped : int, bars
        How many bars at the front will not be there the next time.

    Attributes
    ----------
    after : list of float
        What ``before`` will be then; empty while nothing is dropped.
    """

    def __init__(self, before: Sequence[float] | None = None, dropped: int = 0) -> None:
        self.after: list[float] = []
        self.before = None if before is None else iter(before)
        self.dropped = dropped


_MEMORY: ContextVar[Memory | None] = ContextVar("_MEMORY", default=None)


@contextmanager
def recalling(memory: Memory) -> Iterator[Memory]:
    """Let recursions begin from a memory, and leave there what the next ones need."""
    token = _MEMORY.set(memory)
    try:
        yield memory
    finally:
        _MEMORY.reset(token)


def remembered(count: int = 1) -> Float64 | None:
    """What the recursion that is called now was on the bar before its first, (count,), if it was.

    Most remember one number.
    """
    memory = _MEMORY.get()
    if memory is None or memory.before is None:
        return None
    return np.array([next(memory.before) for _ in range(count)])


def remember(column: Float64) -> Float64:
    """The recursion's column itself, after noting what a tail of it begins with."""
    memory = _MEMORY.get()
    if memory is not None and memory.dropped:
        memory.after.append(float(column[..., memory.dropped - 1]))
    return column


def recalls() -> bool:
    """Whether recursions begin from a memory, or leave one."""
    return _MEMORY.get() is not None


def resumes() -> bool:
    """Whether recursions begin from a memory, where otherwise they begin with their usual seed."""
    memory = _MEMORY.get()
    return memory is not None and memory.before is not None


def dropped() -> int:
    """How many bars at the front of a recursion's column will not be there the next time."""
    memory = _MEMORY.get()
    return 0 if memory is None else memory.dropped


def note(state: Float64) -> None:
    """Keep what a recursion is after the bars that are dropped, where it says so itself."""
    memory = _MEMORY.get()
    if memory is not None and memory.dropped:
        memory.after.extend(state.ravel().tolist())
