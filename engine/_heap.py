"""Memory at hand: columns that come and go take what others gave back, warm and well aligned.

glibc hands blocks from 128 KiB on back to the kernel when they are freed, and takes them from it
anew, page by page, each time. The first larger block that is freed moves that bound up to its size
(mallopt(3), M_MMAP_THRESHOLD). Other allocators do not mind.

What lies between two operations of an indicator is taken from blocks that stay with the thread. A
block whose only holder is that list is free again: nobody has to give it back, and whatever leaves
the engine is never written over.
"""

import math
import threading
from sys import getrefcount

import numpy as np

from engine.types import Float64

__all__ = ["Block", "apart", "fresh", "keep_freed_memory", "room", "rows_of"]

_LINE = 8  # float64 in a cache line
_SHORT = 8192  # values in a column that NumPy may lay anywhere
_ROUND = 1024  # columns of nearly one length fit the same block
_LARGEST = 65_536  # values in a block that is kept: beyond, caches do not hold it anyway
_BLOCKS = 16  # kept by a thread, hence at most 8 MiB


Block = tuple[Float64, int, int]
"""Memory, where in it the first whole cache line begins, and how many values follow."""


class _Kept(threading.local):
    """The blocks of one thread."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []


_KEPT = _Kept()


def keep_freed_memory() -> None:
    """Let the process keep up to 32 MiB that it once used; it is never touched here."""
    np.empty(1 << 21)


def room(shape: tuple[int, ...]) -> Float64:
    """An empty column, or a batch of them, each row at the start of a cache line.

    NumPy's own memory begins anywhere, and a vector that is written across two lines takes twice as
    long. A short column saves less by it than looking for a block costs among many that are held.
    """
    if len(shape) == 1:
        return _line(shape[0]) if shape[0] > _SHORT else np.empty(shape)
    return rows_of(_line(apart(shape)), shape)


def apart(shape: tuple[int, ...]) -> int:
    """How many values a batch of columns takes whose rows begin at cache lines."""
    *rows, bars = shape
    return math.prod(rows) * (bars + -bars % _LINE)


def rows_of(line: Float64, shape: tuple[int, ...]) -> Float64:
    """Memory as such a batch."""
    *rows, bars = shape
    return line.reshape(*rows, bars + -bars % _LINE)[..., :bars]


def _line(count: int) -> Float64:
    blocks = _KEPT.blocks
    for block in blocks:
        if block[2] >= count and getrefcount(block[0]) == _UNHELD:
            memory, start, _ = block
            return memory[start : start + count]
    size = count + -count % _ROUND
    block = fresh(size)
    if size <= _LARGEST:
        _keep(blocks, block)
    memory, start, _ = block
    return memory[start : start + count]


def fresh(size: int) -> Block:
    """A new block, whoever keeps it."""
    memory = np.empty(size + _LINE)
    return memory, -(memory.ctypes.data // memory.itemsize) % _LINE, size


def _keep(blocks: list[Block], block: Block) -> None:
    """Add the block; when there are too many, the oldest is left to whoever still holds it."""
    if len(blocks) == _BLOCKS:
        del blocks[0]
    blocks.append(block)


_LONE = (np.empty(1), 0, 1)
_UNHELD = getrefcount(_LONE[0])  # by its block, and by the question
