"""The guard: who asks, and whether one more request of so many units fits the limits."""

import logging
import random
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from graphql_api.errors import BadInput, RateLimited, Unauthenticated, Unavailable
from graphql_api.guard import refusals
from graphql_api.guard.authenticate import REVOKED, Authenticator
from graphql_api.guard.breaker import Breaker
from graphql_api.guard.caller import Caller
from graphql_api.guard.charging import FORMS_TRIED, Charging, fitting, likely, shared
from graphql_api.guard.keys import Environment
from graphql_api.guard.lease_size import Size, lease_size, wanted
from graphql_api.guard.leases import Holding, Order
from graphql_api.guard.limits import DAY, SECOND, day_of, rate_of
from graphql_api.guard.reach import AWAY, Reach, unavailable
from graphql_api.guard.standing import Admission, Standing
from graphql_api.stores import (
    AccountStore,
    ApiKey,
    StoreThrottled,
    StoreUnavailable,
    UsageDay,
    UsageStore,
)

if TYPE_CHECKING:
    from graphql_api.guard.tokens import Tokens

__all__ = ["Guard"]

HOLDINGS: Final = 1_000  # accounts of which leases are held; the rest is asked for one by one
PRESSED_FOR: Final = 10 * SECOND  # leases stay large for so long after the store was throttled
CONTENDED: Final = 3  # the bucket is, where it holds less than this part of a lease
HISTORY_DAYS: Final = 30

logger = logging.getLogger(__name__)


