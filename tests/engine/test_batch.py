"""Batches of symbols, taken in blocks: whatever the block, each row says what it says alone."""

import inspect

import numpy as np
import pytest

from engine import batch, indicators

each = pytest.mark.parametrize("spec", indicators().values(), ids=lambda spec: spec.name)


def columns(spec, real, shape):
    """Different stretches of the real series as a batch of that shape, time last."""
    rows, length = int(np.prod(shape[:-1])), shape[-1]
    series = [list(real.values())[row % 4][7 * row : 7 * row + length] for row in range(rows)]
    return [
        np.stack([getattr(bars, name) for bars in series]).reshape(shape) for name in spec.inputs
    ]


def answers(spec, inputs):
    said = spec.function(*inputs, **spec.resolved({}))
    return said if isinstance(said, tuple) else (said,)


@each
@pytest.mark.parametrize("block", [1, 700, 1000, 10**9])
def test_a_batch_says_of_each_row_what_it_says_alone_whatever_the_block(
    spec, block, real, monkeypatch
):
    monkeypatch.setattr(batch, "_VALUES", block)
    inputs = columns(spec, real, (5, 300))
    together = answers(spec, inputs)
    for row in range(5):
        alone = answers(spec, [column[row] for column in inputs])
        for one, other in zip(together, alone, strict=True):
            np.testing.assert_array_equal(one[row], other)


@each
def test_any_leading_axes_are_kept(spec, real, monkeypatch):
    monkeypatch.setattr(batch, "_VALUES", 400)
    inputs = columns(spec, real, (2, 3, 150))
    for one, other in zip(
        answers(spec, inputs),
        answers(spec, [column.reshape(6, 150) for column in inputs]),
        strict=True,
    ):
        assert one.shape == (2, 3, 150)
        np.testing.assert_array_equal(one.reshape(6, 150), other)


@each
def test_a_batch_may_lie_in_memory_the_other_way_round(spec, real):
    inputs = columns(spec, real, (5, 300))
    turned = [np.asfortranarray(column) for column in inputs]
    for one, other in zip(answers(spec, inputs), answers(spec, turned), strict=True):
        np.testing.assert_array_equal(one, other)


@each
def test_a_row_that_is_missing_or_extreme_says_nothing_of_its_neighbours(spec, real):
    inputs = columns(spec, real, (4, 200))
    alone = answers(spec, [column[::2] for column in inputs])
    for column in inputs:
        if column.dtype.kind == "f":
            column[1], column[3] = np.nan, 1e200
    with np.errstate(all="ignore"):
        together = answers(spec, inputs)
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_array_equal(one[::2], other)


@each
@pytest.mark.parametrize("bars", [0, 1, 3])
def test_rows_shorter_than_the_warm_up_say_nothing(spec, real, bars):
    inputs = columns(spec, real, (3, bars))
    for column in answers(spec, inputs):
        assert column.shape == (3, bars)
        assert np.isnan(column[:, : spec.lookback()]).all()


@each
def test_the_function_itself_takes_leading_axes_too(spec, real):
    inputs = columns(spec, real, (3, 150))
    said = inspect.unwrap(spec.function)(*inputs, **spec.resolved({}))
    for one, other in zip(
        said if isinstance(said, tuple) else (said,), answers(spec, inputs), strict=True
    ):
        np.testing.assert_array_equal(one, other)
