"""A batch beside what is kept: which bars are in doubt, of those told and of those kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.types import Bars, Float64, Int64
from market_data.bars import KnownAction, Series
from market_data.contradictions import (
    Contradicted,
    Jump,
    by_second_source,
    by_the_next_bar,
    is_near,
    levels,
    seen_by_both,
    unexplained,
)
from market_data.instruments import ActionKind, CorporateAction
from market_data.quarantine import Quarantined, State
from market_data.sources.base import RawBar, RawBatch
from market_data.sources.sifting import Sifted, sift

__all__ = ["Doubts", "doubts"]

# Kept bars on each side of a batch that its jumps are judged beside.
BESIDE: Final = 2


@dataclass(frozen=True, slots=True)
class Doubts:
    """What is in doubt once a batch is held beside what is kept; each by the time of its bar.

    Attributes
    ----------
    told, kept : mapping
        Bars of the batch, and bars that are kept, which something contradicts.
    confirmed : mapping
        Those that the next bar would contradict, were it not for another source that has them too.
    jumps : tuple of Jump
        Bars that stand though nothing explains how far they are from those before them.
    """

    told: Mapping[int, Contradicted]
    kept: Mapping[int, Contradicted]
    confirmed: Mapping[int, Contradicted]
    jumps: tuple[Jump, ...]


def doubts(
    sifted: Sifted,
    series: Series | None,
    kept: Bars,
    decided: Iterable[Quarantined],
    second: RawBatch | None,
    calendar: str,
) -> Doubts:
    """Judge the bars of a batch, then those that are kept beside the ones of them that stand.

    So a wrong number in place of a good one is held, and the good one stays.

    Parameters
    ----------
    kept : Bars
        Of the series, as traded.
    decided : iterable of Quarantined
        Rows that were in quarantine: what somebody released nothing contradicts any more, and what
        somebody dropped nothing confirms.
    second : RawBatch, optional
        What another source says of the same bars.
    """
    decisions = _Decisions(decided)
    actions = _in_effect(sifted.actions, series.actions if series is not None else ())
    other = _Other(second, calendar)
    told = sifted.bars
    beside = _beside(told, kept, actions)
    first, confirmed = beside.contradicted(other, decisions)
    wrong = {time: one for time, one in first.items() if time in set(told.time.tolist())}
    if wrong:
        stands = ~np.isin(told.time, list(wrong))
        beside = _beside(told, kept, actions, stands)
        first, confirmed = beside.contradicted(other, decisions)
        first = {t: one for t, one in first.items() if t not in set(told.time[stands].tolist())}
    jumps = beside.unexplained(list(first))
    return Doubts(wrong, first, confirmed, tuple(jumps))


def _in_effect(
    told: Iterable[CorporateAction], known: Iterable[KnownAction]
) -> list[CorporateAction]:
    """The actions that are known or told, but for those that somebody overruled by hand."""
    newest = {(one.action.ex_time, one.action.kind): one for one in known}
    for action in told:
        key = action.ex_time, action.kind
        if key not in newest or newest[key].overruled != action.value:
            newest[key] = KnownAction(action, 0)
    return [one.action for one in newest.values()]


class _Decisions:
    """The closes that somebody decided about, by time."""

    def __init__(self, rows: Iterable[Quarantined]) -> None:
        self._closes: dict[tuple[State, int], list[float]] = {}
        for row in rows:
            if isinstance(row.row, RawBar) and row.state is not State.HELD:
                self._closes.setdefault((row.state, row.time), []).append(_number(row.row.close))

    def are(self, state: State, time: int, close: float) -> bool:
        """Whether somebody decided so about this bar, or one of nearly its close."""
        return any(is_near(one, close) for one in self._closes.get((state, time), ()))


def _number(text: str) -> float:
    """A number as a source wrote it; NaN, which is near to nothing, where it is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


class _Other:
    """What another source says."""

    def __init__(self, batch: RawBatch | None, calendar: str) -> None:
        self.name = "" if batch is None else batch.source
        bars = None if batch is None else sift(batch, calendar).bars
        pairs = () if bars is None else zip(bars.time.tolist(), bars.close.tolist(), strict=True)
        self.closes: dict[int, float] = dict(pairs)


@dataclass(frozen=True, slots=True)
class _Beside:
    """Bars of a batch among those that are kept around them, and what splits and pays them."""

    time: Int64
    close: Float64
    actions: list[CorporateAction]

    def _values(self, kind: ActionKind) -> dict[int, float]:
        return {one.ex_time: one.value for one in self.actions if one.kind is kind}

    def contradicted(
        self, other: _Other, decisions: _Decisions
    ) -> tuple[dict[int, Contradicted], dict[int, Contradicted]]:
        """The bars that something contradicts, and those that another source confirms."""
        time, close = self.time, self.close
        level = levels(time, close, self._values(ActionKind.SPLIT))
        seen = seen_by_both(time, close, level, other.closes, other.name)
        wrong, confirmed = {}, {}
        closes = dict(zip(time.tolist(), close.tolist(), strict=True))
        for one in by_the_next_bar(time, close, level):
            if decisions.are(State.RELEASED, one.time, closes[one.time]):
                continue
            said = seen.get(one.time)
            if said is None or decisions.are(State.DROPPED, one.time, closes[one.time]):
                wrong[one.time] = one
            else:
                confirmed[one.time] = Contradicted(one.time, f"{one.reason}, and {said}")
        for one in by_second_source(time, close, level, other.closes, other.name):
            if not decisions.are(State.RELEASED, one.time, closes[one.time]):
                wrong[one.time] = one
        return wrong, confirmed

    def unexplained(self, without: list[int]) -> list[Jump]:
        """The jumps of those that stand."""
        stands = ~np.isin(self.time, without)
        time, close = self.time[stands], self.close[stands]
        shares = self._values(ActionKind.SPLIT)
        for moment, paid in self._values(ActionKind.DIVIDEND).items():
            bar = int(np.searchsorted(time, moment))
            if bar < len(time):
                shares[moment] = shares.get(moment, 1.0) * (1.0 + paid / float(close[bar]))
        return unexplained(time, close, levels(time, close, shares))


def _beside(
    told: Bars,
    kept: Bars,
    actions: list[CorporateAction],
    stands: "NDArray[np.bool_] | slice" = slice(None),
) -> _Beside:
    """Those of the batch that stand, and what is kept around all of it and is not told by them."""
    if not len(told):
        return _Beside(told.time, told.close, actions)
    around = np.searchsorted(kept.time, (told.time[0], told.time[-1] + 1))
    near = slice(max(0, int(around[0]) - BESIDE), int(around[1]) + BESIDE)
    time, close = told.time[stands], told.close[stands]
    others = ~np.isin(kept.time[near], time)
    time = np.append(kept.time[near][others], time)
    order = np.argsort(time)
    return _Beside(time[order], np.append(kept.close[near][others], close)[order], actions)
