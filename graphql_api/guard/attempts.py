"""One admission, in as many writes as it takes: each in the form that the last answer calls for."""

import logging
from collections.abc import Callable
from typing import Final

from graphql_api.errors import RateLimited, Unauthenticated, Unavailable
from graphql_api.guard import refusals
from graphql_api.guard.authenticate import REVOKED
from graphql_api.guard.caller import Caller
from graphql_api.guard.charging import Charging
from graphql_api.guard.guess import Seen, fitting, likely, misled
from graphql_api.guard.leases import Order
from graphql_api.guard.limits import Band, Form, day_of, midnight_before, rate_of
from graphql_api.guard.reach import Reach
from graphql_api.stores import (
    Charge,
    Outcome,
    Slot,
    StoreThrottled,
    StoreUnavailable,
    StoreUntouched,
    UsageDay,
    UsageStore,
)

__all__ = ["FORMS_TRIED", "Attempts", "charge_alone", "may_be_done", "say_lost"]

FORMS_TRIED: Final = 6  # two suffice alone; races may cost a third

logger = logging.getLogger(__name__)


class Attempts:
    """What one admission has learned from its writes so far.

    The moves of each attempt, in this order: ``check``, which refuses what memory rules out;
    ``write``, which may admit; and ``may_go_on``, which says whether another attempt is worth it.
    """

    __slots__ = ("_caller", "_charging", "_cost", "_first", "_found", "_rate", "_reach", "_seen")

    def __init__(self, charging: Charging, caller: Caller, cost: int, reach: Reach) -> None:
        self._charging = charging
        self._caller = caller
        self._cost = cost
        self._reach = reach
        self._rate = rate_of(caller.plan.per_second, caller.plan.burst)
        self._first: Seen | None = None  # known when the request began
        self._seen: Seen | None = None  # known now
        self._found: UsageDay | None = None  # what the last write has found

    def check(self, now: int, held: int = 0, requests: int = 1) -> Seen | None:
        """What is known of the account, unless it rules this request out (``Charging.check``).

        Parameters
        ----------
        requests : int
            As many as are wanted, and were asked for in vain if this is refused after a write.
        """
        try:
            self._seen = self._charging.check(self._caller, self._cost, now, held)
        except RateLimited:
            if self._found is not None:
                self._charging.ration(
                    self._caller.account_id, self._rate, requests, self._found, now
                )
            raise
        if self._found is None:
            self._first = self._seen
        return self._seen

    def write(self, usage: UsageStore, order: Order, now: int) -> Outcome:
        """One conditional write, on what ``check`` has found; see limits for the numbers."""
        rate, guess = self._rate, likely if self._found is None else fitting
        form = guess(rate, self._seen, now, order.life)
        band = rate.at(now, order.requests, order.life)
        charge = _charge(self._caller, order, now)
        try:
            outcome = self._send(usage, charge, form, band, now)
        except Unavailable as error:
            if isinstance(error.__cause__, StoreThrottled):
                self._charging.hold_off(charge.account_id, now)
            if may_be_done(error):  # what it took is spent by nobody, or what it had back is lost
                requests = max(order.requests, order.requests_back)
                say_lost(charge.account_id, requests, max(order.units, order.units_back))
            raise
        self._found = outcome.usage
        ahead = order.life > 0
        self._charging.learn(charge, outcome, rate, self._first, form, band, ahead, now)
        if outcome.admitted:
            self._charging.ration(charge.account_id, rate, order.requests, outcome.usage, now)
        return outcome

    def _send(self, usage: UsageStore, charge: Charge, form: Form, band: Band, now: int) -> Outcome:
        if form is Form.BUSY:
            return self._reach(usage.busy, charge, band.lo, band.hi, band.step, band.slots)
        if form is Form.IDLE:
            heeded = not misled(self._rate, self._seen, band, now, self._seen is not self._first)
            slot = Slot(band.slots, band.lo, band.hi, heeded)
            return self._reach(usage.idle, charge, band.x, band.x + band.step, slot)
        opening = self._rate.opening(midnight_before(now))
        return self._reach(usage.new, charge, opening + band.step)

    def may_go_on(self, found: UsageDay, now: int) -> bool:
        """Whether to write once more, after a write at ``now`` that was refused with ``found``.

        Not where no time is left to ask, and ``found`` proves that the rate was used up. There may
        be room a little later; but the store has answered, so the refusal is the account's doing.

        Raises
        ------
        Unauthenticated
            When the key was revoked meanwhile.
        """
        if self._caller.key_id in found.revoked:
            raise Unauthenticated(REVOKED)
        return not self._reach.spent or self._rate.ready_at(now, found.tat) <= now


def charge_alone(
    usage: UsageStore,
    charging: Charging,
    caller: Caller,
    cost: int,
    reach: Reach,
    clock: Callable[[], int],
) -> tuple[UsageDay, int]:
    """Charge one request by itself; the day after it, and when.

    Raises
    ------
    RateLimited, QuotaExceeded
        With the limit, and when to come back. Nothing was charged.
    Unauthenticated
        When the key was revoked meanwhile.
    Unavailable
        When the store cannot be reached. The request may have been charged, never served.
    """
    attempts = Attempts(charging, caller, cost, reach)
    order = Order(1, cost)
    for _ in range(FORMS_TRIED):
        now = clock()
        attempts.check(now)
        outcome = attempts.write(usage, order, now)
        if outcome.admitted:
            return outcome.usage, now
        if not attempts.may_go_on(outcome.usage, now):
            break
    # The store is well: it is this account that asks too much at the same instant.
    raise refusals.rate_limited(caller.plan, outcome.usage, now)


def _charge(caller: Caller, order: Order, now: int) -> Charge:
    """What an order takes of the day; one without units fits even where the day has none left."""
    units = order.units - order.units_back
    return Charge(
        caller.account_id,
        day_of(now),
        caller.key_id,
        order.requests - order.requests_back,
        units,
        caller.plan.units_per_day - units if order.units else None,
    )


def may_be_done(error: Unavailable) -> bool:
    """Whether a write that failed may have happened: to do it again might be once too often."""
    cause = error.__cause__
    return isinstance(cause, StoreUnavailable) and not isinstance(cause, StoreUntouched)


def say_lost(account_id: str, requests: int, units: int) -> None:
    """Log what an account may stay charged for at most, though nobody was answered for it."""
    told = {"account": account_id, "requests": requests, "units": units}
    logger.warning("the answer of a write was lost", extra={"line": told})
