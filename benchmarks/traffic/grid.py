"""Loads x environments x ways of arriving, and what each may cost at most."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Final

from benchmarks.traffic.arrivals import CLUMP, Arrivals
from benchmarks.traffic.load import Load, offered
from graphql_api.guard.limits import rate_of
from graphql_api.guard.plans import PLANS

__all__ = ["Case", "grid"]

WITHOUT_LEASES: Final = 1.05  # round trips a request
WITH_LEASES: Final = 0.13
ENOUGH: Final = 12  # requests a second in each environment, for leases to come to that
WRITES: Final = 250  # a second on the one item, in any second
BASIC: Final = (2, 10, 30, 50, 70, 90, 98)
LEASED: Final = {
    "PREMIUM": (
        (5, 4),
        (10, 2),
        (20, 1),
        (50, 4),
        (200, 4),
        (200, 16),
        (450, 16),
        (490, 32),
        (450, 48),
        (475, 48),
        (490, 48),
    ),
    "ENTERPRISE": ((100, 8), (500, 16), (1_900, 55), (2_000, 55)),
}
BEYOND: Final = (("BASIC", 150, 16), ("PREMIUM", 600, 48), ("ENTERPRISE", 2_500, 55))
DAYS: Final = 20  # of DEMO, whose units are gone in a minute: or else chance decides


@dataclass(frozen=True)
class Case:
    """Traffic of one account."""

    plan: str
    per_second: float
    environments: int
    seconds: int
    arrivals: Arrivals = Arrivals.WAVES
    used: int = 0
    days: int = 1  # of as many seconds each

    def run(self) -> Load:
        """What comes of it."""
        return reduce(add, map(self._day, range(1, self.days + 1)))

    def _day(self, seed: int) -> Load:
        return offered(
            self.plan,
            self.per_second,
            self.environments,
            self.seconds,
            self.arrivals,
            self.used,
            seed,
        )

    def bound(self, load: Load) -> float:
        """The most round trips that an admitted request may take, look-ups of the key included.

        A lease lives a second, so where an environment has m requests a second, one of m + 1 needs
        a write at the least, and one of half as many is what is held to; where there are few
        requests, each environment's two look-ups a minute are more than what a guess may cost. And
        where one request takes a whole slot of time and most of the rate is used, two who come in
        one slot leave the bucket further ahead than anybody can know who comes after a slot without
        any, and has heard nothing since three others came.
        """
        look_ups = load.reads / load.granted
        plan = PLANS[self.plan]
        each = min(self.per_second, plan.per_second) / self.environments
        if plan.lease:
            return WITH_LEASES if each >= ENOUGH else 2 / (1 + each) + look_ups
        slots = rate_of(plan.per_second, plan.burst).slots
        if slots > 1 and self.environments > 2 and 2 * self.per_second > plan.per_second:
            return WITHOUT_LEASES + look_ups
        return max(WITHOUT_LEASES, 1.035 + look_ups)

    def holds(self, load: Load) -> bool:
        """Whether round trips and writes are within their bounds."""
        plan = PLANS[self.plan]
        within = self.per_second <= plan.per_second
        busiest = load.busiest_second if within else load.busiest_warm_second
        writes = not plan.lease or busiest <= WRITES
        return load.trips_per_grant <= self.bound(load) and writes

    def __str__(self) -> str:
        return f"{self.plan:11}{self.per_second:6g}/s over {self.environments:2}"


def grid() -> Iterator[Case]:
    """A trickle to more than is allowed, one environment to more than such a load keeps busy."""
    for arrivals in Arrivals:
        for environments in (1, 2, 4):
            if arrivals is Arrivals.CLUMPS and environments > 1:
                continue  # a clump is all of DEMO's burst: each finds out by itself that it is gone
            for per_second in (1, 2.5, 4.5):
                yield Case("DEMO", per_second, environments, 60, arrivals, days=DAYS)
        for per_second in BASIC:
            for environments in (1, 4, 16, 32):
                yield Case("BASIC", per_second, environments, 60, arrivals)
        for plan, cases in LEASED.items():
            for per_second, environments in cases:
                few = max(environments, per_second / environments) < CLUMP
                if arrivals is Arrivals.CLUMPS and few:
                    continue  # what comes in a second has all come before a lease is there
                seconds = 60 if per_second < 100 else 20
                yield Case(plan, per_second, environments, seconds, arrivals)
        for plan, per_second, environments in BEYOND:
            yield Case(plan, per_second, environments, 20, arrivals)
