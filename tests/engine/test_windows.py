"""Windows by doubling: right, exact from a tail, and silent on short histories."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from engine.extrema import window_max, window_min
from engine.moments import moments
from engine.windows import (
    aligned,
    lagged,
    placed,
    placed_ratio,
    window_mean,
    window_sum,
    window_sums,
)


def window_std(values, window):
    return np.sqrt(moments(values, window)[1] / (2 * window))


WINDOWED = [
    (window_sum, np.sum),
    (window_mean, np.mean),
    (window_max, np.max),
    (window_min, np.min),
    (window_std, np.std),
]
each = pytest.mark.parametrize(
    ("windowed", "plain"), WINDOWED, ids=lambda function: function.__name__
)


@each
@given(window=st.integers(1, 70), length=st.integers(0, 90), seed=st.integers(0, 9))
def test_a_windowed_value_is_the_plain_one_of_its_window(windowed, plain, window, length, seed):
    values = np.random.default_rng(seed).normal(100.0, 5.0, length)
    got = windowed(values, window)
    if length < window:
        assert got.shape == (0,)
        return
    expected = plain(sliding_window_view(values, window), axis=-1)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


@each
def test_a_tail_gives_the_same_bits_as_the_whole_history(windowed, plain, bars):
    for window in (1, 2, 3, 14, 20, 52, 200):
        whole, tail = windowed(bars.close, window), windowed(bars.close[-300:], window)
        np.testing.assert_array_equal(tail, whole[-len(tail) :])


@each
def test_leading_axes_are_kept(windowed, plain):
    values = np.random.default_rng(3).normal(size=(2, 3, 30))
    got = windowed(values, 7)
    assert got.shape == (2, 3, 24)
    np.testing.assert_array_equal(got[1, 2], windowed(values[1, 2], 7))


@each
def test_a_missing_value_spoils_only_the_windows_that_hold_it(windowed, plain):
    values = np.arange(20.0)
    values[8] = np.nan
    np.testing.assert_array_equal(np.isnan(windowed(values, 5)), [4 <= i <= 8 for i in range(16)])


def test_deviations_survive_a_high_price_level():
    small = np.random.default_rng(5).integers(-5, 6, 400) * 2.0**-10
    high = window_std(1e6 + small, 20)
    np.testing.assert_allclose(high, window_std(small, 20), rtol=1e-7)


def test_deviations_of_a_price_that_stands_still_are_nothing():
    sums, squares = moments(np.full(300, 0.1), 20)
    assert (squares == 0.0).all()
    np.testing.assert_allclose(sums, 2.0, rtol=1e-15)


def test_values_are_put_on_their_bars_with_nothing_before_them():
    assert aligned(np.empty(0), 0).shape == (0,)
    np.testing.assert_array_equal(aligned(np.ones((2, 1)), 3), [[np.nan, np.nan, 1.0]] * 2)


def test_a_lag_longer_than_the_history_leaves_nothing():
    assert lagged(np.arange(3.0), 5).shape == (0,)
    assert lagged(np.arange(3.0), 0).tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("length", [0, 1, 6, 40, 9000])
def test_columns_that_are_summed_together_are_summed_as_alone(length):
    rng = np.random.default_rng(length)
    columns = [rng.normal(size=length) for _ in range(3)]
    windows = (7, 3, 13)
    for window, sums in zip(windows, window_sums(columns, *windows), strict=True):
        for column, total in zip(columns, sums, strict=True):
            np.testing.assert_array_equal(total, window_sum(column, window))


@pytest.mark.parametrize("length", [0, 5, 6, 13, 14, 60])
def test_a_window_that_is_twice_another_is_summed_right(length):
    column = np.random.default_rng(length).normal(size=length)
    for window, (total,) in zip((3, 7, 14), window_sums([column], 3, 7, 14), strict=True):
        np.testing.assert_allclose(total, window_sum(column, window), rtol=1e-12, atol=1e-14)


def test_summing_leaves_the_values_and_earlier_sums_as_they_were():
    values = np.random.default_rng(1).normal(size=200)
    before = values.copy()
    sums = {window: window_sum(values, window) for window in range(1, 40)}
    for window, total in sums.items():
        np.testing.assert_array_equal(total, window_sum(before, window))
    np.testing.assert_array_equal(values, before)


def test_a_ratio_is_told_apart_where_there_is_none():
    share = placed_ratio(np.array([1.0, 5.0, -3.0, 1.0]), np.array([2.0, 0.0, -1.0, 4.0]), 0.5, 5)
    np.testing.assert_array_equal(share, [np.nan, 0.5, 0.5, 3.0, 0.25])


def test_a_batch_longer_than_its_lookback_is_aligned_row_by_row():
    batch = np.arange(12.0).reshape(2, 6)
    assert placed(np.add, batch[:, 2:], 1.0, 6)[1].tolist()[2:] == [9.0, 10.0, 11.0, 12.0]
    assert np.isnan(placed(np.sqrt, batch[:, 2:], None, 6)[:, :2]).all()
