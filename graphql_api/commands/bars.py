"""intellpulse bars: import, list and export."""

import argparse
import gzip
import sys
from contextlib import closing
from itertools import chain
from typing import Any

from graphql_api.app import open_bars, open_quarantine, open_readings
from graphql_api.commands.printing import print_rows
from graphql_api.schema.scalars import rfc3339
from graphql_api.settings import Settings
from market_data.errors import BadCsv, MarketDataError, NothingKept
from market_data.export import write_csv, write_parquet
from market_data.imports import (
    ImportSummary,
    import_actions,
    import_csv,
    import_sifted,
    stored_series,
)
from market_data.ingest import Ingestion
from market_data.stores import BarStore
from market_data.stores.objects import KEPT_DAYS

__all__ = ["actions", "bring", "export", "listing", "panel", "sweep"]


def bring(asked: argparse.Namespace, settings: Settings) -> None:
    """Read the bars of a file, all or none, or those that are good, and say what came of it."""
    with closing(open_bars(settings)) as store:
        done = (_sifted if asked.quarantine else _whole)(store, asked, settings)
    result = done.result
    print(
        f"{done.instrument.symbol} {done.interval.value}: {done.bars} bars read, "
        f"{result.added} new, {result.restated} restated, {result.unchanged} known already, "
        f"{result.actions} splits and dividends"
        + (f", {len(done.held)} held in quarantine" if done.held else "")
        + (f", {len(done.withdrawn)} taken back" if done.withdrawn else "")
    )
    for note in done.notes:
        print(f"note: {note}")
    for jump in done.jumps:
        print(f"note: the close of {rfc3339(jump)} is over 40 % from the one before, with no split")
    if done.held:
        print("note: intellpulse bars quarantine lists what is held, and why")


def actions(asked: argparse.Namespace, settings: Settings) -> None:
    """Read splits and dividends of a symbol that is kept, all or none."""
    with closing(open_bars(settings)) as store:
        done = import_actions(store, asked.file, asked.symbol)
    if done is None:
        raise NothingKept(f"no bars of {asked.symbol[:40]!r} are kept")
    print(f"{asked.symbol}: {done.result.actions} splits and dividends are new or told anew")


def _whole(store: BarStore, asked: argparse.Namespace, _: Settings) -> ImportSummary:
    try:
        return import_csv(store, asked.file, asked.symbol, asked.interval, **_profile(asked))
    except BadCsv as fault:
        if not fault.judged_alone:
            raise
        reason = f"{fault.reason}; nothing is kept; --quarantine holds such rows alone"
        raise BadCsv(fault.file, fault.line, fault.column, fault.value, reason) from fault


def _sifted(store: BarStore, asked: argparse.Namespace, settings: Settings) -> ImportSummary:
    with closing(open_quarantine(settings)) as quarantine:
        ingestion = Ingestion(store, quarantine)
        return import_sifted(
            store, ingestion, asked.file, asked.symbol, asked.interval, **_profile(asked)
        )


def _profile(asked: argparse.Namespace) -> dict[str, Any]:
    names = ("name", "tick", "calendar", "actions")
    return {name: getattr(asked, name) for name in names}


def export(asked: argparse.Namespace, settings: Settings) -> None:
    """Write everything that is known of a series: CSV or Parquet, to stdout without a file."""
    with closing(open_bars(settings)) as store:
        series = store.series(asked.symbol, asked.interval)
    if series is None:
        raise NothingKept(
            f"no bars of {asked.symbol} {asked.interval.value} are kept; "
            "intellpulse bars list says which are"
        )
    if asked.file is None:
        write_csv(series, sys.stdout)
        return
    if asked.file.suffix == ".parquet":
        write_parquet(series, asked.file)
    else:
        opened = gzip.open if asked.file.suffix == ".gz" else open
        with opened(asked.file, "wt", encoding="ascii", newline="") as file:
            write_csv(series, file)
    rows, actions = len(series.time), len(series.actions)
    print(f"{asked.file}: {rows} rows of bars, {actions} splits and dividends")


def listing(asked: argparse.Namespace, settings: Settings) -> None:
    """The series that are kept."""
    with closing(open_bars(settings)) as store:
        kept = list(stored_series(store, _tell))
    rows: list[dict[str, Any]] = [
        {
            "symbol": instrument.symbol,
            "interval": series.interval.value,
            "bars": series.count,
            "first": rfc3339(series.first_time),
            "last": rfc3339(series.last_time),
            "source": instrument.source,
            "calendar": instrument.calendar,
        }
        for instrument, series in kept
    ]
    print_rows(
        rows,
        as_json=asked.json,
        nothing="no bars are kept; intellpulse bars import FILE --symbol S --interval ONE_DAY",
    )


def _tell(symbol: str, error: MarketDataError) -> None:
    print(f"intellpulse: {symbol}: {error}", file=sys.stderr)


def panel(asked: argparse.Namespace, settings: Settings) -> None:
    """Write a panel of some symbols, or of all: what a screener reads in one round trip."""
    with closing(open_bars(settings)) as store:
        symbols = asked.symbols or [one.symbol for one in store.instruments()]
        written = store.write_panel(asked.universe, asked.session, symbols, asked.interval)
    print(
        f"{asked.universe} {asked.session}: {len(written)} symbols, as of {rfc3339(written.as_of)}"
    )
    for symbol in set(symbols) - set(written.symbols):
        print(f"note: no bars of {symbol} are kept")


def sweep(asked: argparse.Namespace, settings: Settings) -> None:
    """Say what no HEAD names, of bars or sentiment, and let go of it where that is asked for."""
    objects = size = 0
    with closing(open_bars(settings)) as store, closing(open_readings(settings)) as readings:
        for swept in chain(store.sweep(apply=asked.apply), readings.sweep(apply=asked.apply)):
            here = f"{swept.symbol}: {len(swept.objects)} objects, {swept.size:,} bytes"
            if swept.left:
                print(f"{here}, left: {swept.left}")
                continue
            print(here)
            objects, size = objects + len(swept.objects), size + swept.size
    if not objects:
        print("nothing to let go of: every object is named by a HEAD")
    elif asked.apply:
        print(f"{objects} objects, {size:,} bytes are deleted in {KEPT_DAYS} days")
    else:
        print(f"{objects} objects, {size:,} bytes that no HEAD names; --apply lets go of them")
