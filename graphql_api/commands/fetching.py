"""intellpulse bars fetch and watch: bars from their sources, once or as they close."""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from typing import Any, NoReturn

from tqdm import tqdm

from engine.types import Interval
from graphql_api.app import open_bars, open_deliveries, open_quarantine, open_turns
from graphql_api.schema.scalars import rfc3339
from graphql_api.settings import Settings, variable
from market_data.calendar import SECOND
from market_data.clock import now, wait_until
from market_data.errors import BadInstrument, EmptyRange, MarketDataError, StoreUnavailable
from market_data.fetching import Fetched, Fetching
from market_data.ingest import Ingestion
from market_data.instruments import Instrument
from market_data.source_keys import source_keys
from market_data.sources.registry import TERMS
from market_data.stores import BarStore
from market_data.worker import due

__all__ = ["REMOTE", "fetch", "moment", "second_source", "watch"]

REMOTE = tuple(name for name in TERMS if name != "file")
"""The sources that can be asked."""

# Seconds after a failed fetch before the same series is asked for again.
REST = 300.0


def fetch(asked: argparse.Namespace, settings: Settings) -> None:
    """Fetch a stretch of one series, and say what came of it."""
    calendar = asked.calendar or TERMS[asked.source].calendar
    symbol = asked.symbol or asked.spelling
    instrument = _instrument(asked, symbol, calendar)
    with _opened(settings) as (bars, fetching):
        start, end = fetching.missing(bars.instrument(symbol) or instrument, asked.interval)
        start = asked.since if asked.since is not None else start
        end = min(end, asked.until) if asked.until is not None else end
        if start >= end:
            raise EmptyRange(f"nothing lies between {rfc3339(start)} and {rfc3339(end)}")
        with tqdm(
            total=max(0, end - start) // SECOND,
            desc=symbol,
            unit="s",
            bar_format="{desc} {percentage:3.0f}% |{bar}| {elapsed}<{remaining}",
            disable=None,  # where nobody looks, on a pipe or in a log
        ) as bar:
            done = fetching.fetch(
                instrument,
                asked.interval,
                start,
                end,
                second=asked.check_with,
                progress=lambda first, _, reached: _move(bar, (reached - first) // SECOND),
            )
    if done.known is not None:
        wait_until(done.known, now, time.sleep)
    print(_told(symbol, asked.interval, done))
    for note in done.notes:
        print(f"note: {note}")


def _instrument(asked: argparse.Namespace, symbol: str, calendar: str) -> Instrument:
    try:
        return Instrument(symbol, asked.name, asked.tick, calendar, asked.source, asked.spelling)
    except BadInstrument as error:
        if asked.symbol is not None or repr(symbol[:40]) not in str(error):
            raise
        raise BadInstrument(f"{error}; --symbol names it here") from error


def _move(bar: "tqdm[NoReturn]", reached: int) -> None:
    bar.update(reached - bar.n)


def watch(asked: argparse.Namespace, settings: Settings) -> None:
    """Fetch what is due of everything that is kept, again and again, until interrupted."""
    with _opened(settings) as (bars, fetching):
        if not any(one.source in REMOTE for one in bars.instruments()):
            print("note: nothing that is kept has a source; intellpulse bars fetch begins a series")
        watching = _Watching(bars, fetching)
        while True:
            watching.look()
            if asked.once:
                return
            time.sleep(asked.every)


class _Watching:
    """Looks at all that is kept; what cannot be read or brought rests, and the others go on."""

    def __init__(self, bars: BarStore, fetching: Fetching) -> None:
        self._bars = bars
        self._fetching = fetching
        self._rests: dict[str, int] = {}

    def look(self) -> None:
        """Bring whatever is due and does not rest."""
        for interval in Interval:
            try:
                series = list(due(self._bars, interval, REMOTE, now(), self._failed))
            except StoreUnavailable as error:
                self._failed("everything", error)
                return
            for one in series:
                what = f"{one.symbol} {interval}"
                if now() >= self._rests.get(what, 0):
                    self._bring(what, one.symbol, interval)

    def _bring(self, what: str, symbol: str, interval: Interval) -> None:
        try:
            instrument = self._bars.instrument(symbol)
            if instrument is None:
                return
            start, end = self._fetching.missing(instrument, interval)
            done = self._fetching.fetch(instrument, interval, start, end)
        except MarketDataError as error:
            self._failed(what, error)
            return
        print(f"{rfc3339(now())}  {_told(symbol, interval, done)}", flush=True)
        for note in done.notes if done.jumps else ():
            print(f"note: {symbol} {note}", flush=True)
        if not done.added:
            self._rest(what, REST)

    def _failed(self, what: str, error: MarketDataError) -> None:
        """Say why, once a rest."""
        if now() >= self._rests.get(what, 0):
            print(f"{rfc3339(now())}  {what}: {error}", file=sys.stderr, flush=True)
            self._rest(what, getattr(error, "retry_after", None) or REST)

    def _rest(self, what: str, seconds: float) -> None:
        self._rests[what] = now() + round(seconds * SECOND)


def _told(symbol: str, interval: Interval, done: Fetched) -> str:
    return (
        f"{symbol} {interval}: {done.told} bars told, {done.added} new, {done.restated} restated"
        + (f", {done.held} held in quarantine" if done.held else "")
        + (f", {done.withdrawn} taken back" if done.withdrawn else "")
    )


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[BarStore, Fetching]]:
    from market_data.sources.opening import open_source  # brings an HTTP client with it

    keys = source_keys(settings.source_keys, variable)
    sources: dict[str, Any] = {}
    with ExitStack() as stack:
        turns = open_turns(settings)
        if turns is not None:
            stack.enter_context(closing(turns))

        def opened(name: str) -> Any:
            if name not in sources:
                source = open_source(name, keys, turns=turns)
                sources[name] = stack.enter_context(closing(source))
            return sources[name]

        bars = stack.enter_context(closing(open_bars(settings)))
        quarantine = stack.enter_context(closing(open_quarantine(settings)))
        deliveries = stack.enter_context(closing(open_deliveries(settings)))
        yield bars, Fetching(bars, Ingestion(bars, quarantine), deliveries, opened)


def moment(text: str) -> int:
    """Microseconds UTC of a date or a time on the command line."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no moment; one reads 2024-01-01 or 2024-01-01T14:30:00Z"
        ) from None
    zoned = told if told.tzinfo else told.replace(tzinfo=UTC)
    return round(zoned.timestamp()) * SECOND


def second_source(text: str) -> tuple[str, str]:
    """A source and its spelling of the symbol: coinbase:BTC-USD."""
    name, _, spelling = text.partition(":")
    if name not in REMOTE or not spelling:
        there = ", ".join(REMOTE)
        raise argparse.ArgumentTypeError(f"{text!r} is no SOURCE:SYMBOL; the sources are {there}")
    return name, spelling
