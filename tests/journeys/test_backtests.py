"""Backtests and track records, asked for as clients do."""

import pytest

import engine
from engine.types import Interval
from market_data.adjust import Adjustment
from market_data.calendar import bars_per_year
from market_data.stores import SqliteBarStore

BACKTEST = """
query ($symbol: Symbol!, $strategy: StrategyName!, $from: DateTime, $to: DateTime,
       $costs: CostsInput, $trials: Int, $adjustment: Adjustment, $first: Int, $after: String) {
  backtest(symbol: $symbol, strategy: {preset: {name: $strategy}}, from: $from, to: $to,
           costs: $costs, trials: $trials, adjustment: $adjustment) {
    __typename
    ... on Backtest {
      symbol interval from to bars totalReturn annualizedReturn volatility sharpe sortino
      maxDrawdown maxDrawdownBars exposure turnover profitFactor probabilisticSharpe deflatedSharpe
      winRate { value low high confidence }
      buyAndHold { totalReturn annualizedReturn volatility sharpe sortino maxDrawdown }
      equity(points: 20) { times strategy buyAndHold }
      trades(first: $first, after: $after) {
        totalCount pageInfo { hasNextPage endCursor }
        nodes { side entryTime entryPrice exitTime exitPrice barsHeld netReturn cost open }
      }
      lookAheadAudit { passed histories difference { what barTime } }
      provenance { strategyHash dataVersion bars }
    }
    ... on UserError { code message }
    ... on NotEnoughHistory { barsNeeded barsKnown }
  }
}
"""


@pytest.fixture
def asked(http, ask, new_key):
    key = new_key(http, plan="PREMIUM")

    def send(strategy="MOVING_AVERAGE_CROSS", symbol="IBM", **more):
        return ask(http, BACKTEST, key, symbol=symbol, strategy=strategy, **more)

    return send


@pytest.mark.parametrize("strategy", list(engine.strategies()))
def test_every_strategy_is_judged_as_the_engine_judges_it(asked, data, clock, strategy) -> None:
    told = asked(strategy, trials=10).json["data"]["backtest"]
    store = SqliteBarStore(data / "bars.sqlite", clock=clock)
    series = store.series("IBM", engine.Interval.ONE_DAY)
    decision = engine.decide(strategy, series.snapshot(now=clock()).bars)
    filled = series.snapshot(now=clock(), adjustment=Adjustment.SPLITS_AND_DIVIDENDS).bars
    store.close()
    yearly = bars_per_year(Interval.ONE_DAY, series.instrument.calendar)
    expected = engine.backtest(decision, filled, trials=10, yearly=yearly)
    assert told["__typename"] == "Backtest"
    for name, value in [
        ("totalReturn", expected.total_return),
        ("sharpe", expected.sharpe),
        ("deflatedSharpe", expected.deflated_sharpe),
        ("maxDrawdown", expected.max_drawdown),
        ("exposure", expected.exposure),
        ("profitFactor", expected.profit_factor),
    ]:
        assert told[name] == pytest.approx(value, rel=1e-12)
    assert told["trades"]["totalCount"] == len(expected.trades)
    assert told["winRate"]["value"] == pytest.approx(expected.win_rate.value)
    assert told["buyAndHold"]["totalReturn"] == pytest.approx(expected.buy_and_hold.total_return)
    assert told["lookAheadAudit"]["passed"] is True
    assert told["lookAheadAudit"]["histories"] >= 10
    assert len(told["equity"]["times"]) == len(told["equity"]["strategy"]) == 20
    assert told["equity"]["strategy"][-1] == pytest.approx(1 + told["totalReturn"])
    assert told["provenance"]["strategyHash"] == decision.hash


def test_the_ledger_is_read_page_by_page(asked) -> None:
    whole = asked(first=200).json["data"]["backtest"]["trades"]
    assert whole["totalCount"] == len(whole["nodes"]) > 20
    read, after, more = [], None, True
    while more:
        page = asked(first=10, after=after).json["data"]["backtest"]["trades"]
        read += page["nodes"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert read == whole["nodes"]


def test_costs_only_lower_what_is_left(asked) -> None:
    returns = [
        asked(costs={"feeBps": fee, "slippageBps": 0}).json["data"]["backtest"]["totalReturn"]
        for fee in (0, 10, 100)
    ]
    assert returns == sorted(returns, reverse=True)
    assert len(set(returns)) == 3


def test_a_part_of_the_history_is_traded_alone(asked) -> None:
    days = {"from": "2008-01-02T00:00:00Z", "to": "2009-12-31T00:00:00Z"}
    told = asked(**days).json["data"]["backtest"]
    assert (told["from"], told["to"]) == (days["from"], days["to"])
    assert told["bars"] == 505
    empty = asked(**{"from": "2013-06-01T00:00:00Z"}).json["data"]["backtest"]
    assert empty["code"] == "NOT_ENOUGH_HISTORY"
    assert empty["barsNeeded"] == empty["barsKnown"] + 1  # a bar more would lie in the range
    assert empty["message"] == (
        "No bar of ONE_DAY of IBM opened between from and to: the first opened "
        "2000-03-01T00:00:00Z, the last 2013-03-01T00:00:00Z."
    )
    weekend = {"from": "2009-12-05T00:00:00Z", "to": "2009-12-06T00:00:00Z"}
    between = asked(**weekend).json["data"]["backtest"]
    assert between["barsNeeded"] == between["barsKnown"] + 1 < empty["barsNeeded"]
    young = asked(to="2000-03-03T00:00:00Z").json["data"]["backtest"]
    assert young["barsKnown"] == 3
    assert "3 of IBM had closed" in young["message"]
    assert asked(symbol="NOPE").json["data"]["backtest"]["code"] == "UNKNOWN_SYMBOL"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"costs": {"feeBps": -1}}, "feeBps is -1; a leg costs 0 to 1000 basis points."),
        ({"costs": {"slippageBps": 5000}}, "slippageBps is 5000; a leg costs 0 to 1000"),
        ({"trials": 0}, "between 1 and"),
        ({"first": 201}, "1 to 200"),
    ],
)
def test_what_cannot_be_is_refused(asked, arguments, said) -> None:
    answer = asked(**arguments)
    assert answer.code == "BAD_USER_INPUT"
    assert said in answer.json["errors"][0]["message"]


def test_a_signal_tells_what_followed_the_last_times(way, ask) -> None:
    query = """query ($horizons: [Int!]) { signal(symbol: "MSFT",
                 strategy: {preset: {name: PRICE_AND_RSI}}) { ... on Signal { action
                   trackRecord(horizons: $horizons) { horizon occurrences benchmarkForwardReturn
                     hitRate { value low high } meanForwardReturn { value low high } } } } }"""
    answer = ask(way, query)
    signal = answer.json["data"]["signal"]
    assert answer.json["extensions"]["cost"]["requestedQueryCost"] == 3
    assert signal["action"] == "BUY"
    assert [one["horizon"] for one in signal["trackRecord"]] == [1, 5, 20]
    for one in signal["trackRecord"]:
        assert one["occurrences"] > 100
        assert one["hitRate"]["low"] < one["hitRate"]["value"] < one["hitRate"]["high"]
        mean = one["meanForwardReturn"]
        assert mean["low"] < mean["value"] < mean["high"]
    assert ask(way, query, horizons=[0]).code == "BAD_USER_INPUT"
    assert (
        "may hold 10" in ask(way, query, horizons=list(range(1, 12))).json["errors"][0]["message"]
    )
