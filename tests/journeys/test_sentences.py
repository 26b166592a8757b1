"""What a stranger reads who gets something wrong: what it was, and what would be right."""

import gzip
import json
import urllib.parse
from typing import Any

import pytest

JSON = {"content-type": "application/json"}
NEWER = {"accept": "application/graphql-response+json"}
PARSE, VALIDATION = "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"
INPUT, REQUEST = "BAD_USER_INPUT", "BAD_REQUEST"
# What only our insides speak of.
INTERNALS = (
    "None",
    "sys.",
    "Traceback",
    "graphql_api",
    "orjson",
    "Exception",
    "1e+06",
    "object at",
    "True",
    "False",
)

SIGNAL = "{ signal(%s) { __typename } }"
WINDOW = 'symbol: "IBM", strategy: {preset: {name: PRICE_AND_RSI, parameters: [%s]}}'
BARS = '{ bars(symbol: "IBM") { ... on BarSeries { bars(%s) { totalCount } } } }'
RANGE = 'symbol: "IBM", from: "2012-01-01T00:00:00Z", to: "2010-01-01T00:00:00Z"'
LATER = "from is 2012-01-01T00:00:00Z, which is later than to, 2010-01-01T00:00:00Z"
INTERVAL = 'query ($i: Interval) { signal(symbol: "IBM", interval: $i) { __typename } }'
VARIABLE = "query ($s: Symbol!) { signal(symbol: $s) { __typename } }"

