"""States: a strategy that is kept going bar by bar, without the history behind it.

A state holds a tail of bars as long as the strategy's longest window, and of each recursion the one
value with which it begins there. What it says of the last bar is what the whole history says.
"""

import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self, cast

import numpy as np

from engine.catalog import Strategy, named, strategies
from engine.decision import Decision, columns_of, decided, judge, readings_of
from engine.errors import BadState, EngineError, NotEnoughHistory
from engine.explain import Explanation, explain
from engine.fork import Fork, last_of
from engine.memory import Memory, recalling
from engine.sentiment import Sentiment
from engine.types import Action, Bars, Float64, Int8, Rating
from engine.verdict import Verdict
from engine.version import ENGINE_VERSION

__all__ = ["Outlook", "State", "Tail", "bar_to_come", "open_state"]

_MAGIC, _VERSION = b"IPST", 1
_HEAD = struct.Struct("<4sBI")  # magic, version, length of the description that follows
_CHECK = struct.Struct("<I")  # CRC-32 of all before it
_NAMES = tuple(column.name for column in fields(Bars))


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


def bar_to_come(bars: Bars, closes: Float64) -> dict[str, Any]:
    """The columns of the next bar, one value or one a close.

    It is taken to open at the last close, to go straight to its own, and to trade the volume of the
    last bar, as long after it as that one came after its own last.
    """
    opening = bars.close[-1:]
    return {
        "time": bars.time[-1:] + np.diff(bars.time[-2:]).sum(),
        "open": opening,
        "high": np.maximum(opening, closes),
        "low": np.minimum(opening, closes),
        "close": closes,
        "volume": bars.volume[-1:],
    }


class Tail:
    """The last bars of a history, which with what its recursions remember answer for all of it."""

    def __init__(
        self,
        strategy: Strategy,
        values: dict[str, int | float],
        bars: Bars,
        readings: Float64 | None,
        before: Sequence[float] | None = None,
    ) -> None:
        self.strategy = strategy
        self.values = values
        self.bars = bars
        self.readings = readings
        self.before = before
        self.longest = strategy.reach(**values) + 1

    def judged(self) -> tuple[Verdict, Self]:
        """The verdict on these bars, of which the last counts, and the tail without the first."""
        dropped = max(0, len(self.bars) - self.longest)
        with recalling(Memory(self.before, dropped)) as memory:
            verdict = judge(self.strategy, self.values, columns_of(self.bars, self.readings))
        shorter = type(self)(
            self.strategy,
            self.values,
            self.bars[dropped:],
            None if self.readings is None else self.readings[dropped:],
            memory.after if dropped else self.before,
        )
        return verdict, shorter

    def cut(self) -> Self:
        """The same without the bars that do not matter any more."""
        return self if len(self.bars) <= self.longest else self.judged()[1]

    def forked(self, last: dict[str, Any], reading: float = np.nan) -> Verdict:
        """The verdict on these bars and many last ones, one value or one a candidate a column."""
        columns: dict[str, Any] = {n: Fork(getattr(self.bars, n), last[n]) for n in _NAMES}
        if self.readings is not None:
            columns["sentiment"] = np.append(self.readings, reading)
        with recalling(Memory(self.before)):
            return judge(self.strategy, self.values, columns)


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
            When they do not follow. The state then stays as it was.
        BadParameter, BadSentiment
            When the strategy takes no sentiment, or the reading is none.
        """
        known = self._tail
        bars = Bars(*(np.append(getattr(known.bars, n), getattr(bar, n)) for n in _NAMES))
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
        NotEnoughHistory
            When that bar could not be judged either.
        """
        closes = np.asarray(prices, dtype=np.float64)
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
        tail = self._tail
        described = {
            "engine": ENGINE_VERSION,
            "strategy": tail.strategy.name,
            "parameters": tail.values,
            "hash": tail.strategy.hash(**tail.values),
            "seen": self.bars,
            "bars": len(tail.bars),
            "readings": tail.readings is not None,
            "recursions": None if tail.before is None else len(tail.before),
        }
        head = json.dumps(described, sort_keys=True).encode()
        columns = [getattr(tail.bars, name) for name in _NAMES]
        columns += [] if tail.readings is None else [tail.readings]
        columns += [] if tail.before is None else [np.array(tail.before, dtype=np.float64)]
        body = b"".join(c.astype(c.dtype.newbyteorder("<")).tobytes() for c in columns)
        whole = _HEAD.pack(_MAGIC, _VERSION, len(head)) + head + body
        return whole + _CHECK.pack(zlib.crc32(whole))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The state that ``to_bytes`` wrote.

        Raises
        ------
        BadState
            When the bytes are no state, are damaged, or come from another version of the engine or
            of the strategy.
        """
        described, body = _opened(data)
        try:
            return cls(_restored(described, body), int(described["seen"]))
        except (EngineError, KeyError, TypeError, ValueError) as error:
            raise BadState(f"these bytes are no state of a strategy: {error}") from error


def _opened(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The description and the columns of a state in bytes, whole and of this engine."""
    end = len(data) - _CHECK.size
    if end < _HEAD.size or not data.startswith(_MAGIC):
        raise BadState("these bytes are no state of a strategy")
    _, version, length = _HEAD.unpack_from(data)
    if version != _VERSION:
        raise BadState(f"this state has version {version}, and only {_VERSION} can be read")
    if _CHECK.unpack_from(data, end)[0] != zlib.crc32(data[:end]):
        raise BadState("this state is damaged")
    start = _HEAD.size + length
    try:
        described = json.loads(data[_HEAD.size : start])
        engine = described["engine"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadState("these bytes are no state of a strategy") from error
    if engine != ENGINE_VERSION:
        raise BadState(f"this state was made by engine {engine}, and this one is {ENGINE_VERSION}")
    return cast("dict[str, Any]", described), data[start:end]


def _restored(described: dict[str, Any], body: bytes) -> Tail:
    """The tail that a description and its columns come to."""
    strategy = named(strategies(), described["strategy"], "strategy")
    values = strategy.resolved(described["parameters"])
    if described["hash"] != strategy.hash(**values):
        raise BadState(f"this state is of another version of {strategy.name}")
    count, recursions = int(described["bars"]), described["recursions"]
    lengths = [count] * (len(_NAMES) + bool(described["readings"])) + [recursions or 0]
    if len(body) != 8 * sum(lengths) or min(lengths) < 0:
        raise BadState("this state is cut short")
    columns = np.split(np.frombuffer(body, dtype="<f8"), np.cumsum(lengths)[:-1])
    time = columns[0].view("<i8")
    return Tail(
        strategy,
        values,
        Bars(time, *columns[1 : len(_NAMES)]),
        columns[len(_NAMES)] if described["readings"] else None,
        None if recursions is None else columns[-1].tolist(),
    )


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

    Notes
    -----
    An update costs as much as a history of the strategy's longest window, and what it then says is
    what ``decide`` says of the whole history, bit for bit.
    """
    strategy = named(strategies(), name, "strategy")
    readings = None if sentiment is None else readings_of(strategy, sentiment, history)
    return State(Tail(strategy, strategy.resolved(parameters), history, readings), len(history))
