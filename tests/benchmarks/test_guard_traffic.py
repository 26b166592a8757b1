"""What the guard asks of the store, and what that costs, on a virtual clock: counts, no timings.

``make bench`` plays the same for longer.
"""

from dataclasses import replace

import pytest

from benchmarks import guard_traffic
from benchmarks.guard_traffic import (
    BASIC,
    ENTERPRISE,
    SPENT,
    item_size,
    price,
    price_of_two_counters,
    share_of_allowed,
)
from benchmarks.traffic.arrivals import Arrivals
from benchmarks.traffic.grid import Case, grid
from benchmarks.traffic.load import NOON, burst, contended
from benchmarks.traffic.simulation import SECOND, Simulation
from graphql_api.guard.limits import rate_of
from graphql_api.guard.plans import PLANS
from tests.attacks.guard.bounds import most_in_any_interval


@pytest.fixture(scope="module")
def basic():
    return replace(BASIC, seconds=30).run()


@pytest.fixture(scope="module")
def enterprise():
    """The first seconds, in which every environment still has to learn what comes."""
    return replace(ENTERPRISE, seconds=6).run()


def test_without_leases_a_request_takes_one_round_trip(basic):
    assert basic.granted > 2_500
    assert 1 <= basic.trips_per_grant <= 1.05


@pytest.mark.parametrize("arrivals", Arrivals, ids=lambda one: one.value)
@pytest.mark.parametrize(("per_second", "environments"), [(10, 4), (50, 8), (90, 32)])
def test_however_requests_come_and_are_spread_the_form_is_guessed_right(
    per_second, environments, arrivals
):
    load = Case("BASIC", per_second, environments, 20, arrivals).run()
    assert load.refused == 0
    assert load.granted > 0.7 * 20 * per_second
    assert load.writes <= 1.045 * load.granted


@pytest.mark.parametrize(("environments", "writes"), [(1, 1.01), (2, 1.03), (4, 1.05)])
def test_where_a_request_takes_a_whole_slot_of_time_the_form_is_guessed_right_too(
    environments, writes
):
    load = Case("DEMO", 4.5, environments, 60, Arrivals.POISSON, days=8).run()
    assert load.granted > 1_900
    assert load.writes <= writes * load.granted


@pytest.mark.parametrize(
    ("plan", "per_second", "environments"), [("BASIC", 150, 8), ("PREMIUM", 600, 48)]
)
def test_who_asks_for_more_than_is_allowed_costs_no_more(plan, per_second, environments):
    case = Case(plan, per_second, environments, 8, Arrivals.POISSON)
    load = case.run()
    assert load.refused > 100
    assert load.trips_per_grant <= case.bound(load)
    assert load.busiest_warm_second <= 250
    if not PLANS[plan].lease:  # the others hold some in leases
        assert share_of_allowed(load, plan, 8) >= 0.90


def test_one_environment_alone_guesses_its_form_right():
    load = Case("BASIC", 10, 1, 60).run()
    assert load.granted > 500
    assert load.trips_per_grant <= 1.01


def test_with_leases_a_request_takes_an_eighth_of_one(enterprise):
    assert enterprise.granted > 9_000
    assert enterprise.trips_per_grant <= 0.13


@pytest.mark.parametrize(("per_second", "environments"), [(20, 1), (50, 4), (450, 16)])
def test_with_leases_few_requests_a_second_are_enough_for_that(per_second, environments):
    load = Case("PREMIUM", per_second, environments, 20).run()
    assert load.refused == 0
    assert load.trips_per_grant <= 0.13


def test_a_lease_that_brings_few_requests_is_held_to_what_it_can_bring():
    case = Case("PREMIUM", 10, 2, 60)
    load = case.run()
    assert case.bound(load) == pytest.approx(2 / 6 + load.reads / load.granted)
    assert 1 / 6 <= load.trips_per_grant <= 0.25


@pytest.mark.parametrize("arrivals", [Arrivals.POISSON, Arrivals.WAVES], ids=lambda one: one.value)
def test_near_the_rate_leases_are_no_larger_than_is_spent_and_no_smaller_than_is_needed(arrivals):
    case = Case("PREMIUM", 490, 48, 10, arrivals)
    load = case.run()
    assert load.refused == 0
    assert load.trips_per_grant <= case.bound(load) < 0.2
    assert load.busiest_second <= 250
    (day,) = load.store.days.values()
    spent = day.tat - NOON + rate_of(500, 1_000).band  # of what is allowed, lives of leases with it
    assert spent < 11.7 * SECOND


@pytest.mark.parametrize("arrivals", Arrivals, ids=lambda one: one.value)
def test_two_thousand_a_second_are_at_most_250_writes_on_one_item_from_the_first_second_on(
    arrivals,
):
    load = Case("ENTERPRISE", 2_000, 55, 3, arrivals).run()
    assert load.granted > 5_000
    assert load.busiest_second <= 250