QUERIES: list[tuple[str, dict[str, Any], str, str]] = [
    (SIGNAL % 'symbol: "IBM", interval: ONE_DAYS', {}, VALIDATION, "the enum value 'ONE_DAY'"),
    (SIGNAL % 'symbol: "IBM", interval: DAILY', {}, VALIDATION, "ONE_DAY, ONE_WEEK."),
    (INTERVAL, {"i": "DAILY"}, INPUT, "It has FIFTEEN_MINUTES, ONE_HOUR, FOUR_HOURS, ONE_DAY"),
    (INTERVAL, {"i": "ONE_DAYS"}, INPUT, "Did you mean the enum value 'ONE_DAY'"),
    (SIGNAL % 'symbol: "IBM", interval: "ONE_DAY"', {}, VALIDATION, "the enum value 'ONE_DAY'"),
    ('{ signal(symbol: "IBM") { ... on Signal { acton } } }', {}, VALIDATION, "'action'?"),
    (SIGNAL % 'sym: "IBM"', {}, VALIDATION, "Unknown argument 'sym' on field 'Query.signal'."),
    (SIGNAL % 'symbol: "ibm"', {}, INPUT, "'ibm' is no Symbol: write IBM."),
    (VARIABLE, {"s": "ibm"}, INPUT, "'ibm' is no Symbol: write IBM."),
    (VARIABLE, {"s": None}, INPUT, "'Symbol!' not to be null."),
    (VARIABLE, {}, INPUT, "'Symbol!' to be provided."),
    (VARIABLE, {"s": "\u0000"}, INPUT, "is no Symbol"),
    (SIGNAL % "symbol: null", {}, VALIDATION, "'Symbol!' not to be null."),
    (SIGNAL % 'symbol: "IBM", at: "yesterday"', {}, INPUT, "as in 2026-01-31T16:00:00Z."),
    (SIGNAL % 'symbol: "IBM", at: "2024-02-30T00:00:00Z"', {}, INPUT, "is no DateTime"),
    (SIGNAL % r'symbol: "\uD800"', {}, PARSE, "Invalid Unicode escape sequence"),
    (SIGNAL % (WINDOW % '{name: "window", value: 1e400}'), {}, INPUT, "window must be a number"),
    (SIGNAL % (WINDOW % '{name: "window", value: NaN}'), {}, VALIDATION, "non numeric value: NaN"),
    (SIGNAL % (WINDOW % '{name: "windw", value: 3}'), {}, INPUT, "its parameters: window, rsi"),
    (
        SIGNAL % (WINDOW % '{name: "window", value: 3}, {name: "window", value: 4}'),
        {},
        INPUT,
        "The parameter 'window' is given twice.",
    ),
    (
        "query ($n: Int) { symbols(first: $n) { totalCount } }",
        {"n": True},
        INPUT,
        "non-integer value: true",
    ),
    (SIGNAL % 'symbol: "IBM", at: true', {}, INPUT, "true is no DateTime"),
    (SIGNAL % 'symbol: "IBM", strategy: {}', {}, VALIDATION, "exactly one field"),
    (BARS % "first: 0", {}, INPUT, "first is 0; a page holds 1 to 1000."),
    (BARS % "first: 1001", {}, INPUT, "first is 1001; a page holds 1 to 1000."),
    (BARS % "first: -1", {}, INPUT, "a page holds 1 to 1000."),
    (BARS % "first: 3, last: 3", {}, INPUT, "first and last are both given"),
    (BARS % 'after: "garbage"', {}, INPUT, "after is no cursor of this list; give one that"),
    (BARS % f"first: {'9' * 400}", {}, VALIDATION, "non 32-bit signed integer value"),
    (BARS % f"first: {'9' * 5_000}", {}, VALIDATION, "Expected value of type 'Int'; found: 999"),
    (
        "{ signals(symbols: []) { __typename } }",
        {},
        INPUT,
        "symbols holds 0; it may hold 1 to",
    ),
    (f"{{ backtest({RANGE}) {{ __typename }} }}", {}, INPUT, LATER),
    (f"{{ bars({RANGE}) {{ __typename }} }}", {}, INPUT, LATER),
    (f"{{ signalHistory({RANGE}) {{ __typename }} }}", {}, INPUT, LATER),
    (f"{{ indicator({RANGE}, indicator: {{name: RSI}}) {{ __typename }} }}", {}, INPUT, LATER),
    (
        '{ backtest(symbol: "IBM", trials: 0) { __typename } }',
        {},
        INPUT,
        "trials must be between 1 and 1000000, not 0.",
    ),
    (
        '{ backtest(symbol: "IBM") { ... on Backtest { equity(points: 0) { times } } } }',
        {},
        INPUT,
        "points is 0; it may be 2 to 1000.",
    ),
    ("query A { __typename } query A { __typename }", {}, VALIDATION, "only one operation named"),
    ("subscription { signal }", {}, VALIDATION, "subscription operation is not supported"),
    ("{ ... @defer { __typename } }", {}, VALIDATION, "Unknown directive '@defer'."),
    ("# nothing", {}, PARSE, "Syntax Error: Unexpected <EOF>."),
]
PLAIN = b'{"query": "{ __typename }", "variables": %s}'
HALF = b'{"query": "{ __typename }", "variables": {"s": "\\ud800"}}'
BODIES = [
    (b'\xef\xbb\xbf{"query": "{ __typename }"}', {}, 400, "a byte order mark"),
    ('{"query": "{ __typename }"}'.encode("utf-16"), {}, 400, "its bytes are not UTF-8."),
    (PLAIN % (b"[" * 2_000 + b"]" * 2_000), {}, 400, "nests deeper than 1,024 brackets."),
    (PLAIN % (b'{"a": ' * 2_000 + b"1" + b"}" * 2_000), {}, 400, "nests deeper than 1,024"),
    (PLAIN % (b'{"a": ' + b"9" * 400 + b"}"), {}, 400, "a number too large for 64 bits"),
    (PLAIN % b'{"a": NaN}', {}, 400, "expected a JSON value (line 1, column 48)."),
    (HALF, {}, 400, "half a surrogate pair"),
    (PLAIN % b"{},", {}, 400, "trailing comma is not allowed (line 1"),
    (b"{}", {}, 400, "query is missing; it holds the GraphQL document, as { symbols"),
    (b'{"query": null}', {}, 400, "query is missing"),
    (b'{"documentId": ""}', {}, 400, "documentId is empty; leave it out."),
    (
        gzip.compress(b"{}", mtime=0),
        {"content-encoding": "gzip"},
        415,
        "Content-Encoding is 'gzip'; send",
    ),
    (b"query=%7B__typename%7D", {"content-type": "application/x-www-form-urlencoded"}, 415, "send"),
    (b"[" + PLAIN % b"{}" + b"]", {}, 400, "A batch is not answered; send one query a request."),
]


def sentences(reply) -> list[str]:
    """The messages of an answer, none of which speaks of our insides."""
    found = [error["message"] for error in reply.json["errors"]]
    for one in found:
        assert not [word for word in INTERNALS if word in one], one
        assert len(one) <= 400
    return found


@pytest.mark.parametrize(("query", "variables", "code", "said"), QUERIES)
def test_a_query_that_is_wrong_says_what_would_be_right(
    http, new_key, query, variables, code, said
) -> None:
    body = json.dumps({"query": query, "variables": variables}).encode()
    refused = http.send("POST", "/graphql", {"x-api-key": new_key(http)} | JSON | NEWER, body)
    executed = "data" in refused.json
    assert refused.status == (200 if executed else 400)
    assert refused.code == code
    assert said in sentences(refused)[0]


