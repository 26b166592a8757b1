"""Turns at sources in a table: one conditional write each."""

import pytest
from botocore.exceptions import ReadTimeoutError

from market_data.calendar import DAY, SECOND
from market_data.errors import StoreUnavailable
from market_data.sources.turns import KeptTurns
from market_data.stores.dynamodb import DynamoDBTurns

UNTIL = 1_795_003_200 * SECOND


@pytest.fixture
def turns(aws, place):
    return DynamoDBTurns(lambda: aws[0], place)


def item(aws, place, name):
    key = {"pk": {"S": f"P#{name}"}, "sk": {"S": "TURNS"}}
    return aws[0].get_item(TableName=place, Key=key)["Item"]


def test_who_has_seen_the_newest_writes_and_others_are_told_what_is_there(turns, aws, place):
    assert turns.swap("tiingo#1", 0, "first", UNTIL) is None
    assert turns.swap("tiingo#1", 0, "other", UNTIL) == KeptTurns(1, "first")
    assert turns.swap("tiingo#1", 1, "second", UNTIL) is None
    assert turns.swap("tiingo#1", 1, "other", UNTIL) == KeptTurns(2, "second")
    assert turns.swap("tiingo#2", 0, "apart", UNTIL) is None
    assert item(aws, place, "tiingo#1")["packed"] == {"S": "second"}


def test_they_go_by_themselves_a_day_after_they_count(turns, aws, place):
    turns.swap("tiingo#1", 0, "first", UNTIL)
    assert item(aws, place, "tiingo#1")["expires_at"] == {"N": str((UNTIL + DAY) // SECOND)}
    aws[0].delete_item(TableName=place, Key={"pk": {"S": "P#tiingo#1"}, "sk": {"S": "TURNS"}})
    assert turns.swap("tiingo#1", 1, "second", UNTIL) == KeptTurns(0, "")
    assert turns.swap("tiingo#1", 0, "second", UNTIL) is None


def test_a_write_whose_answer_is_lost_is_not_made_twice(aws, place):
    calls = []

    class Unheard:
        def put_item(self, **asked):
            calls.append(asked)
            raise ReadTimeoutError(endpoint_url="http://table")

    with pytest.raises(StoreUnavailable):
        DynamoDBTurns(Unheard, place).swap("tiingo#1", 0, "first", UNTIL)
    assert len(calls) == 1


def test_a_client_is_made_when_it_is_needed_and_closed():
    closed = []

    class Client:
        def put_item(self, **_):
            return {}

        def close(self):
            closed.append(True)

    turns = DynamoDBTurns(Client, "bars")
    turns.close()
    assert not closed
    turns.swap("tiingo#1", 0, "first", UNTIL)
    turns.close()
    assert closed
