"""Questions, and the decisions that a process remembers to answer them."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Any

import engine
from engine.types import Interval
from graphql_api.loader import Wanted
from market_data.bars import Series, Snapshot
from market_data.hearing import column
from market_data.readings import Heard

__all__ = ["Decisions", "Question"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be judged, by which strategy, at which moment, as known when.

    Parameters
    ----------
    parameters : tuple of (name, value)
        Those that differ from the strategy's defaults, sorted by name.
    at, as_of : int or None, microseconds since the epoch
        None is now.
    """

    symbol: str
    interval: Interval
    strategy: str
    parameters: tuple[tuple[str, float], ...] = ()
    at: int | None = None
    as_of: int | None = None

    @property
    def wants(self) -> Wanted:
        """What must be loaded to answer it."""
        return Wanted.judged(self.symbol, self.interval, self.strategy)


class Decisions:
    """The decisions that a process remembers, by what they were made of.

    A decision depends on its data and its strategy alone, and is named by the hashes of both, so
    what is remembered is never stale. The least recently used go first.
    """

    def __init__(self, capacity: int = 256) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[tuple[str, str], tuple[engine.Decision, dict[Hashable, Any]]]
        self._kept = OrderedDict()
        self._lock = Lock()

    def decide(
        self, question: Question, snapshot: Snapshot, heard: Heard | None, series: Series
    ) -> tuple[engine.Decision, dict[Hashable, Any]]:
        """The decision on a snapshot's bars and what was heard beside, computed at most once.

        With it comes what was found of its newest bar, which is remembered as long.
        """
        parameters = dict(question.parameters)
        strategy_hash = engine.strategies()[question.strategy].hash(**parameters)
        key = (snapshot.data_version, strategy_hash)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        sentiment = column(heard, snapshot, series)
        decision = engine.decide(question.strategy, snapshot.bars, sentiment, **parameters)
        kept: tuple[engine.Decision, dict[Hashable, Any]] = decision, {}
        with self._lock:
            self._kept[key] = kept
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
        return kept
