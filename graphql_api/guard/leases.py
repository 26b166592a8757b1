"""What a process holds of an account: requests charged ahead, and what is owed back of them."""

import threading
from typing import NamedTuple

from graphql_api.guard.lease_size import Size, Traffic
from graphql_api.guard.plans import Plan
from graphql_api.guard.standing import Admission
from graphql_api.stores import Outcome, UsageDay

__all__ = ["Debt", "Holding", "Order"]


class Order(NamedTuple):
    """One conditional write: what it takes for this request and later ones, and gives back."""

    requests: int
    units: int
    life: int = 0
    requests_back: int = 0
    units_back: int = 0


class Debt(NamedTuple):
    """What is to be given back to a day by a write of its own."""

    day: str
    requests: int
    units: int


class Holding:
    """A lease of one account, and what is left of those before it.

    ``fetching`` is held by the one thread that asks the store; whoever comes meanwhile waits for
    it, since what it brings will mostly do for all. ``lock`` is held for moments only.

    Nothing is ever lost here but by a write whose outcome is unknown or by the end of the process:
    what is charged is spent, or owed back to the day that was charged.
    """

    __slots__ = (
        "_owed",
        "_taken",
        "_units",
        "_until",
        "_valid",
        "day",
        "debts",
        "failures",
        "fetching",
        "gone",
        "lock",
        "pressed_until",
        "traffic",
        "usage",
    )

    def __init__(self, day: str) -> None:
        self.lock = threading.Lock()
        self.fetching = threading.Lock()
        self.traffic = Traffic()
        self.failures = 0  # fetches that failed, for those who waited for one
        self.gone = False  # put out of the memory: nothing may be added any more
        self.pressed_until = 0  # the store asked for fewer writes
        self.debts: list[Debt] = []  # what is owed to days that are over
        self.day = day
        self.usage = UsageDay(day)  # as the last answer of the store had it
        self._taken = 0
        self._until = 0
        self._valid = 0  # requests that may be spent until then
        self._units = 0
        self._owed = 0  # requests that may not be spent any more

    def spend(self, plan: Plan, cost: int, now: int) -> Admission | None:
        """Admit a request from the lease, if that lives and reaches."""
        with self.lock:
            if cost > self._units or not self._lives(now):
                return None
            self._valid -= 1
            self._units -= cost
            return self._admission(plan, cost, now)

    def refund(self, day: str, requests: int, units: int, now: int) -> bool:
        """Put back what was charged for nothing, while the lease lives.

        The units can be spent again. The request cannot: it was let in once, for the rate.
        """
        with self.lock:
            if self.gone or self.day != day or not self._lives(now, fewest=0):
                return False
            self._units += units
            self._owed += requests
            return True

    def order(self, size: Size, cost: int, now: int) -> Order:
        """What to ask the store for; what that gives back is held no more."""
        with self.lock:
            if self._lives(now):  # and is short of units: this request pays for itself
                missing = round(self._valid * self.traffic.mean_cost) - self._units
                spare = max(0, size.units - cost)
                return Order(1, cost + max(0, min(missing, spare)))
            order = Order(*size, self._valid + self._owed, self._units)
            self._valid = self._owed = self._units = 0
            return order

    def settle(self, order: Order, outcome: Outcome, plan: Plan, cost: int, now: int) -> Admission:
        """Hold what an order has brought, and admit the request that it was made for."""
        with self.lock:
            self.usage = outcome.usage
            self._valid += order.requests - 1
            self._units += order.units - cost
            if order.life:
                self._taken, self._until = now, now + order.life
            return self._admission(plan, cost, now)

    def restore(self, order: Order, found: UsageDay) -> bool:
        """Hold again what an order would have given back, since it was refused.

        False where the day holds less than that: its item is not the one that was charged, so
        nothing is owed to it.
        """
        with self.lock:
            self.usage = found
            if found.requests < order.requests_back or found.units_used < order.units_back:
                return False
            self._owed += order.requests_back
            self._units += order.units_back
            return True

    def turn(self, day: str) -> None:
        """Begin another day, or this one anew: what is held becomes a debt to the day so far."""
        with self.lock:
            debt = Debt(self.day, self._valid + self._owed, self._units)
            if debt.requests or debt.units:
                self.debts.append(debt)
            self._valid = self._owed = self._units = 0
            if day != self.day:
                self.day = day
                self.usage = UsageDay(day)

    def next_debt(self) -> Debt | None:
        """What is to be given back next, which whoever asks now gives back."""
        with self.lock:
            return self.debts.pop(0) if self.debts else None

    @property
    def units(self) -> int:
        """Units that are held."""
        return self._units

    def held(self, day: str) -> tuple[int, int]:
        """Requests and units of a day that were charged and not spent."""
        with self.lock:
            requests, units = self._valid + self._owed, self._units
            owed = [debt for debt in self.debts if debt.day == day]
            if self.day != day:
                requests = units = 0
            return (
                requests + sum(debt.requests for debt in owed),
                units + sum(debt.units for debt in owed),
            )

    def _lives(self, now: int, fewest: int = 1) -> bool:
        return self._valid >= fewest and self._taken <= now < self._until

    def _admission(self, plan: Plan, cost: int, now: int) -> Admission:
        return Admission(
            plan,
            now,
            self.usage,
            self._valid + self._owed,
            self._units,
            self._valid if self._lives(now) else 0,
            cost,
            self,
        )
