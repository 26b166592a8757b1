"""The adaptive mean by SciPy's banded solve, alone and by its public door."""

import subprocess
import sys

import numpy as np
import pytest

from engine import _scipy, smoothing
from engine.smoothing import varying_mean


@pytest.mark.parametrize("way", ["solve_alone", "solve_public"])
def test_the_recursion_is_the_one_written_out(way, bars, monkeypatch):
    monkeypatch.setattr(smoothing, "banded_solve", getattr(_scipy, way)())
    gain = np.random.default_rng(3).random(len(bars))
    y, expected = 50.0, []
    for x, g in zip(bars.close, gain, strict=True):
        y += g * (x - y)
        expected.append(y)
    got = varying_mean(bars.close, gain, np.array([50.0]))
    np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_series_in_one_system_do_not_touch():
    values, gain = np.array([[1.0, 3.0], [5.0, 9.0]]), np.full((2, 2), 0.5)
    got = varying_mean(values, gain, np.array([[1.0], [7.0]]))
    assert got.tolist() == [[1.0, 2.0], [6.0, 7.5]]


def test_a_series_that_breaks_off_spoils_no_other():
    values, gain = np.array([[1.0, np.nan, 3.0], [5.0, np.inf, 9.0], [5.0, 9.0, 9.0]]), 0.5
    got = varying_mean(values, np.full((3, 3), gain), np.array([[1.0], [7.0], [7.0]]))
    np.testing.assert_array_equal(np.isfinite(got), [[True, False, False]] * 2 + [[True] * 3])
    assert got[2].tolist() == [6.0, 7.5, 8.25]


def test_a_tail_rounds_its_first_bar_as_the_whole_does(bars):
    gain = np.random.default_rng(4).random(len(bars))
    whole = varying_mean(bars.close, gain, np.array([50.0]))
    for start in range(1, 40):
        tail = varying_mean(bars.close[start:], gain[start:], whole[start - 1 : start])
        np.testing.assert_array_equal(tail, whole[start:])


def test_where_scipy_hides_its_solve_elsewhere_there_is_the_public_door(monkeypatch):
    monkeypatch.setattr(_scipy, "_BLAS", "scipy.linalg._no_such_module")
    assert _scipy.solve_alone() is None


def test_scipys_linear_algebra_still_loads_whole_after_the_solve_was_taken_from_it():
    program = (
        "import engine, numpy as np, scipy.linalg as s;"
        "print(s.solve(np.eye(1), [2.0]), s.blas.dtbsv is not None)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert answer.stdout.decode().strip() == "[2.] True"
