"""Sentiment that is kept beside the bars, heard by the strategy that takes it."""

import numpy as np
import pytest

from graphql_api.schema.scalars import rfc3339
from market_data.calendar import DAY, HOUR
from market_data.readings import Delivered
from market_data.stores import SqliteReadingStore

BEFORE = "2026-11-18T12:00:00Z"
DAY_BEFORE_LAST = 15_764 * DAY  # 2013-02-28, a Thursday; the last bar is of the Friday after
CLOSE = 21 * HOUR
EXPLAIN = """
query ($symbol: Symbol!, $at: DateTime, $asOf: DateTime) {
  explanation(symbol: $symbol, at: $at, asOf: $asOf,
              strategy: { preset: { name: COMBINED } }) {
    ... on Explanation {
      signal { action score barTime
        provenance { dataVersion source final strategyHash resolvedAsOf } }
      contributions { label value vote contribution reason }
      nextFlips { action price }
    }
  }
}"""
HISTORY = """
query ($symbol: Symbol!, $asOf: DateTime) {
  signalHistory(symbol: $symbol, asOf: $asOf,
                strategy: { preset: { name: COMBINED } }) {
    ... on SignalHistory {
      signals(last: 6) { nodes { action score barTime provenance { dataVersion source }
        explanation { contributions { label value } } } }
    }
  }
}"""


@pytest.fixture
def mood(data, clock):
    """Makes the sentiment of IBM known: a good mood, public in the evening of 2013-02-28."""
    store = SqliteReadingStore(data / "sentiment.sqlite", clock, clock.move)

    def make(value=0.9, published=DAY_BEFORE_LAST + CLOSE + HOUR, time=DAY_BEFORE_LAST):
        moments = np.array([time], np.int64), np.array([published], np.int64)
        told = Delivered(*moments, np.array([value]), "told", clock.now)
        known = store.commit("IBM", told).known
        clock.move(3)
        return known

    yield make
    store.close()


@pytest.fixture
def explain(http, ask, new_key):
    key = new_key(http, plan="ENTERPRISE")

    def get(**variables):
        answer = ask(http, EXPLAIN, key, symbol="IBM", **variables)
        assert "errors" not in answer.json, answer.json
        return answer.json["data"]["explanation"]

    return get


def mood_of(explanation):
    return next(one for one in explanation["contributions"] if one["label"] == "sentiment")


def test_without_sentiment_it_is_neutral_and_says_so(explain):
    said = mood_of(explain())
    assert (said["value"], said["vote"]) == (None, 0.0)
    assert said["reason"] == "no sentiment is known: neutral"


def test_what_is_known_is_heard_and_shown_in_the_explanation(explain, mood):
    before = explain()
    mood(0.9)
    after = explain()
    said = mood_of(after)
    assert (said["value"], said["vote"], said["contribution"]) == (0.9, 1.0, 0.5)
    assert said["reason"] == "sentiment 0.90 above 0.6"
    assert after["signal"]["score"] == before["signal"]["score"] + 0.5 == 1.0
    told, known = (one["signal"]["provenance"] for one in (before, after))
    assert told["dataVersion"] != known["dataVersion"]
    assert (known["source"], told["source"]) == (f"{told['source']} + told", told["source"])
    assert told["strategyHash"] == known["strategyHash"]


def test_an_answer_as_of_before_is_the_same_for_ever(explain, mood):
    before = explain(asOf=BEFORE)
    assert before["signal"]["provenance"]["final"]
    known = mood(0.1)
    assert explain(asOf=BEFORE) == before
    assert mood_of(explain())["value"] == 0.1
    assert known


def test_nothing_is_heard_on_a_bar_that_closed_before_it_was_public(explain, mood):
    mood(0.1)
    on_the_day = explain(at="2013-03-01T20:59:00Z")
    assert on_the_day["signal"]["barTime"] == "2013-02-28T00:00:00Z"
    assert mood_of(on_the_day)["value"] is None
    assert mood_of(explain(at="2013-03-01T21:00:00Z"))["value"] == 0.1


def test_a_value_told_anew_today_is_not_applied_to_the_past(explain, mood):
    mood(0.9)
    mood(0.1)
    assert mood_of(explain())["value"] == 0.9


def test_the_signal_is_the_history_at_its_bar_with_the_same_data(explain, mood, http, ask, new_key):
    mood(0.3)
    answer = ask(http, HISTORY, new_key(http, plan="ENTERPRISE"), symbol="IBM").json
    nodes = answer["data"]["signalHistory"]["signals"]["nodes"]
    assert len(nodes) == 6
    for node in nodes:
        closed = node["barTime"].replace("T00:00:00", "T21:00:00")
        alone = explain(at=closed)
        for name in ("action", "score", "barTime"):
            assert alone["signal"][name] == node[name]
        for name in ("dataVersion", "source"):
            assert alone["signal"]["provenance"][name] == node["provenance"][name]
        assert mood_of(alone)["value"] == mood_of(node["explanation"])["value"]
    heard = [mood_of(node["explanation"])["value"] for node in nodes]
    assert heard == [None] * 5 + [0.3]


def test_a_strategy_that_hears_prices_alone_is_untouched(http, ask, new_key, mood):
    query = (
        '{ signal(symbol: "IBM") { ... on Signal { score provenance { dataVersion source } } } }'
    )
    key = new_key(http)
    before = ask(http, query, key).json["data"]
    mood(0.9)
    assert ask(http, query, key).json["data"] == before


def test_damaged_sentiment_is_an_outage_and_never_a_wrong_signal(http, ask, new_key, mood, data):
    mood(0.9)
    path = data / "sentiment.sqlite"
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 4000)
    answer = ask(http, EXPLAIN, new_key(http), symbol="IBM")
    assert answer.json["errors"][0]["extensions"]["code"] in {"UNAVAILABLE", "INTERNAL"}
    assert answer.json["data"] is None


def test_while_a_commit_is_not_confirmed_nothing_is_said_of_a_moment_that_it_may_change(
    explain, mood, clock, monkeypatch
):
    from market_data.stores.readings import ReadingStore

    with monkeypatch.context() as patch:
        patch.setattr(ReadingStore, "_confirm", lambda _, symbol, kept: kept.pending)
        known = mood(0.9)
    clock.move(60)
    said = explain(asOf="2026-11-18T12:00:03Z")
    assert mood_of(said)["value"] is None
    told = said["signal"]["provenance"]
    assert (told["final"], told["resolvedAsOf"]) == (False, rfc3339(known - 1))
    # So whoever asks as of that moment once it is settled is told the same.
    mood(0.9)
    again = explain(asOf=told["resolvedAsOf"])
    assert again["signal"]["provenance"] == told | {"final": True}
    assert explain(asOf=BEFORE)["signal"]["provenance"]["final"]
