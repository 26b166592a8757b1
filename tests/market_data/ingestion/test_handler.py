"""From a schedule and from an upload into the bars, through the Lambda entries, on moto's AWS."""

import importlib
import json
import logging
import sys
import time
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from engine.types import Interval
from market_data.clock import now
from market_data.errors import BadMessage, StoreUnavailable
from market_data.instruments import Instrument
from market_data.sources import pacing
from market_data.sources.base import RawBar, RawBatch
from market_data.stores.dynamodb import TABLE
from tests.aws import REGION, in_memory
from tests.provider import NOW, WEEK, weeks

CSV = b"Date,Open,High,Low,Close,Volume\n2020-01-06,10,11,9,10,100\n2020-01-07,10,11,9,10.5,100\n"
ONE_WEEK = Interval.ONE_WEEK


class Context:
    def get_remaining_time_in_millis(self):
        return 900_000


@pytest.fixture
def aws(monkeypatch):
    """The table, the two buckets and the queue of the template."""
    for name in ("INTELLPULSE_BARS_TABLE", "INTELLPULSE_BARS_BUCKET"):
        monkeypatch.setenv(name, "bars")
    with in_memory():
        dynamodb, s3, sqs = (boto3.client(name) for name in ("dynamodb", "s3", "sqs"))
        dynamodb.create_table(TableName="bars", **TABLE)
        place = {"LocationConstraint": REGION}
        for bucket in ("bars", "uploads"):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        s3.put_bucket_versioning(Bucket="uploads", VersioningConfiguration={"Status": "Enabled"})
        queue = sqs.create_queue(QueueName="ingestion")["QueueUrl"]
        monkeypatch.setenv("INTELLPULSE_QUEUE_URL", queue)
        yield s3, sqs, queue
        for client in (dynamodb, s3, sqs):
            client.close()


@pytest.fixture
def handler(aws, monkeypatch):
    """The module as a new environment imports it."""
    before = logging.getLogger("market_data").handlers[:]
    sys.modules.pop("market_data.handler", None)
    module = importlib.import_module("market_data.handler")
    # A ban that a test is told of holds in this test alone.
    monkeypatch.setattr(pacing, "_SHARED", {})
    # No message of a test waits.
    monkeypatch.setattr(module, "SPREAD", 1)
    yield module
    opened = (module._bars, module._deliveries, module._turns)
    for made in (*opened, module._s3, module._uploads, module._sqs):
        if made.cache_info().currsize:
            made().close()
    logger = logging.getLogger("market_data")
    for added in [one for one in logger.handlers if one not in before]:
        logger.removeHandler(added)
    logger.propagate = True


def kept(handler, closes):
    """BTC-USD is kept from Binance, by the week."""
    rows = tuple(RawBar(at * 1_000_000, c, c, c, c, "7.5") for at, c in sorted(closes.items()))
    batch = RawBatch("binance", "BTCUSDT", ONE_WEEK, now(), rows)
    instrument = Instrument("BTC-USD", calendar="24/7", source="binance", source_symbol="BTCUSDT")
    handler._ingestion().take(instrument, batch)


def delivered(aws):
    """The messages of the queue, as Lambda is given them."""
    _, sqs, queue = aws
    found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    records = [
        {"messageId": one["MessageId"], "receiptHandle": one["ReceiptHandle"], "body": one["Body"]}
        for one in found
    ]
    return {"Records": records}


def closes(handler, symbol, interval):
    return handler._bars().series(symbol, interval).close.tolist()


def test_what_is_due_is_asked_for_fetched_and_kept(handler, aws, provider, capsys):
    kept(handler, weeks(20, NOW - 4 * WEEK))
    provider.klines = weeks(24, NOW - WEEK)
    assert handler.fan_out({"interval": "ONE_WEEK"}, Context()) == {"sent": 1}
    event = delivered(aws)
    assert [json.loads(one["body"]) for one in event["Records"]] == [
        {"symbol": "BTC-USD", "interval": "ONE_WEEK"}
    ]
    assert handler.work(event, Context()) == {"batchItemFailures": []}
    assert len(closes(handler, "BTC-USD", ONE_WEEK)) == 23
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (done,) = [line["line"] for line in lines if line.get("message") == "ingested"]
    assert (done["symbol"], done["added"]) == ("BTC-USD", 3)
    (metrics,) = [line for line in lines if "_aws" in line]
    assert (sum(metrics["added"]), sum(metrics["failed"])) == (3, 0)
    assert handler.fan_out({"interval": "ONE_WEEK"}, Context()) == {"sent": 0}
    # Each request took its turn where all workers take theirs.
    items = handler._turns()._client().scan(TableName="bars")["Items"]
    (turns,) = [one for one in items if one["pk"]["S"].startswith("P#binance#")]
    assert turns["version"] == {"N": str(len(provider.asked))}


