"""Decisions: a strategy's judgement of every bar of a history, computed once and read many ways.

The last bar is the signal, its reasons at that bar the explanation, all of it the backtest.
"""

from dataclasses import dataclass, field

import numpy as np

from engine.catalog import Strategy, named, strategies
from engine.errors import NotEnoughHistory
from engine.types import Bars, Float64, Int8
from engine.verdict import Reason, Verdict

__all__ = ["Decision", "decide"]


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
    reasons: tuple[Reason, ...] = field(repr=False)
    weights: Float64 = field(repr=False)
    contributions: Float64 = field(repr=False)
    score: Float64 = field(repr=False)
    action: Int8 = field(repr=False)
    rating: Int8 = field(repr=False)
    first: int
    baseline: float
    hash: str


def decide(name: str, bars: Bars, **parameters: object) -> Decision:
    """A strategy's judgement of every bar.

    Parameters
    ----------
    name : str
        As in the catalogue: PRICE_AND_RSI, ...
    bars : Bars
        Closed bars, oldest first.
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
        When a parameter is unknown, out of range or of the wrong kind.
    NotEnoughHistory
        When not even the last bar can be judged.
    """
    strategy = named(strategies(), name, "strategy")
    values = strategy.resolved(parameters)
    needed = strategy.lookback(**values) + 1
    verdict: Verdict = strategy.function(
        *(getattr(bars, column) for column in strategy.inputs), **values
    )
    if len(bars) < needed:
        raise NotEnoughHistory(needed, len(bars))
    weights = verdict.weigh()
    contributions = np.zeros_like(weights)
    for rule, reason in enumerate(verdict.reasons):  # a vote that is still NaN has no weight
        np.multiply(weights[rule], reason.vote, out=contributions[rule], where=weights[rule] != 0.0)
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
        reasons=verdict.reasons,
        first=int(np.argmax(verdict.judged)),
        baseline=0.0,
        hash=strategy.hash(**values),
        **columns,
    )
