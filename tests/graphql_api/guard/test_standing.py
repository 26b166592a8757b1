"""How a caller stands, and the headers that say so."""

import pytest

from graphql_api.guard.plans import PLANS
from graphql_api.guard.standing import standing
from graphql_api.stores import UsageDay

SECOND = 1_000_000
NOON = 1_795_262_400 * SECOND
TODAY = "2026-11-21"


def test_a_day_without_use_has_everything_left():
    stands = standing(PLANS["DEMO"], UsageDay(TODAY), NOON)
    assert (stands.available, stands.burst, stands.per_second) == (9, 9, 5)
    assert (stands.units_used, stands.units_limit, stands.units_remaining) == (0, 500, 500)
    assert stands.rate_resets_at == NOON
    assert stands.resets_at == NOON + 43_200 * SECOND


@pytest.mark.parametrize(
    ("plan", "policy"),
    [
        ("DEMO", '"burst";q=9;w=2, "daily";q=500;w=86400;qu="units"'),
        ("BASIC", '"burst";q=190;w=2, "daily";q=10000;w=86400;qu="units"'),
        ("PREMIUM", '"burst";q=950;w=2, "daily";q=100000;w=86400;qu="units"'),
        ("ENTERPRISE", '"burst";q=4750;w=3, "daily";q=1000000;w=86400;qu="units"'),
    ],
)
def test_the_policy_of_each_plan_is_the_same_in_every_answer(plan, policy):
    for usage in (UsageDay(TODAY), UsageDay(TODAY, NOON + SECOND, 400, 200)):
        assert standing(PLANS[plan], usage, NOON).headers()["RateLimit-Policy"] == policy


def test_what_is_left_is_never_negative():
    stands = standing(PLANS["DEMO"], UsageDay(TODAY, NOON + 60 * SECOND, 9_000, 3), NOON)
    assert (stands.available, stands.units_remaining) == (0, 0)
    assert stands.headers()["RateLimit"] == '"burst";r=0;t=59, "daily";r=0;t=43200'


def test_the_last_second_of_a_day_is_a_second():
    stands = standing(PLANS["DEMO"], UsageDay(TODAY), NOON + 43_200 * SECOND - 1)
    assert '"daily";r=500;t=1' in stands.headers()["RateLimit"]
