"""Cascades against the same means one by one in long doubles, by SciPy's sections both ways."""

import subprocess
import sys

import numpy as np
import pytest

from engine import _scipy, cascades
from engine.cascades import cascaded, gaps, leads, means, two_cascaded
from engine.fork import Fork
from engine.memory import Memory, recalling

PLANS = {
    "means": means(1.0, 14),
    "two means": means(2.0, 25, 13),
    "two gaps": gaps(20, 2),
    "three gaps": gaps(9, 3),
    "a lead": leads(12, 26),
    "a lag": leads(26, 12),
}
each_plan = pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)


@pytest.fixture(params=["sections_alone", "sections_public"])
def filtered(request, monkeypatch):
    """Both ways to SciPy's sections in turn."""
    monkeypatch.setattr(cascades, "section_filter", getattr(_scipy, request.param)())


def mean(values, window):
    """The exponential mean in long doubles, seeded with the plain one."""
    gain = np.longdouble(2) / (window + 1)
    said = [values[:window].astype(np.longdouble).mean()]
    for x in values[window:]:
        said.append(said[-1] + gain * (x - said[-1]))
    return np.array(said)


@pytest.mark.usefixtures("filtered")
@pytest.mark.parametrize("window", [1, 2, 3, 20, 60, 500])
def test_gaps_are_what_means_upon_means_leave(window, real):
    close = real["MSFT"].close[:2200]
    once = mean(close, window)
    twice = mean(once, window)
    thrice = mean(twice, window)
    end = len(thrice)
    left = close[-end:] - 3 * once[-end:] + 3 * twice[-end:] - thrice
    assert np.abs(cascaded(close, gaps(window, 3)) - left).max() <= 1e-13 * close.max()
    end = len(twice)
    left = close[-end:] - 2 * once[-end:] + twice
    assert np.abs(cascaded(close, gaps(window, 2)) - left).max() <= 1e-13 * close.max()


@pytest.mark.usefixtures("filtered")
@pytest.mark.parametrize(("fast", "slow"), [(12, 26), (26, 12), (2, 500), (499, 500), (9, 9)])
def test_a_lead_is_one_mean_less_the_other(fast, slow, real):
    close, longest = real["MSFT"].close, max(fast, slow)
    ahead = mean(close[longest - fast :], fast) - mean(close[longest - slow :], slow)
    assert np.abs(cascaded(close, leads(fast, slow)) - ahead).max() <= 1e-13 * close.max()


@pytest.mark.usefixtures("filtered")
@pytest.mark.parametrize("windows", [(25, 13), (2, 500), (3, 1)])
def test_means_of_means_are_those_one_by_one(windows, real):
    close = real["MSFT"].close
    wanted = mean(mean(close, windows[0]), windows[1])
    np.testing.assert_allclose(cascaded(close, means(2.0, *windows)), wanted.astype(float), 1e-13)


@each_plan
@pytest.mark.usefixtures("filtered")
def test_two_columns_at_once_are_each_by_itself_bit_for_bit(plan, bars):
    rows = np.stack([bars.close, bars.low])
    for one, two in ((bars.close, bars.open), (rows, rows[::-1])):
        for got, column in zip(two_cascaded(one, two, plan), (one, two), strict=True):
            np.testing.assert_array_equal(got, cascaded(column, plan))


@each_plan
def test_a_batch_in_any_layout_and_a_prefix_give_the_same_bits(plan, bars):
    whole = cascaded(bars.close, plan)
    for order in "CF":
        rows = np.array([bars.close, bars.low], order=order)
        np.testing.assert_array_equal(cascaded(rows, plan)[0], whole)
    needed = plan.weights.shape[-1]
    for length in range(needed + 3):
        got = cascaded(bars.close[:length], plan)
        np.testing.assert_array_equal(got, whole[: max(length - needed + 1, 0)])


@each_plan
def test_a_market_that_stands_still_has_no_gap_and_no_lead(plan):
    said = cascaded(np.full(300, 50.1), plan)
    np.testing.assert_allclose(said, 0.0 if plan.moves else 50.1, rtol=1e-14, atol=0.0)


@each_plan
def test_a_fork_says_of_each_candidate_what_a_plain_column_says(plan, bars):
    needed, closes = plan.weights.shape[-1], np.array([3.0, 50.0, 1e3])
    for length in (needed - 1, needed, needed + 1, 400):
        past = bars.close[: length - 1]
        got = cascaded(Fork(past, closes), plan)
        for i, close in enumerate(closes):
            plain = cascaded(np.append(past, close), plan)
            if length < needed:
                assert len(plain) == len(got) == 0
            else:
                np.testing.assert_array_equal(got.past, plain[:-1])
                assert got.last[i] == plain[-1]


@each_plan
def test_a_tail_that_remembers_goes_on_with_the_same_bits(plan, bars):
    close = bars.close[:400]
    whole = cascaded(close, plan)
    with recalling(Memory(None, 100)) as memory:
        np.testing.assert_array_equal(cascaded(close, plan), whole)
    with recalling(Memory(memory.after, 50)) as memory:
        np.testing.assert_array_equal(cascaded(close[100:], plan), whole[100:])
    with recalling(Memory(memory.after)):
        np.testing.assert_array_equal(cascaded(close[150:], plan), whole[150:])
    with recalling(Memory(memory.after)):
        got = cascaded(Fork(close[150:-1], close[-1:]), plan)
        np.testing.assert_array_equal(np.append(got.past, got.last), whole[150:])


def test_where_scipy_hides_its_sections_elsewhere_there_is_the_public_door(monkeypatch):
    monkeypatch.setattr(_scipy, "_SECTIONS", "scipy.signal._no_such_module")
    assert _scipy.sections_alone() is None


def test_scipys_sections_still_load_whole_after_they_were_taken_from_it():
    program = (
        "import engine, scipy.signal as s; from scipy._lib import _ccallback;"
        "print(s.sosfilt([[1.0, 0.0, 0.0, 1.0, -1.0, 0.0]], [1.0, 1.0]))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert answer.stdout.decode().strip() == "[1. 2.]"
