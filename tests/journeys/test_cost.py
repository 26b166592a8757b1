"""What a query costs, told before, charged at once, and given back where less was done."""

import json

import pytest

from graphql_api import execution
from graphql_api.schema.node import global_id

HEADERS = {"content-type": "application/json"}
USAGE = "{ usage { unitsUsed requests } }"
# The four kept symbols and two that are not: 2 units each where there is a signal to explain.
SIGNALS = """{ signals(symbols: ["AAPL", "GOOG", "IBM", "MSFT", "NONE", "NIL"]) {
    ... on Signal { explanation { summary } } ... on UserError { code } } }"""
NO_ONE = global_id("Instrument", "NONE")
INTROSPECTION = "query Q($of: String!) { __type(name: $of) { name fields { name } } }"


def send(way, key, query, headers=None, **variables):
    body = json.dumps({"query": query, "variables": variables}).encode()
    return way.send("POST", "/graphql", {"x-api-key": key} | HEADERS | (headers or {}), body)


def used(way, ask, key) -> dict[str, int]:
    return ask(way, USAGE, key).json["data"]["usage"]


def cost(answer) -> tuple[int, int]:
    told = answer.json["extensions"]["cost"]
    return told["requestedQueryCost"], told["actualQueryCost"]


def test_what_was_not_done_is_given_back(way, ask, new_key) -> None:
    key = new_key(way, plan="DEMO")
    answer = ask(way, SIGNALS, key)
    assert cost(answer) == (12, 10)
    assert '"daily";r=490' in answer.headers["ratelimit"]
    assert used(way, ask, key) == {"unitsUsed": 10, "requests": 2}


@pytest.mark.parametrize(
    ("query", "requested", "actual"),
    [
        # of the four possible types the dearest is asked for, and another is answered
        ('{ explanation(symbol: "NONE") { ... on Explanation { flips { price } } } }', 3, 2),
        # a signal of a page costs nothing by itself, its explanation does
        (
            """{ signalHistory(symbol: "IBM", from: "2013-02-20T00:00:00Z") {
                 ... on SignalHistory { signals(first: 50) { nodes { explanation { baseline } }
                                                             totalCount } } } }""",
            52,
            2 + 8,  # sessions from that day to the last that is kept
        ),
        (f'{{ node(id: "{NO_ONE}") {{ ... on Signal {{ explanation {{ summary }} }} }} }}', 2, 1),
        ('{ signal(symbol: "IBM") { ... on Signal { action } } }', 1, 1),
    ],
)
def test_a_shorter_page_and_a_cheaper_type_cost_less(
    http, ask, new_key, query, requested, actual
) -> None:
    key = new_key(http)
    answer = ask(http, query, key)
    assert "errors" not in answer.json
    assert cost(answer) == (requested, actual)
    assert used(http, ask, key)["unitsUsed"] == actual


def test_nothing_is_given_back_beneath_an_error(http, ask, new_key) -> None:
    key = new_key(http)
    query = """{ signal(symbol: "IBM") { __typename } symbols(first: 999) { totalCount } }"""
    assert cost(ask(http, query, key)) == (2, 2)
    assert used(http, ask, key)["unitsUsed"] == 2


def test_one_write_gives_back_and_none_where_all_was_done(http, ask, new_key, monkeypatch) -> None:
    from graphql_api.stores.sqlite import SqliteStore

    given: list[tuple[int, int]] = []
    give_back = SqliteStore.give_back

    def watched(self, account_id, day, requests, units):
        given.append((requests, units))
        give_back(self, account_id, day, requests, units)

    monkeypatch.setattr(SqliteStore, "give_back", watched)
    key = new_key(http)
    ask(http, '{ signal(symbol: "IBM") { __typename } }', key)
    ask(http, USAGE, key)
    assert given == []
    ask(http, SIGNALS, key)
    assert given == [(0, 2)]


def test_what_cannot_be_given_back_is_said_to_be_charged(http, ask, new_key, monkeypatch) -> None:
    from graphql_api.stores.sqlite import SqliteStore
    from market_data.errors import StoreUnavailable

    def fail(*_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(SqliteStore, "give_back", fail)
    key = new_key(http)
    answer = ask(http, SIGNALS, key)
    assert (answer.status, cost(answer)) == (200, (12, 12))
    assert used(http, ask, key)["unitsUsed"] == 12


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
def test_a_dry_run_tells_the_price_and_runs_nothing(way, ask, new_key, accept, monkeypatch) -> None:
    key = new_key(way, plan="DEMO")
    with monkeypatch.context() as patch:
        patch.setattr(execution, "execute", lambda *_, **__: 1 / 0)
        answer = send(way, key, SIGNALS, {"x-dry-run": "1", "accept": accept})
    assert answer.status == 200
    assert answer.json["data"] is None
    assert "errors" not in answer.json
    assert answer.json["extensions"]["dryRun"] is True
    assert answer.json["extensions"]["cost"]["maximumQueryCost"] == 100
    assert cost(answer) == (12, 0)
    assert used(way, ask, key) == {"unitsUsed": 0, "requests": 2}


def test_a_dry_run_tells_even_a_price_that_would_be_refused(http, new_key) -> None:
    symbols = json.dumps(["IBM"] * 100)
    query = f"{{ signals(symbols: {symbols}) {{ ... on Signal {{ explanation {{ summary }} }} }} }}"
    key = new_key(http, plan="DEMO")
    assert cost(send(http, key, query, {"x-dry-run": "true"})) == (200, 0)
    assert send(http, key, query, {"x-dry-run": "0"}).code == "QUERY_TOO_COMPLEX"


def test_a_dry_run_of_what_cannot_run_says_so(http, new_key) -> None:
    key = new_key(http)
    assert send(http, key, "{ no }", {"x-dry-run": "1"}).code == "GRAPHQL_VALIDATION_FAILED"
    unclear = send(http, key, USAGE, {"x-dry-run": "yes please"})
    assert (unclear.status, unclear.code) == (400, "BAD_REQUEST")


def test_a_dry_run_may_be_asked_from_other_origins(way) -> None:
    answer = way.send(
        "OPTIONS",
        "/graphql",
        {
            "origin": "https://app.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "x-dry-run",
        },
    )
    assert answer.status == 200
    assert "x-dry-run" in answer.headers["access-control-allow-headers"].lower()


def test_introspection_is_answered_once_for_all_and_costs_no_units(
    http, ask, new_key, monkeypatch
) -> None:
    first, second = new_key(http), new_key(http)
    answers = [ask(http, INTROSPECTION, first, of="Signal")]
    with monkeypatch.context() as patch:
        patch.setattr(execution, "execute", lambda *_, **__: 1 / 0)
        answers += [ask(http, INTROSPECTION, key, of="Signal") for key in (first, second)]
    assert all(one.json["data"] == answers[0].json["data"] for one in answers)
    assert answers[0].json["data"]["__type"]["name"] == "Signal"
    assert ask(http, INTROSPECTION, first, of="Bar").json["data"]["__type"]["name"] == "Bar"
    assert used(http, ask, first) == {"unitsUsed": 0, "requests": 4}


def test_an_introspection_that_fails_is_told_and_not_remembered(http, ask, new_key) -> None:
    key = new_key(http)
    query = 'query ($of: String = "Bar") { __type(name: $of) { name } }'
    for _ in range(2):
        assert ask(http, query, key, of=None).code == "BAD_USER_INPUT"
    assert ask(http, query, key).json["data"] == {"__type": {"name": "Bar"}}
