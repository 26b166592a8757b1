"""Leasing: requests are charged ahead by one thread for all, and what is left is given back."""

import logging
import random
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from graphql_api.errors import Unauthenticated, Unavailable
from graphql_api.guard import refusals
from graphql_api.guard.attempts import FORMS_TRIED, Attempts, may_be_done, say_lost
from graphql_api.guard.authenticate import REVOKED
from graphql_api.guard.caller import Caller
from graphql_api.guard.charging import Charging
from graphql_api.guard.guess import Seen, expected_tat, sharers
from graphql_api.guard.lease_size import Size, lease_size, wanted
from graphql_api.guard.leases import Debt, Holding, Order
from graphql_api.guard.limits import SECOND, day_of, rate_of
from graphql_api.guard.plans import Plan
from graphql_api.guard.reach import AWAY, Reach, unavailable
from graphql_api.guard.standing import Admission
from graphql_api.stores import StoreThrottled, UsageStore

__all__ = ["Leasing"]

HOLDINGS: Final = 1_000  # accounts of which leases are held; one more puts the oldest out
PRESSED_FOR: Final = 10 * SECOND  # leases stay large for so long after the store was throttled
CLOSING_PAUSE: Final = 0.1  # seconds at most, before what could not be given back is tried again

logger = logging.getLogger(__name__)


