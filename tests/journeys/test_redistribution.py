"""Prices whose source does not let them be passed on: judged and explained, and never shown."""

import base64
from contextlib import closing

import pytest

from engine.types import Interval
from graphql_api.decisions import Decisions, Question
from graphql_api.judgement import Judge
from market_data.instruments import Instrument
from market_data.stores import SqliteBarStore, SqliteReadingStore

MATERIAL = """query ($id: ID!) {
  bars(symbol: "ACME") { __typename ...Kept ...Withheld }
  indicator(symbol: "ACME", indicator: { name: SMA }) { __typename ...Withheld }
  node(id: $id) { __typename }
}
fragment Kept on BarSeries { id bars(last: 1) { nodes { close } } }
fragment Withheld on PricesWithheld { message code symbol source termsPage }
"""
SIGNALS = """{
  signal(symbol: "ACME", strategy: { preset: { name: PRICE_AND_RSI } }) { ... on Signal {
    action score close explanation { summary contributions { contribution reason } } } }
  signalHistory(symbol: "ACME", strategy: { preset: { name: PRICE_AND_RSI } }) {
    ... on SignalHistory { signals(last: 5) { nodes { action close } } } }
  backtest(symbol: "ACME", strategy: { preset: { name: PRICE_AND_RSI } }) { ... on Backtest {
    totalReturn barsPerYear equity(points: 5) { strategy buyAndHold }
    trades(first: 3) { nodes { entryPrice exitPrice netReturn } } } }
  symbols(search: "ACME") { nodes { symbol source redistributable } }
}"""


@pytest.fixture
def kept(data, clock, sample_bars):
    """Keep IBM's bars as ACME's, as a source told them, with some of another origin beside."""

    def kept(source, *, origin=None, symbol="ACME"):
        then = clock.now - 3600 * 1_000_000
        store = SqliteBarStore(data / "bars.sqlite", clock=lambda: then)
        bars = store.series("IBM", Interval.ONE_DAY).snapshot(now=clock.now).bars
        profile = Instrument(symbol, "Acme", 0.01, "XNYS", source)
        store.commit(profile, Interval.ONE_DAY, bars[:-1], fetched_at=then)
        store.commit(profile, Interval.ONE_DAY, bars[-1:], fetched_at=then, origin=origin)
        store.close()

    return kept


@pytest.fixture
def told(http, ask):
    def told(query, **variables):
        answer = ask(http, query, **variables).json
        assert "errors" not in answer
        return answer["data"]

    return told


@pytest.mark.parametrize("source", ["yahoo", "binance", "tiingo"])
def test_bars_and_indicators_say_whose_terms_withhold_them(kept, told, source):
    kept(source)
    data = told(MATERIAL, id="WyJub25lIl0")
    for name in ("bars", "indicator"):
        assert data[name]["__typename"] == "PricesWithheld"
        assert (data[name]["code"], data[name]["source"]) == ("PRICES_WITHHELD", source)
        assert data[name]["symbol"] == "ACME"
        assert data[name]["termsPage"].startswith("https://")
        assert "signal, explanation, signalHistory and backtest answer" in data[name]["message"]


def test_signals_go_on_without_prices(kept, told):
    kept("yahoo")
    data = told(SIGNALS)
    signal = data["signal"]
    assert signal["action"] in {"BUY", "HOLD", "SELL"}
    assert signal["close"] is None
    assert signal["explanation"]["summary"].startswith(signal["action"])
    # One bar's reasons name the levels that were compared: without them they would explain nothing.
    assert any("close" in one["reason"] for one in signal["explanation"]["contributions"])
    history = data["signalHistory"]["signals"]["nodes"]
    assert len(history) == 5
    assert all(one["close"] is None for one in history)
    backtest = data["backtest"]
    assert backtest["barsPerYear"] == pytest.approx(251.27, abs=0.01)
    assert len(backtest["equity"]["strategy"]) == 5
    assert backtest["equity"]["buyAndHold"] == []
    for trade in backtest["trades"]["nodes"]:
        assert trade["entryPrice"] is trade["exitPrice"] is None
        assert trade["netReturn"] is not None
    assert data["symbols"]["nodes"][0]["redistributable"] is False