def uploaded(aws, body, key="AAPL/ONE_DAY/bars.csv"):
    """An upload, and the event that S3 sends of it."""
    s3, _, _ = aws
    put = s3.put_object(Bucket="uploads", Key=key, Body=body)
    thing = {"key": key, "size": len(body), "etag": put["ETag"].strip('"')}
    event = {
        "source": "aws.s3",
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "detail": {
            "bucket": {"name": "uploads"},
            "object": thing | {"version-id": put["VersionId"]},
        },
    }
    return {"messageId": put["VersionId"], "receiptHandle": "none", "body": json.dumps(event)}


def test_an_upload_is_imported_and_the_queue_may_bring_it_twice(handler, aws):
    record = uploaded(aws, CSV)
    assert handler.work({"Records": [record, record]}, Context()) == {"batchItemFailures": []}
    assert closes(handler, "AAPL", Interval.ONE_DAY) == [10, 10.5]


def test_the_version_of_the_event_is_read_though_a_newer_one_lies_there(handler, aws):
    record = uploaded(aws, CSV)
    uploaded(aws, b"something else")
    assert handler.work({"Records": [record]}, Context()) == {"batchItemFailures": []}
    assert closes(handler, "AAPL", Interval.ONE_DAY) == [10, 10.5]


def test_other_bytes_than_those_of_the_event_are_not_read(handler, aws):
    """Where the bucket keeps no versions, what lies there now has an event of its own."""
    record = uploaded(aws, CSV)
    event = json.loads(record["body"])
    del event["detail"]["object"]["version-id"]
    record["body"] = json.dumps(event)
    uploaded(aws, CSV.replace(b"10.5", b"10.6"))
    answer = handler.work({"Records": [record]}, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}
    assert handler._bars().instruments() == []


def test_an_upload_that_is_gone_too_large_or_bad_comes_again_alone(handler, aws, monkeypatch):
    gone, bad, good = (
        uploaded(aws, CSV, "GONE/ONE_DAY/x.csv"),
        uploaded(aws, CSV + b"nonsense\n", "BAD/ONE_DAY/x.csv"),
        uploaded(aws, CSV, "GOOD/ONE_DAY/x.csv"),
    )
    s3, _, _ = aws
    s3.delete_object(Bucket="uploads", Key="GONE/ONE_DAY/x.csv", VersionId=gone["messageId"])
    answer = handler.work({"Records": [gone, bad, good]}, Context())
    failed = [one["itemIdentifier"] for one in answer["batchItemFailures"]]
    assert failed == [gone["messageId"], bad["messageId"]]
    assert closes(handler, "GOOD", Interval.ONE_DAY) == [10, 10.5]
    monkeypatch.setattr("market_data.worker.LARGEST", 50)
    lying = uploaded(aws, CSV, "BIG/ONE_DAY/x.csv")
    event = json.loads(lying["body"])
    event["detail"]["object"]["size"] = 1
    lying["body"] = json.dumps(event)
    answer = handler.work({"Records": [lying]}, Context())
    assert len(answer["batchItemFailures"]) == 1


def test_s3_out_of_reach_fails_the_message_and_not_the_worker(handler, aws, monkeypatch):
    record = uploaded(aws, CSV)
    unreachable = EndpointConnectionError(endpoint_url="https://s3")
    get = Mock(side_effect=unreachable)
    monkeypatch.setattr(handler._uploads(), "get_object", get)
    answer = handler.work({"Records": [record]}, Context())
    assert len(answer["batchItemFailures"]) == 1


def test_a_source_that_limits_hides_its_message_for_as_long(handler, aws, provider, monkeypatch):
    kept(handler, weeks(20, NOW - 4 * WEEK))
    handler.fan_out({"interval": "ONE_WEEK"}, Context())
    event = delivered(aws)
    told = []
    monkeypatch.setattr(
        handler._sqs(), "change_message_visibility", lambda **asked: told.append(asked)
    )
    provider.status = 418
    answer = handler.work(event, Context())
    assert len(answer["batchItemFailures"]) == 1
    assert told[0]["VisibilityTimeout"] >= 40
    assert told[0]["ReceiptHandle"] == event["Records"][0]["receiptHandle"]


def test_a_message_that_cannot_be_hidden_comes_again_all_the_same(handler, aws):
    handler._postpone({"messageId": "1", "receiptHandle": "none"}, 5.0)
    handler._postpone({"messageId": "1"}, 5.0)


def test_messages_that_sqs_does_not_take_fail_the_fan_out(handler, aws, monkeypatch):
    kept(handler, weeks(20, NOW - 4 * WEEK))
    refused = {"Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}
    monkeypatch.setattr(handler._sqs(), "send_message_batch", lambda **_: refused)
    with pytest.raises(StoreUnavailable, match="InternalError"):
        handler.fan_out({"interval": "ONE_WEEK"}, Context())


def test_a_schedule_that_names_no_interval_is_refused(handler):
    for event in ({}, {"interval": "DAILY"}, {"interval": None}):
        with pytest.raises(BadMessage, match="ONE_DAY"):
            handler.fan_out(event, Context())


def test_a_place_that_is_not_set_stops_the_function_with_its_name(handler):
    with pytest.raises(ValueError, match="INTELLPULSE_QUEUE_URL is not set"):
        handler.Places.read({"INTELLPULSE_BARS_TABLE": "a", "INTELLPULSE_BARS_BUCKET": "b"})
