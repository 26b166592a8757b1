"""Intervals and Sharpe ratios against published examples and SciPy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from engine import BadParameter
from engine.statistics import (
    deflated_sharpe,
    expected_maximum_sharpe,
    probabilistic_sharpe,
    student_quantile,
    wilson,
)

# The strategist of Bailey and Lopez de Prado (2014), "A numerical example": a Sharpe ratio of 2.5 a
# year over five years of 250 days, from trials whose ratios have a variance of 1/2 a year.
FOUND = {"sharpe": 2.5 / math.sqrt(250), "observations": 1250, "variance": 0.5 / 250}


@pytest.mark.parametrize(("won", "count"), [(0, 7), (7, 7), (1, 3), (55, 100), (480, 1000)])
def test_the_interval_of_a_share_is_wilsons(won, count):
    expected = stats.binomtest(won, count).proportion_ci(0.95, method="wilson")
    assert wilson(won / count, count) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(st.floats(0, 1), st.floats(0.1, 1e6))
def test_the_interval_of_a_share_holds_it_and_stays_between_none_and_all(share, count):
    low, high = wilson(share, count)
    assert 0.0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1.0


@pytest.mark.parametrize(("freedom", "within"), [(5, 2e-3), (9, 1e-4), (20, 1e-5), (99.5, 1e-8)])
def test_quantiles_of_student_agree_with_scipy(freedom, within):
    for probability in (0.025, 0.5, 0.9, 0.975):
        expected = stats.t.ppf(probability, freedom)
        assert student_quantile(probability, freedom) == pytest.approx(expected, abs=within)


def test_the_probabilistic_sharpe_ratio_repeats_the_papers_hedge_fund():
    assert probabilistic_sharpe(0.458, 24, -2.448, 10.164) == pytest.approx(0.913, abs=5e-4)
    assert probabilistic_sharpe(0.458, 24) == pytest.approx(0.982, abs=5e-4)


def test_the_deflated_sharpe_ratio_repeats_the_papers_strategist():
    skewed = {"skewness": -3.0, "kurtosis": 10.0}
    assert expected_maximum_sharpe(100, 0.5 / 250) == pytest.approx(0.1132, abs=5e-5)
    assert deflated_sharpe(**FOUND, trials=100, **skewed) == pytest.approx(0.9004, abs=5e-5)
    assert deflated_sharpe(**FOUND, trials=46, **skewed) == pytest.approx(0.9505, abs=5e-5)
    assert deflated_sharpe(**FOUND, trials=88) == pytest.approx(0.9505, abs=5e-5)


def test_the_expected_maximum_is_what_the_best_of_many_worthless_trials_reaches():
    best = np.random.default_rng(5).standard_normal((20_000, 50)).max(axis=1).mean()
    assert expected_maximum_sharpe(50, 1.0) == pytest.approx(best, abs=0.03)


def test_one_trial_deflates_nothing():
    assert deflated_sharpe(0.1, 500, 1) == probabilistic_sharpe(0.1, 500)


def test_more_trials_deflate_more():
    answers = [deflated_sharpe(0.1, 500, trials) for trials in (1, 2, 10, 1000, 1_000_000)]
    assert answers == sorted(answers, reverse=True)
    assert answers[0] > answers[-1]


@pytest.mark.parametrize("trials", [0, -3, 1.5, math.nan, 1_000_001])
def test_trials_out_of_range_are_refused(trials):
    with pytest.raises(BadParameter, match="trials"):
        deflated_sharpe(0.1, 500, trials)


def test_nothing_is_said_of_too_few_returns_or_of_moments_that_contradict_each_other():
    assert probabilistic_sharpe(0.1, 1) is None
    assert deflated_sharpe(0.1, 1, 10) is None
    assert probabilistic_sharpe(2.0, 10, skewness=3.0, kurtosis=1.0) is None
