"""What is made of a window says the same of a tail of the history, bit for bit."""

import numpy as np
import pytest

from engine import indicators

# What remembers more than its lookback: means that never end, and sums from the first bar on.
REMEMBERS = {
    *("EMA", "DEMA", "TEMA", "KAMA", "RSI", "STOCHASTIC_RSI", "MACD", "TSI", "BULL_BEAR_POWER"),
    *("KELTNER_CHANNELS", "ATR", "NATR", "ADX", "PARABOLIC_SAR", "SUPERTREND"),
    *("OBV", "ACCUMULATION_DISTRIBUTION", "DRAWDOWN"),
}
WINDOWED = [spec for spec in indicators().values() if spec.name not in REMEMBERS]

# Windowed too, but not every value by its lookback: the day so far, and lines of several windows.
OTHERWISE = {"SESSION_VWAP", "ICHIMOKU"}


def test_the_catalogue_says_what_hangs_on_its_lookback_alone():
    said = {spec.name for spec in indicators().values() if spec.windowed}
    assert said == {spec.name for spec in WINDOWED} - OTHERWISE


@pytest.mark.parametrize("spec", WINDOWED, ids=lambda spec: spec.name)
def test_a_tail_gives_the_same_bits_as_the_whole_history(spec, bars):
    whole = spec.compute(bars)
    needed = spec.lookback()
    for start in (1, 2, 3, 500, 1777, len(bars) - needed - 1):
        for name, column in spec.compute(bars[start:]).items():
            np.testing.assert_array_equal(column[needed:], whole[name][start + needed :])


@pytest.mark.parametrize("spec", WINDOWED, ids=lambda spec: spec.name)
def test_every_window_gives_the_same_bits_from_a_tail(spec, bars):
    short, whole_numbers = bars[:300], [p.name for p in spec.parameters if p.integer]
    for window in (2, 3, 5, 6, 7, 11, 13, 31, 64, 65):
        values = dict.fromkeys(whole_numbers, window)
        whole, tail = spec.compute(short, **values), spec.compute(short[37:], **values)
        needed = spec.lookback(**values)
        for name, column in tail.items():
            np.testing.assert_array_equal(column[needed:], whole[name][37 + needed :])


@pytest.mark.parametrize("name", sorted(REMEMBERS - {"PARABOLIC_SAR", "SUPERTREND"}))
def test_what_remembers_has_forgotten_its_beginning_or_is_a_level(name, bars):
    spec, start = indicators()[name], len(bars) - 700
    for output, column in spec.compute(bars[start:]).items():
        whole = spec.compute(bars)[output][start:]
        if name in ("OBV", "ACCUMULATION_DISTRIBUTION"):
            gap = (whole - column) - (whole - column)[0]
            assert np.abs(gap).max() <= 1e-12 * bars.volume.sum()
        elif name == "DRAWDOWN":
            assert (whole <= column).all()
        else:
            np.testing.assert_allclose(column[-1], whole[-1], rtol=1e-9)
