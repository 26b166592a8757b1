"""How large a lease is taken, by numbers alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_api.guard.lease_size import Size, Traffic, lease_size, wanted
from graphql_api.guard.limits import SECOND, midnight_before, rate_of

NOON = 1_795_262_400 * SECOND
MIDNIGHT = midnight_before(NOON)
ENTERPRISE = rate_of(2_000, 5_000)
PLENTY = 1_000_000
SPENT = NOON + SECOND  # a bucket that stands a second ahead, so that any life is free


def traffic(per_second, seconds=2, cost=1, until=NOON):
    """What was measured of evenly spaced requests, the last one now."""
    measured = Traffic()
    requests = per_second * seconds
    for number in range(requests):
        measured.arrive(until - (requests - 1 - number) * SECOND // per_second, cost)
    return measured


def size(measured, tat=SPENT, cost=1, most=50, left=PLENTY, chance=0.5, rate=ENTERPRISE, **more):
    return lease_size(measured, most, rate, NOON, tat, cost, left, chance, **more)


@pytest.mark.parametrize(("per_second", "requests"), [(1, 1), (2, 1), (10, 5), (36, 18), (90, 45)])
def test_a_lease_is_half_a_second_of_the_traffic_that_was_measured(per_second, requests):
    taken = size(traffic(per_second))
    assert abs(taken.requests - requests) <= 1


def test_a_lease_is_at_most_what_the_plan_allows():
    assert size(traffic(1_000)).requests == 50
    assert size(traffic(1_000), most=7).requests == 7


def test_the_first_request_is_alone():
    assert size(traffic(1, seconds=1), cost=9) == Size(1, 9, 0)


def test_a_lease_lives_half_a_second_to_a_second():
    lives = [size(traffic(40), chance=chance).life for chance in (0, 0.5, 0.999)]
    assert lives == [500_000, 750_000, 999_500]


def test_traffic_that_has_ceased_is_forgotten():
    measured = traffic(100)
    measured.arrive(NOON + 2 * SECOND, 1)
    assert measured.expected == 1


def test_a_clock_that_is_set_back_begins_to_measure_anew():
    measured = traffic(100)
    measured.arrive(NOON - 3_600 * SECOND, 1)
    assert measured.expected == 1


def test_a_lease_brings_units_for_what_requests_cost_on_the_mean():
    assert size(traffic(40, cost=30), cost=30).units == pytest.approx(20 * 30, abs=30)
    free = size(traffic(40, cost=0), cost=0)
    assert (free.units, free.requests > 10) == (0, True)


def test_a_dear_request_is_paid_besides_what_is_expected():
    taken = size(traffic(40, cost=2), cost=500)
    assert taken.units == pytest.approx(500 + 19 * 2, abs=4)


def test_of_what_is_left_of_the_day_a_lease_takes_a_quarter_at_most():
    measured = traffic(40, cost=10)
    assert size(measured, cost=10, left=400).units == 100
    assert size(measured, cost=10, left=79) == Size(1, 10, 0)
    assert size(measured, cost=10, left=0) == Size(1, 10, 0)


def test_of_what_is_left_of_a_shared_bucket_a_lease_takes_a_quarter_at_most():
    nearly = NOON - ENTERPRISE.band + ENTERPRISE.tau - 40 * ENTERPRISE.spacing
    assert size(traffic(90), tat=nearly).requests == 10
    assert size(traffic(90), tat=nearly, shared=False).requests == 40
    last = nearly + 38 * ENTERPRISE.spacing
    assert size(traffic(90), tat=last) == Size(1, 1, 0)


def test_after_a_rest_a_lease_costs_no_room():
    """In the first half second of a burst, it lives only as long as the bucket stands ahead."""
    burst = Traffic()
    for number in range(30):
        burst.arrive(NOON - 29_000 + number * 1_000, 1)
    assert size(burst, tat=None) == Size(1, 1, 0)
    ahead = NOON - ENTERPRISE.band + 125_000
    taken = size(burst, tat=ahead)
    assert taken == (30, 30, 125_000)
    assert ENTERPRISE.room(NOON, ahead, taken.life) == ENTERPRISE.room(NOON, ahead)


def test_steady_traffic_on_a_full_bucket_spends_room_for_a_whole_life():
    assert size(traffic(20), tat=None, shared=False).life == SECOND


def test_steady_traffic_that_is_spent_sooner_lives_as_long_as_is_free():
    ahead = NOON - ENTERPRISE.band + 200_000
    assert size(traffic(1_000), tat=ahead, fresh=True).life == 200_000


def test_where_others_lease_half_a_second_is_free_until_the_store_says_otherwise():
    ahead = NOON - ENTERPRISE.band + 20_000
    assert size(traffic(20), tat=ahead).life == 500_000
    assert size(traffic(20), tat=ahead, fresh=True).life == SECOND


def test_under_pressure_a_lease_is_twice_as_large_and_lives_a_second():
    assert size(traffic(40), pressed=True)[::2] == pytest.approx((40, SECOND), abs=2)
    assert size(traffic(1_000), pressed=True).requests == 100
    assert wanted(traffic(1_000), 50, pressed=True) == 100


def test_a_lease_ends_at_midnight():
    measured = traffic(40, until=MIDNIGHT - 100_000)
    taken = lease_size(
        measured, 50, ENTERPRISE, MIDNIGHT - 100_000, MIDNIGHT + SECOND, 1, PLENTY, 0.5
    )
    assert taken.life == 100_000


@given(
    rate=st.builds(rate_of, st.integers(1, 3_000), st.integers(2, 6_000)),
    per_second=st.integers(1, 400),
    ahead=st.none() | st.integers(-3 * SECOND, 4 * SECOND),
    cost=st.integers(0, 500),
    left=st.integers(-100, 10_000),
    chance=st.floats(0, 1, exclude_max=True),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_a_lease_is_never_more_than_fits(rate, per_second, ahead, cost, left, chance, flags):
    shared, fresh, pressed = flags
    tat = None if ahead is None else NOON + ahead
    taken = lease_size(
        traffic(per_second, seconds=1, cost=cost),
        50, rate, NOON, tat, cost, left, chance, shared, fresh, pressed,
    )  # fmt: skip
    assert 1 <= taken.requests <= 100
    assert taken.units >= cost
    assert 0 <= taken.life <= SECOND
    if taken.requests > 1:
        assert rate.fits(taken.requests, taken.life)
        assert taken.units <= max(cost, left // 4 + 1)
