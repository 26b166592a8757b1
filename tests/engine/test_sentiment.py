"""Sentiment: heard from the bar by whose close it was known, and never before."""

import numpy as np
import pytest

import engine
from engine import BadParameter, BadSentiment, Sentiment
from engine.sentiment import fresh

DAY = 86_400_000_000


def test_a_reading_counts_from_the_first_bar_that_knew_it(real):
    bars = real["IBM"][:400]
    late = bars.time[300] + DAY // 2  # known after bar 300 opened, speaking of long before
    mood = Sentiment(bars.time[[100]], [late], [0.9])
    alone, heard = engine.decide("COMBINED", bars), engine.decide("COMBINED", bars, mood)
    assert np.array_equal(heard.score[:301], alone.score[:301])
    assert np.array_equal(heard.score[301:306], alone.score[301:306] + 0.5)
    assert np.array_equal(heard.score[306:], alone.score[306:])
    closes = bars.time + 21 * 3_600_000_000
    by_close = engine.decide("COMBINED", bars, mood.readings(closes))
    assert by_close.score[300] == alone.score[300] + 0.5
    assert np.array_equal(by_close.score[:300], alone.score[:300])


def test_what_is_known_later_changes_no_decision_before(real):
    bars = real["MSFT"][:600]
    rng = np.random.default_rng(3)
    time = rng.choice(bars.time, 200)
    mood = Sentiment(time, time + rng.integers(0, 30, 200) * DAY, rng.random(200))
    whole = engine.decide("COMBINED", bars, mood)
    for length in (50, 300, 599):
        moment = bars.time[length - 1]
        then = mood.known <= moment
        known = Sentiment(mood.time[then], mood.known[then], mood.value[then])
        part = engine.decide("COMBINED", bars[:length], known)
        assert np.array_equal(part.score, whole.score[:length])


def test_of_two_readings_the_one_of_the_later_moment_counts_whichever_came_first():
    closed = np.arange(1, 6) * 10
    assert Sentiment([5, 7], [12, 13], [0.1, 0.7]).readings(closed)[1] == 0.7
    assert Sentiment([7, 5], [12, 13], [0.7, 0.1]).readings(closed)[1] == 0.7
    assert Sentiment([7, 7], [13, 12], [0.7, 0.1]).readings(closed)[1] == 0.7  # restated
    assert np.isnan(Sentiment([5], [51], [0.1]).readings(closed)).all()


def test_a_reading_grows_old():
    said = np.array([0.5, np.nan, np.nan, np.nan])
    assert fresh(said, 3).tolist()[:3] == [0.5] * 3
    assert np.isnan(fresh(said, 3)[3])
    assert np.isnan(fresh(said, 1)[1:]).all()


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        (([1], [1, 2], [0.5]), "one time, one known and one value"),
        (([[1]], [[1]], [[0.5]]), "one time, one known and one value"),
        (([1], [1], [1.01]), "between 0 and 1"),
        (([1], [1], [float("nan")]), "between 0 and 1"),
    ],
)
def test_columns_that_are_no_series_are_refused(columns, reason):
    with pytest.raises(BadSentiment, match=reason):
        Sentiment(*columns)


def test_a_column_of_readings_must_fit_its_bars(real):
    bars = real["IBM"][:100]
    with pytest.raises(BadSentiment, match="3 readings of sentiment for 100 bars"):
        engine.decide("COMBINED", bars, np.zeros(3))
    with pytest.raises(BadSentiment, match="between 0 and 1"):
        engine.decide("COMBINED", bars, np.full(100, 2.0))


def test_a_strategy_of_prices_takes_no_sentiment(real):
    with pytest.raises(BadParameter, match="PRICE_AND_RSI takes no sentiment"):
        engine.decide("PRICE_AND_RSI", real["IBM"], Sentiment([1], [1], [0.5]))
