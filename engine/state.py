"""States: a strategy that is kept going bar by bar, without the history behind it.

A state holds a tail of bars as long as the strategy's longest window, and of each recursion the one
value with which it begins there. What it says of the last bar is what the whole history says.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from engine.catalog import named, strategies
from engine.decision import Decision, decided, readings_of
from engine.entries import Strategy
from engine.errors import BadParameter, BadState, EngineError, NotEnoughHistory
from engine.explain import Explanation, explain
from engine.fork import last_of
from engine.sentiment import Sentiment
from engine.state_bytes import restored, written
from engine.tail import COLUMNS, Tail, bar_to_come
from engine.types import REASON, Action, Bars, Float64, Int8, Rating, within_reason

__all__ = ["Outlook", "State", "open_state"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Outlook:
    """What a strategy would say of the bar to come at each of many closes.

    Parameters
    ----------
    close : (m,) float64
        The closes that were asked about.
    score : (m,) float64 on [-1, 1]
    action : (m,) int8
        1 to buy, 0 to hold, -1 to sell.
    rating : (m,) int8
        From -2, a strong sell, to 2, a strong buy.
    """

    close: Float64
    score: Float64
    action: Int8
    rating: Int8


class State:
    """A strategy in the midst of its history; ``open_state`` makes one.

    Attributes
    ----------
    bars : int
        How many bars it has seen.
    action, rating, score
        What it says of the last of them; HOLD, NEUTRAL and 0 until one can be judged.
    """

    def __init__(self, tail: Tail, seen: int) -> None:
        self._hear(tail, seen)

    def _hear(self, tail: Tail, seen: int) -> None:
        """Judge a tail, and keep of it what the next one needs."""
        verdict, self._tail = tail.judged()
        self.bars = seen
        self._decision: Decision | None = None
        if len(tail.bars) and verdict.judged[-1]:
            self._decision = decided(tail.strategy, tail.values, tail.bars, tail.readings, verdict)

    @property
    def strategy(self) -> Strategy:
        """Who judges."""
        return self._tail.strategy

    @property
    def parameters(self) -> dict[str, int | float]:
        """All of its parameters, the defaults included."""
        return dict(self._tail.values)

    @property
    def action(self) -> Action:
        """What to do, by the last bar."""
        return Action(int(self._decision.action[-1])) if self._decision else Action.HOLD

    @property
    def rating(self) -> Rating:
        """How strongly it speaks."""
        return Rating(int(self._decision.rating[-1])) if self._decision else Rating.NEUTRAL

    @property
    def score(self) -> float:
        """The score of the last bar."""
        return float(self._decision.score[-1]) if self._decision else 0.0

    def explain(self) -> Explanation:
        """The reasons of the last bar.

        Raises
        ------
        NotEnoughHistory
            While none can be judged.
        """
        if self._decision is None:
            raise NotEnoughHistory(self.strategy.lookback(**self._tail.values) + 1, self.bars)
        return explain(self._decision)

    def update(self, bar: Bars, reading: float | None = None) -> Action:
        """Hear of the next bar, or of several, and say what to do by the last of them.

        Parameters
        ----------
        bar : Bars
            Closed bars that follow the ones seen.
        reading : float on 0..1, optional
            The sentiment that became known by their close.

        Raises
        ------
        BadBars
            When they do not follow, or hold a price or a volume that is no number that can be
            judged. The state then stays as it was.
        BadParameter, BadSentiment
            When the strategy takes no sentiment, or the reading is none.
        """
        known = self._tail
        bars = Bars(*(np.append(getattr(known.bars, n), getattr(bar, n)) for n in COLUMNS))
        readings = known.readings
        if reading is not None:
            heard = np.full(len(bar), np.nan)
            heard[-1:] = reading
            heard = readings_of(known.strategy, heard, bar)
            before = np.full(len(known.bars), np.nan) if readings is None else readings
            readings = np.append(before, heard)
        elif readings is not None:
            readings = np.append(readings, np.full(len(bar), np.nan))
        tail = Tail(known.strategy, known.values, bars, readings, known.before)
        self._hear(tail, self.bars + len(bar))
        return self.action

    def peek(self, prices: Float64) -> Outlook:
        """What would be said of the bar to come, were it to close at each of many prices.

        Parameters
        ----------
        prices : (m,) float64

        Returns
        -------
        Outlook
            Of a bar that opens at the last close, goes straight to its own and trades as much as
            the last one did.

        Raises
        ------
        BadParameter
            When a price is no number that can be judged.
        NotEnoughHistory
            When that bar could not be judged either.
        """
        closes = np.asarray(prices, dtype=np.float64)
        if closes.ndim != 1 or not within_reason(closes).all():
            raise BadParameter(f"prices to peek at are a column of numbers {REASON}")
        needed = self.strategy.lookback(**self._tail.values)
        if self.bars < max(needed, 1):
            raise NotEnoughHistory(max(needed, 1), self.bars)
        verdict = self._tail.forked(bar_to_come(self._tail.bars, closes))
        score = np.zeros(closes.shape)
        for weight, reason in zip(verdict.weigh(), verdict.reasons, strict=True):
            here, vote = last_of(weight), last_of(reason.vote)
            score = score + np.where(here != 0.0, here * np.where(here != 0.0, vote, 0.0), 0.0)
        rating = np.broadcast_to(last_of(verdict.rating), closes.shape).astype(np.int8)
        return Outlook(close=closes, score=score, action=np.sign(rating), rating=rating)

    def to_bytes(self) -> bytes:
        """The state as bytes, for ``from_bytes`` of the same version of the engine."""
        return written(self._tail, self.bars)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The state that ``to_bytes`` wrote.

        Raises
        ------
        BadState
            When the bytes are no state, are damaged, or come from another version of the engine or
            of the strategy.
        """
        tail, seen = restored(data)
        try:
            return cls(tail, seen)
        except (EngineError, StopIteration) as error:  # fewer recursions than the strategy has
            raise BadState("these bytes are no state of a strategy") from error


def open_state(
    name: str, history: Bars, sentiment: Sentiment | Float64 | None = None, /, **parameters: object
) -> State:
    """A strategy that has seen a history, to be kept going bar by bar.

    Parameters
    ----------
    name : str
        As in the catalogue: PRICE_AND_RSI, ...
    history : Bars
        Closed bars, oldest first; also none, or fewer than can be judged.
    sentiment : Sentiment, or (n,) float64, optional
        As ``decide`` takes it.
    **parameters : int or float
        What differs from the defaults.

    Returns
    -------
    State

    Raises
    ------
    UnknownName
        When there is no such strategy.
    BadParameter
        When a parameter is unknown, out of range or of the wrong kind, or the strategy takes no
        sentiment.
    BadBars
        When a price or a volume is no number that can be judged.
    BadSentiment
        When a reading lies outside 0..1, or there is not one a bar.

    Notes
    -----
    An update costs as much as a history of the strategy's longest window, and what it then says is
    what ``decide`` says of the whole history, bit for bit.
    """
    strategy = named(strategies(), name, "strategy")
    readings = None if sentiment is None else readings_of(strategy, sentiment, history)
    return State(Tail(strategy, strategy.resolved(parameters), history, readings), len(history))
