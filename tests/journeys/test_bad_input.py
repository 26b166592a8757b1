"""What is wrong is said in a sentence, with a code, by either way in; nothing is ever a 500."""

import json

import pytest

from graphql_api.guard.keys import mint
from graphql_api.stores import Scope

JSON = {"content-type": "application/json"}
NEWER = {"accept": "application/graphql-response+json"}
QUERY = b'{"query": "{ __typename }"}'
SIGNAL = """query Q($symbol: Symbol!, $at: DateTime, $interval: Interval! = ONE_DAY) {
  signal(symbol: $symbol, at: $at, interval: $interval) {
    __typename
    ... on UserError { message code }
    ... on UnknownSymbol { suggestions }
    ... on NotEnoughHistory { barsNeeded barsKnown }
  }
}"""


def broken(key: str) -> str:
    """The key with one character of its random part changed, so that its checksum is wrong."""
    return key[:10] + ("A" if key[10] != "A" else "B") + key[11:]


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "An API key is needed, in the header x-api-key."),
        ({"x-api-key": ""}, "not an API key"),
        ({"x-api-key": "let-me-in-at-once"}, "not an API key"),
        ({"x-api-key": "x" * 5_000}, "key"),
        ({"x-api-key": broken(mint("live"))}, "key"),
        ({"x-api-key": mint("test")}, "test"),
        ({"x-api-key": mint("live")}, "not known"),
        ({"authorization": "Bearer abc"}, "x-api-key"),
    ],
    ids=["none", "empty", "junk", "long", "checksum", "environment", "unknown", "token"],
)
def test_without_a_good_key_nothing_is_even_parsed(way, headers, said) -> None:
    for body in (QUERY, b'{"query": "{ does not parse"}', b"not JSON", b""):
        refused = way.send("POST", "/graphql", headers | JSON, body)
        assert refused.status == 401
        assert refused.code == "UNAUTHENTICATED"
        assert said in refused.json["errors"][0]["message"]
        assert "data" not in refused.json
        assert "www-authenticate" in refused.headers
        assert not headers.get("x-api-key") or headers["x-api-key"] not in refused.body.decode()


def test_a_revoked_key_is_refused_at_once(way, ask) -> None:
    made = way.deeds.open_account("Short", "BASIC")
    assert ask(way, "{ __typename }", made.secret).status == 200
    way.deeds.revoke_key(made.account.id, made.key.id)
    refused = ask(way, "{ __typename }", made.secret)
    assert (refused.status, refused.code) == (401, "UNAUTHENTICATED")
    assert "revoked" in refused.json["errors"][0]["message"]


def test_a_key_ends_when_it_was_said_to(http, ask, clock) -> None:
    made = http.deeds.open_account("Short", "BASIC", expires_at=clock() + 60_000_000)
    assert ask(http, "{ __typename }", made.secret).status == 200
    clock.move(61)
    refused = ask(http, "{ __typename }", made.secret)
    assert (refused.status, refused.code) == (401, "UNAUTHENTICATED")
    assert "expired" in refused.json["errors"][0]["message"]


def test_an_interval_that_is_not_kept_is_told_where_to_look(http, ask) -> None:
    answer = ask(http, SIGNAL, symbol="IBM", interval="ONE_HOUR").json["data"]["signal"]
    assert (answer["barsKnown"], answer["code"]) == (0, "NOT_ENOUGH_HISTORY")
    assert answer["message"].endswith("; symbols tells which intervals are kept, and since when.")


def test_an_unknown_symbol_is_told_what_reads_like_it(way, ask) -> None:
    answer = ask(way, SIGNAL, symbol="APPL").json["data"]["signal"]
    assert answer["code"] == "UNKNOWN_SYMBOL"
    assert answer["suggestions"] == ["AAPL"]
    assert "APPL" in answer["message"]


@pytest.mark.parametrize("symbol", ["A" * 10_000, "", "AA PL", "aapl"])
def test_what_is_no_symbol_is_refused_shortly(way, ask, symbol) -> None:
    refused = ask(way, SIGNAL, symbol=symbol)
    assert refused.code == "BAD_USER_INPUT"
    assert len(refused.body) < 1_500
    literal = ask(way, f'{{ signal(symbol: "{symbol}") {{ __typename }} }}')
    assert literal.code == "BAD_USER_INPUT"
    assert literal.json["errors"][0]["locations"] == [{"line": 1, "column": 18}]


