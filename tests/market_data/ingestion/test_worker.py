"""What is done with each message: repeated, reordered, broken, too large, or cut short."""

import json
import logging

import pytest

from engine.types import Interval
from market_data.calendar import DAY
from market_data.errors import Damaged, RateLimited, SourceUnavailable, StoreUnavailable, TooLarge
from market_data.fetching import Fetching
from market_data.instruments import Instrument
from market_data.messages import FetchSeries
from market_data.stores.deliveries import SqliteDeliveries
from market_data.worker import LARGEST, RESERVE, Worker, due
from tests.market_data.ingestion.test_fetching import Told
from tests.market_data.ingestion.test_messages import changed

ONE_DAY = Interval.ONE_DAY
ACME = Instrument("ACME", source="told", calendar="24/7")
PLENTY = lambda: 900.0  # noqa: E731
CSV = b"Date,Open,High,Low,Close,Volume\n2020-01-06,10,11,9,10,100\n2020-01-07,10,11,9,10.5,100\n"


class Bucket:
    """Objects by bucket, key and version."""

    def __init__(self):
        self.objects = {}
        self.downloads = 0

    def download(self, upload, path, most):
        self.downloads += 1
        body = self.objects[upload.bucket, upload.key, upload.version]
        if isinstance(body, Exception):
            raise body
        if len(body) > most:
            raise TooLarge("more than the limit")
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(body)


@pytest.fixture
def lines(caplog):
    """What is written, whoever has set up logging before."""
    logger = logging.getLogger("market_data.worker")
    logger.addHandler(caplog.handler)
    caplog.set_level(logging.INFO, logger.name)
    yield lambda: list({id(one): one for one in caplog.records}.values())
    logger.removeHandler(caplog.handler)


@pytest.fixture
def source(clock):
    return Told(clock)


@pytest.fixture
def bucket():
    return Bucket()


@pytest.fixture
def postponed():
    return []


@pytest.fixture
def worker(store, ingestion, source, bucket, postponed, tmp_path, clock):
    deliveries = SqliteDeliveries(tmp_path / "deliveries.sqlite", clock)
    fetching = Fetching(store, ingestion, deliveries, {"told": source}.__getitem__)
    put_off = lambda record, seconds: postponed.append((record["messageId"], seconds))  # noqa: E731
    return Worker(store, ingestion, fetching, deliveries, bucket, str(tmp_path), put_off)


@pytest.fixture
def kept(store, clock, source, ingestion):
    """ACME is kept, and its source has ten days more."""
    today = clock.now // DAY
    source.closes = {day: 100 + day - today for day in range(today - 20, today - 10)}
    batch = source.fetch("ACME", ONE_DAY, 0, clock.now)
    ingestion.take(ACME, batch)
    clock.sleep(10)
    source.asked.clear()
    source.closes |= {day: 100 + day - today for day in range(today - 10, today)}
    return today


def record(message_id, body):
    return {"messageId": message_id, "body": body}


def fetch(message_id="1", symbol="ACME"):
    return record(message_id, FetchSeries(symbol, ONE_DAY).packed())


def upload(message_id="1", key="in/NEWCO/ONE_DAY/x.csv", version="v1", size=95, **more):
    event = {"detail__object__key": key, "detail__object__version-id": version}
    return record(message_id, changed(**event, detail__object__size=size, **more))


def failed(answer):
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def test_a_series_is_brought_up_to_date(worker, kept, store, closes, lines):
    assert failed(worker.work([fetch()], PLENTY)) == []
    assert closes() == [80 + i for i in range(20)]
    (line,) = [one.line for one in lines() if one.message == "ingested"]
    assert (line["symbol"], line["added"], line["held"], line["jumps"]) == ("ACME", 10, 0, 0)


def test_a_jump_that_nothing_explains_stands_in_the_line(worker, kept, source, lines):
    source.closes |= dict.fromkeys(list(source.closes)[-3:], 5)
    worker.work([fetch()], PLENTY)
    (line,) = [one.line for one in lines() if one.message == "ingested"]
    assert line["jumps"] == 1
    assert "a split of 20 for 1 would" in line["notes"][-1]


def test_one_message_that_fails_comes_again_alone(worker, kept, closes):
    records = [record("bad", "{"), fetch("good"), fetch("none", "NOBODY")]
    assert failed(worker.work(records, PLENTY)) == ["bad", "none"]
    assert len(closes()) == 20


def test_messages_that_come_twice_and_in_any_order_change_nothing_more(worker, kept, closes):
    worker.work([fetch("1"), fetch("2"), fetch("1")], PLENTY)
    once = closes()
    worker.work([fetch("2"), fetch("1")], PLENTY)
    assert closes() == once


