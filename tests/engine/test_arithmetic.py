"""Arithmetic with an answer everywhere, whichever way is the quick one."""

import numpy as np
import pytest

from engine.arithmetic import beyond_rounding, divided, has_no_zero
from engine.fork import Fork

COLUMNS = {
    "positive": [1.0, 2.0],
    "negative": [-1.0, 2.0],
    "with a zero": [0.0, 2.0],
    "with a negative zero": [-0.0, 2.0],
    "missing": [np.nan, 2.0],
    "missing, with a zero": [np.nan, 0.0],
    "infinite": [np.inf, -np.inf],
    "empty": [],
}


@pytest.mark.parametrize("values", COLUMNS.values(), ids=COLUMNS)
def test_a_zero_is_seen_beside_whatever_else(values):
    column = np.array(values)
    free = not any(value == 0.0 for value in values)
    assert has_no_zero(column) is free
    assert has_no_zero(np.stack([column, column])) is free
    assert has_no_zero(Fork(column, np.array([3.0]))) is free


def test_what_is_divided_by_nothing_reads_as_told():
    said = divided(np.array([1.0, 0.0, 3.0]), np.array([0.0, 0.0, 2.0]), 9.0)
    assert said.tolist() == [9.0, 9.0, 1.5]


@pytest.mark.parametrize("level", [100.0, -100.0])
def test_only_what_rounding_cannot_have_made_stays(level):
    levels = np.full(4, level)
    wide = np.array([1.0, 2.0, 0.5, 1e-11])
    assert beyond_rounding(wide, levels) is wide
    narrow = np.array([1.0, -1.0, 9e-13, -9e-13])
    assert beyond_rounding(narrow, levels).tolist() == [1.0, -1.0, 0.0, 0.0]
    assert beyond_rounding(np.array([9e-13]), np.array([np.nan])).tolist() == [0.0]


def test_one_high_level_does_not_hide_a_move_at_a_low_one():
    said = beyond_rounding(np.array([1e-4, 1.0]), np.array([1.0, 1e15]))
    assert said.tolist() == [1e-4, 0.0]
