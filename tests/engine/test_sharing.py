"""Spans that several windows share: the same bits, and gone when the strategy has been judged."""

import numpy as np
import pytest

from engine.extrema import window_max, window_min
from engine.fork import Fork
from engine.sharing import sharing, spans_of
from engine.windows import window_sum


@pytest.mark.parametrize("window", [1, 2, 3, 7, 8, 50, 200])
def test_windows_that_share_their_spans_say_the_same_bits(real, window):
    close = real["IBM"].close
    alone = [made(close, window) for made in (window_sum, window_max, window_min)]
    with sharing([close]):
        window_sum(close, 200)
        window_max(close, 100)
        shared = [made(close, window) for made in (window_sum, window_max, window_min)]
    for one, other in zip(alone, shared, strict=True):
        assert np.array_equal(one, other)


def test_only_the_columns_that_are_named_are_kept_and_only_for_so_long():
    column, other = np.arange(9.0), np.arange(9.0)
    with sharing([column]):
        window_sum(column, 4)
        assert [len(spans) for spans in spans_of(np.add, column)] == [9, 8, 6]
        assert len(spans_of(np.maximum, column)) == 1
        assert spans_of(np.add, other) is None
    assert spans_of(np.add, column) is None


def test_a_forked_column_shares_its_spans_too():
    fork = Fork(np.arange(6.0), np.array([1.0, 2.0]))
    with sharing([fork]):
        whole = window_sum(fork, 4)
        again = window_sum(fork, 4)
    assert whole.last.tolist() == again.last.tolist() == [13.0, 14.0]
