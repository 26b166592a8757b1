"""What a queue brings: a series to be fetched, or a file that was uploaded."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from engine.types import Interval
from market_data.errors import BadInstrument, BadMessage
from market_data.instruments import Instrument

__all__ = ["FetchSeries", "Upload", "read"]

LONGEST: Final = 64 * 1024  # characters; ours have 60, and S3's events about 1,000
KEY: Final = re.compile(r"(?:[^/]+/)*([^/]+)/([A-Z_]+)/([^/]+)")


@dataclass(frozen=True, slots=True)
class FetchSeries:
    """Bring one series up to date."""

    symbol: str
    interval: Interval

    def packed(self) -> str:
        """The message."""
        return json.dumps({"symbol": self.symbol, "interval": self.interval})


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of bars in a bucket, under ``.../SYMBOL/INTERVAL/NAME``.

    Parameters
    ----------
    bucket, key : str
    version : str or None
        Of the object, where the bucket keeps versions.
    etag : str
        The hash of its bytes.
    size : int, bytes
    at : int, microseconds UTC
        When it was uploaded: what it says is as new as that, however late the queue brings it.
    symbol : str
    interval : Interval
    """

    bucket: str
    key: str
    version: str | None
    etag: str
    size: int
    at: int
    symbol: str
    interval: Interval

    @property
    def place(self) -> str:
        """Names the object and its version among all deliveries."""
        return f"s3/{self.bucket}/{self.key}#{self.version or self.etag}"


def read(body: str) -> FetchSeries | Upload:
    """The meaning of a message.

    Raises
    ------
    BadMessage
        When it has none. It will not get one by being tried again.
    """
    try:
        told = json.loads(body) if len(body) <= LONGEST else None
    except (ValueError, RecursionError):  # the latter where it is nested too deeply
        told = None
    if not isinstance(told, dict):
        raise BadMessage("a message is a JSON object")
    if told.get("source") == "aws.s3":
        return _upload(told)
    return FetchSeries(_symbol(told.get("symbol")), _interval(told.get("interval")))


def _upload(told: Mapping[str, Any]) -> Upload:
    try:
        detail = told["detail"]
        bucket, thing = detail["bucket"]["name"], detail["object"]
        key, size = thing["key"], thing["size"]
        version, etag = thing.get("version-id"), thing["etag"]
        at = datetime.fromisoformat(told["time"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadMessage(f"an event of S3 without {error}") from error
    texts = all(isinstance(text, str) for text in (bucket, key, version or etag, etag))
    if not texts or type(size) is not int or size < 0:
        raise BadMessage("an event of S3 whose bucket, key, version or size is none")
    path = KEY.fullmatch(key)
    if path is None:
        raise BadMessage(f"the object {key[:200]!r} does not lie under SYMBOL/INTERVAL/")
    moment = round(at.replace(tzinfo=at.tzinfo or UTC).timestamp() * 1_000_000)
    symbol, interval = _symbol(path[1]), _interval(path[2])
    return Upload(bucket, key, version or None, etag, size, moment, symbol, interval)


def _symbol(told: object) -> str:
    try:
        return Instrument(str(told)).symbol
    except BadInstrument as error:
        raise BadMessage(str(error)) from error


def _interval(told: object) -> Interval:
    try:
        return Interval(str(told))
    except ValueError:
        there = ", ".join(Interval)
        raise BadMessage(f"{str(told)[:40]!r} is no interval; there are {there}") from None
