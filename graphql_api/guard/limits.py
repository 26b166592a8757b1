"""The arithmetic of rate and quota: integers in, integers out, no clock and no store.

The rate is GCRA, a leaky bucket kept as one number: ``tat``, the theoretical arrival time, in
integer microseconds. An admission of ``n`` requests moves it ``n*T`` into the future, and it may
never be further than ``tau`` ahead of the band's lower edge. DynamoDB's conditions know neither
arithmetic nor max(), so what GCRA writes as ``max(tat, now) + n*T`` becomes three forms, each with
numbers that the caller computes beforehand:

    T = ceil(1e6/rate)   tau = T*burst - lease life   band = tau/10
    lo = now - band      hi = lo + tau - n*T          x = now - band/2

    BUSY  SET tat = tat + n*T                       IF  tat BETWEEN lo AND hi
    IDLE  SET tat = x + n*T                         IF  no tat OR tat <= x
    NEW   SET tat = midnight - band + tau + n*T     IF  no tat

Before any call: ``n*T <= tau - band/2``; NEW only in the first ``tau`` of a day, and there only
once its result fits, ``now >= midnight + n*T``; IDLE on an item without ``tat`` only after that.

Proof that grants in any interval are at most burst + rate * interval
---------------------------------------------------------------------
Each admission decided at time ``now`` leaves ``tat`` within [now - band, now - band + tau], and
found it, or is taken to have found it, at ``now - band`` or later:

- BUSY found lo <= tat <= hi, and leaves tat + n*T <= hi + n*T = now - band + tau.
- IDLE is taken to have found x >= now - band (it only raises what it found), and leaves
  x + n*T <= now - band/2 + tau - band/2, by the precondition on n.
- NEW is taken to have found midnight - band + tau, which is at least now - band in the first tau
  of a day, and leaves midnight - band + tau + n*T <= now - band + tau once now >= midnight + n*T.

``tat`` never falls, and rises by at least n*T with each admission. Take all admissions of one
item whose ``now`` lies in [t0, t1], in the order in which the store applied them, however they
raced. The first found at least t0 - band, the last left at most t1 - band + tau. So the sum of
their n*T is at most t1 - t0 + tau, and with T >= 1e6/rate and tau <= T*burst:

    sum n  <=  burst + rate * (t1 - t0)                                                        QED

Midnight: the new day's item opens as if it had been found at midnight - band + tau, which is as
spent as yesterday's can be. An IDLE without ``tat`` stands at x >= midnight + tau - band/2, which
is later. So the grants of the new day until t1 sum to at most t1 - midnight, those of the day
before from t0 to at most midnight - t0 + tau, and the bound holds across any number of midnights.

Clocks that differ add rate * difference. Requests that are spent up to a lease's life after they
were charged lie in an interval longer by that life, and tau is that much shorter.

The quota is the term ``used <= daily - cost`` of the same write, so ``used`` is never over the day.
"""

import enum
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

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


@dataclass(frozen=True, slots=True)
class Band:
    """The edges of one attempt to admit, in microseconds since the epoch."""

    lo: int  # BUSY from here
    hi: int  # BUSY up to here
    x: int  # IDLE up to here, and from here
    step: int  # n*T


@dataclass(frozen=True, slots=True)
class Rate:
    """What a rate and a burst come to in microseconds; made by `rate_of`."""

    spacing: int  # T
    tau: int
    band: int

    @property
    def guaranteed(self) -> int:
        """Requests that a rested caller surely gets at once: 95 % of the burst, rounded down."""
        return (self.tau - self.band // 2) // self.spacing

    @property
    def refill(self) -> int:
        """Microseconds in which a spent bucket holds `guaranteed` requests again."""
        return self.guaranteed * self.spacing

    def fits(self, n: int) -> bool:
        """Whether ``n`` requests at once can ever be admitted."""
        return n * self.spacing <= self.tau - self.band // 2

    def at(self, now: int, n: int = 1) -> Band:
        """The edges for ``n`` requests at ``now``."""
        step = n * self.spacing
        lo = now - self.band
        return Band(lo=lo, hi=lo + self.tau - step, x=now - self.band // 2, step=step)

    def opening(self, midnight: int) -> int:
        """The ``tat`` that a day's item is taken to be found with: a bucket that is spent."""
        return midnight - self.band + self.tau

    def position(self, now: int, tat: int | None) -> int:
        """Where the bucket stands at ``now``: ``tat``, or what an admission would take for it."""
        x = now - self.band // 2
        if tat is None:
            midnight = midnight_before(now)
            return x if self.settled(now) else self.opening(midnight)
        return tat if tat >= now - self.band else x

    def settled(self, now: int) -> bool:
        """Whether the day is older than tau, so that yesterday's bucket no longer matters."""
        return now >= midnight_before(now) + self.tau

    def ready_at(self, now: int, tat: int | None, n: int = 1) -> int:
        """The first moment, ``now`` or later, at which ``n`` requests fit."""
        return max(now, self.position(now, tat) + self.band - self.tau + n * self.spacing)

    def full_at(self, now: int, tat: int | None) -> int:
        """The first moment, ``now`` or later, at which `guaranteed` requests fit."""
        return self.ready_at(now, tat, self.guaranteed)

    def available(self, now: int, tat: int | None) -> int:
        """Requests that fit at ``now``, of the guaranteed ones."""
        room = now - self.band + self.tau - self.position(now, tat)
        return max(0, min(self.guaranteed, room // self.spacing))

    def form(self, now: int, tat: int | None) -> Form:
        """The form that admits a caller whose item is known to hold ``tat``."""
        if tat is None:
            return Form.IDLE if self.settled(now) else Form.NEW
        return Form.BUSY if tat >= now - self.band else Form.IDLE


@lru_cache(maxsize=1024)
def rate_of(per_second: int, burst: int, lease_life: int = 0) -> Rate:
    """The arithmetic of one plan.

    Parameters
    ----------
    per_second : int
        Requests a second, sustained.
    burst : int
        The most that may ever come at once.
    lease_life : int, microseconds
        How long after its charge a leased request may still be spent; 0 without leases.

    Raises
    ------
    ValueError
        When not even one request would fit.
    """
    spacing = -(-SECOND // per_second)
    tau = spacing * burst - lease_life
    rate = Rate(spacing=spacing, tau=tau, band=tau // 10)
    if not rate.fits(1):
        raise ValueError(
            f"{per_second} a second with a burst of {burst} and leases of {lease_life} us "
            "would admit nothing"
        )
    return rate


def day_of(now: int) -> str:
    """The UTC day of a moment, as 2026-11-21."""
    return date.fromordinal(EPOCH + now // DAY).isoformat()


def next_day_of(now: int) -> str:
    """The UTC day after that of a moment."""
    return day_of(now + DAY)


def midnight_before(now: int) -> int:
    """When the UTC day of a moment began."""
    return now - now % DAY


def seconds_until(moment: int, now: int) -> int:
    """Whole seconds from ``now`` until ``moment``, rounded up and at least 1: a Retry-After."""
    return max(1, -(-(moment - now) // SECOND))
