"""The work of ingestion on AWS: which series are due, and what is done with each message."""

import logging
import tempfile
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from engine.types import Interval
from market_data.calendar import allowance, last_expected
from market_data.errors import BadCsv, MarketDataError, RateLimited, TooLarge, UnknownSymbol
from market_data.fetching import Fetching
from market_data.imports import import_sifted
from market_data.ingest import Ingestion
from market_data.instruments import Instrument
from market_data.messages import FetchSeries, Upload, read
from market_data.sources.registry import TERMS
from market_data.stores.base import BarStore, StoredInterval
from market_data.stores.deliveries import Deliveries

__all__ = ["LARGEST", "Objects", "Worker", "due"]

# Bytes of an upload; a larger one is refused before it is read.
LARGEST: Final = 64 * 1024 * 1024
# Seconds that a Lambda needs to end in good order: no new message is begun with less.
RESERVE: Final = 20.0
# Seconds of rest for which a message of a series waits; beyond, the schedule sends another.
SOON: Final = 900.0
# What is counted of a message that was done.
MEASURED: Final = ("added", "restated", "held", "withdrawn", "jumps")
# How many symbols are asked about at once.
TOGETHER: Final = 100

log = logging.getLogger(__name__)


class Objects(Protocol):
    """A bucket, as far as the worker reads it."""

    def download(self, upload: Upload, path: str, most: int) -> None:
        """Write the bytes of an upload to a file; TooLarge once there are more than ``most``."""
        ...


def due(
    bars: BarStore,
    interval: Interval,
    sources: Container[str],
    now: int,
    broken: Callable[[str, MarketDataError], None],
) -> Iterator[FetchSeries]:
    """The series of one interval of which a bar ought to be there that is not.

    Parameters
    ----------
    sources : container of str
        Those that can be asked: a symbol that was imported from files waits for the next file.
    broken : callable
        Told (symbol, error) of each symbol that cannot be read; the others are due all the same.
    """
    asked = [one for one in bars.instruments() if one.source in sources]
    for first in range(0, len(asked), TOGETHER):
        some = {one.symbol: one for one in asked[first : first + TOGETHER]}
        for symbol, kept in bars.listed(list(some)).items():
            if isinstance(kept, MarketDataError):
                broken(symbol, kept)
                continue
            series = _of(interval, kept)
            if series is not None and _is_behind(series, some[symbol], now):
                yield FetchSeries(symbol, interval)


def _of(interval: Interval, kept: Iterable[StoredInterval]) -> StoredInterval | None:
    return next((one for one in kept if one.interval is interval), None)


def _is_behind(series: StoredInterval, instrument: Instrument, now: int) -> bool:
    """Whether a newer bar ought to be there: no source is asked before it gives any.

    What somebody who died has left unconfirmed is not there yet.
    """
    delay = TERMS[instrument.source].delay if instrument.source in TERMS else 0
    waits = max(0, delay - allowance(series.interval))
    expected = last_expected(now - waits, series.interval, instrument.calendar)
    return not series.settled or series.last_time < expected


