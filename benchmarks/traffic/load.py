"""Requests to an account with many environments, and what they cost at the store."""

import random
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from benchmarks.traffic.arrivals import Arrivals
from benchmarks.traffic.memory_store import MemoryStore
from benchmarks.traffic.simulation import SECOND, Environment, Simulation
from graphql_api.errors import LimitReached
from graphql_api.guard import keys
from graphql_api.guard.admit import Guard
from graphql_api.guard.caller import Caller
from graphql_api.guard.limits import rate_of
from graphql_api.guard.plans import PLANS

__all__ = ["Load", "burst", "contended", "offered"]

NOON: Final = 1_795_262_400 * SECOND  # 2026-11-21T12:00:00Z
WORK: Final = 10_000  # microseconds that an answer takes
COSTS: Final = (1, 1, 1, 2, 2, 3)  # units


@dataclass
class Load:
    """What came of some traffic."""

    store: MemoryStore
    granted: int = 0
    refused: int = 0
    answered_units: int = 0
    writes: int = 0
    reads: int = 0
    grants: list[int] = field(default_factory=list)  # when

    @property
    def trips_per_grant(self) -> float:
        """Round trips to the store, reads included, per admitted request."""
        return (self.writes + self.reads) / self.granted

    @property
    def trips_per_request(self) -> float:
        """Round trips to the store, reads included, per request of any outcome."""
        return (self.writes + self.reads) / (self.granted + self.refused)

    @property
    def busiest_second(self) -> int:
        """Write units on the day's item in the second that had most."""
        return max(self.store.writes.values(), default=0)

    @property
    def busiest_warm_second(self) -> int:
        """The same, once every environment has had a second to learn what comes."""
        first = min(self.store.writes, default=0)
        warm = (units for second, units in self.store.writes.items() if second > first)
        return max(warm, default=0)

    def __add__(self, other: "Load") -> "Load":
        """Both together, as if they were two days of one account."""
        return Load(
            self.store,
            self.granted + other.granted,
            self.refused + other.refused,
            self.answered_units + other.answered_units,
            self.writes + other.writes,
            self.reads + other.reads,
            self.grants + other.grants,
        )


class Fleet:
    """Environments that serve one account, each with a guard of its own."""

    def __init__(self, simulation: Simulation, plan: str, size: int) -> None:
        self.simulation = simulation
        secret = keys.mint("live")
        self.headers = {"x-api-key": secret}
        self.store = MemoryStore.of(simulation, plan, keys.digest(secret))
        self.load = Load(self.store)
        self.idle: list[tuple[Environment, Guard]] = [
            (simulation.environment(), Guard(self.store, self.store, simulation.clock))
            for _ in range(size)
        ]
        self.queue: deque[int] = deque()

    def arrive(self) -> None:
        """A request goes to whatever environment is free, or waits for one."""
        self.queue.append(self.simulation.random.choice(COSTS))
        self._next()

    def ask(self, guard: Guard, cost: int) -> bool:
        """One request as an environment serves it; whether it was admitted."""
        try:
            caller: Caller = guard.authenticate(self.headers)
            guard.admit(caller, cost)
        except LimitReached:
            self.load.refused += 1
            return False
        self.load.granted += 1
        self.load.answered_units += cost
        self.load.grants.append(self.simulation.now)
        self.simulation.sleep(WORK)
        return True

    def counted(self) -> Load:
        """The load, with what the store was asked meanwhile."""
        self.load.writes = self.store.writes.total()
        self.load.reads = self.store.reads
        return self.load

    def _next(self) -> None:
        if not self.queue or not self.idle:
            return
        cost = self.queue.popleft()
        chosen = self.simulation.random.randrange(len(self.idle))
        environment, guard = self.idle.pop(chosen)

        def job() -> None:
            self.ask(guard, cost)
            self.simulation.at(self.simulation.now, free)

        def free() -> None:
            self.idle.append((environment, guard))
            self._next()

        environment.do(job)


@contextmanager
def _fleet(plan: str, size: int, seed: int) -> Iterator[Fleet]:
    before = random.getstate()
    random.seed(seed)  # the guard's own chance
    try:
        with Simulation(seed, NOON) as simulation:
            yield Fleet(simulation, plan, size)
    finally:
        random.setstate(before)


def offered(
    plan: str,
    per_second: float,
    environments: int,
    seconds: float,
    arrivals: Arrivals = Arrivals.WAVES,
    used: int = 0,
    seed: int = 1,
) -> Load:
    """Traffic that comes whatever is answered.

    Parameters
    ----------
    used : int
        Units of the day that were used before.
    """
    with _fleet(plan, environments, seed) as fleet:
        simulation = fleet.simulation
        if used:
            day = fleet.store.usage("", "2026-11-21")
            fleet.store.days[day.day] = type(day)(day.day, NOON - SECOND, used, 1)
            fleet.store.reads = 0
        end = NOON + round(seconds * SECOND)
        moments = arrivals.moments(per_second, simulation.random)

        def follow() -> None:
            simulation.at(NOON + next(moments), come)

        def come() -> None:
            fleet.arrive()
            follow()

        follow()
        simulation.run(end)
        return fleet.counted()


def contended(plan: str, environments: int, seconds: float, pause: int, seed: int = 1) -> Load:
    """Environments that all ask without an end, and come back at once when they are refused.

    Parameters
    ----------
    pause : int, microseconds
        Between a refusal and the next request, at most.
    """
    with _fleet(plan, environments, seed) as fleet:
        simulation = fleet.simulation

        def insist(guard: Guard) -> None:
            while True:
                if not fleet.ask(guard, 1):
                    simulation.sleep(simulation.random.randrange(1, pause))

        for environment, guard in fleet.idle:
            environment.do(lambda guard=guard: insist(guard))  # type: ignore[misc]
        simulation.run(NOON + round(seconds * SECOND))
        return fleet.counted()


def burst(plan: str, environments: int, within: float, seed: int = 1) -> Load:
    """What is guaranteed after a rest, spread evenly over ``within`` seconds; none is asked again.

    Every environment knows the key already, and nothing of what was used.
    """
    limits = PLANS[plan]
    requests = rate_of(limits.per_second, limits.burst).guaranteed
    with _fleet(plan, environments, seed) as fleet:
        simulation = fleet.simulation
        for environment, guard in fleet.idle:
            environment.do(lambda guard=guard: guard.authenticate(fleet.headers))  # type: ignore[misc]
        begins = NOON + 10 * SECOND + simulation.random.randrange(SECOND)
        simulation.run(begins)
        for number in range(requests):
            simulation.at(begins + round(within * SECOND * number / requests), fleet.arrive)
        simulation.run(begins + 60 * SECOND)
        return fleet.counted()
