"""How large a lease is taken, and for how long: arithmetic on what was measured, without a clock.

A lease is half a second of the process's own traffic, as it was measured, and at most what the
plan allows. It takes at most a quarter of what is left in the bucket and of the day, so that others
who spend from the same account find something too; where not even two requests fit that, one is
asked for alone, as without leases.

It lives half a second to a second, at random, so that processes do not come back together. A
lease that lives longer than the bucket stands ahead (`Rate.free_life`) costs the account room for a
burst. So after a rest, when the bucket is full, a lease lives only as long as is free; only under
steady traffic, which that would be too short for, is the room spent.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from graphql_api.guard.limits import DAY, SECOND, Rate

__all__ = ["LONGEST", "Size", "Traffic", "lease_size", "wanted"]

HALF: Final = SECOND // 2
LONGEST: Final = SECOND  # a key that was revoked meanwhile works for so long
SHARE: Final = 4  # of what is left, one lease takes at most this part
SMOOTH: Final = 1 / 16  # weight of the newest request in the mean of costs


class Size(NamedTuple):
    """What one admission asks for: this request, and those after it."""

    requests: int
    units: int
    life: int  # microseconds; 0 where the request is alone


@dataclass(slots=True)
class Traffic:
    """What a process was asked for one account: requests in half a second, and their mean cost."""

    began: int = 0
    current: int = 0
    previous: int = 0
    mean_cost: float = 0.0

    def arrive(self, now: int, cost: int) -> None:
        """Count a request."""
        passed = now - self.began
        if not 0 <= passed < HALF:
            self.previous = self.current if HALF <= passed < 2 * HALF else 0
            self.current = 0
            self.began = now
        self.current += 1
        self.mean_cost += (cost - self.mean_cost) * (SMOOTH if self.mean_cost else 1)

    @property
    def expected(self) -> int:
        """Requests that the next half second is expected to bring."""
        return max(self.current, self.previous)


def lease_size(
    traffic: Traffic,
    most: int,
    rate: Rate,
    now: int,
    tat: int | None,
    cost: int,
    units_left: int,
    chance: float,
    shared: bool = True,
    fresh: bool = False,
    pressed: bool = False,
) -> Size:
    """What to ask for, for a request of ``cost`` units and those that are expected after it.

    Parameters
    ----------
    most : int
        Requests that the plan allows in a lease.
    tat, units_left : int
        What was last seen of the bucket, and of the day.
    chance : float in [0, 1)
        Spreads the lives of leases.
    shared : bool
        Others were seen to spend from the same bucket.
    fresh : bool
        The store has told ``tat`` this very moment.
    pressed : bool
        The store asks for fewer writes: the lease is twice as large, and lives as long as it may.
    """
    share = SHARE if shared else 1
    n = min(wanted(traffic, most, pressed), rate.room(now, tat) // share)
    if traffic.mean_cost:
        n = min(n, 1 + int(max(0, units_left // SHARE - cost) / traffic.mean_cost))
    if n < 2:
        return Size(1, cost, 0)
    natural = LONGEST if pressed else HALF + int(HALF * chance)
    life = min(_life(traffic, rate, now, tat, n, natural, shared and not fresh), DAY - now % DAY)
    n = min(n, rate.room(now, tat, life) // share)
    if n < 2 or life <= 0 or not rate.fits(n, life):
        return Size(1, cost, 0)
    return Size(n, cost + round((n - 1) * traffic.mean_cost), life)


def wanted(traffic: Traffic, most: int, pressed: bool = False) -> int:
    """Requests of a lease that nothing stands in the way of."""
    times = 2 if pressed else 1
    return min(most * times, traffic.expected * times)


def _life(
    traffic: Traffic, rate: Rate, now: int, tat: int | None, n: int, natural: int, ahead: bool
) -> int:
    """How long a lease is to live: as long as is free, or the longest where that is too short.

    Where others lease too, the bucket stands ``ahead``, for them as for us: half a second is free
    though the last ``tat`` seen lies below by now.
    """
    free = rate.free_life(now, tat)
    if natural <= free:
        return natural
    needed = 2 * HALF * n // traffic.expected  # twice the time in which so many come
    if traffic.previous >= 2 and needed > free:
        return max(free, HALF) if ahead else LONGEST
    return free