class Worker:
    """Does what messages say.

    Each message may come twice, late, or after its worker was killed half way: whatever it does
    may be repeated. What fails is told back to the queue by itself, so the rest is not repeated.

    Parameters
    ----------
    bars : BarStore
    ingestion : Ingestion
    fetching : Fetching
    deliveries : Deliveries
    objects : Objects
    folder : str
        Where an upload lies while it is read.
    postpone : callable
        Told (record, seconds) of a message whose source wants to be left alone for so long.
    measure : callable
        Told (name, count) of what is worth a metric.
    """

    def __init__(
        self,
        bars: BarStore,
        ingestion: Ingestion,
        fetching: Fetching,
        deliveries: Deliveries,
        objects: Objects,
        folder: str,
        postpone: Callable[[Mapping[str, Any], float], None],
        measure: Callable[[str, int], None] = lambda *_: None,
    ) -> None:
        self._bars = bars
        self._ingestion = ingestion
        self._fetching = fetching
        self._deliveries = deliveries
        self._objects = objects
        self._folder = folder
        self._postpone = postpone
        self._measure = measure

    def work(
        self, records: Iterable[Mapping[str, Any]], time_left: Callable[[], float]
    ) -> dict[str, list[dict[str, str]]]:
        """Handle a batch of a queue; the answer names the messages that it is to bring again.

        Parameters
        ----------
        records : iterable
            As SQS gives them to a Lambda: ``messageId`` and ``body``.
        time_left : callable
            Seconds until the Lambda is stopped.
        """
        failures = [
            {"itemIdentifier": str(record["messageId"])}
            for record in records
            if time_left() < RESERVE or not self._handle(record)
        ]
        return {"batchItemFailures": failures}

    def _handle(self, record: Mapping[str, Any]) -> bool:
        """Whether a message was done; why not is written, and it comes again or is put aside."""
        try:
            message = read(record["body"])
            line = self._do(message)
        except RateLimited as error:
            rest = error.retry_after or RESERVE
            if rest > SOON:
                # The schedule asks again as long as it is due. Messages that come back in vain
                # would be put aside as bad, and pile up beside those that are sent each hour.
                line = {"message_id": record["messageId"], "why": str(error), "rest": rest}
                log.warning("left to the next schedule", extra={"line": line})
                return True
            self._postpone(record, rest)
            return _failed(record, error)
        except MarketDataError as error:
            return _failed(record, error)
        except Exception:
            log.exception("ingestion failed", extra={"line": {"message_id": record["messageId"]}})
            return False
        log.info("ingested", extra={"line": line})
        for name in MEASURED:
            self._measure(name, line.get(name, 0))
        return True

    def _do(self, message: FetchSeries | Upload) -> dict[str, Any]:
        if isinstance(message, Upload):
            return self._upload(message)
        instrument = self._bars.instrument(message.symbol)
        if instrument is None:
            raise UnknownSymbol(f"no bars of {message.symbol} are kept, so none are due")
        if self._is_done(message, instrument):
            # Another message was first, and each request counts at its source.
            return {"symbol": message.symbol, "interval": message.interval, "repeated": True}
        start, end = self._fetching.missing(instrument, message.interval)
        done = self._fetching.fetch(instrument, message.interval, start, end)
        if (series := self._kept(message)) is not None:
            self._deliveries.record(_done(message), str(series.last_time))
        return {
            "symbol": message.symbol,
            "interval": message.interval,
            "source": instrument.source,
            "told": done.told,
            "added": done.added,
            "restated": done.restated,
            "held": done.held,
            "withdrawn": done.withdrawn,
            "jumps": done.jumps,
            "notes": done.notes,
        }

    def _is_done(self, message: FetchSeries, instrument: Instrument) -> bool:
        """Whether the bar that is due is there, and whoever brought it has come to its end.

        One that was killed on its way may have left rows that are not confirmed, or not held.
        """
        series = self._kept(message)
        if series is None or _is_behind(series, instrument, self._bars.clock()):
            return False
        return self._deliveries.last(_done(message)) == str(series.last_time)

    def _kept(self, message: FetchSeries) -> StoredInterval | None:
        return _of(message.interval, self._bars.intervals(message.symbol))

    def _upload(self, message: Upload) -> dict[str, Any]:
        line = {"symbol": message.symbol, "interval": message.interval, "upload": message.place}
        if self._deliveries.last(message.place) is not None:
            return line | {"repeated": True}
        if message.size > LARGEST:
            raise TooLarge(f"{message.place} has {message.size} bytes; the limit is {LARGEST}")
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            # The name of the object tells its kind, and is no path of ours.
            path = Path(folder) / f"upload{''.join(Path(message.key).suffixes[-2:])[-20:]}"
            self._objects.download(message, str(path), LARGEST)
            try:
                done = import_sifted(
                    self._bars,
                    self._ingestion,
                    path,
                    message.symbol,
                    message.interval,
                    fetched_at=message.at,
                    sleep=None,
                )
            except BadCsv as error:
                # Told by the name that its sender knows.
                place = (error.line, error.column, error.value, error.reason)
                raise BadCsv(message.place, *place) from error
        self._deliveries.record(message.place, message.etag)
        result = done.result
        return line | {
            "told": done.bars,
            "added": result.added,
            "restated": result.restated,
            "held": len(done.held),
            "withdrawn": len(done.withdrawn),
            "notes": done.notes,
        }


def _done(message: FetchSeries) -> str:
    """Where it is remembered up to which bar a series was brought."""
    return f"done/{message.symbol}/{message.interval}"


def _failed(record: Mapping[str, Any], error: MarketDataError) -> bool:
    line = {"message_id": record["messageId"], "error": type(error).__name__, "why": str(error)}
    log.warning("not ingested", extra={"line": line})
    return False