def test_the_same_bars_of_a_file_are_shown(kept, told):
    kept("file")
    data = told(SIGNALS)
    assert data["signal"]["close"] > 0
    assert len(data["backtest"]["equity"]["buyAndHold"]) == 5
    assert data["backtest"]["trades"]["nodes"][0]["entryPrice"] > 0
    assert data["symbols"]["nodes"][0]["redistributable"] is True
    bars = told(MATERIAL, id="WyJub25lIl0")["bars"]
    assert bars["bars"]["nodes"][0]["close"] == data["signal"]["close"]
    found = told(MATERIAL, id=bars["id"])
    assert found["node"]["__typename"] == "BarSeries"


@pytest.mark.parametrize(
    ("source", "origin", "withheld"),
    [
        ("file", "yahoo", True),
        ("yahoo", "file", True),
        ("yahoo", "released by hand", True),
        ("file", "released by hand", False),
        ("my broker", "file", False),
    ],
)
def test_one_row_of_such_a_source_withholds_them_all(kept, told, source, origin, withheld):
    kept(source, origin=origin)
    expected = "PricesWithheld" if withheld else "BarSeries"
    assert told(MATERIAL, id="WyJub25lIl0")["bars"]["__typename"] == expected


def test_what_was_shown_of_a_moment_is_shown_of_it_for_ever(kept, told, data, clock):
    """Bars that were all of a file stay so as of then, whatever a source adds to them later."""
    kept("file")
    as_of = "2026-11-18T11:30:00Z"
    query = """query ($asOf: DateTime) { bars(symbol: "ACME", asOf: $asOf) {
      __typename ... on BarSeries { id provenance { final } } } }"""
    before = told(query, asOf=as_of)
    assert before["bars"]["provenance"]["final"]
    store = SqliteBarStore(data / "bars.sqlite", clock=lambda: clock.now - 10_000_000)
    series = store.series("ACME", Interval.ONE_DAY)
    newest = series.snapshot(now=clock.now).bars[-1:]
    restated = newest.replace(volume=newest.volume + 1)
    store.commit(series.instrument, Interval.ONE_DAY, restated, origin="yahoo")
    store.close()
    assert told(query, asOf=as_of) == before
    assert told(query, asOf=None)["bars"]["__typename"] == "PricesWithheld"
    assert told(MATERIAL, id=before["bars"]["id"])["node"]["__typename"] == "BarSeries"


def test_an_identifier_of_bars_that_are_withheld_leads_to_nothing(kept, told):
    kept("file")
    identifier = told(MATERIAL, id="WyJub25lIl0")["bars"]["id"]
    kept("yahoo", symbol="ACMF")
    packed = base64.urlsafe_b64decode(identifier + "=" * (-len(identifier) % 4))
    other = base64.urlsafe_b64encode(packed.replace(b"ACME", b"ACMF")).decode().rstrip("=")
    assert told(MATERIAL, id=other)["node"] is None


def test_an_answer_is_another_once_a_licence_comes(kept, data, clock):
    """What a client kept of the answer before is asked for again."""
    kept("yahoo")
    versions = {}
    for licensed in ((), ("yahoo",)):
        bars = SqliteBarStore(data / "bars.sqlite", clock=clock)
        readings = SqliteReadingStore(data / "sentiment.sqlite", clock=clock)
        with closing(bars), closing(readings):
            judge = Judge(bars, readings, Decisions(), clock.now, licensed)
            judge.ask(Question("ACME", Interval.ONE_DAY, "PRICE_AND_RSI", as_of=clock.now))
            versions[licensed] = judge.versions()
    assert versions[()] == [*versions[("yahoo",)], "withheld:yahoo"]


@pytest.fixture(scope="module")
def more_settings():
    return {"INTELLPULSE_LICENSED_SOURCES": "alpaca, stooq"}


def test_with_a_licence_prices_are_shown(kept, told):
    kept("stooq")
    assert told(MATERIAL, id="WyJub25lIl0")["bars"]["__typename"] == "BarSeries"
    data = told(SIGNALS)
    assert data["signal"]["close"] > 0
    assert data["symbols"]["nodes"][0]["redistributable"] is True
