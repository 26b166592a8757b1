"""How a caller stands against the limits, and how that reads in the response headers."""

from dataclasses import dataclass

from graphql_api.guard.limits import DAY, SECOND, midnight_before, rate_of, seconds_until
from graphql_api.guard.plans import Plan
from graphql_api.stores.records import UsageDay

__all__ = ["Admission", "Standing", "standing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A caller's limits and what is left of them; all times in microseconds since the epoch."""

    plan: Plan
    at: int
    day: str  # UTC, as 2026-11-21
    units_used: int
    requests: int
    burst: int  # guaranteed at once after a rest
    available: int  # requests that fit now
    rate_resets_at: int  # when ``burst`` fit again, if none come
    resets_at: int  # the midnight that ends the day

    @property
    def per_second(self) -> int:
        """Requests a second, sustained: what the bucket is refilled with."""
        return self.plan.per_second

    @property
    def units_limit(self) -> int:
        """Units a day."""
        return self.plan.units_per_day

    @property
    def units_remaining(self) -> int:
        """Units left of the day; 0 where a plan was lowered beneath what is used."""
        return max(0, self.units_limit - self.units_used)

    def headers(self) -> dict[str, str]:
        """``RateLimit`` and ``RateLimit-Policy`` of draft-ietf-httpapi-ratelimit-headers-10.

        ``burst`` counts requests, the draft's default; ``daily`` counts our units, and says so.
        """
        rate = rate_of(self.plan.per_second, self.plan.burst)
        window = -(-rate.refill // SECOND)
        burst_left = f'"burst";r={self.available};t={seconds_until(self.rate_resets_at, self.at)}'
        daily_left = f'"daily";r={self.units_remaining};t={seconds_until(self.resets_at, self.at)}'
        return {
            "RateLimit-Policy": (
                f'"burst";q={self.burst};w={window}, '
                f'"daily";q={self.units_limit};w={DAY // SECOND};qu="units"'
            ),
            "RateLimit": f"{burst_left}, {daily_left}",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission(Standing):
    """What was charged for one request, and how the caller stands after it."""

    cost: int  # units
    charged_requests: int = 1


def standing(plan: Plan, usage: UsageDay, now: int) -> Standing:
    """How a caller of ``plan`` stands with what is known of the day."""
    rate = rate_of(plan.per_second, plan.burst)
    return Standing(
        plan=plan,
        at=now,
        day=usage.day,
        units_used=usage.units_used,
        requests=usage.requests,
        burst=rate.guaranteed,
        available=rate.available(now, usage.tat),
        rate_resets_at=rate.full_at(now, usage.tat),
        resets_at=midnight_before(now) + DAY,
    )
