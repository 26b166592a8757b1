"""Byte planes to integers: a column of a block, before anybody knows what it means."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.types import Int64

__all__ = ["apart", "levels", "same", "signed", "unzigzag", "words"]

# By width: how many planes are the lower half, and what holds all of them.
_HALVES: dict[int, tuple[int, Any]] = {
    2: (1, np.uint16),
    3: (2, np.uint32),
    4: (2, np.uint32),
    **dict.fromkeys(range(5, 9), (4, np.uint64)),
}
# By width: what moves the upper half to its place. numpy multiplies many at a time, and shifts one.
_SHIFTS = {width: np.array(1 << 8 * half, kind) for width, (half, kind) in _HALVES.items()}
_ALL = 2**64 - 1
_ONES = {size: np.array(1, f"u{size}") for size in (1, 2, 4, 8)}
# What a byte is when its zigzag is undone.
_BYTES = bytes((byte >> 1) ^ (-(byte & 1) & 0xFF) for byte in range(256))
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
    whole *= _SHIFTS[width]
    # As its own type: numpy casts an operand of another one piece by piece. An | would do as well,
    # but a ^ is to undo the zigzag, and code that has just run runs faster.
    whole ^= low.astype(kind)
    return whole


def unzigzag(zigzagged: NDArray[Any]) -> NDArray[Any]:
    """The signed integers behind zigzagged ones, in their place."""
    size = zigzagged.itemsize
    one = _ONES[size]
    sign = zigzagged & one
    np.negative(sign, sign)
    zigzagged >>= one
    zigzagged ^= sign
    return zigzagged.view(_SIGNED[size])


def signed(planes: bytes, rows: int) -> NDArray[Any] | int:
    """The integers behind a whole column of zigzagged ones; 0 where it takes no bytes."""
    if not planes:
        return 0
    if len(planes) == rows:
        return np.frombuffer(planes.translate(_BYTES), np.int8)
    return unzigzag(words(np.frombuffer(planes, np.uint8).reshape(-1, rows)))


@lru_cache(maxsize=256)
def same(number: int, rows: int) -> Int64:
    """One number, so many times, that takes no memory and cannot be written to."""
    return np.ndarray(rows, np.int64, (number & _ALL).to_bytes(8, "little"), 0, (0,))


def apart(numbers: NDArray[Any] | int, rows: int) -> Int64:
    """Numbers to be added up, each with a gap behind it.

    Over such ones numpy runs in a third of the time that it takes where they lie side by side.
    """
    spread: Int64 = np.empty((rows, 2), np.int64)[:, 0]
    spread[:] = numbers
    return spread


def levels(zigzagged: NDArray[Any], by_steps: bool, first: int) -> Int64:
    """A column of which the first row and the distances from it, or from row to row, are kept."""
    moves = unzigzag(zigzagged)
    level: Int64 = (
        np.add.accumulate(apart(moves, len(moves))) if by_steps else moves.astype(np.int64)
    )
    if first:
        level += first
    return level
