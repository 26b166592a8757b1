"""Bars in DynamoDB and S3, read by the whole app: the same answers, and outages told as such."""

from dataclasses import replace

import pytest
from botocore.exceptions import EndpointConnectionError
from starlette.testclient import TestClient

from graphql_api.app import create_app, open_accounts, open_bars
from graphql_api.guard.accounts import Accounts
from graphql_api.settings import Settings
from market_data.sample import seed
from market_data.stores.dynamodb import TABLE, connect, connect_s3
from market_data.stores.dynamodb import backend as backend_module
from tests.aws import REGION, in_memory

ANSWER = """
query ($asOf: DateTime) {
  signals(symbols: ["IBM", "NONE", "AAPL", "MSFT"], asOf: $asOf) {
    ... on Signal {
      symbol action score
      provenance { dataVersion strategyHash resolvedAsOf final source bars freshnessSeconds }
    }
    ... on UnknownSymbol { symbol suggestions }
  }
}
"""


@pytest.fixture
def aws():
    with in_memory():
        dynamodb, s3 = connect(), connect_s3()
        dynamodb.create_table(TableName="bars", **TABLE)
        s3.create_bucket(Bucket="bars", CreateBucketConfiguration={"LocationConstraint": REGION})
        yield dynamodb, s3


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path, bars="dynamodb", bars_table="bars", bars_bucket="bars")


def seeded(settings, clock):
    store = open_bars(settings, clock)
    seed(store, sleep=clock.move)
    store.close()


def ask(settings, clock, query, **variables):
    accounts = open_accounts(settings)[0]
    key = Accounts(accounts, clock).open_account("Journey", "BASIC").secret
    accounts.close()
    with TestClient(create_app(settings, clock), raise_server_exceptions=False) as client:
        return client.post(
            "/graphql", json={"query": query, "variables": variables}, headers={"x-api-key": key}
        )


def test_both_homes_of_bars_give_the_same_answers(aws, settings, data, clock):
    seeded(settings, clock)
    moment = "2026-11-18T12:00:10Z"
    clock.move(60)
    on_aws = ask(settings, clock, ANSWER, asOf=moment).json()["data"]["signals"]
    in_file = ask(Settings(data=data), clock, ANSWER, asOf=moment).json()["data"]["signals"]
    assert [one["symbol"] for one in on_aws] == ["IBM", "NONE", "AAPL", "MSFT"]
    assert on_aws[0]["provenance"]["final"] is True
    assert on_aws[0]["provenance"]["freshnessSeconds"] == 0
    assert on_aws == in_file


def test_freshness_is_told_and_leaves_only_what_was_read_final(aws, settings, clock):
    seeded(settings, clock)
    settings = replace(settings, bars_fresh_seconds=30)
    clock.move(60)
    query = """{ signal(symbol: "IBM", asOf: "2026-11-18T12:01:00Z") { ... on Signal {
        provenance { freshnessSeconds final resolvedAsOf } } } }"""
    told = ask(settings, clock, query).json()["data"]["signal"]["provenance"]
    assert told == {
        "freshnessSeconds": 30,
        "final": True,
        "resolvedAsOf": "2026-11-18T12:01:00Z",
    }


def test_without_s3_what_needs_it_is_unavailable_and_all_else_is_answered(
    aws, settings, clock, monkeypatch
):
    monkeypatch.setattr(backend_module, "LARGE", 20_000)
    seeded(settings, clock)

    class Down:
        def get_object(self, **request):
            raise EndpointConnectionError(endpoint_url="https://s3")

        def close(self):
            pass

    monkeypatch.setattr("market_data.stores.dynamodb.connect_s3", Down)
    clock.move(60)
    signal = "{ ... on Signal { symbol } }"
    reply = ask(settings, clock, f'{{ signal(symbol: "GOOG") {signal} }}')
    assert reply.status_code == 503
    assert int(reply.headers["Retry-After"]) >= 1
    [error] = reply.json()["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert "S3" not in reply.text
    assert reply.json()["extensions"]["cost"]["actualQueryCost"] == 0
    reply = ask(settings, clock, f'{{ signal(symbol: "IBM") {signal} }}')
    assert reply.json()["data"] == {"signal": {"symbol": "IBM"}}
