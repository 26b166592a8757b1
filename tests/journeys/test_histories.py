"""Histories, bars, indicators and nodes, asked for as clients do."""

import itertools
import math

import numpy as np
import pytest

import engine
from graphql_api.schema import core_schema
from graphql_api.schema.node import global_id
from market_data.adjust import Adjustment
from market_data.stores import SqliteBarStore

AS_OF = "2026-11-18T12:00:00Z"
HISTORY = """
query ($symbol: Symbol!, $strategy: StrategyName!, $from: DateTime, $to: DateTime, $asOf: DateTime,
       $changesOnly: Boolean, $first: Int, $after: String, $last: Int, $before: String) {
  signalHistory(symbol: $symbol, strategy: {preset: {name: $strategy}}, from: $from, to: $to,
                asOf: $asOf) {
    __typename
    ... on SignalHistory {
      signals(changesOnly: $changesOnly, first: $first, after: $after, last: $last,
              before: $before) {
        totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        edges { cursor node { id } }
        nodes { id barTime action rating score close
                provenance { dataVersion bars final resolvedAsOf } }
      }
      provenance { bars dataVersion strategyHash }
    }
    ... on UserError { message code }
  }
}
"""
BARS = """
query ($symbol: Symbol!, $adjustment: Adjustment, $first: Int, $last: Int, $from: DateTime,
       $to: DateTime) {
  bars(symbol: $symbol, adjustment: $adjustment, from: $from, to: $to) {
    ... on BarSeries {
      bars(first: $first, last: $last) { totalCount nodes { time open high low close volume } }
      provenance { strategyHash bars }
    }
    ... on UserError { code }
  }
}
"""


@pytest.fixture
def history(http, ask, new_key):
    key = new_key(http, plan="ENTERPRISE")

    def get(strategy="PRICE_AND_RSI", symbol="IBM", **more):
        answer = ask(http, HISTORY, key, symbol=symbol, strategy=strategy, asOf=AS_OF, **more)
        assert "errors" not in answer.json, answer.json
        return answer.json["data"]["signalHistory"]

    return get


def test_a_history_read_page_by_page_is_the_whole_history(history) -> None:
    whole = history(first=1000, **{"from": "2010-01-01T00:00:00Z"})["signals"]
    assert whole["totalCount"] == len(whole["nodes"]) == 795
    read, after = [], None
    while True:
        page = history(first=300, after=after, **{"from": "2010-01-01T00:00:00Z"})["signals"]
        read += page["nodes"]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert read == whole["nodes"]
    back, before = [], None
    while True:
        page = history(last=300, before=before, **{"from": "2010-01-01T00:00:00Z"})["signals"]
        back = page["nodes"] + back
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        before = page["pageInfo"]["startCursor"]
    assert back == whole["nodes"]


def test_changes_only_tells_where_the_action_changes(history) -> None:
    every = history(first=1000, **{"from": "2012-01-01T00:00:00Z"})["signals"]["nodes"]
    changes = history(first=1000, changesOnly=True, **{"from": "2012-01-01T00:00:00Z"})["signals"][
        "nodes"
    ]
    pairs = itertools.pairwise(every)
    expected = [now["barTime"] for then, now in pairs if then["action"] != now["action"]]
    assert [one["barTime"] for one in changes if one["barTime"] > every[0]["barTime"]] == expected
    assert len(expected) > 10


@pytest.mark.parametrize("strategy", ["PRICE_AND_RSI", "TECHNICAL_RATING"])
def test_a_signal_of_the_history_is_the_signal_of_its_moment(http, ask, history, strategy) -> None:
    nodes = history(strategy, first=3, **{"from": "2008-10-08T00:00:00Z"})["signals"]["nodes"]
    for node in nodes:
        evening = node["barTime"].replace("T00:00:00Z", "T22:00:00Z")
        query = """query ($at: DateTime, $asOf: DateTime) {
          signal(symbol: "IBM", strategy: {preset: {name: %s}}, at: $at, asOf: $asOf) {
            ... on Signal { id barTime action rating score close
                            provenance { dataVersion bars final resolvedAsOf } } } }"""
        alone = ask(http, query % strategy, at=evening, asOf=AS_OF).json["data"]["signal"]
        assert alone.pop("score") == pytest.approx(node.pop("score"), abs=1e-12)
        assert alone == node