def test_a_source_that_wants_rest_gets_it(worker, kept, source, postponed, monkeypatch):
    def limited(*_):
        raise RateLimited("told", "was asked too often", 90.0)

    monkeypatch.setattr(source, "fetch", limited)
    assert failed(worker.work([fetch("7")], PLENTY)) == ["7"]
    assert postponed == [("7", 90.0)]


def test_a_source_that_wants_a_long_rest_is_left_to_the_schedule(
    worker, kept, source, postponed, monkeypatch, lines, store, clock
):
    def limited(*_):
        raise RateLimited("told", "was asked as often as it allows", 3_000.0)

    with monkeypatch.context() as patch:
        patch.setattr(source, "fetch", limited)
        assert failed(worker.work([fetch("7")], PLENTY)) == []
    assert postponed == []
    (said,) = [one for one in lines() if one.message == "left to the next schedule"]
    assert (said.line["message_id"], said.line["rest"]) == ("7", 3_000.0)
    # Which asks again, because it is due still.
    assert list(due(store, ONE_DAY, {"told"}, clock.now, dict)) == [FetchSeries("ACME", ONE_DAY)]


def test_a_series_that_another_message_has_brought_is_not_asked_for_again(
    worker, kept, source, lines
):
    worker.work([fetch("1")], PLENTY)
    asked = len(source.asked)
    assert failed(worker.work([fetch("2")], PLENTY)) == []
    assert len(source.asked) == asked
    assert lines()[-1].line == {"symbol": "ACME", "interval": "ONE_DAY", "repeated": True}


def test_a_series_that_is_not_kept_yet_is_fetched(worker, kept, source):
    message = record("1", FetchSeries("ACME", Interval.ONE_WEEK).packed())
    worker.work([message], PLENTY)
    assert source.asked


def test_a_source_that_tells_its_days_hours_late_is_not_asked_before(
    store, ingestion, clock, batch
):
    from dataclasses import replace

    # Tiingo corrects until four hours after the close; its newest bar is Friday's.
    profile = Instrument("IBM", source="tiingo", calendar="XNYS")
    friday = 53  # 2020-02-28
    rows = replace(batch([10], first=friday), symbol="IBM", source="tiingo")
    ingestion.take(profile, rows)
    midnight = clock.now // DAY * DAY  # of Monday, 2020-03-02, which closes at 21:00Z

    def asked(hours):
        moment = midnight + hours * 3_600_000_000
        return bool(list(due(store, ONE_DAY, {"tiingo"}, moment, dict)))

    assert [hours for hours in range(20, 30) if asked(hours)] == [25, 26, 27, 28, 29]


