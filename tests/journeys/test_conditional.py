"""What a client may keep: final answers to GETs of persisted queries, and nothing else."""

import hashlib
import json
import urllib.parse

import pytest

AS_OF = "2026-11-18T12:00:00Z"
SIGNAL = """query ($symbol: Symbol!, $asOf: DateTime) {
  signal(symbol: $symbol, asOf: $asOf) { ... on Signal { score } ... on UserError { code } } }"""
MIXED = """query ($symbol: Symbol!, $asOf: DateTime) {
  ...Both } fragment Both on Query { signal(symbol: $symbol, asOf: $asOf) { __typename }
  ... { usage { unitsUsed } } }"""
EVERY = """query ($asOf: DateTime) {
  __typename strategies { name } indicators { name }
  bars(symbol: "IBM", asOf: $asOf) { ... on BarSeries { bars(last: 1) { nodes { close } } } }
  signals(symbols: ["IBM", "AAPL"], asOf: $asOf) { ... on Signal { action } }
  signalHistory(symbol: "IBM", asOf: $asOf) { ... on SignalHistory {
    signals(last: 2) { nodes { action } } } } }"""


@pytest.fixture
def key(http, new_key) -> str:
    return new_key(http, plan="PREMIUM")


@pytest.fixture
def get(http, key):
    """A GET of a persisted query; the query travels along, so it is known at once."""

    def send(text, method="GET", headers=None, named=True, **variables):
        asked = {"query": text, "variables": variables}
        if named:
            digest = hashlib.sha256(text.encode()).hexdigest()
            asked["extensions"] = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
        given = {"x-api-key": key} | (headers or {})
        if method == "POST":
            given |= {"content-type": "application/json"}
            return http.send("POST", "/graphql", given, json.dumps(asked).encode())
        told = {k: v if isinstance(v, str) else json.dumps(v) for k, v in asked.items()}
        return http.send("GET", "/graphql?" + urllib.parse.urlencode(told), given)

    return send


def is_kept(answer) -> bool:
    kept = "etag" in answer.headers
    assert answer.headers["cache-control"] == ("private, no-cache" if kept else "no-store")
    assert {"accept-encoding", "x-api-key", "authorization"} <= {
        name.strip().lower() for name in answer.headers["vary"].split(",")
    }
    return kept


@pytest.mark.parametrize("text", [SIGNAL, EVERY])
def test_a_final_answer_to_a_get_by_hash_may_be_kept_by_its_caller(get, text) -> None:
    variables = {"symbol": "IBM"} if text is SIGNAL else {}
    assert is_kept(get(text, asOf=AS_OF, **variables))


def test_nothing_else_is_kept(get) -> None:
    final = {"symbol": "IBM", "asOf": AS_OF}
    assert not is_kept(get(SIGNAL, method="POST", **final))
    assert not is_kept(get(SIGNAL, named=False, **final))
    assert not is_kept(get(SIGNAL, symbol="IBM"))  # as known now
    assert not is_kept(get(SIGNAL, symbol="IBM", asOf="2099-01-01T00:00:00Z"))
    assert not is_kept(get(SIGNAL, symbol="NEW", asOf=AS_OF))  # a symbol that may come to be
    assert not is_kept(get(MIXED, **final))
    assert not is_kept(get("{ usage { unitsUsed } }"))
    assert not is_kept(get("{ symbols { totalCount } }"))
    assert not is_kept(get("{ __schema { description } }"))
    assert not is_kept(get(SIGNAL, symbol=1))  # does not run
    errs = "query ($asOf: DateTime) { signals(symbols: [], asOf: $asOf) { __typename } }"
    assert not is_kept(get(errs, asOf=AS_OF))


def test_the_tag_is_that_of_the_question_not_of_the_answer(get, clock) -> None:
    first = get(SIGNAL, symbol="IBM", asOf=AS_OF)
    clock.move(3600)
    again = get(SIGNAL, symbol="IBM", asOf=AS_OF)
    assert first.headers["etag"] == again.headers["etag"]
    others = {
        get(SIGNAL, symbol="AAPL", asOf=AS_OF).headers["etag"],
        get(SIGNAL + " ", symbol="IBM", asOf=AS_OF).headers["etag"],
        get(SIGNAL, symbol="IBM", asOf="2026-11-18T11:59:00Z").headers["etag"],
        first.headers["etag"],
    }
    assert len(others) == 4


def test_other_data_and_another_engine_give_another_tag() -> None:
    from graphql_api import finality

    def tag(versions=("a",), source="{ x }", operation=None, variables=None):
        return finality.entity_tag(source, operation, variables or {}, versions)

    assert tag() == tag()
    assert len({tag(), tag(("b",)), tag(operation="X"), tag(variables={"x": 1})}) == 4


def test_the_engine_is_part_of_the_tag(monkeypatch) -> None:
    from graphql_api import finality

    before = finality.entity_tag("{ x }", None, {}, [])
    monkeypatch.setattr(finality, "ENGINE_VERSION", "999.0.0")
    assert finality.entity_tag("{ x }", None, {}, []) != before


@pytest.mark.parametrize("form", ["{}", '"other", {}', "*", 'W/"x",{}'])
def test_a_copy_that_holds_is_told_so_without_a_body(get, form) -> None:
    etag = get(SIGNAL, symbol="IBM", asOf=AS_OF).headers["etag"]
    answer = get(SIGNAL, headers={"if-none-match": form.format(etag)}, symbol="IBM", asOf=AS_OF)
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["etag"] == etag
    assert is_kept(answer)
    assert "content-type" not in answer.headers


def test_a_copy_of_another_answer_is_replaced(get) -> None:
    stale = get(SIGNAL, symbol="AAPL", asOf=AS_OF).headers["etag"]
    answer = get(SIGNAL, headers={"if-none-match": stale}, symbol="IBM", asOf=AS_OF)
    assert answer.status == 200
    assert answer.json["data"]


def test_hearing_that_a_copy_holds_is_metered_like_any_answer(get, http, ask, key) -> None:
    etag = get(SIGNAL, symbol="IBM", asOf=AS_OF).headers["etag"]
    usage = "{ usage { unitsUsed requests } }"
    before = ask(http, usage, key).json["data"]["usage"]
    answer = get(SIGNAL, headers={"if-none-match": etag}, symbol="IBM", asOf=AS_OF)
    assert answer.status == 304
    assert "ratelimit" in answer.headers
    after = ask(http, usage, key).json["data"]["usage"]
    assert after["unitsUsed"] == before["unitsUsed"] + 1
    assert after["requests"] == before["requests"] + 2


def test_a_stranger_learns_nothing_from_a_tag(get, http) -> None:
    etag = get(SIGNAL, symbol="IBM", asOf=AS_OF).headers["etag"]
    answer = get(
        SIGNAL, headers={"if-none-match": etag, "x-api-key": "x"}, symbol="IBM", asOf=AS_OF
    )
    assert answer.status == 401
    assert not is_kept(answer)


def test_the_lambda_says_so_too(lambda_, new_key) -> None:
    key = new_key(lambda_)
    text = '{ signal(symbol: "IBM", asOf: "2026-11-18T12:00:00Z") { __typename } }'
    digest = hashlib.sha256(text.encode()).hexdigest()
    extensions = json.dumps({"persistedQuery": {"version": 1, "sha256Hash": digest}})
    address = "/graphql?" + urllib.parse.urlencode({"query": text, "extensions": extensions})
    first = lambda_.send("GET", address, {"x-api-key": key})
    again = lambda_.send("GET", address, {"x-api-key": key, "if-none-match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
