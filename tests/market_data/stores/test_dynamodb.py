"""What only the home on AWS can do wrong: round trips, batches, large chunks, damage, outages."""

import socket
import threading
from collections import Counter
from datetime import date

import numpy as np
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from engine.types import Bars, Interval
from market_data.block import VERSION
from market_data.calendar import DAY, MINUTE, SECOND
from market_data.errors import Damaged, StoreUnavailable, UnknownFormat
from market_data.instruments import ActionKind, CorporateAction, Instrument
from market_data.stores.chunking import SEALED, TAIL
from market_data.stores.dynamodb import (
    TABLE,
    TIME_TO_LIVE,
    DynamoDBBackend,
    DynamoDBBarStore,
    connect,
    connect_s3,
)
from market_data.stores.dynamodb import backend as backend_module
from market_data.stores.dynamodb import heads as heads_module
from market_data.stores.objects import Name

ONE_DAY, QUARTERS = Interval.ONE_DAY, Interval.FIFTEEN_MINUTES
AAPL = Instrument("AAPL", calendar="24/7", source="told")
BTC = Instrument("BTC-USD", calendar="24/7", source="told")
MONDAY = 18_267 * DAY


class Watched:
    """A client that counts its calls, and fails in those that it is told to fail in."""

    def __init__(self, client):
        self.client = client
        self.calls = []
        self.faults = {}
        self.lost = {}

    def __getattr__(self, name):
        def call(**request):
            self.calls.append(name)
            if self.faults.get(name):
                raise self.faults[name].pop(0)
            answer = getattr(self.client, name)(**request)
            if self.lost.get(name):
                raise self.lost[name].pop(0)
            return answer

        return call


@pytest.fixture
def watched(aws):
    return Watched(aws[0]), Watched(aws[1])


@pytest.fixture
def store(on_aws, watched):
    return on_aws(dynamodb=watched[0], s3=watched[1])


def refusal(code):
    return ClientError({"Error": {"Code": code, "Message": ""}}, "Call")


SLOW = ReadTimeoutError(endpoint_url="http://slow")
THROTTLED = refusal("ProvisionedThroughputExceededException")


def noisy(count, first=0, step=15 * MINUTE):
    """Bars whose prices nothing can make small."""
    rng = np.random.default_rng(first)
    close = 100 * np.exp(rng.normal(0, 0.1, count))
    time = MONDAY - 400 * DAY + (first + np.arange(count)) * step
    return Bars(time, close, close * 1.01, close * 0.98, close, close * 7)


