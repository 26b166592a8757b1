"""Recursions in lockstep against the compiled filters, one column after the other."""

from itertools import pairwise

import numpy as np
import pytest

from engine import _scipy, cascades, indicators, lockstep
from engine.cascades import cascaded, gaps, leads, means
from engine.lockstep import alone, in_lockstep
from engine.smoothing import exponential_mean, wilder_mean, wilder_sum

RECURSIVE = (
    *("EMA", "DEMA", "TEMA", "RSI", "STOCHASTIC_RSI", "MACD", "TSI", "BULL_BEAR_POWER"),
    *("KELTNER_CHANNELS", "ATR", "NATR", "ADX"),
)
SMOOTH = (exponential_mean, wilder_mean, wilder_sum)


@pytest.fixture
def one_by_one(monkeypatch):
    """A way to say something without the product of a sparse matrix."""

    def say(function, *columns, **parameters):
        with monkeypatch.context() as without:
            without.setattr(lockstep, "_product", lambda: None)
            return function(*columns, **parameters)

    return say


@pytest.fixture
def batch(real):
    """Seven stretches of closes, time last."""
    return np.stack([list(real.values())[row % 4].close[9 * row :][:700] for row in range(7)])


@pytest.mark.parametrize("steps", [(0.5,), (0.9, 0.25), (0.9, None, 0.9, None, 0.9)])
@pytest.mark.parametrize("moves", [False, True])
def test_steps_are_those_written_out_bit_for_bit(steps, moves, batch):
    memory = np.linspace(-1.0, 1.0, 7 * len(steps)).reshape(7, len(steps))
    said = in_lockstep(batch, steps, memory, gain=0.75, moves=moves, scale=3.0)
    for row, values in enumerate(batch):
        heard = [x * 0.75 for x in values.tolist()]
        if moves:
            heard = [x - before for before, x in pairwise(heard)]
        for keep, before in zip(steps, memory[row].tolist(), strict=True):
            next_heard = []
            for x in heard:
                y = x + before
                before = -x if keep is None else keep * y
                next_heard.append(y)
            heard = next_heard
        assert said[row].tolist() == [y * 3.0 for y in heard]


@pytest.mark.parametrize("longest", [1, 2, 7, 700])
def test_long_histories_are_taken_in_parts_with_the_same_bits(longest, batch, monkeypatch):
    plan = gaps(9, 3)
    wanted = cascaded(batch, plan), exponential_mean(batch, 9), exponential_mean(batch[2], 9)
    monkeypatch.setattr(lockstep, "_LONGEST", longest)
    said = cascaded(batch, plan), exponential_mean(batch, 9), exponential_mean(batch[2], 9)
    for got, whole in zip(said, wanted, strict=True):
        np.testing.assert_array_equal(got, whole)


def test_it_is_taken_where_scipy_has_it(bars):
    assert alone(bars.close, 0.5, 0.5, np.zeros(1)) is not None


@pytest.mark.parametrize("block", [1, 2100, 10**9])
@pytest.mark.parametrize("name", RECURSIVE)
def test_indicators_say_the_same_bits_without_it(name, block, real, one_by_one, monkeypatch):
    monkeypatch.setattr(lockstep, "_VALUES", block)
    spec = indicators()[name]
    series = [list(real.values())[row % 4][9 * row :][:500] for row in range(7)]
    inputs = [np.stack([getattr(bars, column) for bars in series]) for column in spec.inputs]
    for columns in (inputs, [column[3] for column in inputs]):
        got = spec.function(*columns, **spec.resolved({}))
        wanted = one_by_one(spec.function, *columns, **spec.resolved({}))
        np.testing.assert_array_equal(np.array(got), np.array(wanted))


@pytest.mark.parametrize("missing", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_spreads_as_in_the_filter(missing, batch, one_by_one):
    batch[3, 300], batch[5, -1] = missing, missing
    plans = (means(2.0, 12, 5), gaps(9, 3), leads(12, 26))
    with np.errstate(invalid="ignore"):
        for smooth in SMOOTH:
            wanted = one_by_one(smooth, batch, 14)
            np.testing.assert_array_equal(smooth(batch, 14), wanted)
            np.testing.assert_array_equal(smooth(batch[3], 14), wanted[3])
        for plan in plans:
            wanted = one_by_one(cascaded, batch, plan)
            np.testing.assert_array_equal(cascaded(batch, plan), wanted)


def test_any_leading_axes_are_kept(batch):
    shaped = batch[:6].reshape(2, 3, 700)
    for plan in (means(2.0, 12, 5), gaps(9, 3)):
        got = cascaded(shaped, plan)
        np.testing.assert_array_equal(got.reshape(6, -1), cascaded(batch[:6], plan))


def fused(rows, inner, columns, starts, places, values, x, y):
    """A product that rounds once for a product and its sum, as some processors do."""
    for row in range(rows):
        for entry in range(starts[row], starts[row + 1]):
            for column in range(columns):
                heard = np.longdouble(x[places[entry] * columns + column])
                place = row * columns + column
                y[place] = np.float64(values[entry] * heard + y[place])


def late(rows, inner, columns, starts, places, values, x, y):
    """A product that hears what there was before it wrote anything."""
    _scipy.product_alone()(rows, inner, columns, starts, places, values, x.copy(), y)


@pytest.mark.parametrize("product", [None, fused, late])
def test_another_product_is_not_taken(product, monkeypatch, batch):
    monkeypatch.setattr(lockstep, "product_alone", lambda: product)
    wanted = exponential_mean(batch, 20), cascaded(batch, gaps(20, 3))
    lockstep._product.cache_clear()
    try:
        assert in_lockstep(batch, (0.5,), np.zeros((7, 1))) is None
        assert alone(batch[0], 0.5, 0.5, np.zeros(1)) is None
        np.testing.assert_array_equal(exponential_mean(batch, 20), wanted[0])
        np.testing.assert_array_equal(cascaded(batch, gaps(20, 3)), wanted[1])
    finally:
        lockstep._product.cache_clear()


def test_where_scipy_hides_its_product_elsewhere_there_is_none(monkeypatch):
    monkeypatch.setattr(_scipy, "_SPARSE", "scipy.sparse._no_such_module")
    assert _scipy.product_alone() is None


def test_two_columns_that_are_known_on_too_few_bars_say_nothing():
    short = np.ones(5)
    assert [len(said) for said in cascades.two_cascaded(short, short, means(1.0, 14))] == [0, 0]
