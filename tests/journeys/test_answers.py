"""What callers get: the same from the HTTP server and from the Lambda handler."""

import json

import pytest

SYMBOLS = ["AAPL", "GOOG", "IBM", "MSFT"]
AS_OF = "2026-11-18T12:00:00Z"

SIGNAL = """
query Signal($symbol: Symbol!, $strategy: StrategyName!, $at: DateTime, $asOf: DateTime) {
  signal(symbol: $symbol, strategy: {preset: {name: $strategy}}, at: $at, asOf: $asOf) {
    __typename
    ... on Signal {
      id symbol interval action rating score barTime close
      strategy { name title hash thresholds { rating above } }
      provenance { engineVersion strategyHash dataVersion resolvedAsOf final source bars stale }
    }
    ... on NotEnoughHistory { message code symbol barsNeeded barsKnown }
    ... on UnknownSymbol { message code symbol suggestions }
  }
}
"""

EXPLANATION = """
query Explanation($symbol: Symbol!, $strategy: StrategyName!, $at: DateTime, $asOf: DateTime) {
  explanation(symbol: $symbol, strategy: {preset: {name: $strategy}}, at: $at, asOf: $asOf) {
    __typename
    ... on Explanation {
      summary baseline
      contributions { indicator label group value vote weight contribution reason }
      flips { action price changePercent }
      nextFlips { action price changePercent }
      signal { action score close }
    }
    ... on UserError { message code }
  }
}
"""

USAGE = """
{ usage { plan date unitsUsed unitsLimit unitsRemaining requests resetsAt
          history(days: 3) { date unitsUsed requests } }
  rateLimit { perSecond burst available resetsAt cost }
  viewer { account { id name plan createdAt } key { id label lastFour scopes revokedAt } } }
"""


@pytest.mark.parametrize("strategy", ["PRICE_AND_RSI", "MOVING_AVERAGE_CROSS"])
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_server_and_the_lambda_answer_the_same(http, lambda_, ask, symbol, strategy) -> None:
    asked = {"symbol": symbol, "strategy": strategy, "asOf": AS_OF}
    for query in (SIGNAL, EXPLANATION):
        served, invoked = ask(http, query, **asked), ask(lambda_, query, **asked)
        assert served.status == invoked.status == 200
        assert "errors" not in served.json
        assert served.json["data"] == invoked.json["data"]
        extensions = [answer.json["extensions"] for answer in (served, invoked)]
        for each in extensions:  # the clock goes on between the two, and requests are free again
            assert 188 <= each["cost"]["throttleStatus"].pop("currentlyAvailable") <= 190
        assert extensions[0] == extensions[1]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_explanation_adds_up_to_the_signal(way, ask, symbol) -> None:
    asked = {"symbol": symbol, "strategy": "PRICE_AND_RSI"}
    signal = ask(way, SIGNAL, **asked).json["data"]["signal"]
    why = ask(way, EXPLANATION, **asked).json["data"]["explanation"]
    assert signal["__typename"] == "Signal"
    assert signal["provenance"]["stale"] is True  # the sample ends in 2013
    total = why["baseline"] + sum(part["contribution"] for part in why["contributions"])
    assert total == pytest.approx(signal["score"], abs=1e-15)
    assert why["signal"] == {name: signal[name] for name in ("action", "score", "close")}
    for flip in why["flips"] + why["nextFlips"]:
        assert flip["action"] in {"BUY", "HOLD", "SELL"}
        assert abs(flip["changePercent"]) <= 25
    assert all(flip["action"] != signal["action"] for flip in why["flips"])


def test_usage_counts_what_was_answered(way, ask, new_key) -> None:
    key = new_key(way, plan="PREMIUM")
    before = ask(way, USAGE, key).json["data"]
    assert before["usage"]["unitsUsed"] == 0
    assert before["usage"]["unitsLimit"] == 100_000
    cost = ask(way, EXPLANATION, key, symbol="IBM", strategy="PRICE_AND_RSI").json["extensions"]
    spent = cost["cost"]["actualQueryCost"]
    assert spent == cost["cost"]["requestedQueryCost"] == 4  # explanation 2, each flip 1
    after = ask(way, USAGE, key).json["data"]
    assert after["usage"]["unitsUsed"] == spent
    assert after["usage"]["unitsRemaining"] == 100_000 - spent
    assert after["usage"]["requests"] == 3
    assert after["usage"]["history"][-1]["unitsUsed"] == spent
    assert after["rateLimit"]["perSecond"] == 500
    assert after["rateLimit"]["cost"] == 0
    assert after["viewer"]["account"]["plan"] == "PREMIUM"
    assert after["viewer"]["key"]["lastFour"] == key[-4:]
    assert key not in json.dumps(after)


