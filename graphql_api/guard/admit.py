"""The guard: who asks, and whether one more request of so many units fits the limits."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from graphql_api.errors import BadInput, Unauthenticated
from graphql_api.guard import refusals
from graphql_api.guard.accounts import Accounts
from graphql_api.guard.attempts import charge_alone
from graphql_api.guard.authenticate import Authenticator
from graphql_api.guard.breaker import Breaker
from graphql_api.guard.caller import Caller
from graphql_api.guard.charging import Charging
from graphql_api.guard.keys import Environment
from graphql_api.guard.leasing import Leasing
from graphql_api.guard.limits import DAY, SECOND, day_of
from graphql_api.guard.reach import Reach
from graphql_api.guard.standing import Admission, Standing
from graphql_api.stores import (
    AccountStore,
    ApiKey,
    UsageDay,
    UsageStore,
)

if TYPE_CHECKING:
    from graphql_api.guard.tokens import Tokens

__all__ = ["Guard"]

LONGEST_CLOSE: Final = 5 * SECOND
HISTORY_DAYS: Final = 30


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
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._accounts = accounts
        self._environment = environment
        self._authenticator = Authenticator(accounts, clock, environment, tokens)
        self._usage = usage
        self._clock = clock
        self._breaker = Breaker(clock)
        self._charging = Charging(clock)
        self._leasing = Leasing(usage, self._charging, clock, sleep)
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
                return self._leasing.admit(caller, cost, reach or self.reach())
            if self._leasing.holds(caller.account_id):  # its plan had leases a moment ago
                self._leasing.put_out(caller.account_id, self.reach())
            reach = reach or self.reach()
            usage, now = charge_alone(self._usage, self._charging, caller, cost, reach, self._clock)
            if self._leasing.owes:  # the store is there again
                self._leasing.pay_next(reach)
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
        one attempt, since a repeated refund would give back twice. When that may have been done the
        caller stays charged, which the log says: the limits are never passed. When the store was
        surely not reached, it is done as soon as it is.

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
            done = self._leasing.give_back(
                caller.account_id, admission.day, requests, units, reach or self.reach()
            )
            self._charging.look_again(caller.account_id)
        if done:
            admission.refunded(units, requests)
        return done

    def close(self, longest: int = LONGEST_CLOSE) -> None:
        """Give back what is held, and lease no more; within a few seconds, however much it is.

        Parameters
        ----------
        longest : int, microseconds
            After which no more is begun: what then is held stays charged.
        """
        self._closed = True
        self._leasing.close(self.reach, longest)

    def peek(self, caller: Caller, reach: Reach | None = None) -> Standing:
        """How the caller stands now; one read, nothing charged."""
        now = self._clock()
        day = day_of(now)
        usage = (reach or self.reach())(self._usage.usage, caller.account_id, day)
        return Standing(caller.plan, now, usage, *self._leasing.held(caller.account_id, day))

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

    def deeds(self, caller: Caller, reach: Reach) -> Accounts:
        """What this caller may do to accounts and keys, in its name; who may is asked before."""
        return Accounts(
            self._accounts,
            self._clock,
            self._environment,
            actor=caller.actor,
            home=caller.account,
            reach=reach,
        )

    def forget(self, key_id: str) -> None:
        """Refuse a key from now on that this process has revoked."""
        self._authenticator.forget(key_id)

    def keys(self, caller: Caller, reach: Reach | None = None) -> list[ApiKey]:
        """The keys of the caller's account, oldest first, revoked ones too; one read."""
        return (reach or self.reach())(self._accounts.list_keys, caller.account_id)

    def _less_held(self, account_id: str, usage: UsageDay) -> UsageDay:
        """A day without what was charged to it ahead and is not spent."""
        requests, units = self._leasing.held(account_id, usage.day)
        if not requests and not units:
            return usage
        return replace(
            usage, requests=usage.requests - requests, units_used=usage.units_used - units
        )