@pytest.mark.parametrize(
    "error", [SourceUnavailable("told", "answers 503"), StoreUnavailable("no"), RuntimeError("?")]
)
def test_whatever_fails_is_written_and_comes_again(worker, kept, source, monkeypatch, lines, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(source, "fetch", fail)
    assert failed(worker.work([fetch("7")], PLENTY)) == ["7"]
    (said,) = [one for one in lines() if one.name == "market_data.worker"]
    assert said.line["message_id"] == "7"


def test_no_message_is_begun_when_time_is_short(worker, kept, source):
    left = iter([RESERVE + 1, RESERVE - 1, RESERVE - 1])
    answer = worker.work([fetch("1"), fetch("2"), fetch("3")], lambda: next(left))
    assert failed(answer) == ["2", "3"]


def test_a_worker_killed_half_way_leaves_what_the_next_one_finishes(
    worker, kept, source, closes, store, ingestion, monkeypatch
):
    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(ingestion._quarantine, "put", die)
        with pytest.raises(Killed):
            worker.work([fetch()], PLENTY)
    assert failed(worker.work([fetch()], PLENTY)) == []
    assert len(closes()) == 20


def test_an_upload_is_imported_once_per_version(worker, bucket, store, clock):
    bucket.objects["amzn-s3-demo-bucket1", "in/NEWCO/ONE_DAY/x.csv", "v1"] = CSV
    assert failed(worker.work([upload("1"), upload("2")], PLENTY)) == []
    assert bucket.downloads == 1
    series = store.series("NEWCO", ONE_DAY)
    assert series.close.tolist() == [10, 10.5]


def test_an_older_upload_that_comes_late_changes_nothing(worker, bucket, store):
    name = "amzn-s3-demo-bucket1", "in/NEWCO/ONE_DAY/x.csv"
    bucket.objects[(*name, "v2")] = CSV.replace(b"10.5", b"10.75")
    bucket.objects[(*name, "v1")] = CSV
    later = upload("2", version="v2", time="2021-11-12T00:00:05Z")
    assert failed(worker.work([later, upload("1")], PLENTY)) == []
    assert store.series("NEWCO", ONE_DAY).close.tolist() == [10, 10.75]


def test_an_upload_beyond_the_limit_is_refused_before_it_is_read(worker, bucket, lines):
    assert failed(worker.work([upload("1", size=LARGEST + 1)], PLENTY)) == ["1"]
    assert bucket.downloads == 0
    assert lines()[-1].line["error"] == "TooLarge"


def test_an_upload_that_lies_about_its_size_is_refused_too(worker, bucket, store, monkeypatch):
    name = "amzn-s3-demo-bucket1", "in/NEWCO/ONE_DAY/x.csv", "v1"
    bucket.objects[name] = CSV
    monkeypatch.setattr("market_data.worker.LARGEST", 20)
    assert failed(worker.work([upload("1", size=3)], PLENTY)) == ["1"]
    assert store.instrument("NEWCO") is None


def test_a_bad_row_of_an_upload_is_held_and_the_others_are_kept(
    worker, bucket, store, quarantine, lines
):
    name = "amzn-s3-demo-bucket1", "in/NEWCO/ONE_DAY/x.csv", "v1"
    bucket.objects[name] = CSV + b"2020-01-08,10,1,9,10,100\n"
    assert failed(worker.work([upload("1")], PLENTY)) == []
    assert store.series("NEWCO", ONE_DAY).close.tolist() == [10, 10.5]
    (row,) = quarantine.listing()
    assert (row.symbol, row.source, row.reason) == ("NEWCO", "file", "high is below low")
    line = lines()[-1].line
    assert (line["told"], line["added"], line["held"]) == (3, 2, 1)
    # The queue may bring it again.
    assert failed(worker.work([upload("1")], PLENTY)) == []
    assert len(quarantine.listing()) == 1


def test_a_bar_that_was_open_when_its_file_came_is_held_however_late_it_is_read(
    worker, bucket, store, quarantine
):
    name = "amzn-s3-demo-bucket1", "in/NEWCO/ONE_DAY/x.csv", "v1"
    bucket.objects[name] = CSV
    open_still = upload("1", time="2020-01-07T15:00:00Z")  # an hour after the opening in New York
    assert failed(worker.work([open_still], PLENTY)) == []
    assert store.series("NEWCO", ONE_DAY).close.tolist() == [10]
    assert [row.code for row in quarantine.listing()] == ["UNCLOSED"]


def test_a_file_that_is_none_is_refused_with_its_place_and_nothing_is_kept(
    worker, bucket, store, lines, tmp_path
):
    name = "amzn-s3-demo-bucket1", "in/NEWCO/ONE_DAY/x.csv", "v1"
    bucket.objects[name] = CSV + b"soon,10,11,9,10,100\n"
    assert failed(worker.work([upload("1")], PLENTY)) == ["1"]
    assert store.instrument("NEWCO") is None
    why = lines()[-1].line["why"]
    assert "line 4" in why
    assert str(tmp_path) not in why
    assert why.startswith("s3/amzn-s3-demo-bucket1/in/NEWCO")


def test_a_bucket_that_cannot_be_reached_is_tried_again(worker, bucket):
    name = "amzn-s3-demo-bucket1", "in/NEWCO/ONE_DAY/x.csv", "v1"
    bucket.objects[name] = StoreUnavailable("S3 does not answer")
    assert failed(worker.work([upload("1")], PLENTY)) == ["1"]
    bucket.objects[name] = CSV
    assert failed(worker.work([upload("1")], PLENTY)) == []


def test_series_are_due_whose_newest_bar_is_missing_and_whose_source_can_be_asked(
    store, kept, ingestion, clock, batch
):
    from dataclasses import replace

    filed = replace(batch([10, 11]), symbol="FILED", source="file")
    ingestion.take(Instrument("FILED", source="file"), filed)
    broken = {}

    def asked(interval=ONE_DAY, source="told", now=clock.now):
        return list(due(store, interval, {source}, now, broken.setdefault))

    assert asked() == [FetchSeries("ACME", ONE_DAY)]
    assert asked(Interval.ONE_HOUR) == []
    assert asked(source="other") == []
    assert asked(now=clock.now - 10 * DAY) == []
    assert broken == {}


def test_a_symbol_that_cannot_be_read_is_told_and_the_others_are_due(
    store, kept, ingestion, clock, batch
):
    ingestion.take(Instrument("BETA", source="told"), batch([10, 11]))
    with store._backend.connections.transaction("BEGIN IMMEDIATE") as connection:
        connection.execute("UPDATE heads SET packed = x'00' WHERE symbol = 'ACME'")
    broken = {}
    asked = list(due(store, ONE_DAY, {"told"}, clock.now, broken.setdefault))
    assert asked == [FetchSeries("BETA", ONE_DAY)]
    assert [(symbol, type(error)) for symbol, error in broken.items()] == [("ACME", Damaged)]


def test_bodies_are_json_that_names_no_more_than_a_series():
    assert json.loads(fetch()["body"]) == {"symbol": "ACME", "interval": "ONE_DAY"}