@pytest.mark.parametrize("given", ["{}", "{preset: null}", "{preset: $preset}", "$strategy"])
@pytest.mark.parametrize("value", [None, {}, {"preset": None}])
def test_a_strategy_that_names_none_is_a_mistake_of_the_caller(http, ask, given, value) -> None:
    declared = {
        "$preset": "($preset: PresetInput)",
        "$strategy": "($strategy: StrategyInput)",
    }.get(given.removeprefix("{preset: ").removesuffix("}"), "")
    query = f"""query {declared} {{ signal(symbol: "IBM", strategy: {given}) {{ __typename }} }}"""
    answer = ask(http, query, **({"strategy": value} if "strategy" in declared else {}))
    if "strategy" in declared and value is None:
        assert answer.json["data"]["signal"] == {"__typename": "Signal"}  # none is the default
        return
    assert answer.code in {"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"}
    assert "non-null" in answer.json["errors"][0]["message"]


@pytest.mark.parametrize("given", ["9" * 5_000, "[[1e999]]", "{a: 1}", "RED", "null", "true"])
def test_a_literal_of_another_kind_is_no_failure_of_ours(http, ask, given) -> None:
    refused = ask(http, f"{{ signal(symbol: {given}) {{ __typename }} }}")
    assert refused.code in {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}
    assert refused.json["errors"][0]["locations"]
    assert len(refused.body) < 6_000


def test_before_the_first_bar_there_is_too_little_history(way, ask) -> None:
    answer = ask(way, SIGNAL, symbol="AAPL", at="1999-12-31T00:00:00Z").json["data"]["signal"]
    assert answer["code"] == "NOT_ENOUGH_HISTORY"
    assert answer["barsKnown"] == 0
    assert answer["barsNeeded"] > 0


def test_an_interval_without_bars_is_too_little_history(way, ask) -> None:
    answer = ask(way, SIGNAL, symbol="AAPL", interval="FOUR_HOURS").json["data"]["signal"]
    assert (answer["code"], answer["barsKnown"]) == ("NOT_ENOUGH_HISTORY", 0)
    assert "FOUR_HOURS" in answer["message"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is empty"),
        (b"   ", "is empty"),
        (b"{", "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (b"[" * 3_000 + b"]" * 3_000, "not JSON in UTF-8: it nests"),
        (b"null", "JSON object"),
        (b"1", "JSON object"),
        (b'"{ __typename }"', "JSON object"),
        (b"[]", "batch"),
        (b"{}", "query is missing"),
        (b'{"query": 5}', "query must be a string with the document"),
        (b'{"query": 5, "documentId": "d"}', "query must be a string with the document"),
        (b'{"query": " "}', "query is empty"),
        (b'{"query": "{ __typename }", "variables": []}', "variables must be a JSON object"),
        (b'{"query": "{ __typename }", "variables": "x"}', "variables must be a JSON object"),
        (b'{"query": "{ __typename }", "operationName": 5}', "operationName must be a string"),
        (b'{"query": "{ __typename }", "operationName": "B"}', "No operation is named 'B'"),
        (b'{"query": "query A { __typename } query B { __typename }"}', "several operations"),
        (b'{"query": "fragment F on Query { __typename }"}', "fragment"),
    ],
)
@pytest.mark.parametrize("accept", [{}, NEWER], ids=["older", "newer"])
def test_a_body_that_is_no_query_is_a_400(way, new_key, body, said, accept) -> None:
    refused = way.send("POST", "/graphql", {"x-api-key": new_key(way)} | JSON | accept, body)
    if b"fragment F" in body:  # it parses, and does not fit the schema: nothing uses it
        assert refused.code == "GRAPHQL_VALIDATION_FAILED"
        return
    assert (refused.status, refused.code) == (400, "BAD_REQUEST")
    assert said in refused.json["errors"][0]["message"]
    assert "data" not in refused.json


