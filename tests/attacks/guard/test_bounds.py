"""The attack's own judgement: what was planted is found, and what fits is let pass."""

from hypothesis import given
from hypothesis import strategies as st

from tests.attacks.guard.bounds import SECOND, most_in_any_interval, most_in_use

GRANTS = st.lists(st.tuples(st.integers(0, 3 * SECOND), st.integers(1, 4)), max_size=25)


def by_every_interval(grants, per_second):
    """The definition, all pairs."""
    return max(
        (
            SECOND * sum(n for at, n in grants if begin <= at <= end) - per_second * (end - begin)
            for begin, _ in grants
            for end, _ in grants
            if begin <= end
        ),
        default=0,
    )


def as_allowed(per_second, burst, seconds):
    """All that a burst and a rate allow, and not one more."""
    spacing = SECOND // per_second
    return [(0, 1)] * burst + [(spacing * i, 1) for i in range(1, per_second * seconds + 1)]


@given(GRANTS, st.integers(1, 500))
def test_one_pass_finds_what_all_intervals_have(grants, per_second):
    assert most_in_any_interval(grants, per_second) == by_every_interval(grants, per_second)


def test_the_most_that_is_allowed_is_exactly_the_burst():
    assert most_in_any_interval(as_allowed(100, burst=20, seconds=3), 100) == 20 * SECOND


@given(st.integers(0, 3 * SECOND))
def test_one_planted_grant_too_many_is_found_wherever_it_lies(at):
    planted = [*as_allowed(100, burst=20, seconds=3), (at, 1)]
    assert most_in_any_interval(planted, 100) > 20 * SECOND


def test_a_grant_one_microsecond_early_is_found():
    grants = as_allowed(100, burst=20, seconds=3)
    at, requests = grants[-1]
    grants[-1] = (at - 1, requests)
    assert most_in_any_interval(grants, 100) == 20 * SECOND + 100  # one microsecond of the rate


def test_two_bursts_with_too_short_a_rest_are_found_between_calm_hours():
    hour = 3_600 * SECOND
    grants = [(0, 20), (hour, 20), (hour + SECOND // 10 - 1, 10), (2 * hour, 20)]
    assert 20 * SECOND < most_in_any_interval(grants, 100) < 21 * SECOND


def test_units_over_the_day_are_found_even_when_they_are_given_back_later():
    assert most_in_use([(1, 60), (2, 60)], [(3, 60)]) == 120


def test_units_given_back_may_be_used_again():
    assert most_in_use([(1, 60), (3, 60), (3, 40)], [(2, 30), (3, 30)]) == 100
