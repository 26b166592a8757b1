"""Every indicator that TA-Lib has, against TA-Lib 0.8: on real bars, and on awkward ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.peers.in_talib import TALIB
from engine import Bars, indicators

DAY = 86_400_000_000
PERCENT = {
    *("RSI", "STOCHASTIC", "STOCHASTIC_FAST", "STOCHASTIC_RSI", "CCI", "WILLIAMS_R", "ROC", "TSI"),
    *("ULTIMATE_OSCILLATOR", "NATR", "ADX", "AROON", "MFI"),
}
each_peer = pytest.mark.parametrize("name", TALIB)


def outputs(name, bars, values):
    """Ours and TA-Lib's by the name of the output, as far as TA-Lib has it."""
    theirs = TALIB[name](bars, **values)
    theirs = theirs if isinstance(theirs, tuple) else (theirs,)
    ours = indicators()[name].compute(bars, **values)
    return {output: (ours[output], wanted) for output, wanted in zip(ours, theirs, strict=False)}


def unit(name, bars):
    """What 1 is, in the unit of an output: the largest price, 100 percent, all volume."""
    if name in PERCENT:
        return 100.0
    if name in ("OBV", "ACCUMULATION_DISTRIBUTION"):
        return bars.volume.sum()
    return 1.0 if name == "CHAIKIN_MONEY_FLOW" else bars.high.max()


def apart(name, bars, values, output, ours, theirs):
    """Where ours is further from TA-Lib than 1e-12, and neither near the truth nor the nearer."""
    wrong = np.zeros(len(ours), bool)
    known = ~np.isnan(ours)
    ours, theirs = ours[known], theirs[known]
    with np.errstate(invalid="ignore", over="ignore"):
        near = 1e-12 * np.maximum(np.abs(theirs), unit(name, bars))
        far = ~(np.abs(ours - theirs) <= near)
        if far.any() and name in TRUTH:
            truth, slack = TRUTH[name](bars, output, values)
            off = np.abs(ours - truth)
            far &= (off > 1e-12 * slack) & ~(off <= np.abs(theirs - truth))
    wrong[known] = far
    return wrong


