"""How large a lease is taken, and for how long: arithmetic on what was measured, without a clock.

A lease lives up to a second, and is for the requests that the process itself expects in half of
that: so hardly any are left at its end, whose share of the rate would be lost. Where those are few,
and half of the burst is free, it is for all of a second. It takes at most the process's own part of
what is left in the bucket, as the others' part was measured, and a quarter of what is left of the
day; where not even two requests fit that, one is asked for alone, as without leases.

While traffic is young it is not known how much will come. Then a lease is for up to four times what
has come, since the processes of an account that wakes up would otherwise all ask again and again.
But where requests come fast for the plan it is a burst, which may end at any moment with leases
unspent in every process: then a lease is for half of what has come.

A lease that lives longer than the bucket stands ahead (`Rate.free_life`) costs the account room for
a burst. So beyond what is free a lease lives no longer than is needed for its requests, and than a
tenth of the burst or four times the age of the traffic, and costs half of the burst at most.
"""

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

from graphql_api.guard.limits import DAY, SECOND, Rate

__all__ = ["LONGEST", "Size", "Traffic", "lease_size", "wanted"]

LONGEST: Final = SECOND  # a key that was revoked meanwhile works for so long
SHORTEST: Final = LONGEST // 64
SHARE: Final = 4  # of what is left of the day, one lease takes at most this part
FEW: Final = 12  # requests: a lease for fewer is for all that is expected
GROWTH: Final = 4  # times what has come, or the time in which it came
FAST: Final = 16  # one process alone uses this part of the rate, or more
SMOOTH: Final = 16  # requests that the mean of costs is taken of, roughly


class Size(NamedTuple):
    """What one admission asks for: this request, and those after it."""

    requests: int
    units: int
    life: int  # microseconds; 0 where the request is alone


@dataclass(slots=True)
class Traffic:
    """What a process was asked for one account: requests a second, and their mean cost."""

    since: int = 0  # it has not ceased for a second
    began: int = 0  # the second that is counted
    current: int = 0
    previous: int = 0
    mean_cost: float = 0.0

    def arrive(self, now: int, cost: int) -> None:
        """Count a request."""
        passed = now - self.began
        if not 0 <= passed < 2 * SECOND:
            self.since = self.began = now
            self.previous = self.current = 0
        elif passed >= SECOND:
            self.began += SECOND
            self.previous, self.current = self.current, 0
        self.current += 1
        weight = min(self.current, SMOOTH) if self.young else SMOOTH
        self.mean_cost += (cost - self.mean_cost) / weight

    @property
    def young(self) -> bool:
        """Whether it has not lasted for a second yet."""
        return self.began == self.since

    def expected(self, now: int) -> float:
        """Requests that the next second is expected to bring, beside this one."""
        passed = now - self.began
        if self.young:
            return (self.current - 1) * SECOND / max(SECOND // 1_000, passed)
        sliding = self.current + self.previous * max(0, SECOND - passed) / SECOND
        return max(self.previous, sliding)


def lease_size(
    traffic: Traffic,
    most: int,
    rate: Rate,
    now: int,
    tat: int | None,
    cost: int,
    units_left: int,
    sharers: float = 1,
    pressed: bool = False,
) -> Size:
    """What to ask for, for a request of ``cost`` units and those that are expected after it.

    Parameters
    ----------
    most : int
        Requests that the plan allows in a lease.
    tat, units_left : int
        What was last seen of the bucket, and of the day.
    sharers : float
        Processes that spend from the same bucket, this one among them, if they spent alike.
    pressed : bool
        The store asks for fewer writes: the lease is twice as large, and lives as long as it may.
    """
    expected = traffic.expected(now)
    n = min(
        _wanted_now(traffic, most, rate, expected, rate.room(now, tat), pressed),
        _own(rate.room(now, tat), sharers, traffic.young),
        1 + int(max(0, units_left // SHARE - cost) / max(traffic.mean_cost, 1e-9)),
    )
    if n < 2:
        return Size(1, cost, 0)
    needed = LONGEST if pressed else round(2 * n * SECOND / expected)
    life = min(_life(traffic, rate, now, tat, needed), DAY - now % DAY)
    n = min(
        n,
        _own(rate.room(now, tat, life), sharers, traffic.young),
        1 + int(2 * expected * life / SECOND),
    )
    if n < 2 or not rate.fits(n, life):
        return Size(1, cost, 0)
    units = round((n - 1 + 2 * math.sqrt(n)) * traffic.mean_cost)  # some cost more than the mean
    return Size(n, cost + max(0, min(units, units_left // SHARE - cost)), life)


def wanted(expected: float, most: int, few: bool = False, pressed: bool = False) -> int:
    """Requests of a lease that nothing stands in the way of, where so many come in a second.

    Parameters
    ----------
    few : bool
        Where half of them are only a few, all are wanted and, since they come as they like, some.
    """
    half = expected / 2
    if few:
        half = max(half, min(expected + math.sqrt(expected), FEW))
    times = 2 if pressed else 1
    return min(most * times, round(half * times))


def _wanted_now(
    traffic: Traffic, most: int, rate: Rate, expected: float, room: int, pressed: bool
) -> int:
    lavish = 2 * room >= rate.guaranteed
    if not traffic.young:
        return wanted(expected, most, lavish, pressed)
    fast = FAST * expected * rate.spacing > SECOND
    come = traffic.current * GROWTH if lavish and not fast else traffic.current // 2
    return min(come, round(expected), most)


def _own(room: int, sharers: float, young: bool) -> int:
    """What of the bucket is this process's to take; half of that, while others may be waking up."""
    return int(room / (2 * sharers if young else sharers))


def _life(traffic: Traffic, rate: Rate, now: int, tat: int | None, needed: int) -> int:
    """How long a lease is to live: as long as is free, or is needed and may be set aside; or 0.

    Lives are halves, quarters and so on of the longest, so that processes agree on where the bucket
    is to stand: then one write in a slot of time moves it there for all.
    """
    free = rate.free_life(now, tat)
    aside = min(max(rate.band, GROWTH * (now - traffic.since)), rate.tau // 2)
    life = LONGEST
    while life > max(free, aside):
        life //= 2
    while life > free and life // 2 >= needed:
        life //= 2
    return life if life >= SHORTEST else 0
