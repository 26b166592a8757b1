"""Sentiment in a table: how it is asked for, and what happens where the table does not answer."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from market_data.errors import StoreUnavailable
from market_data.stores.dynamodb.readings import LARGEST

LARGE = bytes(LARGEST)
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


def whole(client, table, asked):
    return client.batch_get_item(RequestItems={table: asked})


def by_two(client, table, asked):
    """The first two keys, and the rest is left."""
    first, left = asked["Keys"][:2], asked["Keys"][2:]
    answer = client.batch_get_item(RequestItems={table: {**asked, "Keys": first}})
    return answer | {"UnprocessedKeys": {table: {**asked, "Keys": left}} if left else {}}


def test_as_many_symbols_are_asked_for_in_one_call_as_its_answer_surely_holds(
    on_dynamodb, aws, place
):
    client = Asked(aws[0], whole)
    store = on_dynamodb(client)
    symbols = [f"S{number}" for number in range(45)]
    for symbol in symbols:
        assert store.swap(symbol, 0, LARGE)
    found = store.load(symbols)()
    assert {len(kept.packed) for kept in found.values()} == {LARGEST}
    assert sorted(map(len, client.keys)) == [5, 40]
    assert sorted(symbol for keys in client.keys for symbol in keys) == sorted(symbols)
    assert client.consistent == {True}


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
        if len(asked["Keys"]) == 40:
            return {"Responses": {}, "UnprocessedKeys": {table: asked}}
        return whole(client, table, asked)

    client = Asked(aws[0], throttled)
    store = on_dynamodb(client)
    symbols = [f"S{number}" for number in range(45)]
    store.commit("S44", told([0.7]))
    found = store.ask(symbols)()
    assert {type(found[symbol]) for symbol in symbols[:40]} == {StoreUnavailable}
    assert found["S44"].value.tolist() == [0.7]


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
