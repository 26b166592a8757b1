"""intellpulse sentiment: import, fetch, list and export."""

import argparse
import sys
import time
from contextlib import closing
from typing import Any

from graphql_api.app import open_readings
from graphql_api.commands.printing import print_rows
from graphql_api.schema.scalars import rfc3339
from graphql_api.settings import Settings
from market_data.calendar import DAY
from market_data.clock import now, wait_until
from market_data.errors import NothingKept
from market_data.headlines import vader
from market_data.instruments import Instrument
from market_data.readings import Delivered, Readings
from market_data.readings_export import write_readings
from market_data.readings_file import read_headlines, read_scores

__all__ = ["bring", "export", "fetch", "keep", "listing"]

# The newest readings are asked for again: they may have been corrected.
OVERLAP = 5 * DAY


def bring(asked: argparse.Namespace, settings: Settings) -> None:
    """Read a file of scored values or of headlines, all of it or nothing."""
    Instrument(asked.symbol)  # what cannot be a symbol is refused before the file is read
    if asked.headlines:
        told = read_headlines(asked.file, now(), vader())
    else:
        told = read_scores(asked.file, now())
    keep(settings, asked.symbol, told)


def fetch(asked: argparse.Namespace, settings: Settings) -> None:
    """Fetch the Fear & Greed Index for one symbol: what is missing, or since a moment."""
    from market_data.sources.fear_greed import open_fear_greed  # brings an HTTP client with it

    Instrument(asked.symbol)
    since = asked.since
    if since is None:
        with closing(open_readings(settings)) as store:
            kept = store.readings(asked.symbol)
        since = int(kept.time[-1]) - OVERLAP if len(kept.time) else 0
    with closing(open_fear_greed(now)) as source:
        told = source.fetch(since, now() + 1)
    keep(settings, asked.symbol, told)


def keep(settings: Settings, symbol: str, told: Delivered) -> None:
    """Keep a delivery, wait until it is answered, and say what came of it."""
    with closing(open_readings(settings)) as store:
        done = store.commit(symbol, told)
        if done.known is not None:
            wait_until(done.known, store.clock, time.sleep)
    if not len(told.time):
        print(f"{symbol}: no readings")
        return
    first, last = rfc3339(int(told.time[0])), rfc3339(int(told.time[-1]))
    print(
        f"{symbol}: {len(told.time)} readings from {first} to {last}, "
        f"{done.added} new, {done.restated} restated"
    )


def listing(asked: argparse.Namespace, settings: Settings) -> None:
    """The symbols that have sentiment."""
    with closing(open_readings(settings)) as store:
        rows = [_shown(store.readings(symbol)) for symbol in store.symbols()]
    print_rows(
        rows,
        as_json=asked.json,
        nothing="no sentiment is kept; intellpulse sentiment import FILE --symbol S",
    )


def export(asked: argparse.Namespace, settings: Settings) -> None:
    """Every row of a symbol as CSV, with the three times of each."""
    with closing(open_readings(settings)) as store:
        kept = store.readings(asked.symbol)
    if not len(kept.time):
        raise NothingKept(f"no sentiment of {asked.symbol[:40]!r} is kept")
    write_readings(kept, sys.stdout)


def _shown(kept: Readings) -> dict[str, Any]:
    return {
        "symbol": kept.symbol,
        "readings": len(set(kept.time.tolist())),
        "first": rfc3339(int(kept.time[0])),
        "last": rfc3339(int(kept.time[-1])),
        "newest": float(kept.value[-1]),
        "sources": ", ".join(kept.origins),
    }
