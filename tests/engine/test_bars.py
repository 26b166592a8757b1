"""Bars that cannot be judged are refused where they come in, with what was wrong and where."""

import re

import numpy as np
import pytest

import engine
from engine import BadBars, BadParameter, Bars

COLUMNS = ("open", "high", "low", "close", "volume")
NO_NUMBERS = [np.nan, np.inf, -np.inf, 1e101, 5e-324]
strategies = pytest.mark.parametrize("name", engine.strategies())


def holding(bars, column, bar, value):
    values = np.array(getattr(bars, column))
    values[bar] = value
    return bars.replace(**{column: values})


@strategies
@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize("column", COLUMNS)
def test_a_value_that_is_no_number_is_told_with_its_bar(name, value, column, real):
    bars = holding(real["IBM"][:600], column, 17, value)
    wrong = re.escape(f"{column} is {value:g} on bar 17, of 2000-03-24T") + ".* are 0 or between"
    for ask in (engine.decide, engine.open):
        with pytest.raises(BadBars, match=wrong):
            ask(name, bars)


@strategies
def test_a_state_that_hears_no_number_stays_as_it_was(name, real):
    bars = real["IBM"][:601]
    state = engine.open(name, bars[:600])
    before = state.to_bytes()
    with pytest.raises(BadBars, match="close is nan on bar"):
        state.update(holding(bars[600:], "close", 0, np.nan))
    assert state.to_bytes() == before
    state.update(bars[600:])
    assert state.score == engine.decide(name, bars).score[-1]


@pytest.mark.parametrize("prices", [[np.nan], [100.0, np.inf], [1e101], 100.0])
def test_prices_that_are_none_are_not_peeked_at(prices, real):
    state = engine.open("PRICE_AND_RSI", real["IBM"][:300])
    with pytest.raises(BadParameter, match="prices to peek at are a column of numbers"):
        state.peek(np.array(prices))


@strategies
@pytest.mark.parametrize("factor", [-1.0, 0.0, 1e97, 1e-97])
def test_prices_of_any_size_that_is_left_are_judged_explained_and_inverted(name, factor, real):
    bars = real["IBM"][:600]
    bars = bars.replace(**{column: getattr(bars, column) * factor for column in COLUMNS[:4]})
    decision = engine.decide(name, bars)
    assert np.isfinite(decision.score).all()
    explanation = engine.explain(decision)
    said = explanation.baseline + sum(each.contribution for each in explanation.contributions)
    assert said == pytest.approx(explanation.score, abs=1e-15)
    for flip in engine.flips(decision, tick=max(abs(factor), 1e-3)):
        assert flip is None or flip.action != decision.action[-1]


def test_columns_that_are_no_series_are_refused():
    column = np.ones(3)
    with pytest.raises(BadBars, match="low holds 2 values and time 3"):
        Bars(np.arange(3), column, column, column[:2], column, column)
    with pytest.raises(BadBars, match="close has 2 dimensions"):
        Bars(np.arange(3), column, column, column, np.ones((3, 1)), column)
    with pytest.raises(BadBars, match="times must increase"):
        Bars(np.array([0, 2, 2]), *[column] * 5)


def test_all_of_the_bars_are_the_bars_themselves(real):
    bars = real["IBM"]
    assert bars[:] is bars[: len(bars)] is bars[-len(bars) :] is bars
    assert len(bars[1:]) == len(bars[:-1]) == len(bars) - 1
