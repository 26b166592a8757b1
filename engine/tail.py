"""The last bars of a history, which with what its recursions remember answer for all of it."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Self

import numpy as np

from engine.decision import columns_of, judge
from engine.entries import Strategy
from engine.fork import Fork
from engine.memory import Memory, recalling
from engine.types import Bars, Float64
from engine.verdict import Verdict

__all__ = ["COLUMNS", "Tail", "bar_to_come"]

COLUMNS = tuple(column.name for column in fields(Bars))


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
    """A strategy with the bars that still matter to it.

    Parameters
    ----------
    strategy : Strategy
    values : dict of str to number
        All of its parameters.
    bars : Bars
    readings : (n,) float64 or None
        Sentiment beside the bars.
    before : sequence of float, or None
        What each of its recursions was on the bar before these; None where they are the whole
        history.
    """

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
        columns: dict[str, Any] = {n: Fork(getattr(self.bars, n), last[n]) for n in COLUMNS}
        if self.readings is not None:
            columns["sentiment"] = np.append(self.readings, reading)
        with recalling(Memory(self.before)):
            return judge(self.strategy, self.values, columns)
