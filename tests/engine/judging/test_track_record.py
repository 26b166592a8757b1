"""Track records: what they hold, and how often their intervals cover the truth."""

from functools import cache

import numpy as np
import pytest

import engine
from engine import Action, BadBars, BadParameter, NotEnoughHistory
from engine.track_record import effective, followed, track_record

RUNS, BARS, HORIZONS = 2_000, 4_000, (1, 5, 20)
NAMES = [spec.name for spec in engine.strategies().values()]


@cache
def records_of_walks():
    """The records of a trend follower on the last bar of each of many random walks, by horizon."""
    rng = np.random.default_rng(20)
    time, flat = np.arange(BARS) * 86_400_000_000, np.ones(BARS)
    records = {horizon: [] for horizon in HORIZONS}
    for _ in range(RUNS):
        price = np.cumprod(1.0 + rng.normal(0.0, 0.01, BARS))
        bars = engine.Bars(time, price, price, price, price, flat)
        decision = engine.decide("MOVING_AVERAGE_CROSS", bars, fast=5, slow=20)
        for record in track_record(decision, horizons=HORIZONS):
            records[record.horizon].append(record)
    return records


def covered(estimates, truth):
    """The share of intervals that hold the truth."""
    return float(np.mean([each.low <= truth <= each.high for each in estimates]))


@pytest.mark.parametrize("horizon", HORIZONS)
def test_intervals_cover_the_truth_of_random_walks_in_93_to_97_percent(horizon):
    judged = records_of_walks()[horizon]
    assert len(judged) == RUNS
    assert min(record.effective for record in judged) >= 100
    up = truth_of_up_moves(horizon)
    hits = [r.hit_rate.low <= (up if r.action > 0 else 1 - up) <= r.hit_rate.high for r in judged]
    assert 0.93 <= covered([record.mean_forward_return for record in judged], 0.0) <= 0.97
    assert 0.93 <= np.mean(hits) <= 0.97


@cache
def truth_of_up_moves(horizon):
    """How often such a walk is higher after so many bars: a little less than half the time."""
    moves = np.random.default_rng(21).normal(0.0, 0.01, (200_000, horizon))
    return float((np.log1p(moves).sum(axis=1) > 0.0).mean())


def test_intervals_that_took_every_occurrence_for_independent_would_not_cover_it():
    naive = [
        abs(record.mean_forward_return.value)
        <= (record.mean_forward_return.high - record.mean_forward_return.value)
        * np.sqrt(record.effective / record.occurrences)
        for record in records_of_walks()[20]
    ]
    assert np.mean(naive) < 0.8


def test_a_planted_edge_is_found():
    rng = np.random.default_rng(3)
    for action in (Action.BUY, Action.SELL):
        said = rng.random(3_000) < 0.3
        moves = rng.normal(0.0, 0.01, 3_000)
        moves[1:] += 0.003 * int(action) * said[:-1]  # the bar after it was said
        record = followed(said, np.cumprod(1.0 + moves), 1, action)
        assert record.hit_rate.low > 0.5
        interval = record.mean_forward_return
        assert interval.low < 0.003 * int(action) < interval.high
        assert not interval.low <= 0.0 <= interval.high


def test_below_ten_effective_occurrences_there_is_no_interval():
    price = np.cumprod(1.0 + np.random.default_rng(4).normal(0.0, 0.01, 200))
    record = followed(np.ones(200, dtype=bool), price, 20, Action.BUY)
    assert record.occurrences == 180
    assert record.effective < 10
    for estimate in (record.hit_rate, record.mean_forward_return):
        assert estimate.value is not None
        assert estimate.low is estimate.high is None


def test_what_was_never_said_has_no_record():
    record = followed(np.zeros(50, dtype=bool), np.linspace(1.0, 2.0, 50), 5, Action.BUY)
    assert (record.occurrences, record.effective) == (0, 0.0)
    assert record.hit_rate.value is record.mean_forward_return.value is None
    assert record.benchmark_forward_return > 0.0


def test_a_horizon_longer_than_the_history_has_no_record():
    record = followed(np.ones(5, dtype=bool), np.ones(5), 20, Action.BUY)
    assert (record.occurrences, record.benchmark_forward_return) == (0, None)


def test_hold_says_no_direction_and_has_no_hit_rate():
    price = np.cumprod(1.0 + np.random.default_rng(4).normal(0.0, 0.01, 500))
    record = followed(np.ones(500, dtype=bool), price, 1, Action.HOLD)
    assert record.hit_rate == engine.Estimate(None, None, None)
    assert record.mean_forward_return.low is not None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bar", [-1, 1500])
def test_a_record_counts_what_a_reader_would_count(name, bar, bars):
    decision = engine.decide(name, bars)
    at = bar % len(bars)
    for record in track_record(decision, bar=bar, horizons=[1, 7]):
        before = range(decision.first, at + 1 - record.horizon)
        forward = {i: bars.close[i + record.horizon] / bars.close[i] - 1 for i in before}
        same = [forward[i] for i in before if decision.action[i] == decision.action[at]]
        assert record.action == decision.action[at]
        assert record.occurrences == len(same)
        assert record.mean_forward_return.value == pytest.approx(np.mean(same))
        assert record.benchmark_forward_return == pytest.approx(np.mean(list(forward.values())))
        if record.action is not Action.HOLD:
            hits = np.mean([move * record.action > 0 for move in same])
            assert record.hit_rate.value == pytest.approx(hits)


def test_a_record_knows_nothing_of_later_bars(bars):
    whole = engine.decide("PRICE_AND_RSI", bars)
    past = engine.decide("PRICE_AND_RSI", bars[:1000])
    assert track_record(whole, bar=999) == track_record(past)


def test_a_record_may_be_measured_on_other_prices(bars):
    decision = engine.decide("PRICE_AND_RSI", bars)
    squared = track_record(decision, bars.replace(close=bars.close**2), horizons=[5])[0]
    assert squared.occurrences == track_record(decision, horizons=[5])[0].occurrences
    with pytest.raises(BadBars, match="times"):
        track_record(decision, bars[1:])


@pytest.mark.parametrize("price", [0.0, -1.0, np.nan, np.inf])
def test_prices_that_nothing_can_be_measured_with_are_refused(price, bars):
    decision = engine.decide("PRICE_AND_RSI", bars)
    close = bars.close.copy()
    close[500] = price
    with pytest.raises(BadBars, match="close"):
        track_record(decision, bars.replace(close=close))


def test_observations_that_repeat_each_other_are_worth_one():
    assert effective(np.ones(4, dtype=bool), np.ones(3)) == 1.0
    assert effective(np.ones(4, dtype=bool), np.zeros(3)) == 4.0


@pytest.mark.parametrize("horizon", [0, -1, 501, 2.5])
def test_horizons_out_of_range_are_refused(horizon, bars):
    with pytest.raises(BadParameter, match="horizon"):
        track_record(engine.decide("PRICE_AND_RSI", bars), horizons=[horizon])


def test_bars_that_are_not_there_or_were_not_judged_are_refused(bars):
    decision = engine.decide("PRICE_AND_RSI", bars)
    with pytest.raises(BadParameter, match="none of"):
        track_record(decision, bar=len(bars))
    with pytest.raises(NotEnoughHistory):
        track_record(decision, bar=0)
