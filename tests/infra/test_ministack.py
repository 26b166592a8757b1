"""The DynamoDB that the guard is attacked on loses no write, and says what refused one."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest

from graphql_api.stores.dynamodb.items import TABLE
from infra import ministack
from infra.ministack import Ministack

KEY = {"pk": {"S": "ACCT#1"}, "sk": {"S": "USE#2026-11-21"}}


@pytest.fixture
def client(monkeypatch):
    with Ministack() as place:
        for name, value in place.environment().items():
            monkeypatch.setenv(name, value)
        client = boto3.client("dynamodb")
        client.create_table(TableName="tried", **TABLE)
        yield client
        client.close()


def test_racing_writes_are_all_kept_and_stop_at_the_condition(client):
    client.put_item(TableName="tried", Item={**KEY, "used": {"N": "0"}})

    def charge(_):
        try:
            client.update_item(
                TableName="tried",
                Key=KEY,
                UpdateExpression="SET used = used + :one",
                ConditionExpression="used < :day",
                ExpressionAttributeValues={":one": {"N": "1"}, ":day": {"N": "60"}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except client.exceptions.ConditionalCheckFailedException as refused:
            return refused.response["Item"]["used"]["N"]
        return "admitted"

    with ThreadPoolExecutor(8) as pool:
        answers = Counter(pool.map(charge, range(100)))
    assert answers == {"admitted": 60, "60": 40}
    assert client.get_item(TableName="tried", Key=KEY)["Item"]["used"] == {"N": "60"}


def test_a_program_that_is_not_there_is_named_with_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(ministack, "PROGRAM", tmp_path / "ministack")
    with pytest.raises(FileNotFoundError, match="make ministack"), Ministack():
        pass


def test_a_program_that_does_not_answer_is_an_error(monkeypatch, tmp_path):
    program = tmp_path / "ministack"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o700)
    monkeypatch.setattr(ministack, "PROGRAM", program)
    with pytest.raises(RuntimeError, match="does not answer"), Ministack():
        pass
