"""The guard: who asks, and whether one more request of so many units fits the limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from graphql_api.errors import BadInput, Unauthenticated, Unavailable
from graphql_api.guard import refusals
from graphql_api.guard.authenticate import REVOKED, Authenticator
from graphql_api.guard.caller import Caller
from graphql_api.guard.keys import Environment
from graphql_api.guard.limits import DAY, SECOND, Form, Rate, day_of, midnight_before, rate_of
from graphql_api.guard.memory import Memory
from graphql_api.guard.plans import Plan
from graphql_api.guard.reach import Reach
from graphql_api.guard.standing import Admission, Standing, standing
from graphql_api.stores import AccountStore, ApiKey, Charge, Outcome, UsageDay, UsageStore

if TYPE_CHECKING:
    from graphql_api.guard.tokens import Tokens

__all__ = ["Guard"]

# For so long a spent quota is believed: a plan may rise, and failures are given back.
RECHECK: Final = 3 * SECOND
ACCOUNTS: Final = 10_000  # whose last item is remembered
FORMS_TRIED: Final = 5  # two suffice alone; races may cost a third
HISTORY_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Seen:
    """What the last answer of the store said of an account."""

    usage: UsageDay
    at: int
    shared: bool  # the bucket had moved since the answer before: others spend from it too
    quota_checked_at: int


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
    One guard serves a process; its methods may be called from several threads. Whatever it
    remembers only saves calls: each admission is a conditional write, so what it has wrong costs a
    second call and never a request too many.
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
        self._seen: Memory[str, Seen] = Memory(ACCOUNTS)

    def reach(self) -> Reach:
        """A new request's second for its store calls, to be passed to the methods below."""
        return Reach(self._clock)

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
        """Charge one request of ``cost`` units in one conditional write, or refuse it.

        With a cost of 0 the day's units are not asked about, so that a caller without any left can
        still see that.

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
        refusals.check_cost(plan, cost)
        reach = reach or self.reach()
        rate = rate_of(plan.per_second, plan.burst)
        guess = _guess
        first: Seen | None = None
        for attempt in range(FORMS_TRIED):
            now = self._clock()
            seen = self._last_seen(caller, now)
            first = first if attempt else seen
            if seen is not None:
                self._refuse_if_spent(caller, cost, seen, now)
            usage = seen.usage if seen else UsageDay(day_of(now))
            if rate.ready_at(now, usage.tat) > now:  # and so for all, since tat never falls
                raise refusals.rate_limited(plan, usage, now)
            form = guess(rate, seen, now)
            outcome = self._attempt(caller, rate, form, cost, now, reach)
            self._learn(caller, outcome, first, form, now)
            if outcome.admitted:
                return _admission(plan, outcome.usage, now, cost)
            if caller.key_id in outcome.usage.revoked:
                self._authenticator.forget(caller.key_id)
                raise Unauthenticated(REVOKED)
            guess = _fitting
        raise Unavailable("Too many requests of this account at the same instant. Try again.")

    def refund(self, caller: Caller, admission: Admission, units: int | None = None) -> bool:
        """Give back what was charged for nothing; whether that was done.

        One attempt, since a repeated refund would give back twice. When it fails the caller stays
        charged, which the log says: the limits are never passed.

        Parameters
        ----------
        units : int, optional
            What a request was charged too much, which was answered and goes on counting. Without,
            all that was charged for a request which failed by our fault, and the request itself.
        """
        requests = admission.charged_requests if units is None else 0
        units = admission.cost if units is None else units
        if not 0 <= units <= admission.cost:
            raise ValueError(f"{units} units of {admission.cost}")
        done = self.reach().if_possible(
            self._usage.give_back, caller.account_id, admission.day, requests, units
        )
        seen = self._last_seen(caller, self._clock())
        if seen is not None:  # what it says of the quota is outdated
            self._remember(caller, replace(seen, quota_checked_at=0))
        return done

    def peek(self, caller: Caller, reach: Reach | None = None) -> Standing:
        """How the caller stands now; one read, nothing charged."""
        now = self._clock()
        usage = (reach or self.reach())(self._usage.usage, caller.account_id, day_of(now))
        return standing(caller.plan, usage, now)

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
        return [by_day.get(day) or UsageDay(day) for day in wanted]

    def keys(self, caller: Caller, reach: Reach | None = None) -> list[ApiKey]:
        """The keys of the caller's account, oldest first, revoked ones too; one read."""
        return (reach or self.reach())(self._accounts.list_keys, caller.account_id)

    def _attempt(
        self, caller: Caller, rate: Rate, form: Form, cost: int, now: int, reach: Reach
    ) -> Outcome:
        """One conditional write; see limits for the numbers."""
        band = rate.at(now)
        charge = Charge(
            account_id=caller.account_id,
            day=day_of(now),
            key_id=caller.key_id,
            requests=1,
            units=cost,
            room=caller.plan.units_per_day - cost if cost else None,
        )
        if form is Form.BUSY:
            return reach(self._usage.busy, charge, band.lo, band.hi, band.step)
        if form is Form.IDLE:
            return reach(self._usage.idle, charge, band.x, band.x + band.step)
        return reach(self._usage.new, charge, rate.opening(midnight_before(now)) + band.step)

    def _refuse_if_spent(self, caller: Caller, cost: int, seen: Seen, now: int) -> None:
        """Refuse without a call what the last answer says cannot be: the day's units are spent."""
        if not cost or seen.usage.units_used + cost <= caller.plan.units_per_day:
            return
        if now >= seen.quota_checked_at + RECHECK:
            # Whoever comes meanwhile is refused by what is known; this request goes and looks.
            self._remember(caller, replace(seen, quota_checked_at=now))
            return
        raise refusals.quota_exceeded(caller.plan, seen.usage, cost, now)

    def _last_seen(self, caller: Caller, now: int) -> Seen | None:
        seen = self._seen.get(caller.account_id, now)
        return seen if seen is not None and seen.usage.day == day_of(now) else None

    def _learn(
        self, caller: Caller, outcome: Outcome, first: Seen | None, form: Form, now: int
    ) -> None:
        """Remember an answer, unless a later one is known: ``tat`` never falls.

        Others spend from the bucket when it is found elsewhere than it was ``first``, when this
        request began. An IDLE that went through has found it at rest.
        """
        known = self._last_seen(caller, now)
        if known is not None and (known.usage.tat or 0) > (outcome.usage.tat or 0):
            return
        found = outcome.usage.tat
        if outcome.admitted and found is not None:
            found -= rate_of(caller.plan.per_second, caller.plan.burst).spacing
        moved = first is None or found != first.usage.tat
        shared = moved and not (outcome.admitted and form is not Form.BUSY)
        self._remember(caller, Seen(outcome.usage, now, shared, now))

    def _remember(self, caller: Caller, seen: Seen) -> None:
        self._seen.put(caller.account_id, seen, midnight_before(seen.at) + 2 * DAY)


def _fitting(rate: Rate, seen: Seen | None, now: int) -> Form:
    """The form that the last ``tat`` seen calls for."""
    return rate.form(now, seen.usage.tat if seen else None)


def _guess(rate: Rate, seen: Seen | None, now: int) -> Form:
    """The form to try first, on what was seen a while ago.

    Where others were seen to spend from the same bucket they have gone on moving it, so BUSY is the
    better guess even if the last ``tat`` seen lies below the band by now.
    """
    if seen is not None and seen.shared and seen.usage.tat and now < seen.at + rate.tau:
        return Form.BUSY
    return _fitting(rate, seen, now)


def _admission(plan: Plan, usage: UsageDay, now: int, cost: int) -> Admission:
    stands = standing(plan, usage, now)
    return Admission(
        plan=plan,
        at=now,
        day=usage.day,
        units_used=usage.units_used,
        requests=usage.requests,
        burst=stands.burst,
        available=stands.available,
        rate_resets_at=stands.rate_resets_at,
        resets_at=stands.resets_at,
        cost=cost,
    )
