"""How many rounds of store calls one request makes: at most two, however much it asks about."""

import threading
from collections import Counter

import numpy as np
import pytest
from botocore.client import BaseClient
from starlette.testclient import TestClient

import engine
from engine.types import Bars, Interval
from graphql_api.app import create_app, open_accounts, open_bars, open_readings
from graphql_api.guard.accounts import Accounts
from graphql_api.schema.scalars import rfc3339
from graphql_api.settings import Settings
from market_data.calendar import DAY
from market_data.instruments import Instrument
from market_data.readings import Delivered
from market_data.stores.dynamodb import TABLE, connect, connect_s3
from tests.aws import REGION, in_memory
from tests.conftest import NOON, HandClock

SYMBOLS = [f"S{number}" for number in range(100)]
BARS = 300
LONGEST_WAIT = 20.0  # seconds that a call waits for those beside it, before it says there are none

SIGNALS = """
query ($symbols: [Symbol!]!, $name: StrategyName!) {
  signals(symbols: $symbols, strategy: { preset: { name: $name } }) {
    ... on Signal { symbol score explanation { contributions { label value } } }
  }
}"""
ALIASED = """
query ($mood: StrategyInput = { preset: { name: COMBINED } }) {
  a: signal(symbol: "S0", strategy: $mood) { ...told }
  b: signal(symbol: "S1") { ...told }
  c: explanation(symbol: "S2", strategy: $mood) { ... on Explanation { signal { symbol } } }
  d: signalHistory(symbol: "S3", strategy: $mood) {
    ... on SignalHistory { signals(last: 1) { nodes { symbol } } } }
  e: backtest(symbol: "S4") { ... on Backtest { symbol } }
  f: bars(symbol: "S5") { ... on BarSeries { provenance { source } } }
  g: indicator(symbol: "S6", indicator: { name: RSI }) { ... on IndicatorSeries { times } }
  ...more
  signals(symbols: ["S8", "S9", "S0"], strategy: $mood) { ...told }
  k: signal(symbol: "S10") @skip(if: true) { ...told }
  l: signal(symbol: "NONE") { ... on UnknownSymbol { symbol } }
}
fragment more on Query { h: signal(symbol: "S7", interval: ONE_HOUR) { __typename } }
fragment told on SignalResult { ... on Signal { symbol } }
"""


class Rounds:
    """Holds every call until all of its round are under way: side by side, or not at all."""

    def __init__(self, *sizes: int) -> None:
        self.calls: list[tuple[str, int]] = []
        self._sizes = sizes
        self._barriers = [threading.Barrier(size) for size in sizes]
        self._lock = threading.Lock()

    def meet(self, operation: str, request: dict) -> None:
        tables = request.get("RequestItems", {}).values()
        keys = sum(len(asked["Keys"]) for asked in tables) or 1
        with self._lock:
            before = len(self.calls)
            self.calls.append((operation, keys))
        for size, barrier in zip(self._sizes, self._barriers, strict=True):
            if before < size:
                barrier.wait(LONGEST_WAIT)
                return
            before -= size
        raise AssertionError(f"one call too many: {operation}")


@pytest.fixture(scope="module")
def table():
    """A hundred symbols with their sentiment, in tables that this module's tests only read."""
    clock = HandClock(NOON)
    with in_memory():
        dynamodb, s3 = connect(), connect_s3()
        dynamodb.create_table(TableName="bars", **TABLE)
        s3.create_bucket(Bucket="bars", CreateBucketConfiguration={"LocationConstraint": REGION})
        settings = Settings(bars="dynamodb", bars_table="bars", bars_bucket="bars")
        bars, readings = open_bars(settings, clock), open_readings(settings, clock)
        last = NOON // DAY * DAY
        time = last - np.arange(BARS, 0, -1) * DAY
        moments = time[-5:].astype(np.int64)
        for number, symbol in enumerate(SYMBOLS):
            close = 100 + number + np.sin(np.arange(BARS) / (3 + number % 5))
            series = Bars(time, close, close + 1, close - 1, close, np.full(BARS, 1e6))
            bars.commit(
                Instrument(symbol, calendar="24/7", source="told"), Interval.ONE_DAY, series
            )
            mood = Delivered(moments, moments, np.full(5, 0.9), "mood", clock.now)
            readings.commit(symbol, mood)
        bars.close()
        readings.close()
        clock.move(60)
        yield clock
        dynamodb.close()
        s3.close()


@pytest.fixture(scope="module")
def aged(table):
    """Symbols whose sentiment is more than fits beside its HEAD."""
    readings = open_readings(
        Settings(bars="dynamodb", bars_table="bars", bars_bucket="bars"), table
    )
    moments = NOON // DAY * DAY - np.arange(2_000, 0, -1, dtype=np.int64) * DAY
    values = np.random.default_rng(7).random(2_000)
    for symbol in SYMBOLS[20:30]:
        readings.commit(symbol, Delivered(moments, moments, values, "mood", table.now))
    readings.close()
    table.move(60)
    return SYMBOLS[20:30]


