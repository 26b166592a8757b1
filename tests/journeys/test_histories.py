"""Histories, bars, indicators and nodes, asked for as clients do."""

import itertools
import math

import numpy as np
import pytest

import engine
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


def test_nodes_are_found_by_their_ids_and_only_by_who_may_see_them(http, ask, new_key) -> None:
    key, other = new_key(http), new_key(http)
    mine = ask(http, "{ viewer { account { id } key { id } } symbols { nodes { id } } }", key)
    viewer = mine.json["data"]["viewer"]
    query = "query ($id: ID!) { node(id: $id) { __typename id } }"
    for kind, identifier in [
        ("Account", viewer["account"]["id"]),
        ("ApiKey", viewer["key"]["id"]),
        ("Instrument", mine.json["data"]["symbols"]["nodes"][0]["id"]),
    ]:
        found = ask(http, query, key, id=identifier).json["data"]["node"]
        assert found == {"__typename": kind, "id": identifier}
        if kind != "Instrument":
            assert ask(http, query, other, id=identifier).json["data"]["node"] is None
    for junk in [
        "",
        "A",
        "AAAA",
        "WyJTaWduYWwiXQ",
        "é",
        "W10",
        "bnVsbA",
        viewer["key"]["id"] + "A",
    ]:
        answer = ask(http, query, key, id=junk)
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


def test_a_cursor_stays_where_it_is_when_bars_arrive(history) -> None:
    start = {"from": "2012-06-01T00:00:00Z"}
    page = history(first=5, **start)["signals"]
    from_later = history(first=5, after=page["pageInfo"]["startCursor"], **start)["signals"]
    assert from_later["nodes"][:4] == page["nodes"][1:]
