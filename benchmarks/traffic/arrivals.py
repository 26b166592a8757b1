"""When requests come: at random, evenly, in waves, in clumps."""

import enum
import random
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Final

from benchmarks.traffic.simulation import SECOND

__all__ = ["Arrivals"]

CALM: Final = 0.75  # of the mean, where traffic comes in waves; the rest is in their crests
WAVE: Final = SECOND
CREST: Final = SECOND // 10
CLUMP: Final = 10  # requests
WITHIN: Final = SECOND // 50


class Arrivals(enum.Enum):
    """How requests are spread over time; the mean is the same."""

    POISSON = "Poisson"
    REGULAR = "regular"
    WAVES = "waves"  # Poisson, and a quarter within a tenth of each second
    CLUMPS = "clumps"  # ten within 20 ms, and these Poisson

    def moments(self, per_second: float, chance: random.Random) -> Iterator[int]:
        """Microseconds after the start, for ever."""
        if self is Arrivals.REGULAR:
            return (round(number * SECOND / per_second) for number in count(1))
        if self is Arrivals.CLUMPS:
            return _clumps(per_second, chance)
        return _poisson(per_second, chance, CALM if self is Arrivals.WAVES else 1)


def _poisson(per_second: float, chance: random.Random, calm: float) -> Iterator[int]:
    now = 0
    while True:
        crest = (1 - calm) * WAVE / CREST if now % WAVE < CREST else 0
        now += max(1, round(chance.expovariate(per_second * (calm + crest)) * SECOND))
        yield now


def _clumps(per_second: float, chance: random.Random) -> Iterator[int]:
    begun = 0
    due: list[int] = []
    while True:
        while not due or due[0] > begun:
            begun += max(1, round(chance.expovariate(per_second / CLUMP) * SECOND))
            for _ in range(CLUMP):
                heappush(due, begun + chance.randrange(WITHIN))
        yield heappop(due)