def test_an_id_names_the_same_signal_for_ever(http, ask, history, clock) -> None:
    (node,) = history(first=1, **{"from": "2008-10-08T00:00:00Z"})["signals"]["nodes"]
    clock.move(3600)
    query = """query ($id: ID!) { node(id: $id) { __typename id
                 ... on Signal { barTime action rating score close } } }"""
    again = ask(http, query, id=node["id"]).json["data"]["node"]
    assert again.pop("__typename") == "Signal"
    assert again == {name: node[name] for name in again}


NODES = """{
  symbols(first: 1) { nodes { id } } strategies { id } indicators { id }
  bars(symbol: "IBM", adjustment: RAW, from: "2012-01-01T00:00:00Z") { ... on BarSeries { id } }
  signal(symbol: "IBM", strategy: {preset: {name: MOMENTUM}}) {
    ... on Signal { id strategy { id } } }
  indicator(symbol: "IBM", indicator: {name: RSI, parameters: [{name: "window", value: 21}]}) {
    ... on IndicatorSeries { indicator { id lookback } } }
  signalHistory(symbol: "IBM", to: "2012-01-01T00:00:00Z") { ... on SignalHistory { id } }
  viewer { account { id } key { id } } }"""


def test_everything_that_is_a_node_is_found_by_its_id(http, ask, new_key) -> None:
    key = new_key(http)
    told = ask(http, NODES, key).json["data"]
    ids = {
        "Account": told["viewer"]["account"]["id"],
        "ApiKey": told["viewer"]["key"]["id"],
        "BarSeries": told["bars"]["id"],
        "Indicator": told["indicator"]["indicator"]["id"],
        "Instrument": told["symbols"]["nodes"][0]["id"],
        "Signal": told["signal"]["id"],
        "SignalHistory": told["signalHistory"]["id"],
        "Strategy": told["signal"]["strategy"]["id"],
    }
    node = core_schema().type_map["Node"]
    assert set(ids) == {one.name for one in core_schema().get_possible_types(node)}
    query = "query ($id: ID!) { node(id: $id) { __typename id } }"
    for kind, identifier in ids.items():
        found = ask(http, query, key, id=identifier).json
        assert found["data"]["node"] == {"__typename": kind, "id": identifier}
    other = new_key(http)
    for kind in ("Account", "ApiKey"):
        assert ask(http, query, other, id=ids[kind]).json["data"]["node"] is None


def test_a_strategy_and_an_indicator_are_one_node_for_each_choice_of_parameters(http, ask) -> None:
    query = """query ($window: Float!) { indicator(symbol: "IBM", indicator: {name: RSI,
                 parameters: [{name: "window", value: $window}]}) {
                 ... on IndicatorSeries { indicator { id lookback } } } indicators { id name } }"""
    plain = ask(http, query, window=14).json["data"]
    other = ask(http, query, window=21).json["data"]["indicator"]["indicator"]
    named = next(one["id"] for one in plain["indicators"] if one["name"] == "RSI")
    assert plain["indicator"]["indicator"]["id"] == named != other["id"]
    again = "query ($id: ID!) { node(id: $id) { ... on Indicator { id lookback } } }"
    assert ask(http, again, id=other["id"]).json["data"]["node"] == other


