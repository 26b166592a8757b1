"""Columns for what a function needs until it returns: the thread's own, warm and well aligned."""

import threading

from engine._heap import Block, apart, fresh, rows_of
from engine.types import Float64

__all__ = ["scratch"]

_COLUMNS = 6
_LARGEST = 65_536  # values in a column, or a batch of them, that is kept: hence at most 3 MiB
_SHAPES = 64  # whose columns are laid out already


class _Kept(threading.local):
    """The memory of one thread, and the columns that lie in it, by their shape."""

    def __init__(self) -> None:
        self.laid: dict[tuple[int, ...], tuple[Float64, ...]] = {}
        self.block = fresh(0)


_KEPT = _Kept()


def scratch(shape: tuple[int, ...]) -> tuple[Float64, ...]:
    """Six columns, or batches of them, of that shape.

    Whoever asks next writes over them, so a function that has some calls nobody who might ask, and
    returns none of them.
    """
    columns = _KEPT.laid.get(shape)
    return _lay(shape) if columns is None else columns


def _lay(shape: tuple[int, ...]) -> tuple[Float64, ...]:
    each = apart(shape)
    if each > _LARGEST:
        return _cut(fresh(_COLUMNS * each), shape)
    if _KEPT.block[2] < _COLUMNS * each:
        _KEPT.block, _KEPT.laid = fresh(_COLUMNS * each), {}
    if len(_KEPT.laid) == _SHAPES:
        _KEPT.laid.clear()
    columns = _KEPT.laid[shape] = _cut(_KEPT.block, shape)
    return columns


def _cut(block: Block, shape: tuple[int, ...]) -> tuple[Float64, ...]:
    """A block as columns of that shape, one after the other."""
    (memory, start, _), each = block, apart(shape)
    lines = memory[start : start + _COLUMNS * each].reshape(_COLUMNS, each)
    return tuple(rows_of(line, shape) for line in lines)
