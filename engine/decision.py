"""Decisions: a strategy's judgement of every bar of a history, computed once and read many ways.

The last bar is the signal, its reasons at that bar the explanation, all of it the backtest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from engine._heap import keep_freed_memory
from engine.catalog import named, strategies
from engine.entries import Strategy
from engine.errors import BadParameter, BadSentiment, NotEnoughHistory
from engine.memory import Memory, recalling
from engine.sentiment import Sentiment
from engine.sharing import sharing
from engine.types import Bars, Float64, Int8
from engine.verdict import Reason, Verdict

__all__ = ["Decision", "columns_of", "decide", "decided", "judge", "readings_of"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Decision:
    """What a strategy says of each bar, and why.

    Parameters
    ----------
    strategy : Strategy
        Who judges.
    parameters : dict
        All of its parameters, the defaults included.
    bars : Bars
        What is judged.
    sentiment : (n,) float64, or None
        The reading that became known by each bar's close, NaN where none did.
    reasons : tuple of Reason
        Its rules.
    weights : (rules, n) float64
        What the vote of each rule weighs on each bar; 0 while the rule is warming up.
    contributions : (rules, n) float64
        Weight times vote.
    score : (n,) float64 on [-1, 1]
        ``baseline`` and the sum of the contributions.
    action : (n,) int8
        1 to buy, 0 to hold, -1 to sell; decided without rounding.
    rating : (n,) int8
        From -2, a strong sell, to 2, a strong buy.
    memory : tuple of float, or None
        What recursions remember where the tail before the last bar begins; empty for a strategy
        without any, None where the history is no longer than its longest window.
    first : int
        Index of the first bar that can be judged. Those before it have score and action 0.
    baseline : float
        The score of a market that says nothing.
    hash : str
        Names the strategy with these parameters.
    """

    strategy: Strategy
    parameters: dict[str, int | float]
    bars: Bars
    sentiment: Float64 | None = field(default=None, repr=False)
    reasons: tuple[Reason, ...] = field(repr=False)
    weights: Float64 = field(repr=False)
    contributions: Float64 = field(repr=False)
    score: Float64 = field(repr=False)
    action: Int8 = field(repr=False)
    rating: Int8 = field(repr=False)
    memory: tuple[float, ...] | None = field(default=None, repr=False)
    first: int
    baseline: float
    hash: str


def decide(
    name: str, bars: Bars, sentiment: Sentiment | Float64 | None = None, /, **parameters: object
) -> Decision:
    """A strategy's judgement of every bar.

    Parameters
    ----------
    name : str
        As in the catalogue: PRICE_AND_RSI, ...
    bars : Bars
        Closed bars, oldest first.
    sentiment : Sentiment, or (n,) float64, optional
        For a strategy that takes it; without any it is neutral. Of a Sentiment each bar hears what
        was known when it opened. Who knows when bars closed gives ``sentiment.readings(closed)``.
    **parameters : int or float
        What differs from the defaults.

    Returns
    -------
    Decision

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
    NotEnoughHistory
        When not even the last bar can be judged.
    """
    strategy = named(strategies(), name, "strategy")
    values = strategy.resolved(parameters)
    needed = strategy.lookback(**values) + 1
    readings = None if sentiment is None else readings_of(strategy, sentiment, bars)
    before_last = max(0, len(bars) - 1 - strategy.reach(**values) - 1)
    with recalling(Memory(dropped=before_last)) as memory:
        verdict = judge(strategy, values, columns_of(bars, readings))
    if len(bars) < needed:
        raise NotEnoughHistory(needed, len(bars))
    remembered = tuple(memory.after) if before_last else None
    return decided(strategy, values, bars, readings, verdict, remembered)


def readings_of(strategy: Strategy, sentiment: Sentiment | Float64, bars: Bars) -> Float64:
    """The readings of sentiment, one a bar.

    Raises
    ------
    BadParameter
        When the strategy takes none.
    BadSentiment
        When it is a column of another length, or holds values outside 0..1.
    """
    if "sentiment" not in strategy.beside:
        raise BadParameter(f"{strategy.name} takes no sentiment")
    if isinstance(sentiment, Sentiment):
        return sentiment.readings(bars.time)
    column = np.array(sentiment, dtype=np.float64)
    if column.shape != bars.close.shape:
        raise BadSentiment(f"{column.size} readings of sentiment for {len(bars)} bars")
    if ((column < 0.0) | (column > 1.0)).any():
        raise BadSentiment("a value of sentiment lies between 0 and 1")
    column.flags.writeable = False
    return column


def columns_of(bars: Bars, readings: Float64 | None) -> dict[str, Any]:
    """What a strategy may ask for, by name."""
    columns = {column.name: getattr(bars, column.name) for column in fields(bars.judgeable())}
    return columns if readings is None else columns | {"sentiment": readings}


def judge(
    strategy: Strategy, values: Mapping[str, int | float], columns: Mapping[str, Any]
) -> Verdict:
    """The strategy's verdict on columns, plain or forked."""
    beside = {name: columns[name] for name in strategy.beside if name in columns}
    with sharing(columns.values()):
        verdict: Verdict = strategy.function(
            *(columns[name] for name in strategy.inputs), **beside, **values
        )
    return verdict


def decided(
    strategy: Strategy,
    values: dict[str, int | float],
    bars: Bars,
    readings: Float64 | None,
    verdict: Verdict,
    memory: tuple[float, ...] | None = None,
) -> Decision:
    """The decision that a verdict comes to."""
    weights = np.stack(verdict.weigh())
    contributions = np.stack([reason.vote for reason in verdict.reasons])
    contributions *= weights
    np.copyto(contributions, 0.0, where=weights == 0.0)  # whose vote may still be NaN
    contributions += 0.0  # a vote against nothing is 0, never -0
    columns = {
        "weights": weights,
        "contributions": contributions,
        "score": contributions.sum(axis=0),
        "action": verdict.action,
        "rating": verdict.rating,
    }
    for column in columns.values():
        column.flags.writeable = False
    return Decision(
        strategy=strategy,
        parameters=values,
        bars=bars,
        sentiment=readings,
        reasons=verdict.reasons,
        memory=memory,
        first=int(np.argmax(verdict.judged)),
        baseline=0.0,
        hash=strategy.hash(**values),
        **columns,
    )


keep_freed_memory()  # what a decision frees, the next one takes
