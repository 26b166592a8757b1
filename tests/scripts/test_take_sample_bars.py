"""The splits and dividends that adjusted closes imply."""

import importlib.util
import sys
import types
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "take_sample_bars.py"


@pytest.fixture
def script(monkeypatch):
    """The script, with a package of stocks that holds nothing."""
    package = types.ModuleType("bokeh_sampledata")
    package.stocks = types.ModuleType("stocks")
    monkeypatch.setitem(sys.modules, "bokeh_sampledata", package)
    spec = importlib.util.spec_from_file_location("take_sample_bars", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def series(close, steps):
    """A source's series: steps are the factors by which the adjustment grows on a day."""
    factors = [1.0] * len(close)
    for day, step in steps.items():
        factors = [f / step if n < day else f for n, f in enumerate(factors)]
    return {
        "date": [f"2020-01-{n + 1:02}" for n in range(len(close))],
        "close": close,
        "adj_close": [c * f for c, f in zip(close, factors, strict=True)],
    }


def test_a_step_with_a_fall_to_match_is_a_split_and_a_small_one_a_dividend(script):
    source = series([100.0, 50.5, 50.0, 49.0], {1: 2.0, 2: 1 + 0.13 / 50.0})
    found = list(script.actions(source))
    assert found == [("2020-01-02", "SPLIT", 2.0), ("2020-01-03", "DIVIDEND", 0.13)]
    script.check(source, found)


def test_three_for_two_is_a_split_too(script):
    assert list(script.actions(series([90.0, 60.0], {1: 1.5}))) == [("2020-01-02", "SPLIT", 1.5)]


def test_a_fall_without_a_step_is_a_fall(script):
    assert list(script.actions(series([53.5, 25.75, 26.0], {}))) == []


@pytest.mark.parametrize("step", [1.00123, 0.5])
def test_a_step_that_is_neither_is_refused(script, step):
    with pytest.raises(SystemExit, match="is no split and no dividend"):
        list(script.actions(series([50.0, 50.0], {1: step})))


def test_actions_that_do_not_give_the_adjusted_closes_back_are_refused(script):
    source = series([100.0, 50.0], {1: 2.0})
    with pytest.raises(SystemExit, match="with its actions is not"):
        script.check(source, [])