def test_a_history_is_paged_by_its_id_as_it_was_known(http, ask, new_key, clock) -> None:
    key = new_key(http, plan="ENTERPRISE")
    asked = """{ signalHistory(symbol: "IBM", from: "2012-06-01T00:00:00Z") { ... on SignalHistory {
                 id signals(first: 60) { edges { cursor } nodes { id } } } }
                 bars(symbol: "IBM", from: "2012-06-01T00:00:00Z") { ... on BarSeries {
                 id bars(first: 60) { edges { cursor } nodes { time } } } } }"""
    begun = ask(http, asked, key).json["data"]
    clock.move(3600)
    more = """query ($id: ID!, $before: String) { node(id: $id) {
                ... on SignalHistory { signals(last: 60, before: $before) { nodes { id } } }
                ... on BarSeries { bars(last: 60, before: $before) { nodes { time } } } } }"""
    for field, name in (("signalHistory", "signals"), ("bars", "bars")):
        first = begun[field][name]
        before = first["edges"][-1]["cursor"]
        told = ask(http, more, key, id=begun[field]["id"], before=before).json["data"]["node"]
        assert told[name]["nodes"] == first["nodes"][:-1]


SIGNAL_KEY = ["IBM", "ONE_DAY", "TECHNICAL_RATING", {}, 1_362_096_000_000_000, 10**15]


@pytest.mark.parametrize(
    "identifier",
    [
        "",
        "A",
        "AAAA",
        "WyJTaWduYWwiXQ",
        "é",
        "W10",
        "bnVsbA",
        "W" * 10_000,
        global_id("Nothing", "IBM"),
        global_id("Instrument"),
        global_id("Instrument", "IBM", "IBM"),
        global_id("Instrument", 1),
        global_id("Instrument", None),
        global_id("Strategy", "NONE", {}),
        global_id("Strategy", "MOMENTUM", {"none": 1}),
        global_id("Strategy", "MOMENTUM", {"window": "1"}),
        global_id("Indicator", "RSI", {"window": 1e308}),
        global_id("Indicator", "RSI", []),
        *(
            global_id("Signal", *SIGNAL_KEY[:at], junk, *SIGNAL_KEY[at + 1 :])
            for at in range(6)
            for junk in (None, True, [], {"a": [1]}, {"a": {}}, 2**64 - 1, -(2**63), "x", 1.5)
        ),
        global_id("SignalHistory", *SIGNAL_KEY[:4], 2**63, None, 10**15),
        global_id("SignalHistory", *SIGNAL_KEY[:4], None, None, None),
        global_id("BarSeries", "IBM", "ONE_DAY", "NONE", None, None, 10**15),
        global_id("BarSeries", "IBM", "NONE", "RAW", None, None, 10**15),
        global_id("BarSeries", "NONE", "ONE_DAY", "RAW", None, None, 10**15),
        global_id("BarSeries", "IBM", "ONE_DAY", ["RAW"], None, None, 10**15),
    ],
)
def test_an_id_that_was_never_given_names_nothing(http, ask, identifier) -> None:
    answer = ask(http, "query ($id: ID!) { node(id: $id) { __typename id } }", id=identifier)
    assert answer.status == 200
    assert answer.json["data"]["node"] is None
    assert "errors" not in answer.json or answer.code == "BAD_USER_INPUT"


def test_bars_are_as_they_are_kept(http, ask, data, clock) -> None:
    store = SqliteBarStore(data / "bars.sqlite", clock=clock)
    series = store.series("AAPL", engine.Interval.ONE_DAY)
    for adjustment in Adjustment:
        bars = series.snapshot(now=clock(), adjustment=adjustment).bars
        answer = ask(http, BARS, symbol="AAPL", adjustment=adjustment.value, first=1000)
        told = answer.json["data"]["bars"]["bars"]
        assert told["totalCount"] == len(bars)
        for column in ("open", "high", "low", "close", "volume"):
            expected = getattr(bars, column)[:1000].tolist()
            assert [row[column] for row in told["nodes"]] == expected
        assert answer.json["data"]["bars"]["provenance"]["strategyHash"] is None
    store.close()