@pytest.mark.parametrize(
    ("plan", "environments", "within"),
    [("BASIC", 8, 0.02), ("PREMIUM", 16, 0.02), ("PREMIUM", 16, 0.3), ("ENTERPRISE", 55, 0.1)],
)
def test_a_caller_who_has_rested_gets_its_burst_over_however_many_environments(
    plan, environments, within
):
    load = burst(plan, environments, within)
    assert load.granted >= 0.95 * PLANS[plan].burst * 0.99


@pytest.mark.parametrize("case", [SPENT[0], replace(SPENT[1], seconds=10)], ids=str)
def test_once_the_units_are_gone_the_store_is_hardly_asked(case):
    load = case.run()
    assert load.granted == 0
    assert load.refused > 5_000
    assert load.trips_per_request <= 0.02


def test_days_are_counted_together():
    case = Case("DEMO", 4.5, 2, 20, days=3)
    load, alone = case.run(), [case._day(seed) for seed in (1, 2, 3)]
    for name in ("granted", "refused", "writes", "reads", "answered_units"):
        assert getattr(load, name) == sum(getattr(one, name) for one in alone)
    assert len({one.granted for one in alone}) > 1


def test_the_grid_is_a_trickle_to_saturation_and_beyond():
    cases = list(grid())
    assert {case.plan for case in cases} == set(PLANS)
    assert {(case.plan, case.per_second, case.environments) for case in cases} >= {
        *(("DEMO", 4.5, environments) for environments in (1, 2, 4)),
        *(("PREMIUM", per_second, 48) for per_second in (450, 475, 490)),
        ("ENTERPRISE", 2_500, 55),
    }
    for arrivals in Arrivals:
        used = {
            case.per_second / PLANS[case.plan].per_second
            for case in cases
            if case.arrivals is arrivals
        }
        assert min(used) <= 0.04
        assert max(used) >= 0.95


@pytest.mark.parametrize("holds", [True, False])
def test_the_benchmark_ends_with_1_where_a_bound_is_not_met(monkeypatch, capsys, holds):
    quick = Case("BASIC", 50, 2, 2)
    for name in ("BASIC", "ENTERPRISE"):
        monkeypatch.setattr(guard_traffic, name, quick)
    monkeypatch.setattr(guard_traffic, "price_of_two_counters", lambda _: 100)
    monkeypatch.setattr(guard_traffic, "grid", lambda: [quick])
    monkeypatch.setattr(guard_traffic, "SPENT", ())
    monkeypatch.setattr(guard_traffic, "BURSTS", (("BASIC", 2, 0.1),))
    monkeypatch.setattr(guard_traffic, "contended", lambda *_, **__: quick.run())
    monkeypatch.setattr(guard_traffic, "CONTENDED_SHARE", 0)
    monkeypatch.setattr(Case, "bound", lambda *_: 1.05 if holds else 0.5)
    assert guard_traffic.main() == (0 if holds else 1)
    assert ("NOT MET" in capsys.readouterr().out) is not holds


def test_32_environments_that_ask_without_an_end_get_nine_tenths_of_what_is_allowed():
    load = contended("BASIC", 32, 2, pause=4_000)
    plan = PLANS["BASIC"]
    worst = most_in_any_interval([(at, 1) for at in load.grants], plan.per_second)
    assert 0.90 <= share_of_allowed(load, "BASIC", 2) <= 1
    assert load.refused > 10 * load.granted
    # An answer comes back half a round trip after its write, and each by the same time.
    assert worst <= plan.burst * SECOND


def test_basic_costs_half_of_two_counters(basic):
    assert price(basic) <= 0.55 * price_of_two_counters(basic)


def test_enterprise_costs_a_fifteenth_of_two_counters(enterprise):
    assert price(enterprise) <= price_of_two_counters(enterprise) / 15


def test_every_unit_is_answered_or_held_in_a_lease(enterprise):
    (day,) = enterprise.store.days.values()
    held = ENTERPRISE.environments * PLANS["ENTERPRISE"].lease
    assert 0 <= day.requests - enterprise.granted <= held
    assert day.units_used >= enterprise.answered_units


def test_a_day_with_ten_revoked_keys_is_one_write_unit():
    assert item_size(10**6, revoked=10) <= 1_024 < item_size(10**6, revoked=20)


def test_the_same_seed_gives_the_same_run():
    first, second = Case("PREMIUM", 200, 8, 5).run(), Case("PREMIUM", 200, 8, 5).run()
    assert (first.grants, first.writes) == (second.grants, second.writes)


def test_environments_overlap_on_the_virtual_clock():
    seen = []
    with Simulation(1, NOON) as simulation:
        for name in "ab":

            def job(name=name):
                seen.append((name, simulation.now - NOON))
                simulation.sleep(SECOND)
                seen.append((name, simulation.now - NOON))

            simulation.environment().do(job)
        simulation.run(NOON + 5 * SECOND)
    assert seen == [("a", 0), ("b", 0), ("a", SECOND), ("b", SECOND)]


def test_what_fails_in_an_environment_fails_the_simulation():
    def job():
        simulation.sleep(1)
        raise ArithmeticError

    with Simulation(1, NOON) as simulation:
        simulation.environment().do(job)
        with pytest.raises(ArithmeticError):
            simulation.run(NOON + SECOND)