def weekdays(closes, first=0):
    """Bars of the weekdays of ten years."""
    close = np.array(closes, np.float64)
    number = np.arange(first, first + len(close))
    time = MONDAY - 3640 * DAY + (number // 5 * 7 + number % 5) * DAY
    return Bars(time, close, close + 1, close - 0.5, close, np.full(len(close), 1000.0))


def rounds(watched):
    """What was called since the last time, by either client."""
    calls = Counter(watched[0].calls + watched[1].calls)
    for one in watched:
        one.calls.clear()
    return dict(calls)


# -- round trips -----------------------------------------------------------------------------


def test_a_cold_read_takes_two_round_trips_and_a_warm_one_takes_one(store, on_aws, watched, daily):
    store.commit(AAPL, ONE_DAY, weekdays(np.linspace(10, 20, 600)))
    cold = on_aws(dynamodb=watched[0], s3=watched[1])
    rounds(watched)
    assert len(cold.series("AAPL", ONE_DAY).time) == 600
    assert rounds(watched) == {"get_item": 2}
    cold.series("AAPL", ONE_DAY)
    assert rounds(watched) == {"get_item": 1}
    store.commit(AAPL, ONE_DAY, weekdays([20.0], first=600))
    rounds(watched)
    # The sealed chunk is held already: only the new tail is fetched.
    assert len(cold.series("AAPL", ONE_DAY).time) == 601
    assert rounds(watched) == {"get_item": 2}


def test_within_its_freshness_a_warm_read_takes_no_round_trip(on_aws, watched, daily, clock):
    store = on_aws(dynamodb=watched[0], s3=watched[1], fresh_for=5 * SECOND)
    known = store.commit(AAPL, ONE_DAY, daily([10, 11])).known
    clock.now = known
    store.series("AAPL", ONE_DAY)
    rounds(watched)
    clock.now += 5 * SECOND - 1
    store.series("AAPL", ONE_DAY)
    assert store.instrument("AAPL") == AAPL
    assert store.intervals("AAPL")[0].count == 2
    assert rounds(watched) == {}
    clock.now += 1
    store.series("AAPL", ONE_DAY)
    assert rounds(watched) == {"get_item": 1}


def test_what_is_read_within_freshness_speaks_of_no_moment_after_its_head(on_aws, daily, clock):
    writer, store = on_aws(), on_aws(fresh_for=60 * SECOND)
    known = writer.commit(AAPL, ONE_DAY, daily([10, 11])).known
    clock.now = read_at = known + SECOND
    store.series("AAPL", ONE_DAY)
    clock.sleep(5)
    new = writer.commit(AAPL, ONE_DAY, daily([99, 11])).known
    clock.sleep(20)
    series = store.series("AAPL", ONE_DAY)
    for as_of in (None, read_at + 1, new, clock.now):
        told = series.snapshot(as_of=as_of, now=clock.now)
        assert (told.as_of, told.final, told.bars.close[0]) == (read_at, False, 10)
    settled = series.snapshot(as_of=read_at, now=clock.now)
    assert (settled.final, settled.fresh_for) == (True, 60 * SECOND)
    clock.sleep(60)
    later = store.series("AAPL", ONE_DAY)
    again = later.snapshot(as_of=read_at, now=clock.now)
    assert again.data_version == settled.data_version
    assert later.snapshot(as_of=new, now=clock.now).bars.close[0] == 99


def test_a_clock_that_was_set_back_keeps_nothing_fresh(on_aws, watched, daily, clock):
    store = on_aws(dynamodb=watched[0], fresh_for=5 * SECOND)
    store.commit(AAPL, ONE_DAY, daily([10]))
    store.series("AAPL", ONE_DAY)
    rounds(watched)
    clock.now -= 60 * SECOND
    assert store.series("AAPL", ONE_DAY).horizon == clock.now
    assert rounds(watched) == {"get_item": 1}


def test_a_commit_is_read_at_once_by_the_store_that_made_it(on_aws, daily, clock):
    store = on_aws(fresh_for=60 * SECOND)
    assert store.series("AAPL", ONE_DAY) is None
    store.commit(AAPL, ONE_DAY, daily([10]))
    assert len(store.series("AAPL", ONE_DAY).time) == 1
    store.commit(AAPL, ONE_DAY, daily([11], first=1))
    assert len(store.series("AAPL", ONE_DAY).time) == 2


def test_more_symbols_than_a_batch_holds_are_read_in_two_rounds(
    store, on_aws, watched, daily, monkeypatch
):
    for module in (heads_module, backend_module):
        assert module.AT_ONCE == 100  # keys that DynamoDB takes in one call
        monkeypatch.setattr(module, "AT_ONCE", 10)
    symbols = [f"S{n}" for n in range(23)]
    for symbol in symbols:
        store.commit(Instrument(symbol), ONE_DAY, daily([10, 11]))
    cold = on_aws(dynamodb=watched[0], s3=watched[1])
    rounds(watched)
    found = cold.load([(symbol, ONE_DAY) for symbol in symbols])
    assert list(found) == [(symbol, ONE_DAY) for symbol in symbols]
    assert rounds(watched) == {"batch_get_item": 3 + 3}
    assert cold.listed(symbols)["S7"][0].count == 2
    assert rounds(watched) == {"batch_get_item": 3}


def test_what_a_batch_leaves_unanswered_is_asked_for_again(on_aws, aws, daily):
    class Partial(Watched):
        def batch_get_item(self, **request):
            self.calls.append("batch_get_item")
            [(table, asked)] = request["RequestItems"].items()
            first, left = asked["Keys"][:2], asked["Keys"][2:]
            answer = self.client.batch_get_item(RequestItems={table: {**asked, "Keys": first}})
            return answer | {"UnprocessedKeys": {table: {**asked, "Keys": left}} if left else {}}

    partial = Partial(aws[0])
    store = on_aws(dynamodb=partial)
    for n in range(7):
        store.commit(Instrument(f"S{n}"), ONE_DAY, daily([10 + n]))
    cold = on_aws(dynamodb=partial)
    found = cold.load([(f"S{n}", ONE_DAY) for n in range(7)])
    assert [series.close.tolist() for series in found.values()] == [[10.0 + n] for n in range(7)]
    with pytest.raises(StoreUnavailable, match="throttled: 6 keys are not answered"):
        cold.listed([f"X{n}" for n in range(18)])


def test_a_chunk_that_has_not_reached_the_copy_that_is_read_is_asked_for_consistently(
    on_aws, aws, daily
):
    class Behind(Watched):
        def get_item(self, **request):
            self.calls.append(request["ConsistentRead"])
            return self.client.get_item(**request) if request["ConsistentRead"] else {}

        def batch_get_item(self, **request):
            [asked] = request["RequestItems"].values()
            self.calls.append(asked["ConsistentRead"])
            answer = self.client.batch_get_item(**request)
            return answer if asked["ConsistentRead"] else {"Responses": {}}

    store = on_aws(dynamodb=Behind(aws[0]))
    store.commit(AAPL, ONE_DAY, daily([10]))
    behind = Behind(aws[0])
    assert on_aws(dynamodb=behind).series("AAPL", ONE_DAY).close.tolist() == [10]
    assert behind.calls == [True, False, True]
    # As many as are behind take one more call together.
    store.commit(Instrument("IBM"), ONE_DAY, daily([12]))
    behind = Behind(aws[0])
    found = on_aws(dynamodb=behind).load([("AAPL", ONE_DAY), ("IBM", ONE_DAY)])
    assert [series.close.tolist() for series in found.values()] == [[10], [12]]
    assert behind.calls == [True, False, True]


# -- chunks ----------------------------------------------------------------------------------


def test_a_tail_is_sealed_when_it_is_full_and_joins_the_chunk_before(
    store, on_aws, daily, place, aws
):
    for begin in range(0, 1400, 100):
        store.commit(AAPL, ONE_DAY, weekdays(np.arange(1.0, 101.0) + begin, first=begin))
    series = on_aws().series("AAPL", ONE_DAY)
    assert series.close.tolist() == [1.0 + n for n in range(1400)]
    [head] = store._reader.heads(["AAPL"]).values()
    rows = [chunk.rows for chunk in head.head.manifests[ONE_DAY].chunks]
    assert rows == [1200, 200]
    assert rows[-1] <= TAIL


def test_intraday_commits_rewrite_nothing_but_the_tail(store, watched):
    store.commit(BTC, QUARTERS, noisy(SEALED + TAIL + 100))
    before = _names(store, "BTC-USD")
    store.commit(BTC, QUARTERS, noisy(1, SEALED + TAIL + 100))
    after = _names(store, "BTC-USD")
    assert len(before - after) == 0
    store.commit(BTC, QUARTERS, noisy(1, SEALED + TAIL + 101))
    assert {name.kind for name in after - _names(store, "BTC-USD")} == {"T"}


def _names(store, symbol):
    store._reader.forget(symbol)
    return store._reader.heads([symbol])[symbol].head.names()


def test_chunks_over_25_kb_lie_in_s3_under_the_same_name(store, on_aws, aws, place):
    bars = noisy(2000)
    store.commit(BTC, QUARTERS, bars)
    [name] = _names(store, "BTC-USD")
    assert name.size > 25_000
    assert len(aws[1].get_object(Bucket=place, Key=name.path)["Body"].read()) == name.size
    assert on_aws().series("BTC-USD", QUARTERS).close.tobytes() == bars.close.tobytes()


def test_twenty_years_of_a_stocks_quarters_are_read_cold_in_two_round_trips(on_aws, watched):
    years = noisy(20 * 252 * 26)
    time, close = years.time - 1000 * DAY, np.round(years.close, 2)
    on_aws().commit(BTC, QUARTERS, Bars(time, close, close, close, close, close))
    cold = on_aws(dynamodb=watched[0], s3=watched[1])
    fetched, fetch = [], cold._backend.fetch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cold._backend, "fetch", lambda names: fetched.append(names) or fetch(names))
        assert len(cold.series("BTC-USD", QUARTERS).time) == 131_040
    assert [len(names) for names in fetched] == [66]  # side by side
    told = rounds(watched)
    assert told.pop("get_item") == 1  # HEAD
    assert sum(told.values()) <= 66