def test_an_account_lists_its_own_keys_without_their_secrets(way, ask, clock) -> None:
    first = way.deeds.open_account("Two keys", "BASIC", label="first")
    clock.move(1)  # or else neither is the older
    second = way.deeds.create_key(first.account.id, label="second")
    way.deeds.revoke_key(first.account.id, first.key.id)
    answer = ask(way, "{ viewer { account { keys { label lastFour revokedAt } } } }", second.secret)
    keys = answer.json["data"]["viewer"]["account"]["keys"]
    assert [key["label"] for key in keys] == ["first", "second"]
    assert [key["lastFour"] for key in keys] == [first.secret[-4:], second.secret[-4:]]
    assert [key["revokedAt"] is None for key in keys] == [False, True]
    assert second.secret not in answer.body.decode()


def test_the_catalogue_and_the_symbols_are_listed(way, ask) -> None:
    answer = ask(
        way,
        """{ symbols(first: 3, search: "") { totalCount pageInfo { hasNextPage endCursor }
               nodes { id symbol name tick calendar source intervals firstBar lastBar } }
             strategies { name title source parameters { name default minimum maximum } }
             indicators { name title outputs lookback parameters { name description } } }""",
    ).json["data"]
    assert [one["symbol"] for one in answer["symbols"]["nodes"]] == ["AAPL", "GOOG", "IBM"]
    assert answer["symbols"]["totalCount"] == 4
    assert answer["symbols"]["pageInfo"]["hasNextPage"] is True
    assert answer["symbols"]["nodes"][0]["intervals"] == ["ONE_DAY"]
    assert answer["symbols"]["nodes"][0]["firstBar"] == "2000-03-01T00:00:00Z"
    assert {"PRICE_AND_RSI", "MOVING_AVERAGE_CROSS"} <= {o["name"] for o in answer["strategies"]}
    assert {"SMA", "EMA", "RSI", "MACD"} <= {one["name"] for one in answer["indicators"]}
    page = '{ symbols(first: 3, after: "%s") { nodes { symbol } pageInfo { hasNextPage } } }'
    rest = ask(way, page % answer["symbols"]["pageInfo"]["endCursor"]).json["data"]["symbols"]
    assert rest == {"nodes": [{"symbol": "MSFT"}], "pageInfo": {"hasNextPage": False}}


def test_a_past_moment_is_judged_as_it_stood(way, ask) -> None:
    # AAPL fell by half on 2000-09-29: the evening before nothing of it shows.
    before = ask(
        way, SIGNAL, symbol="AAPL", strategy="MOVING_AVERAGE_CROSS", at="2000-09-28T22:00:00Z"
    ).json["data"]["signal"]
    assert before["barTime"] == "2000-09-28T00:00:00Z"
    assert before["close"] == pytest.approx(53.50 / 2)  # the split of 2005 is known today
    # At three in the afternoon of New York the session has not closed yet.
    during = ask(
        way, SIGNAL, symbol="AAPL", strategy="MOVING_AVERAGE_CROSS", at="2000-09-29T19:00:00Z"
    ).json["data"]["signal"]
    assert during["barTime"] == "2000-09-28T00:00:00Z"


def test_a_final_answer_stays_what_it_was(http, ask, clock) -> None:
    asked = {"symbol": "MSFT", "strategy": "PRICE_AND_RSI", "asOf": AS_OF}
    first = ask(http, SIGNAL, **asked).json["data"]
    assert first["signal"]["provenance"]["final"] is True
    clock.move(3600)
    assert ask(http, SIGNAL, **asked).json["data"] == first


@pytest.mark.parametrize("moment", ["at", "asOf"])
def test_a_moment_in_the_future_is_now(http, ask, moment) -> None:
    asked = {"symbol": "IBM", "strategy": "PRICE_AND_RSI", moment: "2099-01-01T00:00:00Z"}
    signal = ask(http, SIGNAL, **asked).json["data"]["signal"]
    assert signal["barTime"] == "2013-03-01T00:00:00Z"
    assert signal["provenance"]["resolvedAsOf"] == AS_OF
    assert signal["provenance"]["final"] is False
