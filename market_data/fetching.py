"""From a source into the store, a stretch at a time: what workers and the command line do alike."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from engine.types import Interval
from market_data.calendar import LENGTH, SECOND
from market_data.contradictions import Jump
from market_data.errors import BadInstrument
from market_data.ingest import Ingested, Ingestion, kept_bars
from market_data.instruments import Instrument
from market_data.resampling import resample
from market_data.sources.base import RawBatch, Source
from market_data.stores.base import BarStore
from market_data.stores.deliveries import Deliveries

__all__ = ["FIRST_BARS", "Fetched", "Fetching"]

# Kept bars that are asked for again: sources correct the newest ones.
OVERLAP: Final = 5
# How far back the first fetch goes where nobody says: enough for an average of 200 bars.
FIRST_BARS: Final = 1_000

OpenSource = Callable[[str], Source]
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of a fetch, in sum.

    Attributes
    ----------
    told, added, restated, held, withdrawn : int
        Bars that the source told; that are new; that differ from what was kept; rows that were
        not taken; bars that were taken back.
    jumps : int
        New bars that nothing explains; notes say which and why.
    known : int, microseconds UTC, or None
        From when on the last of it is answered.
    notes : tuple of str
    """

    told: int = 0
    added: int = 0
    restated: int = 0
    held: int = 0
    withdrawn: int = 0
    jumps: int = 0
    known: int | None = None
    notes: tuple[str, ...] = ()

    def plus(self, batch: RawBatch, came: Ingested) -> "Fetched":
        """With one batch more."""
        return Fetched(
            self.told + len(batch.bars),
            self.added + came.result.added,
            self.restated + came.result.restated,
            self.held + len(came.held),
            self.withdrawn + len(came.withdrawn),
            self.jumps + len(came.jumps),
            self.known if came.result.known is None else came.result.known,
            tuple(dict.fromkeys((*self.notes, *batch.notes, *map(_told, came.jumps)))),
        )


def _told(jump: Jump) -> str:
    return f"{np.datetime64(jump.time // SECOND, 's')}Z: {jump.reason}."


class Fetching:
    """Asks sources for what is missing, and keeps it.

    Parameters
    ----------
    bars : BarStore
    ingestion : Ingestion
    deliveries : Deliveries
        What came already: the same batch again is not taken twice.
    open_source : callable
        A source by its name.
    """

    def __init__(
        self,
        bars: BarStore,
        ingestion: Ingestion,
        deliveries: Deliveries,
        open_source: OpenSource,
    ) -> None:
        self._bars = bars
        self._ingestion = ingestion
        self._deliveries = deliveries
        self._open = open_source

    def missing(self, instrument: Instrument, interval: Interval) -> tuple[int, int]:
        """The stretch that brings a series up to now: from a few bars before its newest one."""
        now = self._bars.clock()
        series = self._bars.series(instrument.symbol, interval)
        if series is None or not len(series.time):
            return now - FIRST_BARS * LENGTH[interval], now
        times = sorted(set(series.time.tolist()))
        return times[-min(OVERLAP, len(times))], now

    def fetch(
        self,
        instrument: Instrument,
        interval: Interval,
        start: int,
        end: int,
        *,
        second: tuple[str, str] | None = None,
        progress: Progress | None = None,
    ) -> Fetched:
        """Fetch the bars that opened from ``start`` up to ``end``, and keep them page by page.

        What was kept of a fetch that fails half way stays; the rest comes with the next one. Bars
        of an interval that the source does not give are made of shorter ones, which are kept too.

        Parameters
        ----------
        second : (str, str), optional
            Another source that is asked of the same bars, to contradict jumps or to confirm them:
            its name, and how it spells the symbol.
        progress : callable, optional
            Told (start, end, moment reached) after each page.

        Raises
        ------
        SourceError, StoreUnavailable, BadInstrument
        """
        kept = self._bars.instrument(instrument.symbol)
        if kept is not None and kept.source != instrument.source:
            raise BadInstrument(
                f"{instrument.symbol} is kept from {kept.source!r}, not from "
                f"{instrument.source!r}; a symbol has one source"
            )
        if second is not None and second[0] == instrument.source:
            raise BadInstrument(f"{second[0]} is asked already; a second source is another one")
        profile = kept or instrument
        source = self._open(profile.source)
        done = Fetched()
        asked = source.terms.made_of(interval)
        for since, until in _pages(start, end, source.terms.page * LENGTH[asked]):
            batch = source.fetch(profile.source_symbol, asked, since, until)
            done = self._take(profile, batch, second, since, until, done)
            if progress is not None:
                progress(start, end, until)
        if asked is interval:
            return done
        return self._make(profile, asked, interval, start, source.terms.sparse, done)

    def _make(
        self,
        profile: Instrument,
        shorter: Interval,
        interval: Interval,
        start: int,
        sparse: bool,
        done: Fetched,
    ) -> Fetched:
        """Keep the longer bars that what is kept of the shorter ones makes up."""
        fetched_at = self._bars.clock()
        kept = kept_bars(self._bars.series(profile.symbol, shorter))
        # The longer bar that holds the start begins before it.
        since = int(np.searchsorted(kept.time, start - LENGTH[Interval.ONE_WEEK]))
        made = resample(kept[since:], shorter, interval, profile.calendar, sparse=sparse)
        if not len(made):
            return done
        result = self._bars.commit(
            profile, interval, made, fetched_at=fetched_at, origin=profile.source
        )
        note = f"Bars of {interval} are made of those of {shorter}, which {profile.source} gives."
        return replace(
            done,
            added=done.added + result.added,
            restated=done.restated + result.restated,
            known=done.known if result.known is None else result.known,
            notes=(*done.notes, note),
        )

    def _take(
        self,
        profile: Instrument,
        batch: RawBatch,
        second: tuple[str, str] | None,
        since: int,
        until: int,
        done: Fetched,
    ) -> Fetched:
        if not batch.bars and not batch.actions:
            return replace(done, notes=tuple(dict.fromkeys((*done.notes, *batch.notes))))
        place = f"{profile.source}/{profile.symbol}/{batch.interval}"
        # What was taken before may yet be confirmed or contradicted.
        if second is None and self._deliveries.last(place) == batch.identity:
            return replace(done, told=done.told + len(batch.bars))
        beside = None
        if second is not None:
            name, spelling = second
            beside = self._open(name).fetch(spelling, batch.interval, since, until)
        came = self._ingestion.take(profile, batch, beside)
        self._deliveries.record(place, batch.identity)
        return done.plus(batch, came)


def _pages(start: int, end: int, page: int) -> Iterator[tuple[int, int]]:
    """A stretch in parts of a page, oldest first."""
    while start < end:
        yield start, min(start + page, end)
        start += page
