"""One final answer to the last digit: whoever changes it moves the engine's version."""

import pytest

ASK = """
query ($asOf: DateTime!) {
  signal(symbol: "IBM", asOf: $asOf, at: "2012-11-05T12:00:00Z") { ... on Signal {
    action score barTime close provenance { engineVersion strategyHash dataVersion stale } } }
  backtest(symbol: "AAPL", asOf: $asOf, strategy: { preset: { name: MOMENTUM } }) {
    ... on Backtest { bars totalReturn annualizedReturn sharpe barsPerYear
      provenance { strategyHash dataVersion } } }
}"""
SIGNAL = {
    "action": "SELL",
    "score": pytest.approx(-7 / 15, abs=1e-12),
    "barTime": "2012-11-02T00:00:00Z",
    "close": 193.43,
    "provenance": {
        "engineVersion": "1.0.0",
        "strategyHash": "ecbc2ab5a0a6405a",
        "dataVersion": "7c782e4d52b27c57",
        "stale": False,
    },
}
BACKTEST = {
    "bars": 3018,
    "totalReturn": pytest.approx(2.9906822543209355, rel=1e-12),
    "annualizedReturn": pytest.approx(0.12217002860618953, rel=1e-12),
    "sharpe": pytest.approx(0.4793879705574017, rel=1e-12),
    "barsPerYear": pytest.approx(251.27312051689208, rel=1e-15),
    "provenance": {"strategyHash": "adf02ba865ffb27e", "dataVersion": "757fb777c55ce0f8"},
}


def test_an_answer_of_this_engine_version_is_this_one(http, ask, new_key) -> None:
    # What differs here differs for everybody who kept an answer: then ENGINE_VERSION moves.
    key = new_key(http, "ENTERPRISE")
    told = ask(http, ASK, key, asOf="2026-11-18T12:00:00Z").json["data"]
    assert told["signal"] == SIGNAL
    assert told["backtest"] == BACKTEST
