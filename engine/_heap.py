"""Freed memory stays at hand: without it every larger column costs fresh pages from the kernel.

glibc hands blocks from 128 KiB on back to the kernel when they are freed, and takes them from it
anew, page by page, each time. The first larger block that is freed moves that bound up to its size
(mallopt(3), M_MMAP_THRESHOLD). Other allocators do not mind.
"""

import numpy as np

__all__ = ["keep_freed_memory"]


def keep_freed_memory() -> None:
    """Let the process keep up to 32 MiB that it once used; it is never touched here."""
    np.empty(1 << 21)
