"""Whatever is sent, nothing answers with a 5xx, a traceback, or anything but GraphQL's JSON."""

import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphql_api.errors import ApiError
from tests.fuzz import TIMES

CODES = {one.code for one in [ApiError, *ApiError.__subclasses__()]} | {
    "RATE_LIMITED",
    "QUOTA_EXCEEDED",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "PERSISTED_QUERY_NOT_FOUND",
    "PERSISTED_QUERY_NOT_SUPPORTED",
}
OURS = {"DATA_DAMAGED", "INTERNAL", "UNAVAILABLE"}

cheap = settings(
    max_examples=250 * TIMES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30),
    lambda inside: (
        st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=10), inside, max_size=4)
    ),
    max_leaves=12,
)
WORDS = [
    *"{}()[]:=!$@|&.",
    "...",
    "query",
    "mutation",
    "subscription",
    "fragment",
    "on",
    "true",
    "null",
    "Query",
    "Signal",
    "signal",
    "symbol",
    "symbols",
    "first",
    "usage",
    "__typename",
    "__schema",
    "types",
    "name",
    "include",
    "skip",
    "if",
    "IBM",
    '"IBM"',
    '"""',
    '"',
    "1",
    "-1",
    "1e400",
    "99999999999",
    "\\u",
    "#",
    "\n",
    "\x00",
    "é",
    "\ufeff",
]
TOKENS = st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)
SEED = """query Q($symbol: Symbol! = "IBM", $first: Int, $on: Boolean = true) {
  signal(symbol: $symbol, interval: ONE_DAY) { __typename
    ... on Signal @include(if: $on) { action ...Part } ... on UserError { code message } }
  symbols(first: $first) { nodes { symbol } } usage { unitsUsed } }
fragment Part on Signal { score explanation { summary contributions { label } } }"""


def check(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    body = answer.json()
    assert set(body) <= {"data", "errors", "extensions"}
    assert "data" in body or body["errors"]
    for error in body.get("errors", ()):
        assert error["message"]
        assert error["extensions"]["code"] in CODES - OURS


@cheap
@given(body=st.binary(max_size=300))
def test_random_bytes(send, body) -> None:
    check(send(body))


@cheap
@given(body=JSON)
def test_random_json(send, body) -> None:
    check(send(json.dumps(body).encode()))


@cheap
@given(
    body=st.fixed_dictionaries(
        {"query": st.just(SEED) | TOKENS | JSON},
        optional={
            "operationName": st.sampled_from(["Q", "", "R"]) | JSON,
            "variables": st.fixed_dictionaries(
                {}, optional={"symbol": JSON, "first": JSON, "on": JSON, "other": JSON}
            )
            | JSON,
            "extensions": st.fixed_dictionaries({"persistedQuery": JSON}) | JSON,
            "documentId": JSON,
        },
    )
)
def test_random_requests(send, body) -> None:
    check(send(body))


@cheap
@given(query=TOKENS)
def test_random_tokens(ask, query) -> None:
    check(ask(query))


@cheap
@given(seed=st.integers(0, 2**32), cuts=st.integers(1, 6))
def test_a_query_cut_and_joined_at_random(ask, seed, cuts) -> None:
    chosen = random.Random(seed)
    text = SEED
    for _ in range(cuts):
        start, end = sorted(chosen.randrange(len(text) + 1) for _ in range(2))
        at = chosen.randrange(len(text) + 1)
        part = text[start:end][:80]
        deed = chosen.randrange(3)
        if deed == 0:
            text = text[:start] + text[min(end, start + 20) :]
        elif deed == 1:
            text = text[:at] + part + text[at:]
        else:
            text = text[:at] + chosen.choice(WORDS) + text[at + 1 :]
    check(ask(text))


@settings(cheap, max_examples=150 * TIMES)
@given(
    headers=st.dictionaries(
        st.sampled_from(
            [
                "accept",
                "content-type",
                "x-api-key",
                "authorization",
                "x-dry-run",
                "x-request-id",
                "if-none-match",
                "content-length",
                "origin",
            ]
        ),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60),
        max_size=4,
    )
)
def test_random_headers(send, headers) -> None:
    check(send({"query": "{ __typename }"}, **headers))


@settings(cheap, max_examples=150 * TIMES)
@given(address=st.text(max_size=80), sent=st.sampled_from(["GET", "POST", "PUT", "PATCH", "HEAD"]))
def test_random_addresses(door, address, sent) -> None:
    from urllib.parse import quote

    client, secret = door
    path = "/graphql?" + quote(address, safe="=&?{}%", errors="replace")
    answer = client.request(sent, path, headers={"x-api-key": secret})
    if sent == "HEAD":
        assert answer.status_code < 500
        return
    check(answer)


@pytest.mark.parametrize("depth", [10, 200, 1_000, 20_000])
@pytest.mark.parametrize("kind", ["[]", "{}"])
def test_json_nested_as_deeply_as_it_fits(send, depth, kind) -> None:
    opening, closing = ("[", "]") if kind == "[]" else ('{"symbol":', "}")
    inside = opening * depth + "1" + closing * depth
    check(send(f'{{"query": "{{ __typename }}", "variables": {{"v": {inside}}}}}'.encode()))
    check(send(f'{{"query": {inside}}}'.encode()))
    query = "query ($v: [Symbol!]!) { signals(symbols: $v) { __typename } }"
    check(send(f'{{"query": "{query}", "variables": {{"v": {inside}}}}}'.encode()))