@pytest.fixture(scope="module")
def series(all_real):
    """Six real series of a decade or two, each also in halves."""
    halves = {
        f"{symbol} {half}": bars[part]
        for symbol, bars in all_real.items()
        for half, part in (
            ("older", slice(len(bars) // 2)),
            ("newer", slice(len(bars) // 2, None)),
        )
    }
    return all_real | halves


@each_peer
def test_on_real_bars_it_says_what_talib_says(name, series):
    spec = indicators()[name]
    for symbol, bars in series.items():
        for output, (ours, theirs) in outputs(name, bars, spec.resolved({})).items():
            np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
            wrong = apart(name, bars, spec.resolved({}), output, ours, theirs)
            assert not wrong.any(), (symbol, output, ours[wrong][:3], theirs[wrong][:3])


@st.composite
def awkward_bars(draw, longest=5000):
    """Bars with ties, gaps, flat stretches and no volume, at ordinary and at odd price levels."""
    n = draw(st.one_of(st.integers(1, 200), st.integers(1, longest)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    level, step = draw(st.sampled_from([(100.0, 1.0), (100.0, 0.01), (1e6, 1e-3), (0.01, 1e-4)]))
    move = rng.integers(-8, 9, n) * (rng.random(n) < draw(st.sampled_from([0.0, 0.4, 1.0])))
    start = draw(st.integers(0, n - 1))
    idle = slice(start, start + draw(st.integers(0, 150)))
    move[idle] = 0
    move[start] += draw(st.sampled_from([0, 0, 300, -300]))
    close = np.maximum(level + step * np.cumsum(move), 10 * step)
    opening = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(opening, close) + step * rng.integers(0, 6, n)
    low = np.minimum(opening, close) - step * rng.integers(0, 6, n)
    if draw(st.booleans()):
        opening = high = low = close
    volume = rng.choice([0.0, 1.0, 1e3, 1e9], n) if draw(st.booleans()) else 1e4 + rng.random(n)
    volume[idle] = 0.0
    return Bars(np.arange(n) * DAY, opening, high, low, close, volume)


@st.composite
def windows(draw, spec):
    """The defaults, or other windows in the same order of length."""
    values = spec.resolved({})
    if draw(st.booleans()):
        return values
    whole = [p.name for p in spec.parameters if p.integer]
    lengths = st.lists(st.integers(3, 60), min_size=len(whole), max_size=len(whole), unique=True)
    drawn = sorted(draw(lengths))
    order = sorted(whole, key=lambda p: values[p])
    return values | dict(zip(order, drawn, strict=True)) if spec.name != "KAMA" else values


@each_peer
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_on_awkward_bars_it_says_what_talib_says_or_is_nearer_the_truth(name, data):
    spec, bars = indicators()[name], data.draw(awkward_bars())
    values = data.draw(windows(spec))
    for output, (ours, theirs) in outputs(name, bars, values).items():
        assert np.isnan(theirs[np.isnan(ours)]).all()
        wrong = apart(name, bars, values, output, ours, theirs)
        assert not wrong.any(), (output, values, ours[wrong][:3], theirs[wrong][:3])


# Where TA-Lib and ours part, the formulas themselves, in long doubles. Each returns what is true
# where the output is known, and how much an error of 1 in the unit of the price weighs in it: 1,
# or for a ratio 1 through its denominator.


def spread(values, window):
    """Long doubles, (n - window + 1, window)."""
    return sliding_window_view(values.astype(np.longdouble), window, axis=-1)


def deviation(bars, window):
    part = spread(bars.close, window) if window <= len(bars) else np.empty((0, window))
    return np.sqrt(np.square(part - part.mean(axis=-1, keepdims=True)).mean(axis=-1))


def true_deviation(bars, output, values):
    return deviation(bars, values["window"]), unit("", bars)


def true_bands(bars, output, values):
    sign = {"upper": 1, "middle": 0, "lower": -1}[output]
    middle = spread(bars.close, values["window"]).mean(axis=-1)
    return middle + sign * values["width"] * deviation(bars, values["window"]), unit("", bars)


def true_cci(bars, output, values):
    high, low, close = (
        spread(column, values["window"]) for column in (bars.high, bars.low, bars.close)
    )
    price = (high + low + close) / 3
    middle = price.mean(axis=-1, keepdims=True)
    scatter = 0.015 * np.abs(price - middle).mean(axis=-1)
    moved = np.ptp(price, axis=-1) > 0
    scatter = np.where(moved, scatter, 1.0)
    return np.where(moved, (price[:, -1] - middle[:, 0]) / scatter, 0), bars.high.max() / scatter


def true_volume_weighted(bars, output, values):
    price, volume = (spread(column, values["window"]) for column in (bars.close, bars.volume))
    traded = volume.sum(axis=-1)
    weighted = (price * volume).sum(axis=-1) / np.where(traded > 0, traded, 1)
    return np.where(traded > 0, weighted, price.mean(axis=-1)), unit("", bars)


def true_chaikin(bars, output, values):
    high, low, close, volume = (
        spread(column, values["window"])
        for column in (bars.high, bars.low, bars.close, bars.volume)
    )
    reach = np.where(high > low, high - low, 1)
    place = np.where(high > low, (close - low - (high - close)) / reach, 0)
    traded = volume.sum(axis=-1)
    flow = (place * volume).sum(axis=-1) / np.where(traded > 0, traded, 1)
    return flow, bars.high.max() / reach.min(axis=-1)


def true_money_flow(bars, output, values):
    price = (bars.high + bars.low + bars.close) / 3
    change = np.diff(price)
    change[np.abs(change) <= 1e-14 * (price[1:] + price[:-1])] = 0
    money, window = price[1:].astype(np.longdouble) * bars.volume[1:], values["window"]
    risen = spread(np.where(change > 0, money, 0), window).sum(axis=-1)
    fallen = spread(np.where(change < 0, money, 0), window).sum(axis=-1)
    return 100 * risen / np.where(risen + fallen > 0, risen + fallen, 1), 100.0


def true_strength(bars, output, values):
    """RSI, which reads 50 where nothing moved."""
    change, window = np.diff(bars.close.astype(np.longdouble)), values["window"]
    gain, loss = np.maximum(change, 0), np.maximum(-change, 0)
    up, down = gain[:window].mean(), loss[:window].mean()
    said = []
    for rise, fall in zip([None, *gain[window:]], [None, *loss[window:]], strict=True):
        if rise is not None:
            up, down = (up * (window - 1) + rise) / window, (down * (window - 1) + fall) / window
        said.append(100 * up / (up + down) if up + down else np.longdouble(50))
    return np.array(said), 100.0


def true_place_of_strength(bars, output, values):
    strength = true_strength(bars, "", {"window": values["rsi_window"]})[0]
    part = spread(strength, values["window"])
    lowest, reach = part.min(axis=-1), np.ptp(part, axis=-1)
    moved = reach > 1e-10  # less is rounding
    place = np.where(moved, 100 * (part[:, -1] - lowest) / np.where(moved, reach, 1), 0)
    k = spread(place, values["smooth_k"]).mean(axis=-1)
    d = spread(k, values["smooth_d"]).mean(axis=-1)
    smoothed = values["smooth_k"] + values["smooth_d"] - 1
    narrowest = spread(np.where(moved, reach, 1e-10), smoothed).min(axis=-1)
    return (d if output == "d" else k[values["smooth_d"] - 1 :]), 1e5 / narrowest


def mean(values, window):
    """The exponential mean in long doubles, seeded with the plain one."""
    gain = np.longdouble(2) / (window + 1)
    said = [values[:window].mean()]
    for value in values[window:]:
        said.append(said[-1] + gain * (value - said[-1]))
    return np.array(said)


def true_lean(bars, output, values):
    """TSI, whose means may both die away until hardly a digit of them is left."""
    change = np.diff(bars.close.astype(np.longdouble))
    lean = mean(mean(change, values["slow"]), values["fast"])
    movement = mean(mean(np.abs(change), values["slow"]), values["fast"])
    moved = movement > 0
    movement = np.where(moved, movement, 1)
    return np.where(moved, 100 * lean / movement, 0), 100 * unit("", bars) / movement


TRUTH = {
    "STANDARD_DEVIATION": true_deviation,
    "BOLLINGER_BANDS": true_bands,
    "CCI": true_cci,
    "VWMA": true_volume_weighted,
    "CHAIKIN_MONEY_FLOW": true_chaikin,
    "MFI": true_money_flow,
    "RSI": true_strength,
    "STOCHASTIC_RSI": true_place_of_strength,
    "TSI": true_lean,
}


def test_an_empty_history_has_no_values():
    nothing = np.empty(0)
    bars = Bars(np.empty(0, np.int64), nothing, nothing, nothing, nothing, nothing)
    for spec in indicators().values():
        assert all(column.shape == (0,) for column in spec.compute(bars).values())
