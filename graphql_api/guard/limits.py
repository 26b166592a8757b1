"""The arithmetic of rate and quota: integers in, integers out, no clock and no store.

The rate is GCRA, a leaky bucket kept as one number: ``tat``, the theoretical arrival time, in
integer microseconds. An admission of ``n`` requests moves it ``n*T`` into the future, and it may
never be further than ``tau`` ahead of the band's lower edge. DynamoDB's conditions know neither
arithmetic nor max(), so what GCRA writes as ``max(tat, now) + n*T`` becomes three forms, each with
numbers that the caller computes beforehand. ``life`` is for how long after ``now`` the requests may
still be spent: 0 for one that is answered at once, up to a second for a lease.

    T = ceil(1e6/rate)       tau = T*burst              band = tau/10
    guaranteed = 95 % of the burst, rounded down        slack = tau - guaranteed*T
    lo = now + life - band   hi = now - band + tau - n*T
    slot = the whole multiples of slack between which now lies     x = slot's end + life - band

    BUSY  SET tat = tat + n*T                       IF  tat BETWEEN lo AND hi
    IDLE  SET tat = x + n*T                         IF  (no tat OR tat <= x) AND slot is not marked
          SET tat = tat + n*T                       IF  tat BETWEEN lo AND hi AND slot is marked
    NEW   SET tat = midnight - band + tau + n*T     IF  no tat

BUSY and IDLE mark their slot, and take off the marks that were there. A mark is an attribute whose
name is the slot's, and which holds what ``tat`` became: ``if_not_exists`` can ask for that, and so
IDLE is one write that does either. Whoever comes first in a slot moves ``tat`` up to x, and all
others in it, who know nothing of that, find the mark: neither has to guess. Where T is a slot, as
for a burst of up to 20, ``tat`` stands at the next slot's x then too, and that slot is marked with
it. Whoever finds no mark has to guess only where the bucket stood more than a slot ahead when the
first slot began of which there would be one. Names come round after some slots, and processes may
write that know of no marks; so a mark counts only while it holds what ``tat`` is. Marks save calls
and prove nothing: below, IDLE with a mark is BUSY.

Before any call: ``n*T + life <= tau - slack``. NEW only while ``now + life < midnight + tau``, and
only once its result fits, ``now >= midnight + n*T``; IDLE on an item without ``tat`` only after.

Proof that what is spent in any interval is at most burst + rate * interval
---------------------------------------------------------------------------
A charge is made at its ``now``, and its requests are spent from then on until ``end = now + life``.
Each charge leaves ``tat`` at most at now - band + tau, and found it, or is taken to have found it,
at end - band or later. A lease is taken as late as it may be spent and judged as early as it is
made:

- BUSY found lo = end - band or more and hi or less, and leaves tat + n*T <= now - band + tau.
- IDLE is taken to have found x, which is more than end - band since the slot ends after now (it
  only raises what it found), and leaves x + n*T, where x <= now + slack + life - band: at most
  now - band + slack + (tau - slack), by the precondition on n and life.
- NEW is taken to have found midnight - band + tau, which is more than end - band by the
  precondition, and leaves midnight - band + tau + n*T, at most now - band + tau once it fits.

``tat`` never falls, and rises by at least n*T with each charge. Take the charges of one item of
which something is spent in [t0, t1]; so their end is t0 or later, and their now is t1 or earlier.
Take them in the order in which the store applied them, however they raced. The first found at least
t0 - band, the last left at most t1 - band + tau, and what other charges did between the two only
raised ``tat``. So the sum of their n*T is at most t1 - t0 + tau, and with T >= 1e6/rate and
tau = T*burst:

    spent  <=  sum n  <=  burst + rate * (t1 - t0)                                             QED

What is not spent, or is given back, only makes the left side smaller: ``tat`` stays, and a request
that was given back is never spent again. Nor need all charges be of one size or life. A lease costs
room only where it raises ``tat`` to x, which is at most life of it; while ``tat`` stands at lo or
above (`Rate.free_life`) it costs none, so tau need not be shorter for all.

Weighted costs: the rate counts requests, whatever they cost, and units are the quota's. It is the
term ``used <= daily - units`` of the same write, with what the charge adds less what it gives back,
so ``used`` is never over the day.

Midnight: a lease ends at midnight at the latest. The new day's item opens as if it had been found
at midnight - band + tau, which is as spent as yesterday's can be; an IDLE without ``tat`` stands at
x > midnight + tau - band. So what the new day spends until t1 sums to at most
t1 - midnight, what the day before spends from t0 to at most midnight - t0 + tau, and the bound
holds across any number of midnights.

Skew: where clocks differ by up to s, an interval of true time holds what one that is longer by s
would: rate * s more. A clock that is set back by s while a lease lives lets it live s longer, which
is the same.
"""

import enum
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Final, NamedTuple

from graphql_api.stores.records import SLOTS

__all__ = [
    "DAY",
    "SECOND",
    "Band",
    "Form",
    "Rate",
    "day_of",
    "midnight_before",
    "next_day_of",
    "rate_of",
    "seconds_until",
]

SECOND: Final = 1_000_000  # microseconds
DAY: Final = 86_400 * SECOND
EPOCH: Final = date(1970, 1, 1).toordinal()


class Form(enum.Enum):
    """Which of the three conditional writes."""

    BUSY = enum.auto()
    IDLE = enum.auto()
    NEW = enum.auto()


