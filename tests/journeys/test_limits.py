"""Limits, outages and failures: who is refused when, what it costs, and what is said."""

import itertools
import json
import logging
import sqlite3
from dataclasses import replace

import pytest

import engine
from graphql_api.limits import LIMITS
from graphql_api.stores import Scope
from market_data.errors import StoreUnavailable
from market_data.stores import SqliteBarStore

SIGNAL = '{ signal(symbol: "IBM") { __typename ... on Signal { action } } }'
USAGE = "{ usage { unitsUsed requests } }"


def dear(parts: int) -> str:
    """A query of so many signals, explained with both kinds of flips, four units each."""
    symbols = ", ".join(['"IBM"'] * parts)
    return f"""{{ signals(symbols: [{symbols}]) {{ ... on Signal {{
        explanation {{ flips {{ price }} nextFlips {{ price }} }} }} }} }}"""


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the strategies that resolvers asked the engine to decide by."""
    asked: list[str] = []
    decide = engine.decide

    def watched(name, *rest, **parameters):
        asked.append(name)
        return decide(name, *rest, **parameters)

    monkeypatch.setattr(engine, "decide", watched)
    return asked


def test_a_spent_rate_is_a_429_before_any_resolver_runs(
    http, ask, new_key, clock, resolved
) -> None:
    key = new_key(http, plan="DEMO")
    admitted = 0
    while ask(http, SIGNAL, key).status == 200:
        admitted += 1
    assert 9 <= admitted <= 10  # the burst of DEMO, of which 95 % are guaranteed
    decisions = len(resolved)
    refused = ask(http, SIGNAL, key)
    assert (refused.status, refused.code) == (429, "RATE_LIMITED")
    assert len(resolved) == decisions
    wait = int(refused.headers["retry-after"])
    assert wait == 1
    assert refused.json["errors"][0]["extensions"]["retryAfter"] == wait
    assert refused.json["errors"][0]["extensions"]["limit"] == "burst"
    assert '"burst";r=0' in refused.headers["ratelimit"]
    assert refused.json["extensions"]["cost"] == {
        "requestedQueryCost": 1,
        "actualQueryCost": 0,
        "throttleStatus": {"maximumAvailable": 9, "currentlyAvailable": 0, "restoreRate": 5},
    }
    assert "data" not in refused.json
    clock.move(wait)
    assert ask(http, SIGNAL, key).status == 200
    assert ask(http, USAGE, key).json["data"]["usage"]["unitsUsed"] == admitted + 1


def test_a_spent_quota_is_a_429_until_midnight_and_usage_still_answers(
    http, ask, new_key, clock, resolved
) -> None:
    key = new_key(http, plan="DEMO")  # 500 units a day
    for _ in range(5):
        assert ask(http, dear(25), key).status == 200
        clock.move(5)
    decisions = len(resolved)
    refused = ask(http, SIGNAL, key)
    assert (refused.status, refused.code) == (429, "QUOTA_EXCEEDED")
    assert len(resolved) == decisions
    assert refused.json["errors"][0]["extensions"]["limit"] == "daily"
    cost = refused.json["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (1, 0)
    assert cost["throttleStatus"]["restoreRate"] == 5
    assert refused.json["errors"][0]["extensions"]["resetsAt"].startswith("2026-11-19T00:00:00")
    assert int(refused.headers["retry-after"]) == pytest.approx(12 * 3600, abs=30)
    usage = ask(http, USAGE, key)
    assert usage.status == 200
    assert usage.json["data"]["usage"] == {"unitsUsed": 500, "requests": 6}
    clock.move(int(refused.headers["retry-after"]))
    assert ask(http, SIGNAL, key).status == 200
    assert ask(http, USAGE, key).json["data"]["usage"]["unitsUsed"] == 1


def test_a_query_dearer_than_the_plan_allows_is_refused_with_its_price(way, ask, new_key) -> None:
    key = new_key(way, plan="DEMO")
    refused = ask(way, dear(26), key)
    assert (refused.status, refused.code) == (400, "QUERY_TOO_COMPLEX")
    assert refused.json["errors"][0]["extensions"] == {
        "code": "QUERY_TOO_COMPLEX",
        "limit": "cost",
        "value": 104,
        "maximum": 100,
    }
    assert ask(way, USAGE, key).json["data"]["usage"]["unitsUsed"] == 0


def searching(page: int) -> str:
    """A query that searches for flip prices twice for each signal of a page."""
    return f"""{{ signalHistory(symbol: "IBM") {{ ... on SignalHistory {{ signals(last: {page}) {{
        edges {{ node {{ explanation {{ flips {{ price }} ...next }} }} }} }} }} }} }}
        fragment next on Explanation {{ nextFlips {{ price }} }}"""


def test_flip_prices_are_searched_for_so_often_and_the_symbols_of_a_screen_fit(
    http, new_key
) -> None:
    sent = {"x-api-key": new_key(http, plan="ENTERPRISE"), "content-type": "application/json"}

    def priced(query: str, **more: str):
        body = json.dumps({"query": query}).encode()
        return http.send("POST", "/graphql", sent | {"x-dry-run": "1"} | more, body)

    for fitting, units in ((dear(100), 400), (searching(100), 302)):
        answer = priced(fitting).json
        assert "errors" not in answer
        assert answer["extensions"]["cost"]["requestedQueryCost"] == units
    for more in ({}, {"x-dry-run": "0"}, {"accept": "application/graphql-response+json"}):
        refused = priced(searching(101), **more)
        assert refused.status == 400
        assert refused.json["extensions"] == {
            "cost": {"requestedQueryCost": 305, "actualQueryCost": 0}
        }
        assert refused.json["errors"] == [
            {
                "message": "The query has 202 searches for flip prices; it may have 200.",
                "extensions": {
                    "code": "QUERY_TOO_COMPLEX",
                    "limit": "flips",
                    "value": 202,
                    "maximum": 200,
                },
            }
        ]
        assert "data" not in refused.json
    dear_besides = http.send(
        "POST",
        "/graphql",
        sent | {"x-api-key": new_key(http)},
        json.dumps({"query": searching(200)}).encode(),
    )
    assert dear_besides.json["errors"][0]["extensions"]["limit"] == "cost"  # of 500 for BASIC


def test_an_answer_too_long_to_be_handed_on_is_an_error_with_its_length(
    way, ask, new_key, monkeypatch
) -> None:
    key = new_key(way)
    page = '{ bars(symbol: "IBM") { ... on BarSeries { bars(first: %d) { nodes { time } } } } }'
    monkeypatch.setitem(LIMITS, "bytes", replace(LIMITS["bytes"], maximum=5_000))
    assert len(ask(way, page % 50, key).json["data"]["bars"]["bars"]["nodes"]) == 50
    long = ask(way, page % 200, key)
    assert (long.status, long.code) == (200, "QUERY_TOO_COMPLEX")
    assert long.json["data"] is None
    told = long.json["errors"][0]["extensions"]
    assert (told["limit"], told["maximum"]) == ("bytes", 5_000)
    assert told["value"] > 200 * len('{"time":"2000-03-01T00:00:00Z"}')
    assert long.json["extensions"]["cost"]["actualQueryCost"] == 2
    assert "ratelimit" in {name.lower() for name in long.headers}


class Invocation:
    """An invocation of a function, with so much time left."""

    def __init__(self, seconds: float) -> None:
        self._left = round(seconds * 1_000)

    def get_remaining_time_in_millis(self) -> int:
        return self._left


def test_what_would_outlast_its_function_is_answered_and_a_mutation_is_carried_through(
    lambda_, ask, new_key, monkeypatch
) -> None:
    key = new_key(lambda_, scopes=[Scope.SIGNALS_READ, Scope.KEYS_WRITE])
    page = """{ signalHistory(symbol: "IBM") { ... on SignalHistory { signals(last: 50) {
        nodes { explanation { summary } } } } } }"""
    seconds = itertools.count()  # one goes by between any two looks at the clock
    monkeypatch.setattr("graphql_api.limits.time_left.monotonic", lambda: next(seconds))
    monkeypatch.setattr(lambda_, "invocation", Invocation(1_000.0))
    assert "errors" not in ask(lambda_, page, key).json
    monkeypatch.setattr(lambda_, "invocation", Invocation(9.5))
    late = ask(lambda_, page, key)
    assert late.status == 200
    error = late.json["errors"][0]
    assert error["message"] == "The query takes longer than a request may; ask for less at once."
    assert error["extensions"] == {"code": "QUERY_TOO_COMPLEX", "limit": "time"}
    assert error["path"][:3] == ["signalHistory", "signals", "nodes"]
    assert late.json["data"] is None
    assert late.json["extensions"]["cost"]["actualQueryCost"] == 52
    monkeypatch.setattr(lambda_, "invocation", Invocation(1.0))
    assert ask(lambda_, SIGNAL, key).code == "QUERY_TOO_COMPLEX"
    made = ask(lambda_, "mutation { createApiKey(input: {}) { key { scopes } } }", key).json
    assert made["data"] == {"createApiKey": {"key": {"scopes": ["SIGNALS_READ"]}}}


def test_an_unreachable_store_is_a_503_and_never_an_open_door(http, ask, new_key, data) -> None:
    key = new_key(http)
    assert ask(http, SIGNAL, key).status == 200
    # Another process holds the file: the known key is still known, and still nothing is served.
    holding = sqlite3.connect(data / "accounts.sqlite", isolation_level=None)
    holding.execute("BEGIN EXCLUSIVE")
    try:
        for _ in range(2):
            refused = ask(http, SIGNAL, key)
            assert (refused.status, refused.code) == (503, "UNAVAILABLE")
            assert int(refused.headers["retry-after"]) >= 1
            assert "data" not in refused.json
    finally:
        holding.execute("ROLLBACK")
        holding.close()
    assert ask(http, SIGNAL, key).status == 200


def test_a_failure_of_ours_is_masked_logged_and_not_charged(
    http, ask, new_key, monkeypatch, caplog
) -> None:
    key = new_key(http)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret insides of ours")

    monkeypatch.setattr(engine, "decide", fail)
    with caplog.at_level(logging.ERROR):
        failed = ask(http, SIGNAL, key)
    assert failed.code == "INTERNAL"
    assert failed.json["data"] is None
    error = failed.json["errors"][0]
    assert error["message"] == "Internal error"
    assert error["extensions"]["requestId"] == failed.headers["x-request-id"]
    assert b"insides" not in failed.body
    causes = [record for record in caplog.records if record.exc_info]
    assert len(causes) == 1
    assert "secret insides of ours" in str(causes[0].exc_info[1])
    assert failed.json["extensions"]["cost"]["actualQueryCost"] == 0
    assert ask(http, USAGE, key).json["data"]["usage"]["unitsUsed"] == 0


def test_a_failure_behind_five_mistakes_of_the_caller_is_logged_and_not_charged(
    http, ask, new_key, monkeypatch, caplog
) -> None:
    key = new_key(http)
    told = ask(http, '{ signal(symbol: "IBM") { ... on Signal { id } } }', key).json
    used = told["extensions"]["cost"]["actualQueryCost"]

    def fail(*_: object) -> None:
        raise RuntimeError("secret insides of ours")

    monkeypatch.setattr("graphql_api.judgement.Judge.ask", fail)
    wrong = " ".join(f'a{i}: node(id: "x") {{ id }}' for i in range(5))
    query = f'{{ {wrong} ours: node(id: "{told["data"]["signal"]["id"]}") {{ id }} }}'
    with caplog.at_level(logging.ERROR):
        failed = ask(http, query, key)
    assert [error["extensions"]["code"] for error in failed.json["errors"]] == [
        "BAD_USER_INPUT"
    ] * 5
    assert failed.json["extensions"]["cost"]["actualQueryCost"] == 0
    (cause,) = [record for record in caplog.records if record.exc_info]
    assert "secret insides of ours" in str(cause.exc_info[1])
    assert ask(http, USAGE, key).json["data"]["usage"]["unitsUsed"] == used


def test_a_cause_that_several_fields_share_is_logged_once(
    http, ask, new_key, monkeypatch, caplog
) -> None:
    key = new_key(http)
    ids = [
        ask(http, f'{{ signal(symbol: "{name}") {{ ... on Signal {{ id }} }} }}', key)
        for name in ("IBM", "AAPL", "MSFT")
    ]
    ids = [one.json["data"]["signal"]["id"] for one in ids]

    def away(*_: object) -> None:
        raise StoreUnavailable("the file of bars is locked")

    monkeypatch.setattr(SqliteBarStore, "load", away)
    fields = " ".join(f'a{i}: node(id: "{one}") {{ id }}' for i, one in enumerate(ids))
    with caplog.at_level(logging.WARNING):
        failed = ask(http, f"{{ {fields} }}", key)
    codes = [error["extensions"]["code"] for error in failed.json["errors"]]
    assert codes == ["UNAVAILABLE"] * 3
    (cause,) = [record for record in caplog.records if record.exc_info]
    assert cause.getMessage() == "store unavailable"


def test_a_failure_outside_of_resolvers_is_masked_too(http, ask, new_key, monkeypatch) -> None:
    key = new_key(http)
    monkeypatch.setattr("graphql_api.execution.execute", lambda *_, **__: 1 / 0)
    failed = ask(http, SIGNAL, key)
    assert (failed.status, failed.code) == (500, "INTERNAL")
    assert b"division" not in failed.body
    assert failed.headers["x-request-id"]


def test_bars_that_cannot_be_read_are_a_failure_of_ours(http, ask, new_key, monkeypatch) -> None:
    from market_data.errors import StoreUnavailable
    from market_data.stores import SqliteBarStore

    key = new_key(http)

    def fail(*_: object) -> None:
        raise StoreUnavailable("/a/path/of/ours is locked")

    monkeypatch.setattr(SqliteBarStore, "load", fail)
    failed = ask(http, SIGNAL, key)
    assert failed.code == "UNAVAILABLE"
    assert b"path" not in failed.body.replace(b'"path":["signal"]', b"")
    monkeypatch.undo()
    assert ask(http, USAGE, key).json["data"]["usage"]["unitsUsed"] == 0


def test_a_key_without_the_scope_may_ask_for_what_is_free_only(way, ask, new_key) -> None:
    key = new_key(way, scopes=[Scope.KEYS_WRITE])
    assert ask(way, USAGE, key).status == 200
    refused = ask(way, SIGNAL, key)
    assert (refused.status, refused.code) == (403, "FORBIDDEN")
    assert "signals:read" in refused.json["errors"][0]["message"]
