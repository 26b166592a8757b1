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


def traffic(per_second, seconds=3, cost=1, until=NOON):
    """What was measured of evenly spaced requests, the last one now."""
    measured = Traffic()
    requests = per_second * seconds
    for number in range(requests):
        measured.arrive(until - (requests - 1 - number) * SECOND // per_second, cost)
    return measured


def size(measured, tat=SPENT, cost=1, most=50, left=PLENTY, rate=ENTERPRISE, now=NOON, **more):
    return lease_size(measured, most, rate, now, tat, cost, left, **more)


@pytest.mark.parametrize(("per_second", "requests"), [(24, 12), (40, 20), (90, 45)])
def test_a_lease_is_half_a_second_of_the_traffic_that_was_measured(per_second, requests):
    taken = size(traffic(per_second))
    assert abs(taken.requests - requests) <= 1


@pytest.mark.parametrize(("per_second", "requests"), [(1, 2), (5, 7), (10, 12), (20, 12)])
def test_where_that_is_few_a_lease_is_for_a_whole_second_and_a_little_more(per_second, requests):
    assert abs(size(traffic(per_second)).requests - requests) <= 1


@pytest.mark.parametrize(
    ("per_second", "sizes"),
    [(5, [2, 2, 3, 5, 8, 8]), (10, [5, 5, 7, 9, 12, 12]), (90, [45, 45, 45, 45, 45, 45])],
)
def test_the_fuller_the_bucket_the_surer_must_be_what_a_lease_is_for(per_second, sizes):
    """Half a second's requests come all but surely in a whole one; more may be left unspent."""
    assert [size(traffic(per_second), tat=room_for(part)).requests for part in PARTS] == sizes


PARTS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.9)


def room_for(part):
    """Where the bucket stands that has room for a part of what is guaranteed."""
    room = round(part * ENTERPRISE.guaranteed) * ENTERPRISE.spacing
    return NOON - ENTERPRISE.band + ENTERPRISE.tau - room


