"""Runs of equal values, and of rows one behind the other."""

import numpy as np
from numpy.typing import NDArray

from engine.types import Int64

__all__ = ["distinct", "ends", "span"]


def distinct(values: Int64) -> Int64:
    """The values in order, each once; np.unique would import numpy.ma at the first request."""
    # Most are equal to the one after them, so there is little to be sorted.
    ordered = np.sort(values[ends(values)])
    return ordered[ends(ordered)]


def ends(values: Int64) -> NDArray[np.bool_]:
    """Whether each value is the last one of a run of equal ones."""
    last = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], last[:-1])
    return last


def span(rows: Int64) -> Int64 | slice:
    """Ascending numbers of rows: as a slice, which copies nothing, where none is left out."""
    count = len(rows)
    if count and rows[-1] - rows[0] == count - 1:
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows
