"""Freed memory stays at hand: without it every larger column costs fresh pages from the kernel.

glibc hands blocks from 128 KiB on back to the kernel when they are freed, and takes them from it
anew, page by page, each time. The first larger block that is freed moves that bound up to its size
(mallopt(3), M_MMAP_THRESHOLD). Other allocators do not mind.
"""

import math

import numpy as np

from engine.types import Float64

__all__ = ["keep_freed_memory", "room"]

_LINE = 8  # float64 in a cache line


def keep_freed_memory() -> None:
    """Let the process keep up to 32 MiB that it once used; it is never touched here."""
    np.empty(1 << 21)


def room(shape: tuple[int, ...]) -> Float64:
    """An empty batch of columns, each row at the start of a cache line."""
    *rows, bars = shape
    apart = bars + -bars % _LINE
    count = math.prod(rows) * apart
    whole = np.empty(count + _LINE)
    start = -(whole.ctypes.data // whole.itemsize) % _LINE
    return whole[start : start + count].reshape(*rows, apart)[..., :bars]
