"""How large a lease is taken, and for how long: arithmetic on what was measured, without a clock.

A lease lives up to a second, and is for the requests that the process itself expects in half of
that: so hardly any are left at its end, whose share of the rate would be lost. Where those are few,
it is for what the whole second brings: somewhat more than is expected while half of the burst is
free, and less and less as the bucket fills, down to what is all but sure to come. So what is lost
shrinks to what the rate has to spare, and the bucket stands still before it is full. A lease takes
at most what is left in the bucket, and a quarter of what is left of the day; where not even two
requests fit that, one is asked for alone, as without leases.

While traffic is young it is not known how much will come. Then a lease is for up to four times what
has come, since the processes of an account that wakes up would otherwise all ask again and again.
But where requests come fast for the plan it is a burst, which may end at any moment with leases
unspent in every process: then a lease is for half as many more as have come. And the processes
that are there share what is left in the bucket, each for half of its part, since more may wake up.

A lease that lives longer than the bucket stands ahead (`Rate.free_life`) costs the account room for
a burst. So beyond what is free a lease lives no longer than is needed for its requests, and than a
tenth of the burst or eight times the age of the traffic, and costs half of the burst at most.
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
GROWTH: Final = 4  # times what has come
AHEAD: Final = 8  # times as long as it has come
FAST: Final = 16  # one process alone uses this part of the rate, or more
SMOOTH: Final = 16  # requests that the mean of costs is taken of, roughly
USUAL: Final = 4  # seconds that the mean of requests is taken of, roughly
CLEARLY: Final = 2  # standard deviations by which a second differs from those before it
# What a second brings is within this many standard deviations of what it brings on the mean: more
# than the least in 39 of 40. The least counts where so much of what is guaranteed is free, or less.
LEAST: Final = (-2, 0.1)
MOST: Final = (1, 0.5)


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
    usual: float = 0.0  # in a second
    mean_cost: float = 0.0

    def arrive(self, now: int, cost: int) -> None:
        """Count a request."""
        passed = now - self.began
        if not 0 <= passed < 2 * SECOND:
            self.since = self.began = now
            self.usual = self.previous = self.current = 0
        elif passed >= SECOND:
            first = self.young
            self.began += SECOND
            self.usual = self.current if first else self.usual + (self.current - self.usual) / USUAL
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
        if abs(sliding - self.usual) <= CLEARLY * math.sqrt(self.usual):
            return self.usual
        return sliding


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
        Where the bucket is expected to stand, and what is left of the day.
    sharers : float
        Processes that spend from the same bucket, this one among them, if they spent alike.
    pressed : bool
        The store asks for fewer writes: the lease is twice as large, and lives as long as it may.
    """
    expected = traffic.expected(now)
    parts = 2 * sharers if traffic.young else 1
    room = rate.room(now, tat)
    n = min(
        _wanted_now(traffic, most, rate, expected, room, pressed),
        int(room / parts),
        1 + int(max(0, units_left // SHARE - cost) / max(traffic.mean_cost, 1e-9)),
    )
    if n < 2:
        return Size(1, cost, 0)
    needed = LONGEST if pressed else round(2 * n * SECOND / expected)
    life = min(_life(traffic, rate, now, tat, needed), DAY - now % DAY)
    room = rate.room(now, tat, life)
    n = min(n, int(room / parts), 1 + int(2 * expected * life / SECOND))
    if n < 2 or not rate.fits(n, life):
        return Size(1, cost, 0)
    units = round((n - 1 + 2 * math.sqrt(n)) * traffic.mean_cost)  # some cost more than the mean
    return Size(n, cost + max(0, min(units, units_left // SHARE - cost)), life)


def wanted(expected: float, most: int, hope: float = LEAST[0], pressed: bool = False) -> int:
    """Requests of a lease that nothing stands in the way of, where so many come in a second.

    Parameters
    ----------
    hope : float
        Standard deviations beyond the mean that a second is taken to bring, where that is few.
    """
    second = 1 + expected + hope * math.sqrt(expected)
    times = 2 if pressed else 1
    return min(most * times, round(max(expected / 2, min(second, FEW)) * times))


def _wanted_now(
    traffic: Traffic, most: int, rate: Rate, expected: float, room: int, pressed: bool
) -> int:
    free = room / rate.guaranteed
    if not traffic.young:
        (least, low), (highest, high) = LEAST, MOST
        hope = least + (highest - least) * (min(max(free, low), high) - low) / (high - low)
        return wanted(expected, most, hope, pressed)
    fast = FAST * expected * rate.spacing > SECOND
    come = traffic.current * GROWTH if free >= 0.5 and not fast else 1 + traffic.current // 2
    return min(come, round(expected), most)


def _life(traffic: Traffic, rate: Rate, now: int, tat: int | None, needed: int) -> int:
    """How long a lease is to live: as long as is free, or is needed and may be set aside; or 0.

    Lives are halves, quarters and so on of the longest, so that processes agree on where the bucket
    is to stand: then one write in a slot of time moves it there for all.
    """
    free = rate.free_life(now, tat)
    aside = min(max(rate.band, AHEAD * (now - traffic.since)), rate.tau // 2)
    life = LONGEST
    while life > max(free, aside):
        life //= 2
    while life > free and life // 2 >= needed:
        life //= 2
    return life if life >= SHORTEST else 0