@pytest.mark.parametrize(("body", "headers", "status", "said"), BODIES)
def test_a_body_that_is_wrong_says_what_would_be_right(
    way, new_key, body, headers, status, said
) -> None:
    sent = {"x-api-key": new_key(way)} | JSON | NEWER | headers
    refused = way.send("POST", "/graphql", sent, body)
    assert (refused.status, refused.code) == (status, REQUEST)
    assert said in sentences(refused)[0]
    if status == 415:
        told = {name.lower(): value for name, value in refused.headers.items()}
        assert told["accept-post"] == "application/json"
        assert told["accept-encoding"] == "identity"


def test_an_address_with_a_slash_behind_it_leads_nowhere_else(way, new_key) -> None:
    refused = way.send("POST", "/graphql/", {"x-api-key": new_key(way)} | JSON, PLAIN % b"{}")
    assert (refused.status, refused.code) == (404, REQUEST)
    assert "the API is at /graphql" in sentences(refused)[0]
    assert "location" not in {name.lower() for name in refused.headers}


def test_of_several_operations_one_must_be_named(http, new_key) -> None:
    query = "query A { __typename } query B { __typename }"
    sent = {"x-api-key": new_key(http)} | JSON
    for name, said in ((None, "several operations; operationName says"), ("C", "there are: A, B.")):
        body = json.dumps({"query": query, "operationName": name}).encode()
        refused = http.send("POST", "/graphql", sent, body)
        assert (refused.status, refused.code) == (400, REQUEST)
        assert said in sentences(refused)[0]


@pytest.mark.parametrize("way_of_asking", ["POST", "GET"])
def test_an_empty_name_of_an_operation_is_none(http, new_key, way_of_asking) -> None:
    sent = {"x-api-key": new_key(http)} | JSON
    query = "query A { __typename }"
    if way_of_asking == "POST":
        body = json.dumps({"query": query, "operationName": ""}).encode()
        reply = http.send("POST", "/graphql", sent, body)
    else:
        address = f"/graphql?query={urllib.parse.quote(query)}&operationName="
        reply = http.send("GET", address, sent)
    assert (reply.status, reply.json["data"]) == (200, {"__typename": "Query"})


def test_what_is_asked_of_the_future_is_answered_as_of_now(http, ask, clock) -> None:
    query = """{ signal(symbol: "IBM", asOf: "2199-01-01T00:00:00Z") { ... on Signal {
        provenance { resolvedAsOf final } } } }"""
    told = ask(http, query).json["data"]["signal"]["provenance"]
    assert told == {"resolvedAsOf": "2026-11-18T12:00:00Z", "final": False}


# Where the specification asks for one or more, and the column at which the first one is missed.
EMPTY = [
    ("{}", 2, "Name, found '}'"),
    ("query {}", 8, "Name, found '}'"),
    ("query Q {}", 10, "Name, found '}'"),
    ("mutation {}", 11, "Name, found '}'"),
    ("{ signal {} }", 11, "Name, found '}'"),
    ('{ signal(symbol: "IBM") { ... on Signal {} } }', 42, "Name, found '}'"),
    ("{ ... {} }", 8, "Name, found '}'"),
    ("{ ...F } fragment F on Query {}", 31, "Name, found '}'"),
    ("{ viewer() { scopes } }", 10, "Name, found ')'"),
    ("{ viewer @include() { scopes } }", 19, "Name, found ')'"),
    ("query () { __typename }", 8, "'$', found ')'"),
    ("query Q @include() { __typename }", 18, "Name, found ')'"),
    ("query ($a: Int @include()) { __typename }", 25, "Name, found ')'"),
    ("query", 6, "'{', found <EOF>"),
]


@pytest.mark.parametrize(("query", "column", "missed"), EMPTY)
def test_what_asks_for_nothing_is_refused_where_something_is_missed(
    http, new_key, query, column, missed
) -> None:
    sent = {"x-api-key": new_key(http)} | JSON
    body = json.dumps({"query": query}).encode()
    for accept, status in (({}, 200), (NEWER, 400)):
        refused = http.send("POST", "/graphql", sent | accept, body)
        assert refused.status == status
        assert refused.json["errors"] == [
            {
                "message": f"Syntax Error: Expected {missed}.",
                "locations": [{"line": 1, "column": column}],
                "extensions": {"code": PARSE},
            }
        ]
        assert "data" not in refused.json


def test_lists_and_objects_of_values_may_be_empty(http, ask) -> None:
    said = ask(
        http,
        """{ indicator(symbol: "IBM", indicator: {name: RSI, parameters: []}) {
        ... on IndicatorSeries { indicator { lookback } } } }""",
    ).json
    assert said["data"] == {"indicator": {"indicator": {"lookback": 14}}}
    reply = ask(http, '{ backtest(symbol: "IBM", costs: {}) { ... on Backtest { bars } } }').json
    assert "errors" not in reply
    assert reply["data"]["backtest"]["bars"] > 3_000
