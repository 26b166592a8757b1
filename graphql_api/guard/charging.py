"""Charging: one conditional write in the form that fits, or a refusal that needs no write."""

import logging
import random
from collections.abc import Callable
from typing import Final

from graphql_api.errors import RateLimited, Unauthenticated, Unavailable
from graphql_api.guard import refusals
from graphql_api.guard.authenticate import REVOKED
from graphql_api.guard.caller import Caller
from graphql_api.guard.guess import Flow, Seen, fitting, likely, marked_by, misled, sharers
from graphql_api.guard.leases import Order
from graphql_api.guard.limits import DAY, SECOND, Band, Form, Rate, day_of, midnight_before, rate_of
from graphql_api.guard.memory import Memory
from graphql_api.guard.plans import Plan
from graphql_api.guard.reach import BUSY, Reach, unavailable
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

__all__ = ["Charging", "Guess", "is_over", "may_be_done", "say_lost"]

Guess = Callable[[Rate, Seen | None, int, int], Form]

# For so long a spent quota is believed: a plan may rise, and failures are given back. It is looked
# at again when both are over, seconds (at random) and refusals, or after the longest time.
RECHECK: Final = (3 * SECOND, 4 * SECOND)
RECHECK_REFUSALS: Final = 64
RECHECK_LONGEST: Final = 30 * SECOND
ACCOUNTS: Final = 10_000  # whose last item is remembered
FORMS_TRIED: Final = 6  # two suffice alone; races may cost a third
SCARCE: Final = 16  # the bucket is, where it holds less than this part of what is guaranteed
RATION: Final = (0.9, 1.2)  # times a process's part of the rate, at random
RATION_LONGEST: Final = SECOND  # which whoever is refused is told to wait, at least
THROTTLED_FOR: Final = SECOND // 20  # doubled with each time in a row
THROTTLED_MOST: Final = SECOND

logger = logging.getLogger(__name__)


