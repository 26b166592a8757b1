"""Several guards on one account, in any order of events: never over, and nothing lost."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from graphql_api.errors import LimitReached, Unauthenticated, Unavailable
from graphql_api.guard.admit import Guard
from graphql_api.guard.caller import Caller
from graphql_api.guard.limits import SECOND, rate_of
from graphql_api.guard.plans import Plan
from graphql_api.stores import Account, ApiKey, Outcome, Scope, StoreThrottled, UsageDay
from graphql_api.stores import StoreUnavailable as Away

BEFORE_MIDNIGHT = 1_795_305_600 * SECOND - 4 * SECOND
SKEW = SECOND // 20
PLANS = (
    Plan("SINGLE", per_second=20, burst=30, units_per_day=300, single_query=60),
    Plan("LEASED", per_second=40, burst=80, units_per_day=900, single_query=60, lease=50),
)
KEYS = [
    ApiKey(letter * 64, "account", letter, letter * 4, frozenset({Scope.SIGNALS_READ}), 0)
    for letter in "ab"
]


class Ledger:
    """A UsageStore in memory, whose every call is one step; it can fail before and after."""

    def __init__(self):
        self.days = {}
        self.marks = {}
        self.fails = None

    def busy(self, charge, lo, hi, step, slots=()):
        tat = self.usage("", charge.day).tat
        fits = tat is not None and lo <= tat <= hi
        return self._change(charge, fits, (tat or 0) + step, slots, opens=False)

    def idle(self, charge, x, tat, slot=None):
        found = self.usage("", charge.day).tat
        if slot is None:
            return self._change(charge, found is None or found <= x, tat, ())
        if slot.heeded and slot.numbers[0] in self.marks.get(charge.day, ()):
            fits = slot.lo <= found <= slot.hi
            return self._change(charge, fits, found + tat - x, slot.numbers)
        return self._change(charge, found is None or found <= x, tat, slot.numbers)

    def new(self, charge, tat):
        return self._change(charge, self.usage("", charge.day).tat is None, tat, ())

    def give_back(self, _, day, requests, units):
        found = self.usage("", day)
        assert requests <= found.requests
        assert units <= found.units_used
        self._call(
            day,
            replace(found, requests=found.requests - requests, units_used=found.units_used - units),
        )

    def usage(self, _, day):
        return self.days.get(day) or UsageDay(day)

    def _change(self, charge, fits, tat, marks, opens=True):
        found = self.usage("", charge.day)
        after = UsageDay(
            charge.day,
            tat,
            found.units_used + charge.units,
            found.requests + charge.requests,
            found.revoked,
        )
        held = after.units_used >= 0 and after.requests >= 0 and (opens or charge.day in self.days)
        room = charge.room is None or found.units_used <= charge.room
        if not (fits and held and room) or charge.key_id in found.revoked:
            self._call(charge.day, None)
            return Outcome(False, found)
        self._call(charge.day, after, marks)
        return Outcome(True, after)

    def _call(self, day, after, marks=...):
        fails, self.fails = self.fails, None
        if fails == "throttled":
            raise StoreThrottled("too many")
        if fails == "before":
            raise Away("never arrived")
        if after is not None:
            self.days[day] = after
        if marks is not ...:
            self.marks[day] = marks
        if fails == "after":
            raise Away("the answer was lost")


class Interleavings(RuleBasedStateMachine):
    """What callers were answered is kept apart from the store, and compared with it."""

    @initialize(plan=st.sampled_from(PLANS), before=st.integers(0, 6 * SECOND))
    def begin(self, plan, before):
        self.plan = plan
        self.rate = rate_of(plan.per_second, plan.burst)
        self.ledger = Ledger()
        self.now = BEFORE_MIDNIGHT + before
        self.skews = [0, SKEW, -SKEW]
        self.guards = [self.guard(number) for number in range(3)]
        self.callers = [
            Caller(Account("account", "A", plan.name, 0), plan, key, key.scopes) for key in KEYS
        ]
        self.admissions = []
        self.spent = []
        self.requests, self.units = Counter(), Counter()  # answered, or held by who was killed
        self.lost = False  # an answer of the store, so that the account may be charged too much
        self.revoked = {}

    def guard(self, number):
        return Guard(self.ledger, self.ledger, lambda: self.now + self.skews[number])

    @rule(pause=st.sampled_from([0, 1_000, 20_000, 100_000, 400_000, SECOND]))
    def wait(self, pause):
        self.now += pause

    @rule(
        number=st.integers(0, 2),
        key=st.integers(0, 1),
        cost=st.sampled_from([0, 1, 1, 3, 40]),
        times=st.integers(1, 30),
        pause=st.sampled_from([0, 2_000, 20_000]),
        fails=st.sampled_from([None] * 7 + ["before", "after", "throttled"]),
    )
    def ask(self, number, key, cost, times, pause, fails):
        self.ledger.fails = fails
        self.lost = self.lost or fails in {"before", "after"}
        for _ in range(times):
            self.now += pause
            try:
                admission = self.guards[number].admit(self.callers[key], cost)
            except (LimitReached, Unavailable):
                continue
            except Unauthenticated:
                assert key in self.revoked
                continue
            if key in self.revoked:
                assert self.now - self.revoked[key] <= (SECOND if self.plan.lease else 0)
            self.spent.append(self.now)
            self.requests[admission.day] += 1
            self.units[admission.day] += cost
            self.admissions.append((number, key, admission))
        self.ledger.fails = None

    @rule(which=st.integers(0, 10_000), part=st.sampled_from([None, 0, 1]))
    def refund(self, which, part):
        if not self.admissions:
            return
        number, key, admission = self.admissions.pop(which % len(self.admissions))
        units = None if part is None else part * admission.cost
        if self.guards[number].refund(self.callers[key], admission, units):
            self.requests[admission.day] -= units is None
            self.units[admission.day] -= admission.cost if units is None else units

    @rule(number=st.integers(0, 2))
    def kill(self, number):
        for day, (requests, units) in self.held(number).items():
            self.requests[day] += requests
            self.units[day] += units
        self.guards[number] = self.guard(number)
        self.admissions = [one for one in self.admissions if one[0] != number]

    @rule(number=st.integers(0, 2))
    def close(self, number):
        self.guards[number].close()
        assert not self.held(number)
        self.guards[number] = self.guard(number)

    @rule(key=st.integers(0, 1))
    def revoke(self, key):
        if len(self.spent) < 40 or key in self.revoked:
            return
        self.revoked[key] = self.now
        for ahead in (0, 86_400 * SECOND):
            day = self.guards[0].peek(self.callers[0]).day if not ahead else "2026-11-22"
            found = self.ledger.usage("", day)
            self.ledger.days[day] = replace(found, revoked=found.revoked | {KEYS[key].id})

    @invariant()
    def never_over_the_rate(self):
        level, before = 0, 0
        for now in getattr(self, "spent", []):
            level = max(0, level - (now - before)) + self.rate.spacing
            assert level <= self.rate.tau + 2 * SKEW
            before = now

    @invariant()
    def all_that_is_charged_was_answered_or_is_held(self):
        for day, usage in getattr(self, "ledger", Ledger()).days.items():
            held = [self.held(number).get(day, (0, 0)) for number in range(3)]
            requests = self.requests[day] + sum(one for one, _ in held)
            units = self.units[day] + sum(one for _, one in held)
            assert usage.units_used <= self.plan.units_per_day
            if self.lost:
                assert usage.requests >= requests
                assert usage.units_used >= units
            else:
                assert (usage.requests, usage.units_used) == (requests, units)

    def held(self, number):
        """What a guard would give back if it were closed, by day."""
        holdings = self.guards[number]._leasing._holdings.values()
        found = {day: holding.held(day) for holding in holdings for day in self.ledger.days}
        return {day: held for day, held in found.items() if held != (0, 0)}


TestInterleavings = pytest.mark.filterwarnings("error")(Interleavings.TestCase)
TestInterleavings.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
