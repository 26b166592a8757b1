"""Explanations: reasons in words, and numbers that add up."""

import math

import numpy as np
import pytest

import engine
from engine import Action, BadParameter, NotEnoughHistory
from engine.types import Bars


def steady(closes):
    close = np.array(closes, dtype=float)
    return Bars(np.arange(len(close)) * 86_400_000_000, close, close, close, close, close * 0)


def test_a_reason_carries_the_numbers_it_speaks_of(real):
    explained = engine.explain(engine.decide("PRICE_AND_RSI", real["IBM"]))
    assert explained.action is Action.BUY
    assert explained.summary == (
        "BUY with a score of +1.00: close 202.91 above SMA(20) 200.84; RSI(14) 57.2 above 55."
    )
    price, strength = explained.contributions
    assert (price.indicator, price.label, price.group) == ("SMA", "SMA(20)", "moving averages")
    assert (strength.vote, strength.weight, strength.contribution) == (1.0, 0.5, 0.5)
    assert strength.value == engine.compute("RSI", real["IBM"])["rsi"][-1]


def test_every_bar_is_explained_by_what_was_decided_on_it(bars):
    decision = engine.decide("PRICE_AND_RSI", bars)
    for bar in range(decision.first, len(bars), 97):
        explained = engine.explain(decision, bar)
        summed = explained.baseline + math.fsum(c.contribution for c in explained.contributions)
        assert summed == pytest.approx(explained.score, abs=1e-15)
        assert explained.score == decision.score[bar]
        assert explained.action == decision.action[bar]
        assert all(c.contribution == c.vote * c.weight for c in explained.contributions)


def test_a_bar_counts_from_either_end(real):
    decision = engine.decide("PRICE_AND_RSI", real["MSFT"])
    assert engine.explain(decision, -3) == engine.explain(decision, len(real["MSFT"]) - 3)


def test_a_bar_before_the_first_judgement_is_refused_with_what_it_would_need(real):
    decision = engine.decide("MOVING_AVERAGE_CROSS", real["MSFT"])
    with pytest.raises(NotEnoughHistory) as refusal:
        engine.explain(decision, 10)
    assert (refusal.value.needed, refusal.value.known) == (50, 11)


@pytest.mark.parametrize("bar", [-4000, 4000])
def test_a_bar_that_does_not_exist_is_refused(real, bar):
    with pytest.raises(BadParameter, match=f"bar {bar} is none of the 3270 bars"):
        engine.explain(engine.decide("PRICE_AND_RSI", real["MSFT"]), bar)


def test_a_market_that_says_nothing_scores_the_baseline():
    explained = engine.explain(engine.decide("PRICE_AND_RSI", steady([7.0] * 30)))
    assert (explained.score, explained.action) == (explained.baseline, Action.HOLD)
    assert explained.summary == (
        "HOLD with a score of +0.00: close 7.00 equal to SMA(20) 7.00; "
        "RSI(14) 50 between 45 and 55."
    )


def test_a_fast_average_that_is_not_the_faster_is_refused(real):
    with pytest.raises(BadParameter, match=r"fast \(50\) must be shorter than slow \(50\)"):
        engine.decide("MOVING_AVERAGE_CROSS", real["IBM"], fast=50)
