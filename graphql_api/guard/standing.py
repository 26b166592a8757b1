"""How a caller stands against the limits, and how that reads in the response headers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphql_api.guard.limits import DAY, SECOND, Rate, midnight_before, rate_of, seconds_until
from graphql_api.guard.plans import Plan
from graphql_api.stores.records import UsageDay

if TYPE_CHECKING:
    from graphql_api.guard.leases import Holding

__all__ = ["Admission", "Standing", "standing"]


@dataclass(slots=True)
class Standing:
    """A caller's limits and what is left of them; all times in microseconds since the epoch.

    What is not asked for is not computed. Where this process holds requests that were charged
    ahead, they are not used: they count as free, for it alone can spend them.
    """

    plan: Plan
    at: int
    usage: UsageDay  # as the store last told it
    held_requests: int = 0
    held_units: int = 0
    ready: int = 0  # requests that may be spent without asking

    @property
    def rate(self) -> Rate:
        """The arithmetic of the plan's rate."""
        return rate_of(self.plan.per_second, self.plan.burst)

    @property
    def day(self) -> str:
        """The UTC day, as 2026-11-21."""
        return self.usage.day

    @property
    def units_used(self) -> int:
        """Units used of the day."""
        return self.usage.units_used - self.held_units

    @property
    def requests(self) -> int:
        """Requests of the day."""
        return self.usage.requests - self.held_requests

    @property
    def burst(self) -> int:
        """Requests that are guaranteed at once after a rest."""
        return self.rate.guaranteed

    @property
    def available(self) -> int:
        """Requests that fit now."""
        rate = self.rate
        return min(rate.guaranteed, rate.available(self.at, self.usage.tat) + self.ready)

    @property
    def rate_resets_at(self) -> int:
        """When `burst` requests fit again, if none come."""
        return self.rate.full_at(self.at, self.usage.tat)

    @property
    def resets_at(self) -> int:
        """The midnight that ends the day."""
        return midnight_before(self.at) + DAY

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

    def throttle(self) -> dict[str, int]:
        """``throttleStatus`` of ``extensions.cost``; it counts requests."""
        return {
            "maximumAvailable": self.burst,
            "currentlyAvailable": self.available,
            "restoreRate": self.per_second,
        }

    def headers(self) -> dict[str, str]:
        """``RateLimit`` and ``RateLimit-Policy`` of draft-ietf-httpapi-ratelimit-headers-11.

        ``burst`` counts requests, the draft's default; ``daily`` counts our units, and says so.
        Where nothing is available, the effective window ends when one request fits, so that it
        never ends after a Retry-After; else when the burst fits again.
        """
        rate = self.rate
        window = -(-rate.refill // SECOND)
        available = self.available
        open_at = self.rate_resets_at if available else rate.ready_at(self.at, self.usage.tat)
        burst_left = f'"burst";r={available};t={seconds_until(open_at, self.at)}'
        daily_left = f'"daily";r={self.units_remaining};t={seconds_until(self.resets_at, self.at)}'
        return {
            "RateLimit-Policy": (
                f'"burst";q={self.burst};w={window}, '
                f'"daily";q={self.units_limit};w={DAY // SECOND};qu="units"'
            ),
            "RateLimit": f"{burst_left}, {daily_left}",
        }


@dataclass(slots=True)
class Admission(Standing):
    """What was charged for one request, and how the caller stands after it."""

    cost: int = 0  # units
    holding: "Holding | None" = None  # where it was taken from a lease, or brought one

    def refunded(self, units: int, requests: int) -> None:
        """Take what was given back off what is used."""
        self.held_units += units
        self.held_requests += requests


def standing(plan: Plan, usage: UsageDay, now: int) -> Standing:
    """How a caller of ``plan`` stands with what is known of the day."""
    return Standing(plan, now, usage)
