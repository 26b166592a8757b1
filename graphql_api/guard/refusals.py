"""The refusals of the limits, in words and numbers: which limit, and when to come back."""

import random
from typing import Final

from graphql_api.errors import QueryTooComplex, QuotaExceeded, RateLimited
from graphql_api.guard.limits import rate_of, seconds_until
from graphql_api.guard.plans import Plan
from graphql_api.guard.standing import standing
from graphql_api.stores import UsageDay

__all__ = ["check_cost", "quota_exceeded", "rate_limited"]

SPREAD: Final = 30  # seconds after midnight, so that not all come at once


def check_cost(plan: Plan, cost: int) -> None:
    """Raise QueryTooComplex for what no request of this plan may cost, on any day."""
    if cost < 0:
        raise ValueError(f"a cost of {cost} units")
    limit = min(plan.single_query, plan.units_per_day)
    if cost > limit:
        raise QueryTooComplex(
            f"This query costs {cost:,} units, and the plan {plan.name} allows {limit:,} in one. "
            "Ask for less, or in parts.",
            limit="cost",
            value=cost,
            maximum=limit,
        )


def rate_limited(plan: Plan, usage: UsageDay, now: int) -> RateLimited:
    """The refusal of a request that comes before the bucket has room for it."""
    rate = rate_of(plan.per_second, plan.burst)
    wait = seconds_until(rate.ready_at(now, usage.tat), now)
    stands = standing(plan, usage, now)
    return RateLimited(
        f"Too many requests at once: the plan {plan.name} allows {plan.per_second:,} a second. "
        f"Try again in {wait} s.",
        limit="burst",
        retry_after=wait,
        resets_at=rate.full_at(now, usage.tat),
        standing=stands.headers(),
        throttle=stands.throttle(),
    )


def quota_exceeded(plan: Plan, usage: UsageDay, cost: int, now: int) -> QuotaExceeded:
    """The refusal of a request that costs more than is left of the day."""
    stands = standing(plan, usage, now)
    # A day's bucket opens spent, and has room for a first request one spacing later.
    ready_at = stands.resets_at + rate_of(plan.per_second, plan.burst).spacing
    wait = seconds_until(ready_at, now) + random.randrange(SPREAD)
    return QuotaExceeded(
        f"The units of the day do not reach: {usage.units_used:,} of {plan.units_per_day:,} "
        f"(plan {plan.name}) are used, and this query costs {cost:,}. "
        "The next day begins at midnight UTC.",
        limit="daily",
        retry_after=wait,
        resets_at=stands.resets_at,
        standing=stands.headers(),
        throttle=stands.throttle(),
    )
