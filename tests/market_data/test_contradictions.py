"""Jumps that something contradicts, and those that are true."""

from pathlib import Path

import numpy as np
import pytest

from engine.types import Interval
from market_data.contradictions import by_second_source, by_the_next_bar, levels
from market_data.csv_file import read_csv

SAMPLE = Path(__file__).parents[2] / "market_data" / "sample"


def times(closes):
    return np.arange(len(closes), dtype=np.int64) * 10


def found(closes, splits=None):
    time, close = times(closes), np.array(closes, np.float64)
    return [
        one.time // 10 for one in by_the_next_bar(time, close, levels(time, close, splits or {}))
    ]


@pytest.mark.parametrize(
    ("closes", "bars"),
    [
        ([100, 101, 100, 102], []),
        ([100, 10, 101], [1]),  # a decimal point in the wrong place
        ([100, 1000, 101], [1]),
        ([100, 48, 47, 46], []),  # a fall that stays
        ([100, 150, 200, 150, 100], []),  # there and back by steps
        ([100, 50, 70, 100], []),  # half way back is no contradiction
        ([100, 10, 101, 10, 99], [1, 3]),
        ([100, 50, 20, 19], []),  # a fall in two steps
        ([100, 30, 55, 54], []),  # a fall, and half of it back
        ([100, 10, 10, 100], []),  # two bars agree
        ([100, 10], []),  # the next bar is not there yet
        ([100], []),
        ([], []),
    ],
)
def test_a_bar_is_contradicted_where_the_next_comes_back(closes, bars):
    assert found(closes) == bars


def test_a_split_explains_a_jump():
    assert found([100, 50, 101], {10: 2.0}) == []
    assert found([100, 50, 51], {10: 2.0, 20: 1.0}) == []
    assert found([100, 50, 10, 51], {10: 2.0}) == [2]
    # In force from a moment between two bars: from the next one on.
    assert found([100, 50, 10, 51], {7: 2.0}) == [2]
    # Before the first bar all closes are in new shares alike.
    assert found([100, 10, 101], {-5: 2.0}) == [1]


def test_the_reason_has_the_numbers():
    time = times([100, 10, 101])
    close = np.array([100.0, 10.0, 101.0])
    (one,) = by_the_next_bar(time, close, close)
    assert one.reason == "a close of 10 between 100 and 101: the next bar contradicts the jump"


def test_a_second_source_contradicts_what_it_has_otherwise_and_only_jumps():
    time, close = times([100, 40, 41]), np.array([100.0, 40.0, 41.0])
    assert by_second_source(time, close, close, {10: 41.0, 20: 500.0}, "stooq") == []
    (one,) = by_second_source(time, close, close, {10: 99.0}, "stooq")
    assert (one.time, one.reason) == (10, "a close of 40 after 100, where stooq has 99")
    assert by_second_source(time, close, close, {20: 99.0}, "stooq") == []
    split = levels(time, close, {10: 2.5})
    assert by_second_source(time, close, split, {10: 99.0}, "stooq") == []


def test_no_bar_of_the_sample_is_contradicted_though_apple_fell_by_half_in_a_night():
    for name, splits in {"AAPL": {"2000-06-21": 2.0, "2005-02-28": 2.0}, "IBM": {}}.items():
        bars = read_csv(SAMPLE / f"{name}.csv.gz", Interval.ONE_DAY, "XNYS", 2**60).bars
        at = {
            int(np.datetime64(day, "us").astype(np.int64)): ratio for day, ratio in splits.items()
        }
        assert by_the_next_bar(bars.time, bars.close, levels(bars.time, bars.close, at)) == []
