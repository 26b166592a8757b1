"""Corporate actions worked into the prices of the bars before them."""

import enum
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from engine.types import Bars, Interval
from market_data.calendar import LENGTH
from market_data.instruments import ActionKind, CorporateAction

__all__ = ["Adjustment", "WorkedIn", "adjust"]


class Adjustment(enum.StrEnum):
    """What is worked into prices of the past."""

    RAW = "RAW"
    SPLITS = "SPLITS"
    SPLITS_AND_DIVIDENDS = "SPLITS_AND_DIVIDENDS"


_KINDS = {
    Adjustment.RAW: frozenset[ActionKind](),
    Adjustment.SPLITS: frozenset({ActionKind.SPLIT}),
    Adjustment.SPLITS_AND_DIVIDENDS: frozenset(ActionKind),
}


class WorkedIn(NamedTuple):
    """An action that changed some bars, and by what factor it changed their prices."""

    ex_time: int
    kind: str
    value: float
    factor: float


def adjust(
    raw: Bars, interval: Interval, actions: Iterable[CorporateAction], adjustment: Adjustment
) -> tuple[Bars, tuple[WorkedIn, ...]]:
    """Raw bars with corporate actions worked into all bars before their ex-date.

        split of r for 1     prices / r, volume * r
        dividend of D        prices * C / (C + D)

    with C the close of the first bar from the ex-date on. So a dividend is reinvested at that
    close, and from close to close the adjusted prices earn exactly (C + D) / C_before; it waits
    until C is known. Splits divide by one product, so 2:1 and 4:1 are exact.

    Parameters
    ----------
    actions : CorporateAction, oldest first
        Those known and in effect.

    Returns
    -------
    Bars, and the actions that changed them

    Notes
    -----
    A bar is adjusted when it ended by 00:00Z of the ex-date. The weekly bar that holds an ex-date
    inside stays as its source gave it, because it closed after the split.
    """
    shares = np.ones(len(raw))
    paid = np.ones(len(raw))
    worked_in = []
    for action in actions:
        before = int(np.searchsorted(raw.time, action.ex_time - LENGTH[interval], side="right"))
        waits = action.kind is ActionKind.DIVIDEND and before == len(raw)
        if action.kind not in _KINDS[adjustment] or before == 0 or waits:
            continue
        if action.kind is ActionKind.SPLIT:
            factor = 1.0 / action.value
            shares[:before] *= action.value
        else:
            close = float(raw.close[before])
            factor = close / (close + action.value)
            paid[:before] *= factor
        if factor != 1.0:
            worked_in.append(WorkedIn(action.ex_time, str(action.kind), action.value, factor))
    if not worked_in:
        return raw, ()
    prices = {name: getattr(raw, name) / shares * paid for name in ("open", "high", "low", "close")}
    return raw.replace(**prices, volume=raw.volume * shares), tuple(worked_in)
