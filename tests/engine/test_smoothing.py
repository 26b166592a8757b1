"""Recursive means against their definition, with SciPy's filter alone and by its public door."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from engine import _scipy, smoothing
from engine.smoothing import exponential_mean, recursion, wilder_mean, wilder_sum


@pytest.fixture(params=["alone", "public"])
def filtered(request, monkeypatch):
    """Both ways to SciPy's filter in turn."""
    monkeypatch.setattr(smoothing, "linear_filter", getattr(_scipy, request.param)())


def by_hand(values, gain, keep, y):
    out = []
    for x in values:
        y = gain * x + keep * y
        out.append(y)
    return out


@pytest.mark.usefixtures("filtered")
def test_the_recursion_is_the_one_written_out_bit_for_bit(bars):
    got = recursion(bars.close, 0.1, 0.9, np.array([50.0]))
    assert got.tolist() == by_hand(bars.close, 0.1, 0.9, 50.0)


@pytest.mark.usefixtures("filtered")
def test_means_begin_with_the_plain_mean_of_their_first_window(bars):
    for mean, gain in ((exponential_mean, 2 / 15), (wilder_mean, 1 / 14)):
        got = mean(bars.close, 14)
        assert len(got) == len(bars) - 13
        assert got[0] == pytest.approx(bars.close[:14].mean(), rel=1e-15)
        np.testing.assert_allclose(
            got[1:], by_hand(bars.close[14:], gain, 1 - gain, got[0]), rtol=1e-13
        )


@pytest.mark.usefixtures("filtered")
def test_a_batch_is_smoothed_row_by_row(bars):
    values = np.stack([bars.close, bars.open])
    np.testing.assert_array_equal(exponential_mean(values, 9)[1], exponential_mean(bars.open, 9))


@pytest.mark.parametrize("smooth", [exponential_mean, wilder_mean, wilder_sum])
def test_a_short_history_has_no_mean_yet(smooth):
    for length in range(5):
        assert smooth(np.ones(length), 5).shape == (0,)
    assert smooth(np.ones((3, 5)), 5).shape == (3, 1)


def test_a_sum_over_one_bar_is_the_bar():
    assert wilder_sum(np.array([3.0, 4.0]), 1).tolist() == [3.0, 4.0]


def test_where_scipy_hides_its_filter_elsewhere_the_public_door_is_found(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert _scipy.alone() is None


def test_a_filter_that_does_not_load_is_no_filter(monkeypatch):
    monkeypatch.setattr(_scipy, "_NAME", "scipy.signal._no_such_module")
    assert _scipy.alone() is None


def test_the_engine_loads_nothing_of_scipys_heavy_packages():
    program = (
        "import sys, numpy as np, engine; engine.indicators();"
        "from engine.smoothing import exponential_mean; exponential_mean(np.ones(9), 3);"
        "print([m for m in sys.modules if m.startswith(('scipy.', 'pandas'))])"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert answer.stdout.decode().strip() == "[]"


def test_scipys_signal_package_still_loads_whole_after_the_filter_was_taken_from_it():
    program = "import engine, scipy.signal as s; print(s.lfilter([1.0], [1.0, -1.0], [1.0, 1.0]))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert answer.stdout.decode().strip() == "[1. 2.]"