def test_a_long_manifest_is_split_by_decades_which_are_read_once(
    on_aws, watched, monkeypatch, clock
):
    monkeypatch.setattr("market_data.stores.head.pack.__defaults__", (250,))
    store = on_aws(dynamodb=watched[0], s3=watched[1])
    years = noisy(9000, step=DAY).replace(time=MONDAY - (9000 - np.arange(9000)) * DAY)
    store.commit(BTC, ONE_DAY, years)
    store.commit(BTC, ONE_DAY, noisy(1, step=DAY).replace(time=np.array([MONDAY])))
    head = store._reader.heads(["BTC-USD"])["BTC-USD"].head
    assert len(head.manifests[ONE_DAY].parts) >= 2
    assert store.intervals("BTC-USD")[0].count == 9001
    cold = on_aws(dynamodb=watched[0], s3=watched[1])
    rounds(watched)
    assert len(cold.series("BTC-USD", ONE_DAY).time) == 9001
    told = rounds(watched)
    assert told["get_item"] + told["batch_get_item"] == 3  # HEAD, parts, chunks
    cold.series("BTC-USD", ONE_DAY)
    assert rounds(watched) == {"get_item": 1}
    late = years[100:101]
    clock.sleep(10)
    restated = store.commit(BTC, ONE_DAY, late.replace(volume=late.volume + 1))
    assert restated.restated == 1
    assert cold.series("BTC-USD", ONE_DAY).volume[100:102].tolist() == [
        late.volume[0],
        late.volume[0] + 1,
    ]


