"""How often one request asks the stores: each series once, many symbols at once."""

from collections import Counter

import pytest

from graphql_api import judgement
from market_data.stores import SqliteBarStore

READS = ("instrument", "instruments", "intervals", "listed", "series", "load")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the store of bars was asked what, from outside of it."""
    counted: Counter[str] = Counter()
    inside = False

    def watched(name: str):
        method = getattr(SqliteBarStore, name)

        def ask(self, *arguments):
            nonlocal inside
            if inside:
                return method(self, *arguments)
            counted[name] += 1
            inside = True
            try:
                return method(self, *arguments)
            finally:
                inside = False

        return ask

    for name in READS:
        monkeypatch.setattr(SqliteBarStore, name, watched(name))
    return counted


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The strategies that were computed."""
    made: list[str] = []
    decide = judgement.engine.decide

    def watched(name, *arguments, **parameters):
        made.append(name)
        return decide(name, *arguments, **parameters)

    monkeypatch.setattr(judgement.engine, "decide", watched)
    return made


def test_a_hundred_symbols_are_loaded_in_one_call(http, ask, new_key, calls) -> None:
    key = new_key(http, plan="ENTERPRISE")
    symbols = ["IBM", "AAPL", "MSFT", "GOOG"] * 20 + [f"NONE{i}" for i in range(20)]
    query = """query ($symbols: [Symbol!]!) { signals(symbols: $symbols) { __typename
                 ... on Signal { symbol action strategy { hash } provenance { final }
                   explanation { summary flips { price } nextFlips { price } } trackRecord {
                   horizon } }
                 ... on UnknownSymbol { symbol } } }"""
    told = ask(http, query, key, symbols=symbols).json["data"]["signals"]
    assert [one["symbol"] for one in told] == symbols
    assert calls == {"load": 1}


def test_what_reads_like_an_unknown_symbol_is_looked_for_once(http, ask, calls) -> None:
    query = """{ signals(symbols: ["IBN", "APPL", "MSFX"]) {
                   ... on UnknownSymbol { suggestions } } }"""
    told = ask(http, query).json["data"]["signals"]
    assert [one["suggestions"] for one in told] == [["IBM"], ["AAPL"], ["MSFT"]]
    assert calls == {"load": 1, "instruments": 1}


def test_one_series_and_one_decision_serve_all_fields_of_a_request(
    http, ask, new_key, calls, decided
) -> None:
    query = """{
      signal(symbol: "IBM") { ... on Signal { score explanation { summary } } }
      again: signal(symbol: "IBM", strategy: {preset: {name: TECHNICAL_RATING}}) {
        ... on Signal { score } }
      explanation(symbol: "IBM") { ... on Explanation { signal { score } } }
      signalHistory(symbol: "IBM") { ... on SignalHistory {
        signals(last: 1) { nodes { score } } } }
      backtest(symbol: "IBM") { ... on Backtest { totalReturn } }
      bars(symbol: "IBM") { ... on BarSeries { bars(last: 1) { nodes { close } } } }
      indicator(symbol: "IBM", indicator: {name: RSI}) { ... on IndicatorSeries { times } }
    }"""
    told = ask(http, query, new_key(http, plan="ENTERPRISE")).json["data"]
    assert calls == {"load": 1}
    assert decided == ["TECHNICAL_RATING"]
    (last,) = told["signalHistory"]["signals"]["nodes"]
    scores = [told["signal"], told["again"], told["explanation"]["signal"], last]
    assert len({one["score"] for one in scores}) == 1


def test_other_moments_are_other_decisions_on_the_same_series(http, ask, calls, decided) -> None:
    query = """{ now: signal(symbol: "IBM") { __typename }
      then: signal(symbol: "IBM", at: "2012-06-01T00:00:00Z") { __typename }
      known: signal(symbol: "IBM", asOf: "2026-11-18T11:59:00Z") { __typename } }"""
    ask(http, query)
    assert calls == {"load": 1}
    assert len(decided) == 2  # the bars of now and of a minute ago are the same


def test_a_page_of_symbols_is_listed_in_one_call_and_only_where_asked(http, ask, calls) -> None:
    ask(http, "{ symbols { nodes { symbol name tick } } }")
    assert calls == {"instruments": 1}
    calls.clear()
    ask(http, "{ symbols { nodes { intervals firstBar lastBar } edges { node { lastBar } } } }")
    assert calls == {"instruments": 1, "listed": 1}


def test_nothing_of_one_request_is_kept_for_the_next(http, ask, new_key, calls) -> None:
    key = new_key(http)
    for _ in range(3):
        ask(http, '{ signal(symbol: "IBM") { __typename } }', key)
    assert calls == {"load": 3}