@pytest.fixture
def served(table, tmp_path, monkeypatch, request):
    """A process that has read nothing yet, asked with so many calls in each round."""
    settings = Settings(
        data=tmp_path,
        bars="dynamodb",
        bars_table="bars",
        bars_bucket="bars",
        bars_fresh_seconds=getattr(request, "param", 0),
    )
    accounts = open_accounts(settings)[0]
    key = Accounts(accounts, table).open_account("Rounds", "ENTERPRISE").secret
    accounts.close()
    make_call = BaseClient._make_api_call
    with TestClient(create_app(settings, table), raise_server_exceptions=False) as client:

        def ask(query, *sizes, **variables):
            rounds = Rounds(*sizes)

            def watched(self, operation, request):
                rounds.meet(operation, request)
                return make_call(self, operation, request)

            with monkeypatch.context() as patch:
                patch.setattr(BaseClient, "_make_api_call", watched)
                body = {"query": query, "variables": variables}
                answer = client.post("/graphql", json=body, headers={"x-api-key": key}).json()
            assert "errors" not in answer, answer
            return answer["data"], Counter(rounds.calls)

        yield ask


@pytest.mark.parametrize("name", engine.strategies())
def test_a_hundred_symbols_take_two_rounds_by_any_strategy_and_then_one(served, name):
    hears = "sentiment" in engine.strategies()[name].beside
    side_by_side = 1 + hears
    told, calls = served(SIGNALS, side_by_side, 1, symbols=SYMBOLS, name=name)
    assert calls == {("BatchGetItem", 100): side_by_side + 1}
    assert [one["symbol"] for one in told["signals"]] == SYMBOLS
    if hears:
        parts = [one["explanation"]["contributions"] for one in told["signals"]]
        assert {part["value"] for one in parts for part in one if part["label"] == "sentiment"} == {
            0.9
        }
    again, calls = served(SIGNALS, side_by_side, symbols=SYMBOLS, name=name)
    assert calls == {("BatchGetItem", 100): side_by_side}
    assert again == told


def test_sentiment_of_many_years_comes_beside_the_bars_and_then_costs_a_look(served, table, aged):
    told, calls = served(SIGNALS, 2, 2, symbols=aged, name="COMBINED")
    assert calls == {("BatchGetItem", len(aged)): 4}  # HEADs, then chunks and readings
    assert len(told["signals"]) == len(aged)
    again, calls = served(SIGNALS, 2, symbols=aged, name="COMBINED")
    assert calls == {("BatchGetItem", len(aged)): 2}
    assert again == told


def test_fields_under_names_of_their_own_are_loaded_as_one_batch(served):
    told, calls = served(ALIASED, 2, 1)
    assert calls == {("BatchGetItem", 11): 1, ("BatchGetItem", 5): 1, ("BatchGetItem", 9): 1}
    assert told["a"] == {"symbol": "S0"}
    assert told["b"] == {"symbol": "S1"}
    assert told["c"] == {"signal": {"symbol": "S2"}}
    assert told["h"] == {"__typename": "NotEnoughHistory"}
    assert told["l"] == {"symbol": "NONE"}
    assert [one["symbol"] for one in told["signals"]] == ["S8", "S9", "S0"]


def test_one_field_asks_for_bars_and_sentiment_side_by_side(served):
    query = """{ signal(symbol: "S0", strategy: { preset: { name: COMBINED } }) {
                   ... on Signal { id } } }"""
    first, calls = served(query, 2, 1)
    assert calls == {("GetItem", 1): 3}
    second = served(query.replace("S0", "S1"), 2, 1)[0]
    both = "query ($a: ID!, $b: ID!) { a: node(id: $a) { id } b: node(id: $b) { id } }"
    ids = {"a": first["signal"]["id"], "b": second["signal"]["id"]}
    told, calls = served(both, 2, **ids)
    assert calls == {("BatchGetItem", 2): 2}
    assert told == {name: {"id": one} for name, one in ids.items()}


@pytest.mark.parametrize("served", [30], indirect=True)
def test_within_the_bound_of_freshness_nothing_is_asked_also_where_sentiment_is_heard(
    served, table
):
    query = """query ($asOf: DateTime) {
      signal(symbol: "S0", strategy: { preset: { name: COMBINED } }, asOf: $asOf) {
        ... on Signal { provenance { freshnessSeconds final resolvedAsOf source } } } }"""
    read_at = rfc3339(table.now)
    told = {"freshnessSeconds": 30.0, "resolvedAsOf": read_at, "source": "told + mood"}
    assert served(query, 2, 1)[0] == {"signal": {"provenance": told | {"final": False}}}
    table.move(29)
    assert served(query)[0] == {"signal": {"provenance": told | {"final": False}}}
    assert served(query, asOf=read_at)[0] == {"signal": {"provenance": told | {"final": True}}}
    later = rfc3339(table.now)
    assert served(query, asOf=later)[0] == {"signal": {"provenance": told | {"final": False}}}
    table.move(2)
    assert served(query, 2)[0]["signal"]["provenance"]["resolvedAsOf"] == rfc3339(table.now)
