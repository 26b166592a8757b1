"""Time of admission without the store's own, beside a plain limiter of two counters, in turn."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.traffic.memory_store import MemoryStore
from benchmarks.traffic.simulation import SECOND, Simulation
from graphql_api.guard import keys
from graphql_api.guard.admit import Guard
from market_data.clock import now

ROUNDS, CALLS = 60, 200


class TwoCounters:
    """What is commonly written: requests of this second, units of this day, each looked at first.

    It keeps no burst, races with itself, and knows no key; nothing of it is stored anywhere.
    """

    def __init__(self, per_second: int, units_per_day: int) -> None:
        self.per_second = per_second
        self.units_per_day = units_per_day
        self.counters: dict[tuple[str, int], int] = {}

    def admit(self, account: str, units: int) -> bool:
        """Whether one more request fits."""
        moment = now()
        second = (account, moment // SECOND)
        day = (account, moment // (86_400 * SECOND))
        requests, used = self.counters.get(second, 0), self.counters.get(day, 0)
        if requests >= self.per_second or used + units > self.units_per_day:
            return False
        self.counters[second] = requests + 1
        self.counters[day] = used + units
        return True


class Stopwatch:
    """A store whose own time is taken off."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.spent = 0

    def __getattr__(self, name: str) -> Callable[..., object]:
        ask = getattr(self._store, name)

        def call(*arguments: object) -> object:
            began = time.perf_counter_ns()
            try:
                return ask(*arguments)
            finally:
                self.spent += time.perf_counter_ns() - began

        return call


class Admissions:
    """One account of a plan whose limits are out of the way, asked for by one caller."""

    def __init__(self, plan: str) -> None:
        secret = keys.mint("live")
        store = MemoryStore.of(Simulation(1, now()), plan, keys.digest(secret))
        self.store = Stopwatch(store)
        self.days = store.days
        self.guard = Guard(self.store, self.store, now)  # type: ignore[arg-type]
        self.headers = {"x-api-key": secret}
        self.caller = self.guard.authenticate(self.headers)

    def admit(self) -> None:
        """As each request is admitted."""
        self.guard.admit(self.caller, 1)

    def authenticate(self) -> None:
        """As each request finds its caller, from memory."""
        self.guard.authenticate(self.headers)

    def rest(self) -> None:
        """Forget what was used, so that no round is refused."""
        self.days.clear()
        self.guard = Guard(self.store, self.store, now)  # type: ignore[arg-type]
        self.caller = self.guard.authenticate(self.headers)


def microseconds(call: Callable[[], object], store: Stopwatch | None, calls: int) -> float:
    """Mean of some calls, without the store's own time."""
    before = store.spent if store else 0
    began = time.perf_counter_ns()
    for _ in range(calls):
        call()
    spent = time.perf_counter_ns() - began - ((store.spent - before) if store else 0)
    return spent / calls / 1_000


def main() -> None:
    basic, enterprise = Admissions("BASIC"), Admissions("ENTERPRISE")
    counters = TwoCounters(10**9, 10**9)
    cases: dict[str, tuple[Callable[[], object], Stopwatch | None, int]] = {
        "two counters in a dict": (lambda: counters.admit("account", 1), None, CALLS),
        "authenticate, known key": (basic.authenticate, None, CALLS),
        "admit, BASIC (one write)": (basic.admit, basic.store, 100),
        "admit, ENTERPRISE (leased)": (enterprise.admit, enterprise.store, CALLS),
    }
    kept: dict[str, list[float]] = {name: [] for name in cases}
    for turn in range(ROUNDS + 5):
        basic.rest()
        enterprise.rest()
        for name, case in cases.items():
            took = microseconds(*case)
            if turn >= 5:
                kept[name].append(took)
    peer = median(kept["two counters in a dict"])
    print("microseconds a call without the store's own time, median (quartiles)")
    for name, timings in kept.items():
        low, middle, high = quantiles(timings, n=4)
        print(
            f"{name:32}{middle:8.2f} ({low:.2f} - {high:.2f}){middle / peer:10.1f} / two counters"
        )


if __name__ == "__main__":
    main()
