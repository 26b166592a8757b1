"""The plans, as they are sold."""

from graphql_api.guard.plans import PLANS, Plan, plan_of
from graphql_api.stores import Account, Overrides


def test_the_plans_are_these():
    assert list(PLANS.values()) == [
        Plan("DEMO", 5, 10, 500, 100),
        Plan("BASIC", 100, 200, 10_000, 500),
        Plan("PREMIUM", 500, 1_000, 100_000, 1_000, lease=50),
        Plan("ENTERPRISE", 2_000, 5_000, 1_000_000, 5_000, lease=50),
    ]
    assert all(name == plan.name for name, plan in PLANS.items())


def test_no_single_query_may_cost_more_than_a_day():
    assert all(plan.single_query <= plan.units_per_day for plan in PLANS.values())


def test_what_an_account_overrides_counts_in_place_of_its_plan():
    own = Overrides(per_second=7, units_per_day=50_000)
    assert plan_of(Account("a", "A", "BASIC", 0, own)) == Plan("BASIC", 7, 200, 50_000, 500)
    assert plan_of(Account("a", "A", "BASIC", 0)) is PLANS["BASIC"]
    assert plan_of(Account("a", "A", "GOLD", 0, own)) is None
