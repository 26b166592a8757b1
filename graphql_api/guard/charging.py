"""Charging: what the store's answers have told, and the refusals that need no further one."""

import random
from collections.abc import Callable
from typing import Final

from graphql_api.guard import refusals
from graphql_api.guard.caller import Caller
from graphql_api.guard.guess import Flow, Seen, marked_by, sharers
from graphql_api.guard.limits import DAY, SECOND, Band, Form, Rate, day_of, midnight_before, rate_of
from graphql_api.guard.memory import Memory
from graphql_api.guard.reach import BUSY, unavailable
from graphql_api.stores import Charge, Outcome, UsageDay

__all__ = ["Charging"]

# For so long a spent quota is believed: a plan may rise, and failures are given back. It is looked
# at again when both are over, seconds (at random) and refusals, or after the longest time.
RECHECK: Final = (3 * SECOND, 4 * SECOND)
RECHECK_REFUSALS: Final = 64
RECHECK_LONGEST: Final = 30 * SECOND
ACCOUNTS: Final = 10_000  # whose last item is remembered
SCARCE: Final = 16  # the bucket is, where it holds less than this part of what is guaranteed
RATION: Final = (0.9, 1.2)  # times a process's part of the rate, at random
RATION_LONGEST: Final = SECOND  # which whoever is refused is told to wait, at least
THROTTLED_FOR: Final = SECOND // 20  # doubled with each time in a row
THROTTLED_MOST: Final = SECOND


class Charging:
    """Remembers the last answer of each account, and refuses what that rules out.

    Whatever it remembers only saves calls: each admission is a conditional write, so what it has
    wrong costs a second call and never a request too many.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
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

    def ration(self, account_id: str, rate: Rate, requests: int, found: UsageDay, now: int) -> None:
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
        room = rate.room(now, found.tat)
        if room * SCARCE >= rate.guaranteed:
            return
        seen = self.last_seen(account_id, now)
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

    def learn(
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

        Parameters
        ----------
        ahead : bool
            Whether the write was for later requests, too.
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

    def hold_off(self, account_id: str, now: int) -> None:
        """Ask the store nothing for this account for a moment: longer each time, and at random."""
        before = self._throttled.get(account_id, now)
        most = min(THROTTLED_MOST, 2 * before[1] if before else THROTTLED_FOR)
        until = now + most // 2 + random.randrange(most)
        self._throttled.put(account_id, (until, most), until + THROTTLED_MOST)