class Band(NamedTuple):
    """The edges of one attempt to admit, in microseconds since the epoch."""

    lo: int  # BUSY from here
    hi: int  # BUSY up to here
    x: int  # IDLE up to here, and from here
    step: int  # n*T
    slots: tuple[int, ...]  # the names of the slots of time that are marked, its own first


@dataclass(frozen=True, slots=True)
class Rate:
    """What a rate and a burst come to in microseconds; made by `rate_of`."""

    spacing: int  # T
    tau: int
    band: int
    guaranteed: int
    """Requests that a rested caller surely gets at once: 95 % of the burst, rounded down."""
    slack: int
    """What is left of tau beside those: the length of a slot, and the most that IDLE may add."""

    @property
    def slots(self) -> int:
        """How many slots of time one admission surely moves ``tat`` to the x of, its own first."""
        return 1 + self.spacing // self.slack

    @property
    def refill(self) -> int:
        """Microseconds in which a spent bucket holds `guaranteed` requests again."""
        return self.guaranteed * self.spacing

    def fits(self, n: int, life: int = 0) -> bool:
        """Whether ``n`` requests that live so long can ever be admitted at once."""
        return n * self.spacing + life <= self.tau - self.slack

    def at(self, now: int, n: int = 1, life: int = 0) -> Band:
        """The edges for ``n`` requests at ``now`` that may be spent until ``now + life``."""
        step = n * self.spacing
        end = now + life
        return Band(
            lo=end - self.band,
            hi=now - self.band + self.tau - step,
            x=self.slot_end(now) + life - self.band,
            step=step,
            slots=_names(now // self.slack % SLOTS, self.slots),
        )

    def slot_end(self, now: int) -> int:
        """When the slot of time ends in which a moment lies."""
        return now - now % self.slack + self.slack

    def opening(self, midnight: int) -> int:
        """The ``tat`` that a day's item is taken to be found with: a bucket that is spent."""
        return midnight - self.band + self.tau

    def position(self, now: int, tat: int | None, life: int = 0) -> int:
        """Where the bucket stands at ``now``: ``tat``, or what an admission would take for it."""
        end = now + life
        if tat is None and not self.settled(now, life):
            return self.opening(midnight_before(now))
        if tat is not None and tat >= end - self.band:
            return tat
        return self.slot_end(now) + life - self.band

    def settled(self, now: int, life: int = 0) -> bool:
        """Whether the day is older than tau, so that yesterday's bucket no longer matters."""
        return now + life >= midnight_before(now) + self.tau

    def ready_at(self, now: int, tat: int | None, n: int = 1) -> int:
        """The first moment, ``now`` or later, at which ``n`` requests fit."""
        return max(now, self.position(now, tat) + self.band - self.tau + n * self.spacing)

    def full_at(self, now: int, tat: int | None) -> int:
        """The first moment, ``now`` or later, at which `guaranteed` requests fit."""
        return self.ready_at(now, tat, self.guaranteed)

    def room(self, now: int, tat: int | None, life: int = 0) -> int:
        """Requests of such a life that fit at ``now``, and perhaps a few more than guaranteed."""
        left = now - self.band + self.tau - self.position(now, tat, life)
        return max(0, left // self.spacing)

    def available(self, now: int, tat: int | None) -> int:
        """Requests that fit at ``now``, of the guaranteed ones."""
        return min(self.guaranteed, self.room(now, tat))

    def free_life(self, now: int, tat: int | None) -> int:
        """The longest life that costs no room, since the bucket stands that far ahead already."""
        if self.form(now, tat) is Form.IDLE:
            return 0
        return self.position(now, tat) + self.band - now

    def form(self, now: int, tat: int | None, life: int = 0) -> Form:
        """The form that admits a caller whose item is known to hold ``tat``."""
        if tat is None:
            return Form.IDLE if self.settled(now, life) else Form.NEW
        return Form.BUSY if tat >= now + life - self.band else Form.IDLE


@lru_cache(maxsize=1024)
def rate_of(per_second: int, burst: int) -> Rate:
    """The arithmetic of one plan.

    Parameters
    ----------
    per_second : int
        Requests a second, sustained.
    burst : int
        The most that may ever come at once.

    Raises
    ------
    ValueError
        When not even one request would fit.
    """
    spacing = -(-SECOND // per_second)
    tau = spacing * burst
    band = tau // 10
    guaranteed = (tau - band // 2) // spacing
    if guaranteed < 1:
        raise ValueError(f"{per_second} a second with a burst of {burst} would admit nothing")
    return Rate(spacing, tau, band, guaranteed, slack=tau - guaranteed * spacing)


@cache
def _names(first: int, count: int) -> tuple[int, ...]:
    return tuple((first + number) % SLOTS for number in range(count))


def day_of(now: int) -> str:
    """The UTC day of a moment, as 2026-11-21."""
    return _written(now // DAY)


@lru_cache(maxsize=64)
def _written(day: int) -> str:
    return date.fromordinal(EPOCH + day).isoformat()


def next_day_of(now: int) -> str:
    """The UTC day after that of a moment."""
    return day_of(now + DAY)


def midnight_before(now: int) -> int:
    """When the UTC day of a moment began."""
    return now - now % DAY


def seconds_until(moment: int, now: int) -> int:
    """Whole seconds from ``now`` until ``moment``, rounded up and at least 1: a Retry-After."""
    return max(1, -(-(moment - now) // SECOND))
