"""A batch from a source into the store: what keeps the rules is committed, the rest is held."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.types import Bars, Interval
from market_data.adjust import Adjustment
from market_data.bars import CONFIRMED, RELEASED, WITHDRAWN, Series
from market_data.calendar import LENGTH
from market_data.contradictions import Contradicted, Jump
from market_data.doubts import Doubts, doubts
from market_data.errors import NothingKept, NotReleasable
from market_data.instruments import Instrument
from market_data.quarantine import Quarantined, QuarantineStore, State, of_batch
from market_data.sources.base import RawAction, RawBar, RawBatch
from market_data.sources.sifting import Refusal, Refused, Sifted, sift
from market_data.stores.base import BarStore, CommitResult

__all__ = ["Ingested", "Ingestion", "kept_bars"]

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
    two is held when the batch comes again; what is taken back, of which it need not tell, before.
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
            What another source says of the same bars: it contradicts jumps or confirms them, and
            is not kept.

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
        doubt = doubts(sifted, series, kept, before, second, instrument.calendar)
        good = _some(sifted.bars, ~np.isin(sifted.bars.time, list(doubt.told)))
        result = self._keep(instrument, batch, good, kept, sifted, doubt)
        rows = _Rows(batch, sifted, kept)
        gone = self._take_back(instrument, batch, kept, doubt, rows)
        taken_back = {time: doubt.kept[time] for time in gone.time.tolist()}
        refused = [*sifted.refused, *rows.of({**taken_back, **doubt.told})]
        held = self._hold(instrument, batch, refused, good, before)
        self._confirm(instrument, batch, rows.of(doubt.confirmed))
        new = set(good.time.tolist()) - set(kept.time.tolist())
        jumps = tuple(one for one in doubt.jumps if one.time in new)
        return Ingested(result, tuple(held), tuple(gone.time.tolist()), jumps)

    def _keep(
        self,
        instrument: Instrument,
        batch: RawBatch,
        good: Bars,
        kept: Bars,
        sifted: Sifted,
        doubt: Doubts,
    ) -> CommitResult:
        """Commit the good bars of a batch.

        A source that goes on saying what was taken back does not put it back; one that another
        source confirms does.
        """
        back = np.isin(good.time, list(doubt.confirmed)) & ~np.isin(good.time, kept.time)
        fetched_at = batch.fetched_at
        result = self._bars.commit(
            instrument,
            batch.interval,
            _some(good, ~back),
            sifted.actions,
            fetched_at=fetched_at,
            origin=batch.source,
        )
        if not back.any():
            return result
        confirmed = self._bars.commit(
            instrument,
            batch.interval,
            _some(good, back),
            fetched_at=fetched_at,
            origin=CONFIRMED,
        )
        return result.plus(confirmed)

    def _take_back(
        self, instrument: Instrument, batch: RawBatch, kept: Bars, doubt: Doubts, rows: "_Rows"
    ) -> Bars:
        """Take back the kept bars that are contradicted; none that a newer fetch has told.

        They are held first: a batch that comes again does not find them among what is kept.
        """
        doubtful = _some(kept, np.isin(kept.time, list(doubt.kept)))
        if not len(doubtful):
            return doubtful
        untold = {time: one for time, one in doubt.kept.items() if time not in doubt.told}
        self._quarantine.put(of_batch(instrument.symbol, batch, rows.of(untold)))
        result = self._bars.commit(
            instrument,
            batch.interval,
            doubtful,
            fetched_at=batch.fetched_at,
            origin=WITHDRAWN,
        )
        if result.restated:
            return doubtful
        after = batch.fetched_at + 1
        self._quarantine.settle(instrument.symbol, batch.interval, set(untold), after)
        return doubtful[:0]

    def _hold(
        self,
        instrument: Instrument,
        batch: RawBatch,
        refused: Sequence[Refused],
        good: Bars,
        before: Sequence[Quarantined],
    ) -> list[Quarantined]:
        """Hold what was not taken, but for what is dropped, and let go of what was told anew."""
        symbol, interval = instrument.symbol, batch.interval
        dropped = {row.id for row in before if row.state is State.DROPPED}
        told = set(good.time.tolist()) & {row.time for row in before if row.state is State.HELD}
        if told:
            self._quarantine.settle(symbol, interval, told, batch.fetched_at)
        held = [row for row in of_batch(symbol, batch, refused) if row.id not in dropped]
        self._quarantine.put(held)
        return held

    def _confirm(
        self,
        instrument: Instrument,
        batch: RawBatch,
        refused: Sequence[Refused],
    ) -> None:
        """Remember what another source has confirmed as what somebody released: it stays."""
        rows = of_batch(instrument.symbol, batch, refused)
        if rows:
            self._quarantine.put(rows)
        for row in rows:
            self._quarantine.decide(row.id, State.RELEASED, self._bars.clock())

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
class _Rows:
    """Bars as rows of a quarantine: as a batch tells them, or else as they are kept."""

    batch: RawBatch
    sifted: Sifted
    kept: Bars

    def of(self, doubtful: Mapping[int, Contradicted]) -> list[Refused]:
        """The bars that are contradicted."""
        told = set(self.sifted.bars.time.tolist())
        rows = {row.time: row for row in self.batch.bars if row.time in told}
        kept = _some(self.kept, np.isin(self.kept.time, list(doubtful)))
        columns = (getattr(kept, name).tolist() for name in COLUMNS)
        for time, *values in zip(kept.time.tolist(), *columns, strict=True):
            rows.setdefault(time, RawBar(time, *map(repr, values)))
        return [
            Refused(rows[time], Refusal.CONTRADICTED, "close", one.reason)
            for time, one in sorted(doubtful.items())
        ]
