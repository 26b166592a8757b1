"""Stances: actions beside the bars that they are traded on, and the position each asks for."""

import enum

import numpy as np

from engine.decision import Decision
from engine.errors import BadBars, BadParameter, NotEnoughHistory
from engine.types import Bars, Int8, Int64

__all__ = ["OnHold", "OnSell", "matched", "positions"]


class OnSell(enum.StrEnum):
    """What SELL does: hold a short position, or only leave the long one."""

    SHORT = "SHORT"
    FLAT = "FLAT"


class OnHold(enum.StrEnum):
    """What HOLD does: be out of the market, or keep the position there is."""

    FLAT = "FLAT"
    KEEP = "KEEP"


def matched(decision: Decision | Int8, bars: Bars | None) -> tuple[Int8, Bars, Int64]:
    """The actions and the bars from the first that was judged, and the times of the calendar.

    Parameters
    ----------
    decision : Decision, or (n,) actions
    bars : Bars, optional
        Those of the decision if not given; else of the same times, or a part of them without a gap.

    Raises
    ------
    BadParameter
        When actions are none, or not one for each bar.
    BadBars
        When the bars are of other times than the decision, or an open or close is not above 0.
    NotEnoughHistory
        When none of the bars was judged.
    """
    if isinstance(decision, Decision):
        judged, action, first = decision.bars, decision.action, decision.first
        bars = judged if bars is None else bars
    elif bars is None:
        raise BadBars("actions alone cannot be traded: give the bars that they decide on")
    else:
        judged, action, first = bars, np.asarray(decision), 0
        if action.shape != bars.time.shape or not np.isin(action, (-1, 0, 1)).all():
            raise BadParameter("backtest: actions must be 1, 0 or -1, one for each bar")
    calendar, count = judged.time, len(bars)
    if bars is not judged:
        start = int(np.searchsorted(calendar, bars.time[0])) if count else 0
        if not np.array_equal(calendar[start : start + count], bars.time):
            raise BadBars("the bars are not of the same times as those of the decision")
        action, first = action[start : start + count], max(first - start, 0)
    if first >= count:
        raise NotEnoughHistory(first + 1, count)
    if first:
        action, bars = action[first:], bars[first:]
    for name in ("open", "close"):
        column = getattr(bars, name)
        if not (column.min() > 0.0 and column.max() < np.inf):  # a NaN fails it too
            raise BadBars(f"{name} holds a price that cannot be traded: not a number above 0")
    return action.astype(np.int8, copy=False), bars, calendar


def positions(action: Int8, on_sell: OnSell, on_hold: OnHold) -> Int8:
    """The position that each action asks for.

    Examples
    --------
    >>> positions(np.array([0, 1, 0, -1, 0]), OnSell.FLAT, OnHold.KEEP).tolist()
    [0, 1, 1, 0, 0]
    """
    if on_hold is OnHold.KEEP:
        said = np.where(action != 0, np.arange(len(action)), 0)
        action = action[np.maximum.accumulate(said)]
    return np.maximum(action, 0) if on_sell is OnSell.FLAT else action
