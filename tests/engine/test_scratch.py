"""Scratch columns: apart from one another, aligned, bounded, and each thread's own."""

import threading

import numpy as np
import pytest

from engine import scratch as module
from engine.scratch import scratch


def place(column):
    return column.__array_interface__["data"][0]


@pytest.mark.parametrize("shape", [(0,), (1,), (2521,), (3, 5), (2, 3, 1001), (70_001,)])
def test_columns_of_any_shape_lie_apart_and_each_row_at_a_cache_line(shape):
    columns = scratch(shape)
    for number, column in enumerate(columns):
        assert column.shape == shape
        assert all(place(column[row]) % 64 == 0 for row in np.ndindex(shape[:-1]) if column.size)
        column[...] = number
    assert [set(column.ravel()) for column in columns] == [
        {float(n)} if columns[0].size else set() for n in range(len(columns))
    ]


def test_the_same_shape_gets_the_same_columns_and_a_longer_one_still_fits():
    first = scratch((100,))
    assert all(one is other for one, other in zip(first, scratch((100,)), strict=True))
    assert [column.shape for column in scratch((9999,))] == [(9999,)] * len(first)
    assert [column.shape for column in scratch((100,))] == [(100,)] * len(first)


def test_what_is_kept_is_bounded_however_many_shapes_are_asked_for():
    for bars in range(1, 3 * module._SHAPES):
        scratch((bars,))
    scratch((module._LARGEST + 1,))
    assert len(module._KEPT.laid) <= module._SHAPES
    assert module._KEPT.block[2] <= module._COLUMNS * module._LARGEST


def test_each_thread_has_its_own():
    mine, theirs = scratch((64,)), []
    thread = threading.Thread(target=lambda: theirs.extend(scratch((64,))))
    thread.start()
    thread.join()
    assert not any(np.shares_memory(one, other) for one in mine for other in theirs)