class Leasing:
    """What a process holds of accounts whose plans have leases.

    No lock is held over accounts while a store is asked, and of one account one thread asks.
    """

    def __init__(
        self,
        usage: UsageStore,
        charging: Charging,
        clock: Callable[[], int],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._usage = usage
        self._charging = charging
        self._clock = clock
        self._sleep = sleep
        self._holdings: OrderedDict[str, Holding] = OrderedDict()
        # Put out, and still owed what no store was there to take back: paid by whoever comes next.
        self._owing: deque[tuple[str, Holding]] = deque(maxlen=HOLDINGS)
        self._lock = threading.Lock()

    def admit(self, caller: Caller, cost: int, reach: Reach) -> Admission:
        """Admit from the lease, or wait for the one who fetches the next, or fetch it."""
        now = self._clock()
        holding = self._holding(caller.account_id, now, reach)
        holding.traffic.arrive(now, cost)
        admission = self._spend(holding, caller, cost, now)
        if admission is not None:
            return admission
        failures = holding.failures
        try:
            reach.wait(holding.fetching)
        except Unavailable:  # whoever asks for all may have been told why
            self._charging.check(caller, cost, self._clock(), holding.units)
            raise
        try:
            now = self._clock()
            admission = self._spend(holding, caller, cost, now)
            if admission is not None:
                return admission
            if holding.failures != failures:  # while this request waited for it
                raise unavailable(AWAY)
            return self._fetch(holding, caller, cost, reach)
        finally:
            if holding.gone:
                self._empty(caller.account_id, holding, reach)
            holding.fetching.release()

    def holds(self, account_id: str) -> bool:
        """Whether anything may be held of an account."""
        return account_id in self._holdings

    def held(self, account_id: str, day: str) -> tuple[int, int]:
        """Requests and units of a day that were charged and not spent."""
        holding = self._holdings.get(account_id)
        return holding.held(day) if holding is not None else (0, 0)

    def close(self, reach: Callable[[], Reach], longest: int) -> None:
        """Give back all that is held, the most units first; again what surely was not taken back.

        Parameters
        ----------
        reach : callable
            A new second for the calls of each account.
        longest : int, microseconds
            After which no more is begun.
        """
        began = self._clock()
        with self._lock:
            held = sorted(self._holdings.items(), key=lambda one: one[1].units, reverse=True)
        for account_id, _ in held:
            if 0 <= self._clock() - began < longest:  # or the clock was set back
                self.put_out(account_id, reach())
        while self._owing and 0 <= self._clock() - began < longest:
            self._sleep(random.uniform(CLOSING_PAUSE / 2, CLOSING_PAUSE))
            for _ in range(len(self._owing)):
                self.pay_next(reach())

    def put_out(self, account_id: str, reach: Reach) -> None:
        """Give back what is held of an account, and hold no more of it."""
        with self._lock:
            holding = self._holdings.pop(account_id, None)
        if holding is not None:
            self._empty(account_id, holding, reach)

    def give_back(self, account_id: str, day: str, requests: int, units: int, reach: Reach) -> bool:
        """Take requests and units off a day, in one attempt; whether that was done.

        What surely was not is owed, and done once the store is there again.
        """
        if not requests and not units:
            return True
        owing = Holding(day)
        owing.debts.append(Debt(day, requests, units))
        return self._settle_up(account_id, owing, reach)

    @property
    def owes(self) -> bool:
        """Whether something is to be given back that could not be sent."""
        return bool(self._owing)

    def _spend(self, holding: Holding, caller: Caller, cost: int, now: int) -> Admission | None:
        if caller.key_id in holding.usage.revoked:
            raise Unauthenticated(REVOKED)
        return holding.spend(caller.plan, cost, now)

    def _fetch(self, holding: Holding, caller: Caller, cost: int, reach: Reach) -> Admission:
        """Charge this request, with those that are expected after it where they fit."""
        plan = caller.plan
        attempts = Attempts(self._charging, caller, cost, reach)
        for attempt in range(FORMS_TRIED):
            now = self._clock()
            self._settle_days(caller.account_id, holding, day_of(now), reach)
            # So many were asked for in vain, if it is refused after a write.
            requests = wanted(holding.traffic.expected(now), plan.lease) if attempt else 1
            seen = attempts.check(now, holding.units, max(1, requests))
            size = Size(1, cost, 0)
            if attempt < FORMS_TRIED // 2 and not holding.gone:
                size = _next_size(holding, plan, cost, seen, now)
            order = holding.order(size, cost, now)
            try:
                outcome = attempts.write(self._usage, order, now)
            except Unavailable as error:
                self._failed(holding, order, error, now)
                raise
            if outcome.admitted:
                admission = holding.settle(order, outcome, plan, cost, now)
                if self._owing:  # the store is there again
                    self.pay_next(reach)
                return admission
            if not holding.restore(order, outcome.usage):
                logger.warning("a day's item holds less than a lease was charged to it")
            if not attempts.may_go_on(outcome.usage, now):
                break
        raise refusals.rate_limited(plan, outcome.usage, now)

    def _settle_days(self, account_id: str, holding: Holding, day: str, reach: Reach) -> None:
        """Hold of this day, and give back what is held of those before it."""
        if holding.day != day:
            holding.turn(day)
        if holding.debts:
            self._pay(account_id, holding, reach)

    def _failed(self, holding: Holding, order: Order, error: Unavailable, now: int) -> None:
        """Keep what a write that failed has surely not given back."""
        holding.failures += 1
        if isinstance(error.__cause__, StoreThrottled):
            holding.pressed_until = now + PRESSED_FOR
        if not may_be_done(error):
            holding.restore(order, holding.usage)

    def _holding(self, account_id: str, now: int, reach: Reach) -> Holding:
        """What is held of an account; the one that was asked for longest ago makes room."""
        with self._lock:
            holding = self._holdings.get(account_id)
            if holding is not None:
                self._holdings.move_to_end(account_id)
                return holding
            holding = self._holdings[account_id] = Holding(day_of(now))
            oldest = self._holdings.popitem(last=False) if len(self._holdings) > HOLDINGS else None
        if oldest is not None:
            self._empty(*oldest, reach)
        return holding

    def _empty(self, account_id: str, holding: Holding, reach: Reach) -> None:
        holding.gone = True  # a thread that is fetching for it empties it again
        holding.turn(holding.day)
        self._settle_up(account_id, holding, reach)

    def pay_next(self, reach: Reach) -> None:
        """Try again what an account is owed since the store was away."""
        try:
            account_id, holding = self._owing.popleft()
        except IndexError:  # another was quicker
            return
        self._settle_up(account_id, holding, reach)

    def _settle_up(self, account_id: str, holding: Holding, reach: Reach) -> bool:
        """Give back what is owed, now or when the store is there again; whether it was done now."""
        paid = self._pay(account_id, holding, reach)
        if holding.debts:
            self._owing.append((account_id, holding))
        return paid

    def _pay(self, account_id: str, holding: Holding, reach: Reach) -> bool:
        """Give back what is owed to days that are over, each once; whether all was.

        What surely was not done is owed on; what may have been done is not.
        """
        while debt := holding.next_debt():
            try:
                reach(self._usage.give_back, account_id, *debt)
            except Unavailable as error:
                logger.warning("not given back: %s: %s", debt, error.__cause__ or error)
                if may_be_done(error):
                    say_lost(account_id, debt.requests, debt.units)
                else:
                    holding.debts.insert(0, debt)
                return False
        return True


def _next_size(holding: Holding, plan: Plan, cost: int, seen: Seen | None, now: int) -> Size:
    """What to ask the store for, by what is known of the account and of others who spend."""
    rate = rate_of(plan.per_second, plan.burst)
    used = seen.usage.units_used if seen is not None else 0
    return lease_size(
        holding.traffic,
        plan.lease,
        rate,
        now,
        expected_tat(seen, now),
        cost,
        plan.units_per_day - used + holding.units,
        sharers(rate, seen, now),
        now < holding.pressed_until,
    )
