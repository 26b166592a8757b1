"""Bars and corporate actions from files into a store, and what a store holds."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.types import Bars, Int64, Interval
from market_data.actions_file import read_actions
from market_data.bars import BY_HAND, Adjustment, Series
from market_data.clock import Sleep, wait_until
from market_data.csv_file import calendar_of, read_csv
from market_data.errors import BadCsv, MarketDataError
from market_data.ingest import Ingestion
from market_data.instruments import CorporateAction, Instrument
from market_data.quarantine import Quarantined
from market_data.rules import jumps
from market_data.sources.base import RawAction, RawBatch
from market_data.sources.files import FileSource
from market_data.sources.sifting import FIRST, LAST, Refusal, sift
from market_data.stores.base import BarStore, CommitResult, StoredInterval
from market_data.tables import MAX_BYTES

__all__ = ["ImportSummary", "import_actions", "import_csv", "import_sifted", "stored_series"]

# Where rows come from that somebody brought by hand.
FILE = "file"


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did.

    Attributes
    ----------
    instrument : Instrument
    interval : Interval
    result : CommitResult
        How many bars and actions are new, and since when they are known.
    bars : int
        How many the file holds.
    first_time, last_time : int, microseconds UTC, or None
        Of the file's bars.
    jumps : tuple of int, microseconds UTC
        Bars of the file whose close lies more than 40 % from the one before though no split is
        known: kept, and worth a second look.
    notes : tuple of str
        What was left out or is worth knowing, one sentence each.
    held : tuple of Quarantined
        Rows of the file that were not taken, and bars that it contradicts.
    withdrawn : tuple of int, microseconds UTC
        Bars that had been kept and that the file contradicts: they are taken back.
    """

    instrument: Instrument
    interval: Interval
    result: CommitResult
    bars: int = 0
    first_time: int | None = None
    last_time: int | None = None
    jumps: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    held: tuple[Quarantined, ...] = ()
    withdrawn: tuple[int, ...] = ()


def import_csv(
    store: BarStore,
    path: str | Path,
    symbol: str,
    interval: Interval,
    *,
    name: str | None = None,
    tick: float = 0.01,
    calendar: str | None = None,
    source: str | None = None,
    actions: str | Path | None = None,
    fetched_at: int | None = None,
    sleep: Sleep | None = time.sleep,
    max_bytes: int = MAX_BYTES,
) -> ImportSummary:
    """Import a CSV file of raw bars, whole or not at all.

    The first import of a symbol makes its profile; a later one adds to it and restates what
    differs, whatever the profile's source, and the rows themselves say that they come from a
    file.

    Parameters
    ----------
    name, tick, calendar, source
        Of a symbol that is new; else its profile holds. No calendar means the one that the file
        speaks of (`read_csv`), no source means "file".
    actions : path or None
        A file of splits and dividends (`read_actions`).
    fetched_at : int, microseconds UTC, or None
        When the file was made or came; None is now. It changes only what was fetched before.
    sleep : Sleep or None
        Bars are known from 2 s after their commit; the import waits for it, so that whoever asks
        next is answered. None does not wait.

    Raises
    ------
    BadCsv, BadInstrument, StoreUnavailable
    """
    # A symbol that cannot be one is refused before the file is read.
    wanted = Instrument(symbol, name, tick, calendar or "24/7", source or FILE)
    kept = store.instrument(symbol)
    expected = calendar if kept is None else kept.calendar
    table = read_csv(path, interval, expected, store.clock(), max_bytes=max_bytes)
    told = read_actions(actions) if actions is not None else []
    profile = kept or replace(wanted, calendar=table.calendar)
    origin = source or FILE
    result = store.commit(profile, interval, table.bars, told, fetched_at=fetched_at, origin=origin)
    done = ImportSummary(
        profile, interval, result, notes=table.notes + _stays(kept, name, calendar)
    )
    return _answered(store, sleep, _of(done, table.bars.time))


