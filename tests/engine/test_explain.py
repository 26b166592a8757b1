"""Explanations: reasons in words, and numbers that add up."""

import math

import numpy as np
import pytest

import engine
from engine import Action, BadParameter, NotEnoughHistory
from engine.explain import WITHOUT_UNIT
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


# -- without prices --------------------------------------------------------------------------


def test_reasons_are_worded_without_prices_in_percent_of_the_close(real):
    decision = engine.decide("PRICE_AND_RSI", real["IBM"])
    explained = engine.explain(decision, prices=False)
    assert explained.summary == (
        "BUY with a score of +1.00: close (100 %) above SMA(20) (99 % of the close); "
        "RSI(14) 57.2 above 55."
    )
    mean, strength = explained.contributions
    assert (mean.value, strength.value) == (None, 57.19)
    told = engine.explain(decision)
    assert [c.contribution for c in explained.contributions] == [
        c.contribution for c in told.contributions
    ]
    assert "202.91" in told.summary


@pytest.mark.parametrize("strategy", engine.strategies())
def test_what_is_told_without_prices_is_the_same_in_any_currency(real, strategy):
    """Of bars whose prices are multiplied by a power of two, so that nothing is rounded."""
    bars = real["IBM"][-900:]
    prices = {name: getattr(bars, name) * 1024.0 for name in ("open", "high", "low", "close")}
    told = [
        engine.explain(engine.decide(strategy, one), prices=False)
        for one in (bars, bars.replace(**prices))
    ]
    assert told[0].summary == told[1].summary
    for one, other in zip(told[0].contributions, told[1].contributions, strict=True):
        assert (one.value, one.reason) == (other.value, other.reason)


def test_indicators_without_a_unit_are_those_that_no_currency_changes(real):
    bars = real["IBM"][-600:]
    prices = {name: getattr(bars, name) * 3.0 for name in ("open", "high", "low", "close")}
    others = bars.replace(**prices, volume=bars.volume * 7.0)

    def same(name):
        one, other = engine.compute(name, bars), engine.compute(name, others)
        return all(
            np.allclose(one[each], other[each], rtol=1e-6, atol=1e-6, equal_nan=True)
            for each in one
        )

    assert {name for name in engine.indicators() if same(name)} == WITHOUT_UNIT