class Charging:
    """Admits by conditional writes, and refuses from memory what the last answer rules out.

    Whatever it remembers only saves calls: each admission is a conditional write, so what it has
    wrong costs a second call and never a request too many.
    """

    def __init__(self, usage: UsageStore, clock: Callable[[], int]) -> None:
        self._usage = usage
        self._clock = clock
        self._seen: Memory[str, Seen] = Memory(ACCOUNTS)
        self._throttled: Memory[str, tuple[int, int]] = Memory(ACCOUNTS)

    def last_seen(self, account_id: str, now: int) -> Seen | None:
        """What is known of the account's day."""
        seen = self._seen.get(account_id, now)
        return seen if seen is not None and seen.usage.day == day_of(now) else None

    def look_again(self, account_id: str) -> None:
        """Have the next request find out whether the day's units reach again."""
        seen = self._seen.get(account_id, self._clock())
        if seen is not None:
            seen.recheck_after = 0
            seen.refused = RECHECK_REFUSALS

    def check(self, caller: Caller, cost: int, now: int, held: int = 0) -> Seen | None:
        """What is known of the account, unless it rules this request out.

        Parameters
        ----------
        held : int
            Units of the day that this process holds, and would give back with the write.

        Raises
        ------
        RateLimited, QuotaExceeded, Unavailable
            As long as that must still hold: ``tat`` never falls, and ``used`` only by refunds. For
            a moment after the store has asked for fewer writes of this account, and where this
            process has had its part of an all but empty bucket (see ``ration``).
        """
        seen = self.last_seen(caller.account_id, now)
        plan = caller.plan
        if seen is not None and cost and seen.usage.units_used + cost - held > plan.units_per_day:
            self._refuse_if_spent(caller, cost, seen, now)
        rate = rate_of(plan.per_second, plan.burst)
        usage = seen.usage if seen is not None else UsageDay(day_of(now))
        if rate.ready_at(now, usage.tat) > now:
            raise refusals.rate_limited(plan, usage, now)
        if seen is not None and 0 < seen.held_until - now <= RATION_LONGEST:
            raise refusals.rate_limited(plan, usage, now)
        if len(self._throttled):
            throttled = self._throttled.get(caller.account_id, now)
            if throttled is not None and now < throttled[0]:
                raise unavailable(BUSY)
        return seen

    def write(
        self,
        caller: Caller,
        order: Order,
        guess: Guess,
        seen: Seen | None,
        first: Seen | None,
        now: int,
        reach: Reach,
    ) -> Outcome:
        """One conditional write; see limits for the numbers."""
        plan = caller.plan
        rate = rate_of(plan.per_second, plan.burst)
        form = guess(rate, seen, now, order.life)
        band = rate.at(now, order.requests, order.life)
        units = order.units - order.units_back
        charge = Charge(
            caller.account_id,
            day_of(now),
            caller.key_id,
            order.requests - order.requests_back,
            units,
            plan.units_per_day - units if order.units else None,
        )
        try:
            if form is Form.BUSY:
                outcome = reach(self._usage.busy, charge, band.lo, band.hi, band.step, band.slots)
            elif form is Form.IDLE:
                heeded = not misled(rate, seen, band, now, seen is not first)
                slot = Slot(band.slots, band.lo, band.hi, heeded)
                outcome = reach(self._usage.idle, charge, band.x, band.x + band.step, slot)
            else:
                opening = rate.opening(midnight_before(now))
                outcome = reach(self._usage.new, charge, opening + band.step)
        except Unavailable as error:
            if isinstance(error.__cause__, StoreThrottled):
                self._hold_off(caller.account_id, now)
            if may_be_done(error):  # what it took is spent by nobody, or what it had back is lost
                requests = max(order.requests, order.requests_back)
                say_lost(caller.account_id, requests, max(order.units, order.units_back))
            raise
        self._learn(charge, outcome, rate, first, form, band, order.life > 0, now)
        return outcome

    def alone(self, caller: Caller, cost: int, reach: Reach) -> tuple[UsageDay, int]:
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
        order = Order(1, cost)
        guess = likely
        first: Seen | None = None
        found: UsageDay | None = None
        for attempt in range(FORMS_TRIED):
            now = self._clock()
            try:
                seen = self.check(caller, cost, now)
            except RateLimited:
                if found is not None:
                    self.ration(caller, 1, found, now)
                raise
            first = first if attempt else seen
            outcome = self.write(caller, order, guess, seen, first, now, reach)
            found = outcome.usage
            if outcome.admitted:
                self.ration(caller, 1, found, now)
                return found, now
            if caller.key_id in found.revoked:
                raise Unauthenticated(REVOKED)
            guess = fitting
            if reach.spent and is_over(caller.plan, found, now):
                break
        # The store is well: it is this account that asks too much at the same instant.
        raise refusals.rate_limited(caller.plan, outcome.usage, now)

    def ration(self, caller: Caller, requests: int, found: UsageDay, now: int) -> None:
        """Keep to this process's part of the rate, once others have all but emptied the bucket.

        Each who comes would ask for the little that there is, and nearly all in vain. So it asks
        again when its part has brought as many requests as it was given, or was refused. Nothing is
        lost by it: what is not taken now is there later, up to the burst.

        Parameters
        ----------
        requests : int
            As many as were admitted, or asked for in vain.
        found : UsageDay
            The day as the store has just had it.
        """
        rate = rate_of(caller.plan.per_second, caller.plan.burst)
        room = rate.room(now, found.tat)
        if room * SCARCE >= rate.guaranteed:
            return
        seen = self.last_seen(caller.account_id, now)
        parts = sharers(rate, seen, now)
        if seen is not None and room < requests * (parts - 1):
            hold = round(requests * rate.spacing * parts * random.uniform(*RATION))
            seen.held_until = now + min(hold, RATION_LONGEST)

    def _refuse_if_spent(self, caller: Caller, cost: int, seen: Seen, now: int) -> None:
        """Refuse without a call what the last answer says cannot be: the day's units are spent."""
        passed = now - seen.checked_at
        due = passed >= seen.recheck_after and seen.refused >= RECHECK_REFUSALS
        if due or not 0 <= passed < RECHECK_LONGEST:
            # Whoever comes meanwhile is refused by what is known; this request goes and looks.
            seen.checked_at = now
            seen.recheck_after = random.randint(*RECHECK)
            seen.refused = 0
            return
        seen.refused += 1
        raise refusals.quota_exceeded(caller.plan, seen.usage, cost, now)

    def _learn(
        self,
        charge: Charge,
        outcome: Outcome,
        rate: Rate,
        first: Seen | None,
        form: Form,
        band: Band,
        ahead: bool,
        now: int,
    ) -> None:
        """Remember an answer, unless a later one is known: ``tat`` never falls.

        Others spend from the bucket when it is found elsewhere than it was ``first``, when this
        request began; one that rested, and so was taken to stand at x, tells nothing of that.
        """
        account_id = charge.account_id
        if len(self._throttled):
            self._throttled.forget(account_id)
        known = self.last_seen(account_id, now)
        if known is not None and (known.usage.tat or 0) > (outcome.usage.tat or 0):
            return
        found = outcome.usage.tat or 0
        if outcome.admitted:
            found -= band.step
        rested = outcome.admitted and (form is Form.NEW or (form is Form.IDLE and found == band.x))
        shared = not rested and (first is None or found != first.usage.tat)
        if ahead and rested and first is not None:
            shared = first.shared  # the bucket was raised, wherever it was
        flow = known.flow if known is not None else Flow()
        flow.learn(rate, outcome, charge.requests, now)
        seen = Seen(outcome.usage, now, shared, flow, now, random.randint(*RECHECK))
        seen.mark = band.slots[0] if marked_by(form, band, outcome) else None
        if known is not None:
            seen.held_until = known.held_until
        self._seen.put(account_id, seen, midnight_before(now) + 2 * DAY)

    def _hold_off(self, account_id: str, now: int) -> None:
        """Ask the store nothing for this account for a moment: longer each time, and at random."""
        before = self._throttled.get(account_id, now)
        most = min(THROTTLED_MOST, 2 * before[1] if before else THROTTLED_FOR)
        until = now + most // 2 + random.randrange(most)
        self._throttled.put(account_id, (until, most), until + THROTTLED_MOST)


def may_be_done(error: Unavailable) -> bool:
    """Whether a write that failed may have happened: to do it again might be once too often."""
    cause = error.__cause__
    return isinstance(cause, StoreUnavailable) and not isinstance(cause, StoreUntouched)


def say_lost(account_id: str, requests: int, units: int) -> None:
    """Log what an account may stay charged for at most, though nobody was answered for it."""
    told = {"account": account_id, "requests": requests, "units": units}
    logger.warning("the answer of a write was lost", extra={"line": told})


def is_over(plan: Plan, found: UsageDay, now: int) -> bool:
    """Whether what a write at ``now`` was refused with proves that the rate was used up then.

    There may be room a little later. But where no time is left to ask once more, the refusal is the
    account's doing: the store has answered.
    """
    return rate_of(plan.per_second, plan.burst).ready_at(now, found.tat) > now
