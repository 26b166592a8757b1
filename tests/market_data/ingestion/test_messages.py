"""What a queue brings, and what has no meaning."""

import json

import pytest

from engine.types import Interval
from market_data.errors import BadMessage
from market_data.messages import FetchSeries, Upload, read

# As EventBridge delivers it; the shape is that of the S3 user guide's page on EventBridge events.
EVENT = {
    "version": "0",
    "id": "17793124-05d4-b198-2fde-7ededc63b103",
    "detail-type": "Object Created",
    "source": "aws.s3",
    "account": "111122223333",
    "time": "2021-11-12T00:00:00Z",
    "region": "ca-central-1",
    "resources": ["arn:aws:s3:::amzn-s3-demo-bucket1"],
    "detail": {
        "version": "0",
        "bucket": {"name": "amzn-s3-demo-bucket1"},
        "object": {
            "key": "uploads/AAPL/ONE_DAY/2021 november.csv.gz",
            "size": 5,
            "etag": "b1946ac92492d2347c6235b4d2611184",
            "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
            "sequencer": "617f08299329d189",
        },
        "request-id": "N4N7GDK58NMKJ12R",
        "requester": "123456789012",
        "source-ip-address": "1.2.3.4",
        "reason": "PutObject",
    },
}


def changed(**parts):
    event = json.loads(json.dumps(EVENT))
    for path, value in parts.items():
        *above, name = path.split("__")
        inner = event
        for step in above:
            inner = inner[step]
        if value is None:
            del inner[name]
        else:
            inner[name] = value
    return json.dumps(event)


def test_a_series_is_read_as_it_was_packed():
    asked = FetchSeries("BTC-USD", Interval.ONE_HOUR)
    assert read(asked.packed()) == asked


def test_an_upload_is_named_by_its_bucket_key_and_version():
    upload = read(json.dumps(EVENT))
    assert isinstance(upload, Upload)
    assert (upload.symbol, upload.interval, upload.size) == ("AAPL", Interval.ONE_DAY, 5)
    assert upload.at == 1_636_675_200_000_000
    assert upload.place == (
        "s3/amzn-s3-demo-bucket1/uploads/AAPL/ONE_DAY/2021 november.csv.gz"
        "#IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"
    )


def test_an_object_without_a_version_is_named_by_its_hash():
    event = json.loads(json.dumps(EVENT))
    del event["detail"]["object"]["version-id"]
    upload = read(json.dumps(event))
    assert (upload.version, upload.etag) == (None, "b1946ac92492d2347c6235b4d2611184")
    assert upload.place.endswith("#b1946ac92492d2347c6235b4d2611184")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "1",
        "[]",
        "{",
        "{}",
        '"AAPL"',
        '{"symbol": "AAPL"}',
        '{"symbol": "aapl", "interval": "ONE_DAY"}',
        '{"symbol": "AAPL", "interval": "ONE_YEAR"}',
        '{"symbol": ["AAPL"], "interval": "ONE_DAY"}',
        '{"symbol": "AAPL", "interval": "ONE_DAY"}' + " " * 70_000,
        "[" * 60_000,
        changed(detail=[]),
        changed(detail__bucket=None),
        changed(detail__bucket__name=3),
        changed(detail__object__key="AAPL.csv"),
        changed(detail__object__key="AAPL/DAY/x.csv"),
        changed(detail__object__key="aapl/ONE_DAY/x.csv"),
        changed(detail__object__key="AAPL/ONE_DAY/"),
        changed(detail__object__size="5"),
        changed(detail__object__size=-1),
        changed(detail__object__size=True),
        changed(time="yesterday"),
        changed(time=None),
    ],
)
def test_what_has_no_meaning_is_told_in_one_way(body):
    with pytest.raises(BadMessage):
        read(body)