def test_what_is_superseded_expires_after_a_week_and_what_is_live_never(
    store, aws, place, daily, clock
):
    store.commit(AAPL, ONE_DAY, weekdays(np.arange(1.0, 601.0)))
    old = _names(store, "AAPL")
    clock.sleep(10)
    store.commit(AAPL, ONE_DAY, weekdays([77.0]))
    live = _names(store, "AAPL")
    items = {
        Name(item["pk"]["S"], item["sk"]["S"]): item
        for item in aws[0].scan(TableName=place)["Items"]
    }
    week = str((clock.now + 7 * DAY) // SECOND)
    assert {items[name][TIME_TO_LIVE]["N"] for name in old} == {week}
    assert all(TIME_TO_LIVE not in items[name] for name in live)
    for name in old | live:  # they are sealed, so there are archived copies
        tags = aws[1].get_object_tagging(Bucket=place, Key=name.path)["TagSet"]
        assert tags == ([{"Key": "state", "Value": "superseded"}] if name in old else [])


def test_a_chunk_that_expired_under_a_reader_is_found_by_its_new_head(
    on_aws, aws, place, daily, clock
):
    store, reader = on_aws(), on_aws(fresh_for=DAY)
    store.commit(AAPL, ONE_DAY, daily([10, 11]))
    assert reader.instrument("AAPL") == AAPL  # holds the HEAD, and no chunk
    [old] = _names(store, "AAPL")
    store.commit(AAPL, ONE_DAY, daily([10, 99]), fetched_at=clock.now + 1)
    aws[0].delete_item(TableName=place, Key={"pk": {"S": old.partition}, "sk": {"S": old.sort}})
    assert reader.series("AAPL", ONE_DAY).close.tolist() == [10, 11, 99]


def test_a_chunk_that_is_gone_for_good_is_damage(on_aws, aws, place, daily):
    on_aws().commit(AAPL, ONE_DAY, daily([10, 11]))
    store = on_aws()
    [name] = _names(store, "AAPL")
    aws[0].delete_item(TableName=place, Key={"pk": {"S": name.partition}, "sk": {"S": name.sort}})
    with pytest.raises(Damaged, match="is gone"):
        store.series("AAPL", ONE_DAY)
    with pytest.raises(Damaged, match="is gone"):
        on_aws().commit(AAPL, ONE_DAY, daily([12], first=2))


# -- damage ----------------------------------------------------------------------------------


def flip(aws, place, name):
    """Flip one bit of an object in the table."""
    key = {"pk": {"S": name.partition}, "sk": {"S": name.sort}}
    item = aws[0].get_item(TableName=place, Key=key)["Item"]
    body = bytearray(item["packed"]["B"])
    body[len(body) // 2] ^= 4
    aws[0].put_item(TableName=place, Item=item | {"packed": {"B": bytes(body)}})


def test_a_flipped_bit_is_a_typed_error_and_never_a_price(on_aws, aws, place, daily):
    on_aws().commit(AAPL, ONE_DAY, daily([10, 11]))
    on_aws().commit(Instrument("IBM"), ONE_DAY, daily([12]))
    store = on_aws()
    [name] = _names(store, "AAPL")
    flip(aws, place, name)
    with pytest.raises(Damaged, match="does not hold what was written there"):
        store.series("AAPL", ONE_DAY)
    found = store.load([("AAPL", ONE_DAY), ("IBM", ONE_DAY)])
    assert isinstance(found["AAPL", ONE_DAY], Damaged)
    assert found["IBM", ONE_DAY].close.tolist() == [12]


def test_a_block_of_newer_software_is_an_error_of_its_symbol_alone(on_aws, daily, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("market_data.block.writing.VERSION", VERSION + 1)
        on_aws().commit(AAPL, ONE_DAY, daily([10, 11]))
    on_aws().commit(Instrument("IBM"), ONE_DAY, daily([12]))
    found = on_aws().load([("AAPL", ONE_DAY), ("IBM", ONE_DAY)])
    assert isinstance(found["AAPL", ONE_DAY], UnknownFormat)
    assert found["IBM", ONE_DAY].close.tolist() == [12]


def test_a_flipped_bit_in_a_sealed_chunk_is_read_from_the_archive(on_aws, aws, place, daily):
    on_aws().commit(AAPL, ONE_DAY, weekdays(np.arange(1.0, 1001.0)))
    store = on_aws()
    [name] = _names(store, "AAPL")
    assert name.kind == "C"
    flip(aws, place, name)
    assert store.series("AAPL", ONE_DAY).close.tolist() == [float(n) for n in range(1, 1001)]
    assert on_aws().write_panel("tech", date(2020, 1, 6), ["AAPL"], ONE_DAY).load(
        [("AAPL", ONE_DAY)]
    )["AAPL", ONE_DAY].close.tolist() == [float(n) for n in range(1, 1001)]
    aws[0].delete_item(TableName=place, Key={"pk": {"S": name.partition}, "sk": {"S": name.sort}})
    assert len(on_aws().series("AAPL", ONE_DAY).time) == 1000
    aws[1].put_object(Bucket=place, Key=name.path, Body=b"not this")
    with pytest.raises(Damaged):
        on_aws().series("AAPL", ONE_DAY)


def test_a_large_chunk_that_came_damaged_once_is_read_again(on_aws, aws, place, watched):
    class Once(Watched):
        def get_object(self, **request):
            self.calls.append("get_object")
            answer = self.client.get_object(**request)
            if len(self.calls) == 1:
                answer["Body"] = Garbled(answer["Body"].read())
            return answer

    class Garbled:
        def __init__(self, body):
            self.body = body

        def read(self):
            return self.body[:-1] + b"!"

    bars = noisy(2000)
    on_aws().commit(BTC, QUARTERS, bars)
    once = Once(aws[1])
    found = on_aws(s3=once).series("BTC-USD", QUARTERS)
    assert found.close.tobytes() == bars.close.tobytes()
    assert once.calls == ["get_object"] * 2


def test_a_head_or_actions_with_a_flipped_bit_are_damage(on_aws, aws, place, daily, day):
    split = CorporateAction(day("2020-01-07"), ActionKind.SPLIT, 2.0)
    on_aws().commit(AAPL, ONE_DAY, daily([10, 11]), [split])
    store = on_aws()
    [actions] = [name for name in _names(store, "AAPL") if name.kind == "A"]
    flip(aws, place, actions)
    with pytest.raises(Damaged):
        store.series("AAPL", ONE_DAY)
    flip(aws, place, Name("B#AAPL", "HEAD"))
    with pytest.raises(Damaged, match="checksum"):
        store.series("AAPL", ONE_DAY)


# -- outages ---------------------------------------------------------------------------------


def test_without_s3_only_what_needs_it_is_out_of_reach(on_aws, aws, watched, daily):
    writer = on_aws()
    writer.commit(BTC, QUARTERS, noisy(2000))
    writer.commit(AAPL, ONE_DAY, weekdays(np.arange(1.0, 1001.0)))
    down = watched[1]
    down.faults = {name: [SLOW] * 50 for name in ("get_object", "put_object", "copy_object")}
    store = on_aws(s3=down)
    found = store.load([("BTC-USD", QUARTERS), ("AAPL", ONE_DAY)])
    assert isinstance(found["BTC-USD", QUARTERS], StoreUnavailable)
    assert len(found["AAPL", ONE_DAY].time) == 1000
    with pytest.raises(StoreUnavailable, match="S3 did not answer"):
        store.series("BTC-USD", QUARTERS)
    # Its archive is out of reach, and bars are committed all the same.
    assert store.commit(AAPL, ONE_DAY, weekdays([7.0], first=1000)).added == 1
    with pytest.raises(StoreUnavailable, match="S3 did not answer"):
        store.commit(BTC, QUARTERS, noisy(2000, first=5000))


def test_days_never_need_a_client_of_s3(aws, place, daily, clock):
    def refuse():
        raise AssertionError("a client of S3 was made")

    store = DynamoDBBarStore(aws[0], refuse, place, place, clock)
    store.commit(AAPL, ONE_DAY, daily([10, 11]))
    assert len(store.series("AAPL", ONE_DAY).time) == 2


def test_a_throttled_table_is_asked_again_after_pauses_and_then_unavailable(on_aws, watched, daily):
    pauses = []
    store = on_aws(dynamodb=watched[0], sleep=pauses.append)
    on_aws().commit(AAPL, ONE_DAY, daily([10]))
    watched[0].faults = {"get_item": [THROTTLED] * 2}
    assert len(store.series("AAPL", ONE_DAY).time) == 1
    assert len(pauses) == 2
    assert 0 <= pauses[0] <= 0.1
    assert 0 <= pauses[1] <= 0.2
    watched[0].faults = {"get_item": [THROTTLED] * 3}
    with pytest.raises(StoreUnavailable, match="throttled: ProvisionedThroughputExceeded"):
        store.series("AAPL", ONE_DAY)


def test_a_read_that_failed_slowly_is_not_made_again(aws, place, watched):
    ticks = iter([0.0, 0.3])
    backend = DynamoDBBackend(watched[0], None, place, place, stopwatch=lambda: next(ticks))
    watched[0].faults = {"get_item": [SLOW]}
    with pytest.raises(StoreUnavailable, match="ReadTimeoutError"):
        backend.heads(["AAPL"])
    assert watched[0].calls == ["get_item"]


def test_a_store_that_refuses_connections_is_unavailable(monkeypatch, clock, daily):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused at once
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        store = DynamoDBBarStore(
            connect("eu-central-1", endpoint),
            lambda: connect_s3("eu-central-1", endpoint),
            "bars",
            "bars",
            clock,
            sleep=lambda seconds: None,
        )
        with pytest.raises(StoreUnavailable, match="DynamoDB is not reached"):
            store.series("AAPL", ONE_DAY)
        with pytest.raises(StoreUnavailable, match="DynamoDB is not reached"):
            store.commit(AAPL, ONE_DAY, daily([10]))
        with pytest.raises(StoreUnavailable, match="S3 is not reached"):
            store._backend.panel("none")
        store.close()


def test_the_clients_give_up_early_and_try_once(aws):
    for client, patience in zip(aws, (0.5, 1.0), strict=True):
        config = client.meta.config
        assert (config.connect_timeout, config.read_timeout) == (0.3, patience)
        assert config.tcp_keepalive
        assert config.retries["total_max_attempts"] == 1


# -- commits ---------------------------------------------------------------------------------


def test_an_unknown_outcome_is_resolved_by_a_consistent_read_before_anything_else(
    store, watched, on_aws, daily, clock
):
    watched[0].lost = {"put_item": []}
    store.commit(AAPL, ONE_DAY, daily([10]))
    rounds(watched)
    before = clock.now
    # The put of the chunk, then that of the HEAD: both happen, and the HEAD's answer is lost.
    answers = iter([None, SLOW])

    class Lossy(Watched):
        def put_item(self, **request):
            self.calls.append("put_item")
            answer = self.client.put_item(**request)
            if (lost := next(answers, None)) is not None:
                raise lost
            return answer

    lossy = Lossy(watched[0].client)
    result = on_aws(dynamodb=lossy).commit(AAPL, ONE_DAY, daily([11], first=1))
    assert (result.added, result.known) == (1, before + 2 * SECOND + 1)
    assert lossy.calls == [
        *("get_item", "get_item"),  # the HEAD, and the tail
        *("put_item", "put_item"),  # the new tail, and the HEAD, whose answer is lost
        "get_item",  # it is there
        "put_item",  # and so it is confirmed
        "update_item",  # and the old tail let go
    ]
    assert store.series("AAPL", ONE_DAY).known.tolist() == [before + 2 * SECOND, result.known]


def test_an_answer_that_was_lost_and_found_too_late_moves_the_rows(on_aws, watched, daily, clock):
    start, puts = clock.now, []

    class Slow(Watched):
        def put_item(self, **request):
            puts.append(request["Item"]["sk"]["S"])
            answer = self.client.put_item(**request)
            if puts[-1] == "HEAD" and puts.count("HEAD") == 1:
                clock.now += 3 * SECOND
                raise SLOW
            return answer

    store = on_aws(dynamodb=Slow(watched[0].client))
    result = store.commit(AAPL, ONE_DAY, daily([10, 11]))
    assert (result.added, result.known) == (2, start + 5 * SECOND)
    assert set(store.series("AAPL", ONE_DAY).known.tolist()) == {result.known}


def test_a_worker_killed_between_chunk_and_head_loses_nothing_that_comes_again(
    on_aws, watched, daily, clock, aws, place
):
    class Killed(BaseException):
        pass

    class Dying(Watched):
        def put_item(self, **request):
            if request["Item"]["sk"]["S"] == "HEAD":
                raise Killed
            return self.client.put_item(**request)

    on_aws().commit(AAPL, ONE_DAY, daily([10]))
    dying = on_aws(dynamodb=Dying(aws[0]))
    with pytest.raises(Killed):
        dying.commit(AAPL, ONE_DAY, daily([10, 11, 12]), fetched_at=clock.now + 1)
    assert on_aws().series("AAPL", ONE_DAY).close.tolist() == [10]
    again = on_aws().commit(AAPL, ONE_DAY, daily([10, 11, 12]), fetched_at=clock.now + 1)
    assert (again.added, again.unchanged) == (2, 1)
    assert on_aws().series("AAPL", ONE_DAY).close.tolist() == [10, 11, 12]


def test_a_worker_killed_between_head_and_confirmation_holds_up_the_present_and_changes_nothing(
    on_aws, daily, clock, aws
):
    class Killed(BaseException):
        pass

    class Dying(Watched):
        def put_item(self, **request):
            heads = self.calls.count("HEAD")
            self.calls.append(request["Item"]["sk"]["S"])
            if self.calls[-1] == "HEAD" and heads:
                raise Killed
            return self.client.put_item(**request)

    first = on_aws().commit(AAPL, ONE_DAY, daily([10])).known
    clock.sleep(10)
    with pytest.raises(Killed):
        on_aws(dynamodb=Dying(aws[0])).commit(AAPL, ONE_DAY, daily([10, 11]))
    pending = clock.now + 2 * SECOND
    clock.sleep(30)
    told = on_aws().series("AAPL", ONE_DAY).snapshot(now=clock.now)
    assert (told.as_of, told.final, told.bars.close.tolist()) == (pending - 1, False, [10])
    asked = on_aws().series("AAPL", ONE_DAY).snapshot(as_of=clock.now, now=clock.now)
    assert (asked.as_of, asked.final) == (pending - 1, False)
    assert on_aws().series("AAPL", ONE_DAY).snapshot(as_of=first, now=clock.now).final
    # The delivery comes again, by another worker: its rows are there, and are known from now on.
    again = on_aws().commit(AAPL, ONE_DAY, daily([10, 11]), fetched_at=clock.now)
    assert (again.known, again.added, again.unchanged) == (clock.now + 2 * SECOND, 0, 2)
    clock.sleep(10)
    told = on_aws().series("AAPL", ONE_DAY).snapshot(as_of=clock.now, now=clock.now)
    assert (told.final, told.bars.close.tolist()) == (True, [10, 11])
    assert on_aws().series("AAPL", ONE_DAY).snapshot(
        as_of=again.known - 1, now=clock.now
    ).bars.close.tolist() == [10]


def test_workers_on_one_symbol_lose_no_row_and_give_no_k_twice(on_aws, daily):
    failures, workers = [], 8

    def work(n):
        try:
            store = on_aws()
            for m in range(3):
                store.commit(AAPL, ONE_DAY, daily([10.0 + n + m], first=3 * n + m))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    series = on_aws().series("AAPL", ONE_DAY)
    assert series.close.tolist() == [10.0 + n + m for n in range(workers) for m in range(3)]
    assert series.horizon == 2**63 - 1


def test_the_symbols_are_listed_again_for_a_minute(on_aws, watched, aws, place, daily):
    now = [0.0]
    backend = DynamoDBBackend(watched[0], None, place, place, stopwatch=lambda: now[0])
    on_aws().commit(AAPL, ONE_DAY, daily([10]))
    assert backend.profiles() == [AAPL]
    on_aws().commit(Instrument("IBM"), ONE_DAY, daily([10]))
    backend.profiles().clear()
    assert backend.profiles() == [AAPL]
    assert watched[0].calls == ["query"]
    now[0] = 60.1
    assert [one.symbol for one in backend.profiles()] == ["AAPL", "IBM"]


def test_a_list_of_several_pages_is_read_to_its_end(on_aws, aws, place, daily):
    class Paged(Watched):
        def query(self, **request):
            return self.client.query(**request, Limit=2)

    for n in range(5):
        on_aws().commit(Instrument(f"S{n}"), ONE_DAY, daily([10]))
    store = on_aws(dynamodb=Paged(aws[0]))
    assert [one.symbol for one in store.instruments()] == [f"S{n}" for n in range(5)]


def test_the_table_is_described_for_whoever_creates_it():
    assert [key["AttributeName"] for key in TABLE["KeySchema"]] == ["pk", "sk"]
    assert backend_module.LARGE == 25_000
