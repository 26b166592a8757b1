"""Byte planes to integers: a column of a block, before anybody knows what it means."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.types import Int64

__all__ = ["levels", "same", "unzigzag", "words"]

# By width: how many planes are the lower half, and what holds all of them.
_HALVES: dict[int, tuple[int, Any]] = {
    2: (1, np.uint16),
    3: (2, np.uint32),
    4: (2, np.uint32),
    **dict.fromkeys(range(5, 9), (4, np.uint64)),
}
_ALL = 2**64 - 1
_SIGNED: dict[int, Any] = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}


def words(planes: NDArray[np.uint8]) -> NDArray[Any]:
    """Unsigned integers of the narrowest machine type, from their planes, lowest first.

    The array is new, so whoever asked may work in it.
    """
    return planes[0].copy() if len(planes) == 1 else _joined(planes)


def _joined(planes: NDArray[np.uint8]) -> NDArray[Any]:
    """Planes two by two, and these two by two: work on two bytes costs half of work on four."""
    width = len(planes)
    half, kind = _HALVES[width]
    low: NDArray[Any] = planes[0] if half == 1 else _joined(planes[:half])
    high: NDArray[Any] = planes[half] if half == width - 1 else _joined(planes[half:])
    whole: NDArray[Any] = high.astype(kind)
    whole <<= 8 * half
    # As its own type: numpy casts an operand of another one piece by piece.
    whole |= low.astype(kind)
    return whole


def unzigzag(zigzagged: NDArray[Any]) -> NDArray[Any]:
    """The signed integers behind zigzagged ones, in their place."""
    sign = zigzagged & 1
    np.negative(sign, sign)
    zigzagged >>= 1
    zigzagged ^= sign
    return zigzagged.view(_SIGNED[zigzagged.itemsize])


def same(number: int, rows: int) -> Int64:
    """One number, so many times, that takes no memory and cannot be written to."""
    return np.ndarray(rows, np.int64, (number & _ALL).to_bytes(8, "little"), 0, (0,))


def levels(zigzagged: NDArray[Any], by_steps: bool, first: int) -> Int64:
    """A column of which the first row and the distances from it, or from row to row, are kept."""
    level: Int64 = unzigzag(zigzagged).astype(np.int64)
    if by_steps:
        np.add.accumulate(level, 0, None, level)
    if first:
        level += first
    return level
