"""A store in memory that takes its time, and counts what DynamoDB would bill."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from benchmarks.traffic.simulation import SECOND, Simulation
from graphql_api.stores import Account, ApiKey, Charge, Outcome, Scope, Slot, UsageDay

__all__ = ["MemoryStore"]

ROUND_TRIP: Final = 5_000  # microseconds


@dataclass
class MemoryStore:
    """One account with one key, and its days of use."""

    simulation: Simulation
    account: Account
    key: ApiKey

    def __post_init__(self) -> None:
        self.days: dict[str, UsageDay] = {}
        self.marks: dict[str, tuple[int, ...]] = {}
        self.writes: Counter[int] = Counter()  # by the second they came in
        self.reads = 0

    @classmethod
    def of(cls, simulation: Simulation, plan: str, key_id: str) -> "MemoryStore":
        """A store with a new account."""
        now = simulation.now
        account = Account("01JSIMULATED0000000000000", "Simulated", plan, now)
        scopes = frozenset({Scope.SIGNALS_READ})
        key = ApiKey(key_id, account.id, "", "", scopes, now, last_used_at=now)
        return cls(simulation, account, key)

    def find_key(self, key_id: str) -> ApiKey | None:
        self._read()
        return self.key if key_id == self.key.id else None

    def find_account(self, _account_id: str) -> Account | None:
        self._read()
        return self.account

    def touch_key(self, _key_id: str, _at: int) -> None:
        self.simulation.sleep(ROUND_TRIP)  # another item: not of the day's

    def usage(self, _account_id: str, day: str) -> UsageDay:
        self._read()
        return self.days.get(day, UsageDay(day))

    def busy(
        self, charge: Charge, lo: int, hi: int, step: int, slots: tuple[int, ...] = ()
    ) -> Outcome:
        def moved(tat: int | None) -> int | None:
            return tat + step if tat is not None and lo <= tat <= hi else None

        return self._admit(charge, moved, slots)

    def idle(self, charge: Charge, x: int, tat: int, slot: Slot | None = None) -> Outcome:
        def moved(found: int | None) -> int | None:
            if found is not None and slot is not None and self._marked(charge, slot):
                return found + tat - x if slot.lo <= found <= slot.hi else None
            return tat if found is None or found <= x else None

        return self._admit(charge, moved, slot.numbers if slot else ())

    def _marked(self, charge: Charge, slot: Slot) -> bool:
        return slot.heeded and slot.numbers[0] in self.marks.get(charge.day, ())

    def new(self, charge: Charge, tat: int) -> Outcome:
        return self._admit(charge, lambda found: tat if found is None else None, ())

    def give_back(self, _account_id: str, day: str, requests: int, units: int) -> None:
        self._arrive()
        found = self.days[day]
        self.days[day] = replace(
            found, requests=found.requests - requests, units_used=found.units_used - units
        )
        self.simulation.sleep(ROUND_TRIP // 2)

    def _admit(
        self, charge: Charge, moved: Callable[[int | None], int | None], marks: tuple[int, ...]
    ) -> Outcome:
        self._arrive()
        found = self.days.get(charge.day, UsageDay(charge.day))
        tat = moved(found.tat)
        admitted = tat is not None and (charge.room is None or found.units_used <= charge.room)
        if admitted:
            found = replace(
                found,
                tat=tat,
                requests=found.requests + charge.requests,
                units_used=found.units_used + charge.units,
            )
            self.days[charge.day] = found
            self.marks[charge.day] = marks
        self.simulation.sleep(ROUND_TRIP // 2)
        return Outcome(admitted, found)

    def _arrive(self) -> None:
        """A write is billed whether its condition holds or not."""
        self.simulation.sleep(ROUND_TRIP // 2)
        self.writes[self.simulation.now // SECOND] += 1

    def _read(self) -> None:
        self.reads += 1
        self.simulation.sleep(ROUND_TRIP)