def test_bars_between_two_days_hold_both(way, ask) -> None:
    days = {"from": "2000-09-28T00:00:00Z", "to": "2000-09-29T00:00:00Z"}
    answer = ask(way, BARS, symbol="AAPL", adjustment="RAW", **days).json["data"]["bars"]["bars"]
    assert [row["close"] for row in answer["nodes"]] == [53.5, 25.75]
    assert ask(way, BARS, symbol="NONE").json["data"]["bars"] == {"code": "UNKNOWN_SYMBOL"}


def test_an_indicator_is_what_the_engine_computes(http, ask, data, clock) -> None:
    store = SqliteBarStore(data / "bars.sqlite", clock=clock)
    bars = store.series("MSFT", engine.Interval.ONE_DAY).snapshot(now=clock()).bars
    store.close()
    query = """{ indicator(symbol: "MSFT", indicator: {name: MACD, parameters: [
                  {name: "fast", value: 5}]}) {
                 ... on IndicatorSeries { indicator { name lookback } times
                   outputs { name values } provenance { bars } } } }"""
    told = ask(http, query).json["data"]["indicator"]
    expected = engine.compute("MACD", bars, fast=5)
    assert [one["name"] for one in told["outputs"]] == list(expected)
    assert len(told["times"]) == len(bars) == told["provenance"]["bars"]
    for one in told["outputs"]:
        values = np.array([math.nan if v is None else v for v in one["values"]])
        np.testing.assert_array_equal(values, expected[one["name"]])
        assert one["values"].count(None) == told["indicator"]["lookback"]


def test_too_short_a_history_for_an_indicator_is_said(http, ask, data) -> None:
    query = """{ indicator(symbol: "IBM", interval: ONE_HOUR, indicator: {name: SMA}) {
                 ... on NotEnoughHistory { code barsNeeded barsKnown message } } }"""
    answer = ask(http, query).json["data"]["indicator"]
    assert (answer["code"], answer["barsKnown"]) == ("NOT_ENOUGH_HISTORY", 0)
    assert answer["barsNeeded"] > 1
    bars = (
        '{ bars(symbol: "IBM", interval: ONE_HOUR) { ... on BarSeries { bars { totalCount } } } }'
    )
    assert ask(http, bars).json["data"]["bars"]["bars"]["totalCount"] == 0


def test_many_symbols_are_judged_in_the_order_asked(way, ask) -> None:
    query = """query ($symbols: [Symbol!]!) { signals(symbols: $symbols) { __typename
                 ... on Signal { symbol } ... on UnknownSymbol { symbol } } }"""
    answer = ask(way, query, symbols=["MSFT", "NOPE", "AAPL"])
    assert [one["symbol"] for one in answer.json["data"]["signals"]] == ["MSFT", "NOPE", "AAPL"]
    assert answer.json["extensions"]["cost"]["requestedQueryCost"] == 3
    for count in (0, 101):
        refused = ask(way, query, symbols=["IBM"] * count)
        assert refused.code == "BAD_USER_INPUT"
        assert "1 to 100" in refused.json["errors"][0]["message"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"first": 0}, "1 to 1000"),
        ({"last": 1001}, "1 to 1000"),
        ({"first": 1, "last": 1}, "both given"),
        ({"after": "é"}, "no cursor"),
        ({"after": "QUFQTA"}, "no cursor"),
        ({"before": "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk"}, "no cursor"),
    ],
)
def test_a_page_that_cannot_be_is_refused(http, ask, new_key, arguments, said) -> None:
    key = new_key(http, plan="ENTERPRISE")
    asked = {"symbol": "IBM", "strategy": "PRICE_AND_RSI"} | arguments
    answer = ask(http, HISTORY, key, **asked)
    assert answer.code == "BAD_USER_INPUT"
    assert said in answer.json["errors"][0]["message"]