@pytest.mark.parametrize(
    ("query", "variables", "code", "said"),
    [
        ("{ symbols { ", {}, "GRAPHQL_PARSE_FAILED", "Syntax Error"),
        ("{ signl { action } }", {}, "GRAPHQL_VALIDATION_FAILED", "Did you mean 'signal'"),
        ('{ signal(symbol: "IBM") { action } }', {}, "GRAPHQL_VALIDATION_FAILED", "SignalResult"),
        (SIGNAL, {"symbol": 5}, "BAD_USER_INPUT", "no Symbol"),
        (SIGNAL, {}, "BAD_USER_INPUT", "symbol"),
        (SIGNAL, {"symbol": "IBM", "interval": "DAILY"}, "BAD_USER_INPUT", "Interval"),
        (SIGNAL, {"symbol": "IBM", "at": "yesterday"}, "BAD_USER_INPUT", "RFC 3339"),
        ("x" * 15_001, {}, "QUERY_TOO_COMPLEX", "15001 characters"),
        ("{" + " __typename" * 1_001 + "}", {}, "QUERY_TOO_COMPLEX", "may have 1000"),
        ("{ a" * 40, {}, "GRAPHQL_PARSE_FAILED", "Syntax Error"),
        ("{ a" * 400, {}, "QUERY_TOO_COMPLEX", "400 brackets"),
    ],
)
def test_a_query_that_cannot_run_says_why(way, new_key, query, variables, code, said) -> None:
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"x-api-key": new_key(way)} | JSON
    older = way.send("POST", "/graphql", headers, body)
    newer = way.send("POST", "/graphql", headers | NEWER, body)
    assert (older.status, newer.status) == (200, 400)
    for refused in (older, newer):
        assert refused.code == code
        assert said in refused.json["errors"][0]["message"]
        assert "data" not in refused.json
        assert refused.json["extensions"]["cost"]["actualQueryCost"] == 0


def test_a_parameter_out_of_its_range_is_an_error_of_its_field(way, ask) -> None:
    query = """{ signal(symbol: "IBM", strategy: {preset: {name: MOVING_AVERAGE_CROSS,
                 parameters: [{name: "%s", value: %s}]}}) { __typename } }"""
    for name, value, said in [
        ("fast", "0", "between 1 and 200"),
        ("fast", "2.5", "whole number"),
        ("speed", "3", "no parameter 'speed'"),
        ("fast", "500", "between"),
    ]:
        answer = ask(way, query % (name, value))
        assert answer.status == 200
        assert answer.code == "BAD_USER_INPUT"
        assert said in answer.json["errors"][0]["message"]
        assert answer.json["errors"][0]["path"] == ["signal"]
    twice = query.replace("]}}", ', {name: "fast", value: 3}]}}') % ("fast", "2")
    assert "twice" in ask(way, twice).json["errors"][0]["message"]


def test_an_explicit_null_where_none_may_stand_is_the_callers_fault(way, ask) -> None:
    query = 'query ($s: Symbol = "IBM") { signal(symbol: $s) { __typename } }'
    answer = ask(way, query, s=None)
    assert answer.code == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("{ symbols(first: 0) { totalCount } }", "1 to 200"),
        ("{ symbols(first: 201) { totalCount } }", "1 to 200"),
        ('{ symbols(after: "ÄÄ") { totalCount } }', "no cursor"),
        ('{ symbols(after: "=") { totalCount } }', "no cursor"),
        ("{ usage { history(days: 0) { date } } }", "1 to 30"),
        ("{ usage { history(days: 31) { date } } }", "1 to 30"),
    ],
)
def test_pages_and_days_out_of_range_are_refused_with_the_range(way, ask, query, said) -> None:
    answer = ask(way, query)
    assert answer.code in {"BAD_USER_INPUT", "QUERY_TOO_COMPLEX"}
    assert said in answer.json["errors"][0]["message"]


