"""Flip prices: the nearest closes at which a decision would have been another."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, isfinite

import numpy as np

from engine.decision import Decision
from engine.errors import BadParameter
from engine.explain import judged_bar
from engine.fork import last_of
from engine.tail import COLUMNS, Tail, bar_to_come
from engine.types import Action, Float64, Int8
from engine.verdict import Verdict

__all__ = ["REACH", "FlipPrice", "flips", "next_flips"]

REACH = 0.25
"""How far from the close a flip is looked for, as a share of it: no market asks for more a day."""

EACH = 25_000
"""So many ticks on a side are tried one by one, and as many of those beyond."""

_FINEST = 2.0**50
"""So many ticks make a price at most: float64 tells four times as many apart."""

_FIRST_LOOK, _LOOK = 2048, 16_384
"""Candidates tried at first, and at each further look: more of them would leave the cache."""


@dataclass(frozen=True, slots=True)
class FlipPrice:
    """A close at which the action is another, and at no tick nearer is.

    Parameters
    ----------
    action : Action
        What it would then be.
    price : float
        On the tick grid of the market.
    change_percent : float
        From the close that was, or from the last close for the bar to come.
    """

    action: Action
    price: float
    change_percent: float


def flips(decision: Decision, bar: int = -1, tick: float = 0.01) -> list[FlipPrice | None]:
    """The nearest closes of a bar at which its action changes.

    Parameters
    ----------
    decision : Decision
        The whole history, judged.
    bar : int
        Which bar; negative ones count from the end. What came after it plays no part.
    tick : float
        The step of the market's prices.

    Returns
    -------
    [down, up] : list of FlipPrice or None
        None where there is none within 25 %.

    Raises
    ------
    BadParameter
        When there is no such bar, or the tick is not positive, or finer than prices can be told
        apart.
    NotEnoughHistory
        When the bar lies before the first one judged.

    Notes
    -----
    The bar's high and low are stretched to hold the close that is tried; its open and its volume
    stay as they were. Fed back through the whole history the action is the one said here, and one
    tick nearer to the close it is the one decided.

    The work is bounded. Where 25 % are up to 25,000 ticks, all of them are tried, and no nearer
    tick changes the action. Where they are more, the nearest 25,000 are, and of those beyond only
    25,000 at equal steps, less than 0.001 % of the close apart; between the last of these that
    leaves the action and the first that changes it the same is done again, down to single ticks.
    What is found is as exact, but an action that comes and goes between two steps is passed over.
    """
    index = judged_bar(decision, bar)
    bars, known = decision.bars[: index + 1], decision.sentiment
    reading = np.nan if known is None else float(known[index])
    bar_tried = {name: getattr(bars, name)[-1:] for name in COLUMNS}
    tail = _tail(decision, index)

    def stretched(closes: Float64) -> Verdict:
        high, low = np.maximum(bars.high[-1:], closes), np.minimum(bars.low[-1:], closes)
        return tail.forked(bar_tried | {"high": high, "low": low, "close": closes}, reading)

    return _nearest(decision, stretched, index, tick)


def next_flips(decision: Decision, tick: float = 0.01, bar: int = -1) -> list[FlipPrice | None]:
    """The nearest closes of the bar to come at which the action will be another than now.

    Parameters
    ----------
    decision : Decision
        The whole history, judged.
    tick : float
        The step of the market's prices.
    bar : int
        After which bar it comes; negative ones count from the end. What came instead plays no part.

    Returns
    -------
    [down, up] : list of FlipPrice or None
        None where there is none within 25 % of the last close.

    Raises
    ------
    BadParameter
        When there is no such bar, or the tick is not positive, or finer than prices can be told
        apart.
    NotEnoughHistory
        When the bar lies before the first one judged.

    Notes
    -----
    The bar to come is taken to open at the last close, to go straight to its own, and to trade the
    volume of the last bar. They are looked for as ``flips`` are.
    """
    index = judged_bar(decision, bar)
    tail = _tail(decision, index + 1)

    def straight(closes: Float64) -> Verdict:
        return tail.forked(bar_to_come(tail.bars, closes))

    return _nearest(decision, straight, index, tick)


def _tail(decision: Decision, end: int) -> Tail:
    """What of the bars before ``end`` matters to the bar there."""
    memory, longest = decision.memory, decision.strategy.reach(**decision.parameters) + 1
    start = 0
    if memory is not None and end >= len(decision.bars) - 1:
        start = len(decision.bars) - 1 - longest  # where what is remembered was taken
    elif memory == ():
        start = max(0, end - longest)
    part = slice(start, end)
    known = None if decision.sentiment is None else decision.sentiment[part]
    before = memory if start else None
    return Tail(decision.strategy, decision.parameters, decision.bars[part], known, before).cut()


def _nearest(
    decision: Decision, judge: Callable[[Float64], Verdict], index: int, tick: float
) -> list[FlipPrice | None]:
    """Down and up from the close of bar ``index``, the first ticks at which the action changes."""
    if not (isfinite(tick) and tick > 0.0):
        raise BadParameter(f"tick must be a positive number, not {tick:g}")
    close, action = float(decision.bars.close[index]), decision.action[index]
    if not (isfinite(close) and close > 0.0):
        return [None, None]
    if close > _FINEST * tick:
        raise BadParameter(
            f"a tick of {tick:g} is too fine: near {close:g} prices are at least "
            f"{close / _FINEST:.1g} apart"
        )
    sides = [_Side(close, float(tick), down=True), _Side(close, float(tick), down=False)]
    size = _FIRST_LOOK
    while count := sum(side.open for side in sides):
        looks = [side.look(size // count) for side in sides]
        closes = np.concatenate(looks)
        tried = np.broadcast_to(last_of(judge(closes).action), closes.shape)
        for side, said in zip(sides, np.split(tried, [len(looks[0])]), strict=True):
            side.saw(said, action)
        size = _LOOK
    return [side.flip() for side in sides]


class _Side:
    """The ticks on one side of the close, nearest first, and how far they have been tried."""

    def __init__(self, close: float, tick: float, *, down: bool) -> None:
        self.close = close
        self.tick = tick
        self.down = down
        digits = max(0, -int(Decimal(repr(tick)).normalize().as_tuple().exponent))
        # Where a float64 has fewer decimals than the tick, none are rounded off.
        self.digits = digits if close * 10.0 ** min(digits, 300) < 2.0**53 else None
        reach = int(REACH * close / tick) + 2
        # In ticks from the one nearest to the close, which may lie on either side.
        near = min(reach, EACH)
        rim = max(near, reach - 4)  # what lies nearest to 25 % is tried as well
        parts = range(-1, near), _thinned(near, rim), range(rim, reach)
        self.left = [part for part in parts if part]
        self.now = range(0)
        self.steps, self.prices = np.empty(0, np.int64), np.empty(0)
        self.held = -2  # the last of those tried at which the action was still the one decided
        self.end = 0  # that at which it is ``found``
        self.found: tuple[Action, float] | None = None

    @property
    def open(self) -> bool:
        """Whether there is still something to try."""
        return bool(self.left)

    def look(self, size: int) -> Float64:
        """The next prices to try."""
        part = self.left.pop(0) if self.left else range(0)
        self.now, later = part[:size], part[size:]
        if later:
            self.left.insert(0, later)
        steps = np.array(self.now, dtype=np.int64)
        ticks = round(self.close / self.tick) + (-steps if self.down else steps)
        prices = np.asarray(ticks * self.tick, dtype=np.float64)
        if self.digits is not None:
            # The double nearest to the decimal, as a quote has it.
            np.round(prices, self.digits, out=prices)
        beside = prices < self.close if self.down else prices > self.close
        beside &= np.abs(prices - self.close) <= REACH * self.close
        self.steps, self.prices = steps[beside], prices[beside]
        return self.prices

    def saw(self, said: Int8, action: np.int8) -> None:
        """Take note of the actions at the prices of the last look."""
        others = np.flatnonzero(said != action)
        if len(others):
            first = others[0]
            self.found = Action(int(said[first])), float(self.prices[first])
            self.end = int(self.steps[first])
            if self.end > self.now.start:
                self.held = self.end - self.now.step
            self.left = []
        elif self.now:
            self.held = self.now[-1]
        if self.found and not self.left and self.end - self.held > 1:
            self.left = [_thinned(self.held + 1, self.end)]

    def flip(self) -> FlipPrice | None:
        """What was found."""
        if self.found is None:
            return None
        action, price = self.found
        return FlipPrice(action, price, 100.0 * (price / self.close - 1.0))


def _thinned(start: int, stop: int) -> range:
    """At most ``EACH`` of these, at equal steps."""
    return range(start, stop, max(1, ceil((stop - start) / EACH)))
