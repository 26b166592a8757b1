"""Runs of equal values, and of rows one behind the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_data.runs import distinct, ends, span

NUMBERS = st.lists(st.integers(-3, 3)).map(lambda told: np.array(told, np.int64))


@given(NUMBERS)
def test_each_value_is_there_once_and_in_order(values):
    assert distinct(values).tolist() == sorted(set(values.tolist()))


def test_the_last_of_each_run_is_marked():
    assert ends(np.array([4, 4, 5, 4])).tolist() == [False, True, True, True]
    assert ends(np.array([], np.int64)).tolist() == []


@pytest.mark.parametrize("rows", [[], [3], [3, 4, 5], [3, 5], [0, 1, 3]])
def test_a_span_takes_the_same_rows(rows):
    found = span(np.array(rows, np.int64))
    assert np.arange(9)[found].tolist() == rows
    assert isinstance(found, slice) == (len(rows) > 0 and rows != [3, 5] and rows != [0, 1, 3])
