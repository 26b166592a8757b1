"""When a source is asked by several processes: turns taken in common, in one small state.

A limit of N requests in a window of W is counted in fifty spans of the window. A turn is free once
fewer than N were taken in the spans that reach into the window before it:

    turn >= now, not_before, last, last + apart       the number of turns from turn - W on < N

Each turn is no earlier than the one before, and a span counts until its end is a window old, so no
window holds more than N, and of the time at most one part in fifty is given away. Clocks that
differ by up to half a second are allowed for.
"""

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, Protocol

from market_data import clock as system
from market_data.calendar import SECOND
from market_data.clock import Clock, Sleep
from market_data.errors import Damaged, MarketDataError, RateLimited
from market_data.sources.base import Limit

__all__ = ["CommonPace", "KeptTurns", "TurnStore", "Turns"]

SPANS: Final = 50
SKEW: Final = SECOND // 2
# Meeting another process so often in a row is a fault of the store.
ATTEMPTS: Final = 20
PAUSE: Final = 0.02  # seconds, times a random number: between attempts

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns that were taken of one source.

    Parameters
    ----------
    counts : mapping of int to int
        How many in each span of time, by the number of the span.
    last : int, microseconds UTC
        The newest.
    not_before : int, microseconds UTC
        Until then the source wants to be left alone.
    """

    counts: Mapping[int, int] = field(default_factory=dict)
    last: int = 0
    not_before: int = 0

    def next(self, limit: Limit, now: int) -> int:
        """The first moment from ``now`` on at which the source may be asked, microseconds UTC."""
        apart = round(limit.apart * SECOND)
        turn = max(now, self.not_before, self.last + apart)
        taken = 0
        for number in sorted(self.counts, reverse=True):
            taken += self.counts[number]
            if taken >= limit.requests:
                return max(turn, _over(number, limit))
        return turn

    def taken(self, limit: Limit, turn: int) -> "Turns":
        """With one turn more, and without those that count no longer."""
        number = turn // _span(limit)
        counts = {n: count for n, count in self.counts.items() if _over(n, limit) > turn}
        counts[number] = counts.get(number, 0) + 1
        return replace(self, counts=counts, last=turn)

    def paused(self, until: int) -> "Turns":
        """The same, with nothing sent until then."""
        return replace(self, not_before=max(self.not_before, until))

    def pack(self) -> str:
        """As text; at most a kilobyte."""
        counts = [part for pair in sorted(self.counts.items()) for part in pair]
        return json.dumps([self.last, self.not_before, *counts], separators=(",", ":"))

    @classmethod
    def unpack(cls, packed: str) -> "Turns":
        """What was packed; Damaged where it is something else."""
        try:
            last, not_before, *counts = map(int, json.loads(packed))
            return cls(dict(zip(counts[::2], counts[1::2], strict=True)), last, not_before)
        except (ValueError, TypeError) as error:
            raise Damaged(f"the turns of a source cannot be read: {error}") from error


def _span(limit: Limit) -> int:
    return max(1, round(limit.seconds * SECOND / SPANS))


def _over(number: int, limit: Limit) -> int:
    """From when on the turns of a span count no longer."""
    return (number + 1) * _span(limit) + round(limit.seconds * SECOND) + SKEW


class KeptTurns(NamedTuple):
    """Turns as a store has them; version 0 where it has none."""

    version: int
    packed: str


class TurnStore(Protocol):
    """Where processes meet. StoreUnavailable where it cannot be reached."""

    def swap(self, name: str, version: int, packed: str, until: int) -> KeptTurns | None:
        """Keep turns if ``version`` is the present one: None then, and else what is there.

        One atomic write, made once. What is kept may be forgotten after ``until``.
        """
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


class CommonPace:
    """Keeps to a limit together with every process that shares a store.

    Where the store cannot be reached the request goes out all the same: then only the limit of each
    process holds.

    Parameters
    ----------
    name : str
        The source and whose key is used: who shares it.
    source : str
        As errors tell it.
    limit : Limit
    store : TurnStore
    clock : Clock
    sleep : Sleep
    patience : float, seconds
        Who would have to wait longer is refused at once, and told how long.
    """

    def __init__(
        self,
        name: str,
        source: str,
        limit: Limit,
        store: TurnStore,
        clock: Clock = system.now,
        sleep: Sleep = time.sleep,
        patience: float = 60.0,
    ) -> None:
        self._name = name
        self._source = source
        self._limit = limit
        self._store = store
        self._clock = clock
        self._sleep = sleep
        self._patience = patience
        self._seen = (0, Turns())
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait for this request's turn; RateLimited where that is too far away."""
        turn = self._change(self._with_a_turn)
        if turn is not None and (wait := (turn.last - self._clock()) / SECOND) > 0:
            self._sleep(wait)

    def pause(self, seconds: float) -> None:
        """Send nothing for a while, from any process: the source said so."""
        until = self._clock() + round(seconds * SECOND)
        self._change(lambda turns: turns.paused(until))

    def _with_a_turn(self, turns: Turns) -> Turns:
        now = self._clock()
        turn = turns.next(self._limit, now)
        # What was seen last may be old, and others only ever make the wait longer.
        if (wait := (turn - now) / SECOND) > self._patience:
            raise RateLimited(self._source, "was asked as often as it allows", wait)
        return turns.taken(self._limit, turn)

    def _change(self, change: Callable[[Turns], Turns]) -> Turns | None:
        """What is kept after a change; None where the store cannot be asked."""
        with self._lock:
            try:
                for _ in range(ATTEMPTS):
                    version, before = self._seen
                    after = change(before)
                    until = max(after.last, after.not_before) + round(self._limit.seconds * SECOND)
                    kept = self._store.swap(self._name, version, after.pack(), until + SKEW)
                    if kept is None:
                        self._seen = version + 1, after
                        return after
                    self._seen = kept.version, Turns.unpack(kept.packed) if kept.packed else Turns()
                    self._sleep(random.uniform(0.0, PAUSE))
            except RateLimited:
                raise
            except MarketDataError as error:
                self._seen = 0, Turns()
                log.warning("%s is asked by its limit here alone: %s", self._source, error)
            return None
