"""Loads x environments x ways of arriving, and what each may cost at most."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.traffic.arrivals import CLUMP, Arrivals
from benchmarks.traffic.load import Load, offered
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
    ),
    "ENTERPRISE": ((100, 8), (500, 16), (1_900, 55), (2_000, 55)),
}


@dataclass(frozen=True)
class Case:
    """Traffic of one account."""

    plan: str
    per_second: float
    environments: int
    seconds: int
    arrivals: Arrivals = Arrivals.WAVES
    used: int = 0

    def run(self) -> Load:
        """What comes of it."""
        return offered(
            self.plan,
            self.per_second,
            self.environments,
            self.seconds,
            self.arrivals,
            self.used,
        )

    def bound(self, load: Load) -> float:
        """The most round trips that an admitted request may take, look-ups of the key included.

        A lease lives a second, so where an environment has m requests a second, one of m + 1 needs
        a write at the least, and one of half as many is what is held to; where there are few
        requests, each environment's two look-ups a minute are more than what a guess may cost.
        """
        look_ups = load.reads / load.granted
        if not PLANS[self.plan].lease:
            return max(WITHOUT_LEASES, 1.035 + look_ups)
        each = self.per_second / self.environments
        return WITH_LEASES if each >= ENOUGH else 2 / (1 + each) + look_ups

    def holds(self, load: Load) -> bool:
        """Whether round trips and writes are within their bounds."""
        return load.trips_per_grant <= self.bound(load) and (
            not PLANS[self.plan].lease or load.busiest_second <= WRITES
        )

    def __str__(self) -> str:
        return f"{self.plan:11}{self.per_second:6g}/s over {self.environments:2}"


def grid() -> Iterator[Case]:
    """A trickle to saturation, one environment to more than such a load keeps busy."""
    for arrivals in Arrivals:
        for per_second in (1, 2.5, 4.5) if arrivals is not Arrivals.CLUMPS else ():
            yield Case("DEMO", per_second, 1, 60, arrivals)  # a clump is the whole burst of DEMO
        for per_second in BASIC:
            for environments in (1, 4, 16, 32):
                yield Case("BASIC", per_second, environments, 60, arrivals)
        for plan, cases in LEASED.items():
            for per_second, environments in cases:
                if arrivals is Arrivals.CLUMPS and per_second / environments < CLUMP:
                    continue  # what comes in a second has all come before a lease is there
                seconds = 60 if per_second < 100 else 20
                yield Case(plan, per_second, environments, seconds, arrivals)
