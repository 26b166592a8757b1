"""The Lambda entries of ingestion: `fan_out` asks for what is due, `work` does what was asked for.

    schedule -> fan_out -> queue -> work -> bars            upload -> queue -> work -> bars

A message that fails comes again by itself, and is put aside after a few times.
"""

import logging
import os
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from engine.types import Interval
from market_data import clock
from market_data.errors import BadMessage, MarketDataError, StoreUnavailable, TooLarge
from market_data.fetching import Fetching
from market_data.ingest import Ingestion
from market_data.messages import FetchSeries, Upload
from market_data.source_keys import source_keys
from market_data.sources.opening import REMOTE, open_source
from market_data.sources.remote import RemoteSource
from market_data.stores.base import BarStore
from market_data.stores.dynamodb import (
    DynamoDBBarStore,
    DynamoDBDeliveries,
    DynamoDBQuarantine,
    DynamoDBTurns,
    connect,
    connect_s3,
)
from market_data.worker import Worker, due

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

__all__ = ["fan_out", "work"]

# Messages in one call of SQS.
TOGETHER: Final = 10
# Seconds over which a fan-out is spread, so that sources are not asked for everything at once.
SPREAD: Final = 60
# The longest that SQS hides a message, in seconds.
LONGEST_REST: Final = 43_200
PIECE: Final = 1024 * 1024
PATIENT: Final = Config(connect_timeout=2.0, read_timeout=10.0, retries={"mode": "standard"})

log = logging.getLogger(__name__)


class LambdaContext(Protocol):
    """What Lambda tells of an invocation, as far as it is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Until the function is stopped."""
        ...


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are, as the template says in the environment."""

    table: str
    bucket: str
    queue: str
    keys: str

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> "Places":
        """The places; a variable that is missing stops the function with its name."""
        names = ("BARS_TABLE", "BARS_BUCKET", "QUEUE_URL")
        found = {name: environ.get(f"INTELLPULSE_{name}", "") for name in names}
        for name, value in found.items():
            if not value:
                raise ValueError(f"INTELLPULSE_{name} is not set")
        table, bucket, queue = found.values()
        return cls(table, bucket, queue, environ.get("INTELLPULSE_SOURCE_KEYS", ""))


class S3Objects:
    """The bucket that files are uploaded to."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def download(self, upload: Upload, path: str, most: int) -> None:
        """See worker.Objects: these very bytes, and no more of them than may be."""
        which: dict[str, Any] = {"IfMatch": upload.etag}
        if upload.version is not None:
            which["VersionId"] = upload.version
        try:
            answer = self._client.get_object(Bucket=upload.bucket, Key=upload.key, **which)
            with answer["Body"] as body, open(path, "wb") as file:  # noqa: PTH123
                if answer["ContentLength"] > most:
                    raise TooLarge(f"{upload.place}: {answer['ContentLength']} bytes, over {most}")
                while piece := body.read(PIECE):
                    file.write(piece)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise StoreUnavailable(f"{upload.place}: S3 refused: {code}") from error
        except BotoCoreError as error:
            kind = type(error).__name__
            raise StoreUnavailable(f"{upload.place}: S3 did not answer: {kind}") from error


def fan_out(event: Mapping[str, Any], _: LambdaContext) -> dict[str, int]:
    """Ask for every series of an interval whose newest bar is missing.

    Parameters
    ----------
    event : mapping
        ``{"interval": "ONE_DAY"}``, as the schedule of that interval gives it.

    Returns
    -------
    dict
        How many messages were sent.
    """
    _configure()
    try:
        interval = Interval(str(event.get("interval")))
    except ValueError:
        there = ", ".join(Interval)
        raise BadMessage(f"the schedule names no interval; there are {there}") from None
    sent = 0
    waiting = due(_bars(), interval, REMOTE, clock.now(), _unread)
    while some := list(islice(waiting, TOGETHER)):
        _send(some)
        sent += len(some)
    log.info("asked for", extra={"line": {"interval": interval, "series": sent}})
    return {"sent": sent}


def _unread(symbol: str, error: MarketDataError) -> None:
    line = {"symbol": symbol, "error": type(error).__name__, "why": str(error)}
    log.error("not asked for", extra={"line": line})


def work(event: Mapping[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Do what a batch of messages says; the answer names those that are to come again."""
    _configure()
    metrics = Metrics(namespace="IntellPulse", service="ingestion")
    worker = Worker(
        _bars(),
        _ingestion(),
        Fetching(_bars(), _ingestion(), _deliveries(), _source),
        _deliveries(),
        S3Objects(_uploads()),
        "/tmp",  # noqa: S108  # the one place that a Lambda may write
        _postpone,
        lambda name, count: metrics.add_metric(name, MetricUnit.Count, count),
    )
    answer = worker.work(event["Records"], lambda: context.get_remaining_time_in_millis() / 1_000)
    metrics.add_metric("failed", MetricUnit.Count, len(answer["batchItemFailures"]))
    metrics.flush_metrics()
    return answer


def _send(series: Sequence[FetchSeries]) -> None:
    """Send messages in one call; those that SQS did not take fail the fan-out, which is repeated.

    A series that is asked for twice is fetched once: the second fetch finds nothing missing.
    """
    entries: list[SendMessageBatchRequestEntryTypeDef] = [
        {"Id": str(i), "MessageBody": one.packed(), "DelaySeconds": random.randrange(SPREAD)}
        for i, one in enumerate(series)
    ]
    answer = _sqs().send_message_batch(QueueUrl=_places().queue, Entries=entries)
    if failed := answer.get("Failed"):
        raise StoreUnavailable(f"SQS did not take {len(failed)} messages: {failed[0]['Code']}")


def _postpone(record: Mapping[str, Any], seconds: float) -> None:
    """Hide a message for a while; where that fails it just comes again sooner."""
    try:
        _sqs().change_message_visibility(
            QueueUrl=_places().queue,
            ReceiptHandle=record["receiptHandle"],
            VisibilityTimeout=min(LONGEST_REST, max(1, round(seconds))),
        )
    except (ClientError, BotoCoreError, KeyError) as error:
        log.warning("not postponed", extra={"line": {"error": type(error).__name__}})


# -- made once in an environment, when it is needed first ------------------------------------


@cache
def _places() -> Places:
    return Places.read()


@cache
def _bars() -> BarStore:
    return DynamoDBBarStore(connect(), _s3, _places().table, _places().bucket)


@cache
def _ingestion() -> Ingestion:
    return Ingestion(_bars(), DynamoDBQuarantine(connect, _places().table))


@cache
def _deliveries() -> DynamoDBDeliveries:
    return DynamoDBDeliveries(connect, _places().table)


@cache
def _turns() -> DynamoDBTurns:
    return DynamoDBTurns(connect, _places().table)


@cache
def _source(name: str) -> RemoteSource:
    keys = source_keys(_places().keys, os.environ.get)
    return open_source(name, keys, turns=_turns())


@cache
def _s3() -> "S3Client":
    return connect_s3()


@cache
def _uploads() -> "S3Client":
    """Uploads are large, and nobody waits for an answer."""
    return cast("S3Client", get_session().create_client("s3", config=PATIENT))


@cache
def _sqs() -> "SQSClient":
    return cast("SQSClient", get_session().create_client("sqs", config=PATIENT))


@cache
def _configure() -> None:
    """Send our lines to standard output as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(LambdaPowertoolsFormatter())
    ours = logging.getLogger("market_data")
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    ours.propagate = False