def import_sifted(
    store: BarStore,
    ingestion: Ingestion,
    path: str | Path,
    symbol: str,
    interval: Interval,
    *,
    name: str | None = None,
    tick: float = 0.01,
    calendar: str | None = None,
    actions: str | Path | None = None,
    fetched_at: int | None = None,
    sleep: Sleep | None = time.sleep,
) -> ImportSummary:
    """Import what is good of a file of raw bars, and hold in quarantine each row that is not.

    Parameters are those of `import_csv`, beside the ingestion into the same store.

    Raises
    ------
    BadCsv
        Where a row has no time or too few fields, so that nobody could decide about it, or where
        none opens when a bar does: then the interval or the calendar is another one.
    BadInstrument, StoreUnavailable
    """
    wanted = Instrument(symbol, name, tick, calendar or "24/7", FILE)
    told = read_actions(actions) if actions is not None else []
    batch = FileSource(path, store.clock, alone=True).fetch(symbol, interval, FIRST, LAST)
    if not batch.bars:
        raise BadCsv(str(path), 0, "", "", "the file has a header and no bars")
    came_at = batch.fetched_at if fetched_at is None else fetched_at
    batch = replace(batch, actions=tuple(map(_raw, told)), fetched_at=came_at)
    times = np.array([row.time for row in batch.bars], np.int64)
    kept = store.instrument(symbol)
    profile = kept or replace(wanted, calendar=calendar or calendar_of(times))
    _require_some_on_grid(path, batch, profile.calendar)
    came = ingestion.take(profile, batch)
    done = ImportSummary(
        profile,
        interval,
        came.result,
        notes=batch.notes + _stays(kept, name, calendar),
        held=came.held,
        withdrawn=came.withdrawn,
    )
    return _answered(store, sleep, _of(done, times))


def _require_some_on_grid(path: str | Path, batch: RawBatch, calendar: str) -> None:
    """Refuse a file of another interval or calendar: nobody wants to drop each row by hand."""
    refused = sift(batch, calendar).refused
    if len(refused) == len(batch.bars) and {one.code for one in refused} == {Refusal.OFF_GRID}:
        why = f"not one of its rows opens when a bar does, the first: {refused[0].reason}"
        raise BadCsv(str(path), 0, "", "", why)


def _of(done: ImportSummary, times: Int64) -> ImportSummary:
    """What an import did, with how many bars its file has and when they opened."""
    first, last = int(times.min()), int(times.max())
    return replace(done, bars=len(times), first_time=first, last_time=last)


def _answered(store: BarStore, sleep: Sleep | None, done: ImportSummary) -> ImportSummary:
    """What an import did, once whoever asks next is answered it, with the jumps within it."""
    if sleep is not None and done.result.known is not None:
        wait_until(done.result.known, store.clock, sleep)
    if done.first_time is None or done.last_time is None:
        return done
    jumped = _jumps(store, done.instrument.symbol, done.interval)
    within = tuple(t for t in jumped if done.first_time <= t <= done.last_time)
    return replace(done, jumps=within)


def _raw(action: CorporateAction) -> RawAction:
    return RawAction(action.ex_time, action.kind, repr(action.value))


def import_actions(
    store: BarStore,
    path: str | Path,
    symbol: str,
    interval: Interval = Interval.ONE_DAY,
    *,
    sleep: Sleep | None = time.sleep,
) -> ImportSummary | None:
    """Import splits and dividends of a symbol that is kept; None where the symbol is unknown.

    They stand against what the source says of them, until it says something else.
    """
    kept = store.instrument(symbol)
    if kept is None:
        return None
    nothing = Bars(np.zeros(0, np.int64), *[np.zeros(0)] * 5)
    result = store.commit(kept, interval, nothing, read_actions(path), origin=BY_HAND)
    return _answered(store, sleep, ImportSummary(kept, interval, result))


def stored_series(
    store: BarStore, broken: Callable[[str, MarketDataError], None]
) -> Iterator[tuple[Instrument, StoredInterval]]:
    """Everything that is kept, by symbol and then from the shortest interval to the longest.

    Parameters
    ----------
    broken : callable
        Told (symbol, error) of each symbol that cannot be read.
    """
    kept = store.instruments()
    listed = store.listed([one.symbol for one in kept])
    for one in kept:
        found = listed[one.symbol]
        if isinstance(found, MarketDataError):
            broken(one.symbol, found)
            continue
        for series in found:
            yield one, series


def _stays(kept: Instrument | None, name: str | None, calendar: str | None) -> tuple[str, ...]:
    """What was asked of a profile that is made already, and so is left as it is."""
    if kept is None:
        return ()
    asked = (("name", name, kept.name), ("calendar", calendar, kept.calendar))
    return tuple(
        f"The {what} of {kept.symbol} stays {there}, as its first import made it."
        for what, wanted, there in asked
        if wanted not in (None, there)
    )


def _jumps(store: BarStore, symbol: str, interval: Interval) -> tuple[int, ...]:
    """Bars after a jump that no split explains, in all that is kept."""
    series = store.series(symbol, interval)
    return () if series is None else _unexplained(series)


def _unexplained(series: Series) -> tuple[int, ...]:
    bars = series.snapshot(now=series.last_known, adjustment=Adjustment.SPLITS).bars
    return jumps(bars.time, bars.close)