@pytest.mark.parametrize(
    ("method", "headers", "status", "said"),
    [
        ("PUT", JSON, 405, "POST or GET"),
        ("DELETE", {}, 405, "POST or GET"),
        ("POST", {}, 415, "application/json"),
        ("POST", {"content-type": "text/plain"}, 415, "application/json"),
        ("POST", {"content-type": "application/x-www-form-urlencoded"}, 415, "application/json"),
        ("POST", {"content-type": "application/json; charset=latin-1"}, 415, "UTF-8"),
        ("POST", JSON | {"accept": "text/html"}, 406, "application/json"),
    ],
)
def test_what_http_refuses_is_graphql_json_too(way, new_key, method, headers, status, said) -> None:
    refused = way.send(method, "/graphql", {"x-api-key": new_key(way)} | headers, QUERY)
    assert (refused.status, refused.code) == (status, "BAD_REQUEST")
    assert said in refused.json["errors"][0]["message"]
    if status == 405:
        assert refused.headers["allow"] == "GET, POST, OPTIONS"


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_over_the_limit_is_a_413(way, new_key, declared) -> None:
    headers = {"x-api-key": new_key(way)} | JSON
    if declared:
        headers["content-length"] = "100001"
    body = b'{"query": "' + b" " * 100_000 + b'"}'
    refused = way.send("POST", "/graphql", headers, body)
    assert (refused.status, refused.code) == (413, "BAD_REQUEST")
    assert "100000 bytes" in refused.json["errors"][0]["message"]


def test_an_unknown_address_is_graphql_json_too(way) -> None:
    refused = way.send("GET", "/nowhere")
    assert (refused.status, refused.code) == (404, "BAD_REQUEST")
    assert "/graphql" in refused.json["errors"][0]["message"]


def test_a_get_asks_by_its_address(way, new_key) -> None:
    headers = {"x-api-key": new_key(way)}
    path = "/graphql?query=query($s:Symbol!){signal(symbol:$s){__typename}}&variables="
    answer = way.send("GET", path + "%7B%22s%22%3A%22IBM%22%7D", headers)
    assert answer.json["data"] == {"signal": {"__typename": "Signal"}}
    assert way.send("GET", path + "%7B", headers).status == 400
    assert way.send("GET", "/graphql", headers).status == 400
    assert way.send("GET", "/graphql?query={__typename}").status == 401
    long = way.send("GET", "/graphql?query=" + "x" * 16_001, headers)
    assert long.status == 413


EDGES = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-14:00",
    "1969-12-31T23:59:59.999999+00:00",
]


@pytest.mark.parametrize("moment", EDGES)
def test_no_moment_at_the_edge_of_time_is_a_failure_of_ours(http, ask, new_key, moment) -> None:
    key = new_key(http, scopes=[Scope.SIGNALS_READ, Scope.KEYS_WRITE])
    told = "id provenance { resolvedAsOf }"
    fields = [
        f'signal(symbol: "IBM", %s: $m) {{ ... on Signal {{ {told} barTime }} }}',
        f'signalHistory(symbol: "IBM", %s: $m) {{ ... on SignalHistory {{ {told} }} }}',
        f'bars(symbol: "IBM", %s: $m) {{ ... on BarSeries {{ {told} }} }}',
        'bars(symbol: "IBM", %s: $m, to: "2000-01-01T00:00:00Z") { __typename }',
        'bars(symbol: "IBM", %s: $m, from: "2000-01-01T00:00:00Z") { __typename }',
        'backtest(symbol: "IBM", %s: $m) { ... on Backtest { bars } ... on UserError { message } }',
        'indicator(symbol: "IBM", indicator: {name: RSI}, %s: $m) { __typename }',
    ]
    given = {0: ["at", "asOf"], 3: ["from"], 4: ["to"]}
    queries = [
        f"query ($m: DateTime) {{ {field % name} }}"
        for place, field in enumerate(fields)
        for name in given.get(place, ["from", "to", "asOf"])
    ]
    queries += [
        f"mutation ($m: DateTime) {{ createApiKey(input: {{{name}: $m}}) {{ key {{ {name} }} }} }}"
        for name in ("notBefore", "expiresAt")
    ]
    for query in queries:
        errors = ask(http, query, key, m=moment).json.get("errors", [])
        assert {error["extensions"]["code"] for error in errors} <= {"BAD_USER_INPUT"}, query
