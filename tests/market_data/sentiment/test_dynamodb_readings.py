"""Sentiment in a table: how it is asked for, and what happens where the table does not answer."""

from dataclasses import replace

import numpy as np
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from market_data.calendar import DAY, SECOND
from market_data.errors import BadReadings, Damaged, StoreUnavailable
from market_data.readings import Delivered, Readings, merged
from market_data.readings_block import pack
from market_data.stores.dynamodb import readings, readings_table

OUT_OF_REACH = ConnectTimeoutError(endpoint_url="http://table")


class Asked:
    """A client that keeps what it was asked for, and answers or fails in its own way."""

    def __init__(self, client, answer):
        self.client = client
        self.keys = []
        self.consistent = set()
        self._answer = answer

    def __getattr__(self, name):
        return getattr(self.client, name)

    def batch_get_item(self, RequestItems):  # noqa: N803
        ((table, asked),) = RequestItems.items()
        self.keys.append([key["pk"]["S"].removeprefix("S#") for key in asked["Keys"]])
        self.consistent.add(asked["ConsistentRead"])
        return self._answer(self.client, table, asked)


class Read:
    """A client that adds up what single reads cost, as DynamoDB tells it: by 4 KB."""

    def __init__(self, client):
        self.client = client
        self.units = []

    def __getattr__(self, name):
        return getattr(self.client, name)

    def get_item(self, **asked):
        answer = self.client.get_item(**asked)
        columns = [*answer["Item"], *(v for t in answer["Item"].values() for v in t.values())]
        size = sum(len(one) for one in columns)
        self.units.append(-(-size // 4096) * (1 if asked["ConsistentRead"] else 0.5))
        return answer


class Unheard:
    """A client whose first write of a HEAD is done, and not heard of."""

    def __init__(self, client):
        self.client = client
        self.lost = 0

    def __getattr__(self, name):
        return getattr(self.client, name)

    def put_item(self, **asked):
        answer = self.client.put_item(**asked)
        if asked["Item"]["sk"]["S"] == "READINGS" and not self.lost:
            self.lost += 1
            raise ReadTimeoutError(endpoint_url="http://table")
        return answer


class Killed(BaseException):
    """The process is gone."""


def killed(*_):
    raise Killed


def die_on_the_way(store, delivery):
    """A commit whose process is gone once its rows are written, and their HEAD is not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_put_head", killed)
        with pytest.raises(Killed):
            store.commit("AAPL", delivery)


def contents(aws, place, symbol):
    """The objects that hold rows of a symbol."""
    found = aws[0].query(
        TableName=place,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :kind)",
        ExpressionAttributeValues={":pk": {"S": f"S#{symbol}"}, ":kind": {"S": "R#"}},
    )
    return found["Items"]


def item(aws, place, symbol):
    """The HEAD of a symbol."""
    key = {"pk": {"S": f"S#{symbol}"}, "sk": {"S": "READINGS"}}
    return aws[0].get_item(TableName=place, Key=key)["Item"]


@pytest.fixture
def many(clock):
    """So many readings of days, each of another value."""

    def build(count):
        time = clock.now // DAY * DAY - np.arange(count, 0, -1, dtype=np.int64) * DAY
        value = np.random.default_rng(count).random(count)
        return Delivered(time, time + DAY, value, "index", clock.now)

    return build


def whole(client, table, asked):
    return client.batch_get_item(RequestItems={table: asked})


def by_two(client, table, asked):
    """The first two keys, and the rest is left."""
    first, left = asked["Keys"][:2], asked["Keys"][2:]
    answer = client.batch_get_item(RequestItems={table: {**asked, "Keys": first}})
    return answer | {"UnprocessedKeys": {table: {**asked, "Keys": left}} if left else {}}


def test_heads_come_a_hundred_in_a_call_and_rows_as_many_as_an_answer_surely_holds(
    on_dynamodb, aws, place, many, monkeypatch
):
    client = Asked(aws[0], whole)
    symbols = [f"S{number}" for number in range(108)]
    on_dynamodb().commit("S0", many(3_000))
    (content,) = contents(aws, place, "S0")
    monkeypatch.setattr(readings_table, "ANSWER", 4 * len(content["packed"]["B"]))
    for symbol in symbols[1:]:
        head = item(aws, place, "S0") | {"pk": {"S": f"S#{symbol}"}}
        aws[0].put_item(TableName=place, Item=head)
        aws[0].put_item(TableName=place, Item=content | {"pk": head["pk"]})
    found = on_dynamodb(client).ask(symbols)()
    assert {len(rows.time) for rows in found.values()} == {3_000}
    assert sorted(map(len, client.keys)) == [4] * 27 + [8, 100]


def test_looking_again_costs_one_read_unit_however_much_there_is(
    on_dynamodb, aws, place, many, clock
):
    store = on_dynamodb()
    store.commit("AAPL", many(3_000))
    client = Read(aws[0])
    reader = on_dynamodb(client)
    cold = reader.readings("AAPL")
    assert [units > 1 for units in client.units] == [False, True]  # the HEAD, then the rows
    client.units.clear()
    assert reader.readings("AAPL") is cold
    assert client.units == [1]


def test_what_is_confirmed_is_not_read_again(on_dynamodb, aws, many, monkeypatch, clock):
    store, client = on_dynamodb(), Read(aws[0])
    reader = on_dynamodb(client)
    confirm = store._confirm

    def looked_at_between(symbol, kept):
        assert reader.readings(symbol).pending
        return confirm(symbol, kept)

    monkeypatch.setattr(store, "_confirm", looked_at_between)
    store.commit("AAPL", many(3_000))
    client.units.clear()
    kept = reader.readings("AAPL")
    assert client.units == [1]
    assert (kept.pending, len(kept.time)) == (0, 3_000)


def test_few_rows_lie_in_their_head_and_take_one_unit_cold_and_warm(on_dynamodb, aws, place, many):
    store, client = on_dynamodb(), Read(aws[0])
    store.commit("AAPL", many(300))
    assert contents(aws, place, "AAPL") == []
    assert len(on_dynamodb(client).readings("AAPL").time) == 300
    assert client.units == [1]


def test_rows_as_0_1_0_kept_them_are_read_and_lie_apart_once_written_again(
    on_dynamodb, aws, place, many, told, clock
):
    kept = replace(merged(Readings("AAPL"), many(3_000), clock.now - DAY)[0], pending=0)
    old = {
        "pk": {"S": "S#AAPL"},
        "sk": {"S": "READINGS"},
        "version": {"N": "2"},
        "packed": {"B": pack(kept)},
        "swap": {"S": "9f6d9f0f7d8c4a0f9f6d9f0f7d8c4a0f"},
    }
    aws[0].put_item(TableName=place, Item=old)
    store = on_dynamodb()
    before = store.readings("AAPL")
    assert (before.version, len(before.time)) == (2, 3_000)
    told_then = before.heard(clock.now, clock.now).data_version
    then = clock.now
    assert store.commit("AAPL", told([0.9], first=-4_000)).added == 1
    assert "packed" not in item(aws, place, "AAPL")
    after = on_dynamodb().readings("AAPL")
    assert len(after.time) == 3_001
    assert after.heard(then, then).data_version == told_then
    # And an old writer that comes late, expecting its own version, is refused.
    with pytest.raises(aws[0].exceptions.ConditionalCheckFailedException):
        aws[0].put_item(
            TableName=place,
            Item=old | {"version": {"N": "3"}},
            ConditionExpression="version = :version",
            ExpressionAttributeValues={":version": {"N": "2"}},
        )


def test_what_a_commit_supersedes_is_let_go_of_a_week_later(
    apart_readings, aws, place, told, clock
):
    apart_readings.commit("AAPL", told([0.2]))
    apart_readings.commit("AAPL", told([0.3], first=1))
    named = item(aws, place, "AAPL")["content"]["S"]
    objects = {one["sk"]["S"]: one for one in contents(aws, place, "AAPL")}
    assert len(objects) == 2  # one a commit: what confirms it writes none
    assert "expires_at" not in objects.pop(named)
    (old,) = objects.values()
    assert int(old["expires_at"]["N"]) == (clock.now + 7 * DAY) // SECOND
    assert list(apart_readings.sweep()) == []


def test_a_writer_that_dies_before_its_head_changes_nothing_and_is_swept_up(
    apart_readings, aws, place, told
):
    apart_readings.commit("AAPL", told([0.2]))
    die_on_the_way(apart_readings, told([0.3], first=1))
    assert apart_readings.readings("AAPL").value.tolist() == [0.2]
    (left,) = apart_readings.sweep()
    assert (left.symbol, len(left.objects), left.left) == ("AAPL", 1, "")
    kept = {one["sk"]["S"]: one["packed"]["B"] for one in contents(aws, place, "AAPL")}
    assert left.size == len(kept[left.objects[0].sort])
    version = apart_readings.readings("AAPL").version
    assert list(apart_readings.sweep(apply=True)) == [left]
    assert list(apart_readings.sweep()) == []
    assert (
        apart_readings.readings("AAPL").version == version + 1
    )  # whoever was on the way is beaten
    assert apart_readings.commit("AAPL", told([0.3], first=1)).added == 1
    assert apart_readings.readings("AAPL").value.tolist() == [0.2, 0.3]


def test_what_a_first_commit_may_be_about_to_name_is_left(apart_readings, told, aws, place):
    die_on_the_way(apart_readings, told([0.3]))
    (left,) = apart_readings.sweep(apply=True)
    assert left.left
    assert all("expires_at" not in one for one in contents(aws, place, "AAPL"))


def test_a_sweep_that_always_meets_a_commit_lets_go_of_nothing(
    apart_readings, told, monkeypatch, aws, place
):
    apart_readings.commit("AAPL", told([0.2]))
    die_on_the_way(apart_readings, told([0.3], first=1))
    put = apart_readings._put_head

    def beaten(symbol, version, rows):
        put(symbol, version, rows)
        return put(symbol, version, rows)

    monkeypatch.setattr(apart_readings, "_put_head", beaten)
    (left,) = apart_readings.sweep(apply=True)
    assert "just now" in left.left
    assert all("expires_at" not in one for one in contents(aws, place, "AAPL"))


def test_a_symbol_that_cannot_be_read_is_left_by_a_sweep(
    apart_readings, told, monkeypatch, aws, place
):
    apart_readings.commit("AAPL", told([0.2]))

    def away(_):
        raise StoreUnavailable("DynamoDB did not answer")

    monkeypatch.setattr(apart_readings._rows, "heads", away)
    assert [(one.symbol, one.left) for one in apart_readings.sweep(apply=True)] == [
        ("AAPL", "DynamoDB did not answer")
    ]


def test_a_commit_that_is_beaten_lets_go_of_its_own_rows_and_of_no_others(
    apart_readings, on_dynamodb, told, aws, place, monkeypatch, clock
):
    other, keep = on_dynamodb(), apart_readings._keep_apart
    first = [True]

    def beaten(rows):
        name = keep(rows)
        if first:
            first.clear()
            other.commit("AAPL", told([0.7], first=3))
        return name

    monkeypatch.setattr(apart_readings, "_keep_apart", beaten)
    apart_readings.commit("AAPL", told([0.2]))
    assert other.readings("AAPL").value.tolist() == [0.2, 0.7]
    lasting = [one for one in contents(aws, place, "AAPL") if "expires_at" not in one]
    assert [one["sk"]["S"] for one in lasting] == [item(aws, place, "AAPL")["content"]["S"]]


def test_rows_whose_writing_was_not_heard_of_are_never_let_go_of(
    on_dynamodb, told, aws, place, monkeypatch
):
    monkeypatch.setattr(readings, "BESIDE", 0)
    client = Unheard(aws[0])
    store = on_dynamodb(client)
    done = store.commit("AAPL", told([0.2]))
    assert client.lost == 1
    kept = on_dynamodb().readings("AAPL")
    assert (kept.value.tolist(), kept.known.tolist(), kept.pending) == ([0.2], [done.known], 0)


def test_rows_that_are_gone_are_damage_of_their_symbol_alone(apart_readings, told, aws, place):
    apart_readings.commit("AAPL", told([0.2]))
    apart_readings.commit("IBM", told([0.4]))
    (body,) = contents(aws, place, "IBM")
    aws[0].delete_item(TableName=place, Key={"pk": body["pk"], "sk": body["sk"]})
    found = apart_readings.ask(["AAPL", "IBM"])()
    assert found["AAPL"].value.tolist() == [0.2]
    assert isinstance(found["IBM"], Damaged)
    assert "gone" in str(found["IBM"])


def test_rows_that_cannot_be_asked_for_are_an_error_of_their_symbols(
    apart_readings, on_dynamodb, told, aws
):
    def no_rows(client, table, asked):
        if asked["Keys"][0]["sk"]["S"] != "READINGS":
            raise OUT_OF_REACH
        return whole(client, table, asked)

    for symbol in ("AAPL", "IBM"):
        apart_readings.commit(symbol, told([0.2]))
    found = on_dynamodb(Asked(aws[0], no_rows)).ask(["AAPL", "IBM"])()
    assert all(isinstance(error, StoreUnavailable) for error in found.values())


def test_more_than_an_item_holds_is_refused_and_nothing_is_kept(
    apart_readings, many, monkeypatch, aws, place
):
    monkeypatch.setattr(readings, "LARGEST", 1_000)
    with pytest.raises(BadReadings, match="1,000 can be kept"):
        apart_readings.commit("AAPL", many(3_000))
    assert contents(aws, place, "AAPL") == []
    assert len(apart_readings.readings("AAPL").time) == 0


def test_what_is_left_unprocessed_is_asked_for_again_after_a_random_pause(
    on_dynamodb, aws, told, clock
):
    store = on_dynamodb(Asked(aws[0], by_two))
    symbols = [f"S{number}" for number in range(7)]
    for symbol in symbols:
        store.commit(symbol, told([0.3]))
    asking = Asked(aws[0], by_two)
    before = clock.now
    found = on_dynamodb(asking).ask(symbols)()
    assert [kept.value.tolist() for kept in found.values()] == [[0.3]] * 7
    assert [len(keys) for keys in asking.keys] == [7, 5, 3, 1]
    assert clock.now > before


def test_a_batch_that_is_never_answered_is_an_error_of_its_symbols_alone(on_dynamodb, aws, told):
    def throttled(client, table, asked):
        if len(asked["Keys"]) == 100:
            return {"Responses": {}, "UnprocessedKeys": {table: asked}}
        return whole(client, table, asked)

    client = Asked(aws[0], throttled)
    store = on_dynamodb(client)
    symbols = [f"S{number}" for number in range(105)]
    store.commit("S104", told([0.7]))
    found = store.ask(symbols)()
    assert {type(found[symbol]) for symbol in symbols[:100]} == {StoreUnavailable}
    assert found["S104"].value.tolist() == [0.7]


@pytest.mark.parametrize(
    "failure",
    [OUT_OF_REACH, ClientError({"Error": {"Code": "InternalServerError"}}, "BatchGetItem")],
)
def test_a_table_that_is_away_is_an_error_in_the_place_of_each_symbol(on_dynamodb, aws, failure):
    def away(*_):
        raise failure

    found = on_dynamodb(Asked(aws[0], away)).ask(["AAPL", "IBM"])()
    assert len(found) == 2
    assert all(isinstance(error, StoreUnavailable) for error in found.values())


def test_asking_for_nothing_asks_nobody(on_dynamodb):
    assert on_dynamodb(None).ask([])() == {}