def test_what_is_usual_counts_unless_a_second_clearly_differs():
    """A second of ten may bring five or fifteen by chance; twenty-five it does not."""
    for last, expected in ((6, 10), (14, 10), (25, 25), (1, 1)):
        measured = traffic(10, seconds=4, until=NOON - SECOND)
        for number in range(last):
            measured.arrive(NOON - SECOND + (number + 1) * SECOND // last, 1)
        assert measured.expected(NOON) == pytest.approx(expected, abs=1.5), last


def test_a_lease_is_at_most_what_the_plan_allows():
    assert size(traffic(1_000)).requests == 50
    assert size(traffic(1_000), most=7).requests == 7


def test_the_first_request_is_alone():
    assert size(traffic(1, seconds=1), cost=9) == Size(1, 9, 0)


@pytest.mark.parametrize(
    ("come", "apart", "requests"),
    [
        (2, 28_000, 8),  # four times what has come
        (6, 28_000, 24),
        (20, 28_000, 36),  # as much as is expected of a second
        (2, 1_000, 2),  # so fast it is a burst: half as many again as have come
        (9, 1_000, 5),
        (40, 1_000, 21),
    ],
)
def test_young_traffic_is_trusted_as_far_as_it_has_gone(come, apart, requests):
    young = Traffic()
    for number in range(come):
        young.arrive(NOON - (come - 1 - number) * apart, 1)
    assert size(young).requests == requests


def test_young_traffic_is_trusted_less_once_half_of_the_burst_is_used():
    half = NOON - ENTERPRISE.band + ENTERPRISE.tau * 3 // 5
    young = Traffic()
    for number in range(6):
        young.arrive(NOON - (5 - number) * 28_000, 1)
    assert size(young, tat=half).requests == 4


def test_lives_are_halves_and_quarters_of_a_second():
    aheads = (1_500_000, 1_000_000, 999_999, 500_000, 130_000)
    lives = []
    for ahead in aheads:
        young = Traffic()
        young.arrive(NOON - 1_000, 1)
        for _ in range(30):
            young.arrive(NOON, 1)
        lives.append(size(young, tat=NOON - ENTERPRISE.band + ahead).life)
    assert lives == [1_000_000, 1_000_000, 500_000, 500_000, 125_000]


def test_traffic_that_has_ceased_is_forgotten():
    measured = traffic(100)
    measured.arrive(NOON + 3 * SECOND, 1)
    assert measured.expected(NOON + 3 * SECOND) == 0


def test_a_clock_that_is_set_back_begins_to_measure_anew():
    measured = traffic(100)
    measured.arrive(NOON - 3_600 * SECOND, 1)
    assert measured.expected(NOON - 3_600 * SECOND) == 0


def test_a_lease_brings_units_for_what_requests_cost_and_for_some_that_cost_more():
    taken = size(traffic(40, cost=30), cost=30)
    assert 1.3 * 30 <= taken.units / taken.requests <= 1.6 * 30
    free = size(traffic(40, cost=0), cost=0)
    assert (free.units, free.requests > 10) == (0, True)


def test_the_mean_of_costs_is_right_from_the_first_requests_on():
    measured = Traffic()
    for number, cost in enumerate((1, 3, 2, 2)):
        measured.arrive(NOON + number, cost)
    assert measured.mean_cost == pytest.approx(2)


def test_a_dear_request_is_paid_besides_what_is_expected():
    taken = size(traffic(40, cost=2), cost=500)
    assert taken.units - 500 == size(traffic(40, cost=2), cost=0).units


def test_of_what_is_left_of_the_day_a_lease_takes_a_quarter_at_most():
    measured = traffic(40, cost=10)
    assert size(measured, cost=10, left=400).units == 100
    assert size(measured, cost=10, left=79) == Size(1, 10, 0)
    assert size(measured, cost=10, left=0) == Size(1, 10, 0)


def test_a_lease_takes_at_most_what_is_left_and_young_traffic_half_of_its_own_part_of_that():
    nearly = NOON - ENTERPRISE.band + ENTERPRISE.tau - 40 * ENTERPRISE.spacing
    assert size(traffic(90), tat=nearly, sharers=4).requests == 40
    assert size(traffic(90), tat=nearly + 38 * ENTERPRISE.spacing).requests == 2
    assert size(traffic(90), tat=nearly + 39 * ENTERPRISE.spacing) == Size(1, 1, 0)
    young = Traffic()
    for number in range(60):
        young.arrive(NOON - 590_000 + number * 10_000, 1)
    for sharers, requests in ((1, 20), (2.5, 8), (4, 5), (40, 1)):
        assert size(young, tat=nearly, sharers=sharers).requests == requests


def test_after_a_rest_a_burst_costs_no_room_for_the_lives_of_its_leases():
    burst = Traffic()
    for number in range(30):
        burst.arrive(NOON - 29_000 + number * 1_000, 1)
    ahead = NOON - ENTERPRISE.band + 125_000
    taken = size(burst, tat=ahead)
    assert (taken.requests, taken.life) == (16, 125_000)
    assert ENTERPRISE.room(NOON, ahead, taken.life) == ENTERPRISE.room(NOON, ahead)


def test_as_much_room_is_set_aside_as_the_traffic_has_lasted_eight_times_and_half_of_it_at_most():
    for age, life in ((30_000, 250_000), (60_000, 250_000), (70_000, 500_000), (130_000, SECOND)):
        young = Traffic()
        for number in range(4):
            young.arrive(NOON - age + number * age // 3, 1)
        assert size(young, tat=None).life == life, age
    little = rate_of(2_000, 1_000)  # half of which is a quarter of a second
    assert size(traffic(40), tat=None, rate=little).life == 250_000


def test_steady_traffic_that_is_spent_sooner_costs_no_more_room_than_it_needs():
    assert size(traffic(1_000), tat=None).life == 125_000
    ahead = NOON - ENTERPRISE.band + 200_000
    assert size(traffic(1_000), tat=ahead).life == 125_000


def test_where_the_life_leaves_no_room_for_two_a_request_is_alone():
    nearly = NOON - ENTERPRISE.band + ENTERPRISE.tau - 12 * ENTERPRISE.spacing
    assert size(traffic(90), tat=nearly).requests == 12
    assert size(traffic(90), tat=nearly + 11 * ENTERPRISE.spacing) == Size(1, 1, 0)
    assert size(traffic(40), tat=None, rate=rate_of(2_000, 3), most=50) == Size(1, 1, 0)


def test_under_pressure_a_lease_is_twice_as_large_and_lives_a_second():
    assert size(traffic(40), pressed=True)[::2] == pytest.approx((40, SECOND), abs=2)
    assert size(traffic(1_000), pressed=True).requests == 100
    assert wanted(1_000, 50, pressed=True) == 100


def test_a_lease_ends_at_midnight():
    measured = traffic(40, until=MIDNIGHT - 100_000)
    taken = size(measured, tat=MIDNIGHT + SECOND, now=MIDNIGHT - 100_000)
    assert taken.life == 100_000


@given(
    rate=st.builds(rate_of, st.integers(1, 3_000), st.integers(2, 6_000)),
    per_second=st.integers(1, 400),
    ahead=st.none() | st.integers(-3 * SECOND, 4 * SECOND),
    cost=st.integers(0, 500),
    left=st.integers(-100, 10_000),
    seconds=st.integers(1, 3),
    sharers=st.floats(1, 100),
    pressed=st.booleans(),
)
def test_a_lease_is_never_more_than_fits(
    rate, per_second, ahead, cost, left, seconds, sharers, pressed
):
    tat = None if ahead is None else NOON + ahead
    taken = lease_size(
        traffic(per_second, seconds, cost), 50, rate, NOON, tat, cost, left, sharers, pressed
    )
    assert 1 <= taken.requests <= 100
    assert taken.units >= cost
    assert 0 <= taken.life <= SECOND
    if taken.requests > 1:
        assert rate.fits(taken.requests, taken.life)
        assert taken.units <= max(cost, left // 4 + 1)
