"""A batch from a source into the store: what keeps the rules is committed, the rest is held."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.types import Bars, Float64, Int64, Interval
from market_data.adjust import Adjustment
from market_data.bars import RELEASED, WITHDRAWN, Series
from market_data.calendar import LENGTH
from market_data.contradictions import (
    Contradicted,
    Jump,
    by_second_source,
    by_the_next_bar,
    levels,
    unexplained,
)
from market_data.errors import NothingKept, NotReleasable
from market_data.instruments import ActionKind, Instrument
from market_data.quarantine import Quarantined, QuarantineStore, State, of_batch
from market_data.sources.base import RawAction, RawBar, RawBatch
from market_data.sources.sifting import Refusal, Refused, Sifted, sift
from market_data.stores.base import BarStore, CommitResult

__all__ = ["Ingested", "Ingestion", "kept_bars"]

# Kept bars on each side of a batch that its jumps are judged beside.
BESIDE: Final = 2
COLUMNS: Final = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came of a batch.

    Attributes
    ----------
    result : CommitResult
    held : tuple of Quarantined
        The rows that were not taken, and those that had been and are taken back, but for what
        somebody has dropped already.
    withdrawn : tuple of int, microseconds UTC
        Bars that had been kept and that this batch contradicts: from now on they are not answered.
    jumps : tuple of Jump
        New bars that were taken though nothing explains how far they are from those before them.
    """

    result: CommitResult
    held: tuple[Quarantined, ...]
    withdrawn: tuple[int, ...] = ()
    jumps: tuple[Jump, ...] = ()


class Ingestion:
    """The one way from a batch into the store, for workers on AWS and for a laptop.

    Each step may be repeated: a batch that comes twice, or whose worker died half way, changes
    nothing the second time. Bars are committed before rows are held, so what is lost between the
    two is held when the batch comes again.
    """

    def __init__(self, bars: BarStore, quarantine: QuarantineStore) -> None:
        self._bars = bars
        self._quarantine = quarantine

    def take(
        self, instrument: Instrument, batch: RawBatch, second: RawBatch | None = None
    ) -> Ingested:
        """Keep what is good of a batch, and hold what is not.

        Parameters
        ----------
        second : RawBatch, optional
            What another source says of the same bars: it contradicts jumps, and is not kept.

        Raises
        ------
        BadInstrument
            When the symbol is kept from another source or with another calendar.
        StoreUnavailable
            What was not done is done when the batch comes again.
        """
        sifted = sift(batch, instrument.calendar, self._bars.clock())
        series = self._bars.series(instrument.symbol, batch.interval)
        kept = kept_bars(series)
        before = self._quarantine.of_series(instrument.symbol, batch.interval)
        # Nothing contradicts a bar any more that somebody released.
        released = {row.time for row in before if row.state is State.RELEASED}
        dropped = {row.id for row in before if row.state is State.DROPPED}
        beside = _beside(sifted, series, kept)
        doubtful = {
            one.time: one
            for one in _contradicted(beside, second, instrument.calendar)
            if one.time not in released
        }
        doubted = np.isin(sifted.bars.time, list(doubtful))
        bars = _some(sifted.bars, ~doubted)
        result = self._bars.commit(
            instrument,
            batch.interval,
            bars,
            sifted.actions,
            fetched_at=batch.fetched_at,
            origin=batch.source,
        )
        taken_back = _some(kept, np.isin(kept.time, list(doubtful)))
        if len(taken_back):
            self._bars.commit(
                instrument,
                batch.interval,
                taken_back,
                fetched_at=batch.fetched_at,
                origin=WITHDRAWN,
            )
        refused = [*sifted.refused, *_refused(batch, sifted, doubtful, taken_back)]
        rows = of_batch(instrument.symbol, batch, refused)
        held = [row for row in rows if row.id not in dropped]
        times = set(bars.time.tolist())
        told = times & {row.time for row in before if row.state is State.HELD}
        if told:
            self._quarantine.settle(instrument.symbol, batch.interval, told, batch.fetched_at)
        self._quarantine.put(held)
        new = times - set(kept.time.tolist())
        jumps = tuple(one for one in beside.unexplained(list(doubtful)) if one.time in new)
        return Ingested(result, tuple(held), tuple(taken_back.time.tolist()), jumps)

    def release(self, row_id: str) -> CommitResult:
        """Take a row after all: for a jump that is true, whatever seems to contradict it.

        Raises
        ------
        NothingKept
            When no such row is held.
        NotReleasable
            When it still breaks a rule that no bar may break.
        """
        row = self._held(row_id)
        instrument = self._bars.instrument(row.symbol)
        if instrument is None:
            raise NothingKept(f"no bars of {row.symbol} are kept any more")
        if isinstance(row.row, RawAction):
            raise NotReleasable(f"{row_id}: {row.reason}; import the right one, and drop this one")
        batch = RawBatch(row.source, row.symbol, row.interval, row.fetched_at, (row.row,))
        sifted = sift(batch, instrument.calendar)
        if sifted.refused:
            why = sifted.refused[0].reason
            raise NotReleasable(f"{row_id}: {why}; fetch or import the bar anew, or drop this row")
        now = self._bars.clock()
        result = self._bars.commit(
            instrument, row.interval, sifted.bars, fetched_at=now, origin=RELEASED
        )
        self._quarantine.decide(row_id, State.RELEASED, now)
        return result

    def drop(self, row_id: str) -> None:
        """Decide that a row is wrong: it is never held again.

        Raises
        ------
        NothingKept
            When no such row is held.
        """
        self._held(row_id)
        self._quarantine.decide(row_id, State.DROPPED, self._bars.clock())

    def _held(self, row_id: str) -> Quarantined:
        row = self._quarantine.find(row_id)
        if row is None:
            raise NothingKept(f"no row {row_id[:40]!r} is in quarantine")
        if row.state is not State.HELD:
            raise NothingKept(f"the row {row_id} is {row.state.lower()} already")
        return row