class Guard:
    """Finds the caller, and admits or refuses what the caller asks.

    Parameters
    ----------
    accounts, usage : stores
        Often one object.
    clock : callable
        Integer microseconds since the epoch.
    environment : "live" or "test"
        Which keys are taken.
    tokens : Tokens, optional
        What verifies tokens; without, only keys are taken.

    Notes
    -----
    One guard serves a process; its methods may be called from several threads.
    """

    def __init__(
        self,
        accounts: AccountStore,
        usage: UsageStore,
        clock: Callable[[], int],
        environment: Environment = "live",
        tokens: "Tokens | None" = None,
    ) -> None:
        self._accounts = accounts
        self._authenticator = Authenticator(accounts, clock, environment, tokens)
        self._usage = usage
        self._clock = clock
        self._breaker = Breaker(clock)
        self._charging = Charging(usage, clock)
        self._holdings: OrderedDict[str, Holding] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False

    def reach(self) -> Reach:
        """A new request's second for its store calls, to be passed to the methods below."""
        return Reach(self._clock, self._breaker)

    def authenticate(
        self,
        headers: Mapping[str, str],
        reach: Reach | None = None,
        address: str | None = None,
    ) -> Caller:
        """The caller whose key or token the headers carry; names of headers in lower case.

        Parameters
        ----------
        address : str, optional
            Where the request comes from, as a hop that we trust says. Keys with a list of networks
            are of no use without.

        Raises
        ------
        Unauthenticated
            When it is missing, malformed, unknown, forged, revoked, expired or not yet valid.
        Forbidden
            When the key may not be used from this address.
        Unavailable
            When that cannot be found out.
        """
        return self._authenticator.caller(headers, reach or self.reach(), address)

    def admit(self, caller: Caller, cost: int, reach: Reach | None = None) -> Admission:
        """Charge one request of ``cost`` units, or refuse it.

        From a lease where the plan has them, else in one conditional write. With a cost of 0 the
        day's units are not asked about, so that a caller without any left can still see that.

        Raises
        ------
        QueryTooComplex
            When no request of this cost is ever admitted on this plan.
        RateLimited, QuotaExceeded
            With the limit, and when to come back. Nothing was charged.
        Unauthenticated
            When the key was revoked meanwhile.
        Unavailable
            When the store cannot be reached. The request may have been charged, never served.
        """
        plan = caller.plan
        if not 0 <= cost <= plan.single_query or cost > plan.units_per_day:
            refusals.check_cost(plan, cost)
        try:
            if plan.lease and not self._closed:
                return self._lease(caller, cost, reach or self.reach())
            usage, now = self._charging.alone(caller, cost, reach or self.reach())
        except Unauthenticated:
            self._authenticator.forget(caller.key_id)
            raise
        return Admission(plan, now, usage, cost=cost)

    def refund(
        self,
        caller: Caller,
        admission: Admission,
        units: int | None = None,
        reach: Reach | None = None,
    ) -> bool:
        """Give back what was charged for nothing; whether that was done.

        Into the lease that it was taken from, while that lives. Else in a write of its own, with
        one attempt, since a repeated refund would give back twice. When it fails the caller stays
        charged, which the log says: the limits are never passed.

        Parameters
        ----------
        units : int, optional
            What a request was charged too much, which was answered and goes on counting. Without,
            all that was charged for a request which failed by our fault, and the request itself.
        """
        requests = 1 if units is None else 0
        units = admission.cost if units is None else units
        if not 0 <= units <= admission.cost:
            raise ValueError(f"{units} units of {admission.cost}")
        holding = admission.holding
        done = holding is not None and holding.refund(admission.day, requests, units, self._clock())
        if not done:
            done = self._give_back(
                caller.account_id, admission.day, requests, units, reach or self.reach()
            )
            self._charging.look_again(caller.account_id)
        if done:
            admission.refunded(units, requests)
        return done

    def close(self) -> None:
        """Give back what is held, and lease no more; each account once, within seconds in all."""
        self._closed = True
        reach = self.reach()
        with self._lock:
            holdings = list(self._holdings.items())
            self._holdings.clear()
        for account_id, holding in holdings:
            self._put_out(account_id, holding, reach)

    def peek(self, caller: Caller, reach: Reach | None = None) -> Standing:
        """How the caller stands now; one read, nothing charged."""
        now = self._clock()
        day = day_of(now)
        usage = (reach or self.reach())(self._usage.usage, caller.account_id, day)
        return Standing(caller.plan, now, usage, *self._held(caller.account_id, day))

    def history(
        self, caller: Caller, days: int = HISTORY_DAYS, reach: Reach | None = None
    ) -> list[UsageDay]:
        """The last ``days`` days with today, oldest first, empty ones too; one read."""
        if not 1 <= days <= HISTORY_DAYS:
            raise BadInput(f"The history of usage goes back 1 to {HISTORY_DAYS} days.")
        today = self._clock()
        wanted = [day_of(today - ago * DAY) for ago in reversed(range(days))]
        found = (reach or self.reach())(
            self._usage.history, caller.account_id, wanted[0], wanted[-1]
        )
        by_day = {usage.day: usage for usage in found}
        return [
            self._less_held(caller.account_id, by_day.get(day) or UsageDay(day)) for day in wanted
        ]

    def keys(self, caller: Caller, reach: Reach | None = None) -> list[ApiKey]:
        """The keys of the caller's account, oldest first, revoked ones too; one read."""
        return (reach or self.reach())(self._accounts.list_keys, caller.account_id)

    def _lease(self, caller: Caller, cost: int, reach: Reach) -> Admission:
        """Admit from the lease, or wait for the one who fetches the next, or fetch it."""
        now = self._clock()
        holding = self._holding(caller.account_id, now, reach)
        holding.traffic.arrive(now, cost)
        admission = self._spend(holding, caller, cost, now)
        if admission is not None:
            return admission
        failures = holding.failures
        reach.wait(holding.fetching)
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
                self._put_out(caller.account_id, holding, reach)
            holding.fetching.release()

    def _spend(self, holding: Holding, caller: Caller, cost: int, now: int) -> Admission | None:
        if caller.key_id in holding.usage.revoked:
            raise Unauthenticated(REVOKED)
        return holding.spend(caller.plan, cost, now)

    def _fetch(self, holding: Holding, caller: Caller, cost: int, reach: Reach) -> Admission:
        """Charge this request, with those that are expected after it where they fit."""
        plan, charging = caller.plan, self._charging
        rate = rate_of(plan.per_second, plan.burst)
        guess = likely
        first = None
        for attempt in range(FORMS_TRIED):
            now = self._clock()
            day = day_of(now)
            if holding.day != day:
                self._give_back(caller.account_id, *holding.turn(day), reach)
            try:
                seen = charging.check(caller, cost, now, holding.units)
            except RateLimited:
                if attempt:
                    charging.contended(caller.account_id, True, now)
                raise
            first = first if attempt else seen
            size = Size(1, cost, 0)
            if attempt < FORMS_TRIED // 2 and not holding.gone:
                usage = seen.usage if seen is not None else UsageDay(day)
                size = lease_size(
                    holding.traffic,
                    plan.lease,
                    rate,
                    now,
                    usage.tat,
                    cost,
                    plan.units_per_day - usage.units_used + holding.units,
                    random.random(),
                    seen is None or shared(rate, seen, now),
                    attempt > 0,
                    now < holding.pressed_until,
                )
            order = holding.order(size, cost, now)
            try:
                outcome = charging.write(caller, order, guess, seen, first, now, reach)
            except Unavailable as error:
                self._failed(holding, order, error, now)
                raise
            if outcome.admitted:
                whole = wanted(holding.traffic, plan.lease)
                scarce = CONTENDED * order.requests < whole > rate.room(now, outcome.usage.tat)
                charging.contended(caller.account_id, scarce, now)
                return holding.settle(order, outcome, plan, cost, now)
            if not holding.restore(order, outcome.usage):
                logger.warning("a day's item holds less than a lease was charged to it")
            if caller.key_id in outcome.usage.revoked:
                raise Unauthenticated(REVOKED)
            guess = fitting
        raise unavailable(refusals.RACED)

    def _failed(self, holding: Holding, order: Order, error: Unavailable, now: int) -> None:
        """Keep what a write that failed has surely not given back."""
        cause = error.__cause__
        holding.failures += 1
        if isinstance(cause, StoreThrottled):
            holding.pressed_until = now + PRESSED_FOR
        if isinstance(cause, StoreUnavailable) and not isinstance(cause, StoreThrottled):
            # It may have been done. To give it back again might be once too often.
            return
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
            self._put_out(*oldest, reach)
        return holding

    def _put_out(self, account_id: str, holding: Holding, reach: Reach) -> None:
        holding.gone = True
        self._give_back(account_id, *holding.turn(holding.day), reach)

    def _give_back(
        self, account_id: str, day: str, requests: int, units: int, reach: Reach
    ) -> bool:
        """Take requests and units off a day, in one attempt."""
        if not requests and not units:
            return True
        return reach.if_possible(self._usage.give_back, account_id, day, requests, units)

    def _held(self, account_id: str, day: str) -> tuple[int, int]:
        holding = self._holdings.get(account_id)
        return holding.held(day) if holding is not None else (0, 0)

    def _less_held(self, account_id: str, usage: UsageDay) -> UsageDay:
        """A day without what was charged to it ahead and is not spent."""
        requests, units = self._held(account_id, usage.day)
        if not requests and not units:
            return usage
        return replace(
            usage, requests=usage.requests - requests, units_used=usage.units_used - units
        )