def kept_bars(series: Series | None) -> Bars:
    """All bars that are kept, as traded, also those not known yet."""
    if series is None:
        return Bars(np.zeros(0, np.int64), *[np.zeros(0)] * 5)
    # By then all of them are known, and closed.
    ever = max(series.last_known, int(series.time.max(initial=0)) + 2 * LENGTH[Interval.ONE_WEEK])
    return series.snapshot(now=ever, adjustment=Adjustment.RAW).bars


def _some(bars: Bars, which: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Bars:
    """Some of the bars."""
    return Bars(bars.time[which], *(getattr(bars, name)[which] for name in COLUMNS))


@dataclass(frozen=True, slots=True)
class _Beside:
    """The bars of a batch among those that are kept around them, and what splits and pays them."""

    time: Int64
    close: Float64
    splits: Mapping[int, float]
    dividends: Mapping[int, float]

    def unexplained(self, without: list[int]) -> list[Jump]:
        """The jumps of those that stand."""
        stands = ~np.isin(self.time, without)
        time, close = self.time[stands], self.close[stands]
        shares = dict(self.splits)
        for moment, paid in self.dividends.items():
            bar = int(np.searchsorted(time, moment))
            if bar < len(time):
                shares[moment] = shares.get(moment, 1.0) * (1.0 + paid / float(close[bar]))
        return unexplained(time, close, levels(time, close, shares))


def _beside(sifted: Sifted, series: Series | None, kept: Bars) -> _Beside:
    told = sifted.bars
    if not len(told):
        return _Beside(told.time, told.close, {}, {})
    around = np.searchsorted(kept.time, (told.time[0], told.time[-1] + 1))
    near = slice(max(0, int(around[0]) - BESIDE), int(around[1]) + BESIDE)
    others = ~np.isin(kept.time[near], told.time)
    time = np.append(kept.time[near][others], told.time)
    order = np.argsort(time)
    known = [action.action for action in series.actions] if series is not None else []
    splits, dividends = (
        {one.ex_time: one.value for one in (*known, *sifted.actions) if one.kind is kind}
        for kind in (ActionKind.SPLIT, ActionKind.DIVIDEND)
    )
    close = np.append(kept.close[near][others], told.close)[order]
    return _Beside(time[order], close, splits, dividends)


def _contradicted(beside: _Beside, second: RawBatch | None, calendar: str) -> list[Contradicted]:
    """The bars of a batch, and of those that are kept around it, that something contradicts."""
    time, close = beside.time, beside.close
    level = levels(time, close, beside.splits)
    found = by_the_next_bar(time, close, level)
    if second is not None:
        said = sift(second, calendar).bars
        other = dict(zip(said.time.tolist(), said.close.tolist(), strict=True))
        found += by_second_source(time, close, level, other, second.source)
    return found


def _refused(
    batch: RawBatch, sifted: Sifted, doubtful: Mapping[int, Contradicted], taken_back: Bars
) -> Iterator[Refused]:
    """The contradicted bars as rows: as this batch told them, or else as they were kept."""
    told = set(sifted.bars.time.tolist())
    rows = {row.time: row for row in batch.bars if row.time in told & set(doubtful)}
    for time, *values in zip(
        taken_back.time.tolist(),
        *(getattr(taken_back, name).tolist() for name in COLUMNS),
        strict=True,
    ):
        rows.setdefault(time, RawBar(time, *map(repr, values)))
    for time, one in sorted(doubtful.items()):
        yield Refused(rows[time], Refusal.CONTRADICTED, "close", one.reason)
