"""Walks of many series in lockstep: each goes where it goes alone."""

import numpy as np
import pytest

from engine import walks
from engine.indicators import indicators


@pytest.fixture
def batch(real):
    """Seventy stretches of four real series, columns by name."""
    series = [list(real.values())[row % 4][25 * row :][:300] for row in range(70)]
    return {
        name: np.stack([getattr(bars, name) for bars in series])
        for name in ("high", "low", "close")
    }


def alone(spec, inputs, **parameters):
    return [
        spec.function(*(column[row] for column in inputs), **spec.resolved(parameters))
        for row in range(len(inputs[0]))
    ]


@pytest.mark.parametrize("most", [1, 64, 1024])
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("PARABOLIC_SAR", {}),
        ("PARABOLIC_SAR", {"step": 0.5, "maximum": 0.2}),
        ("PARABOLIC_SAR", {"step": 0.0}),
        ("SUPERTREND", {}),
        ("SUPERTREND", {"window": 2, "width": 0.0}),
        ("SUPERTREND", {"window": 299}),
        ("SUPERTREND", {"window": 400}),
    ],
)
def test_many_are_walked_as_each_alone_bit_for_bit(name, parameters, most, batch, monkeypatch):
    monkeypatch.setattr(walks, "_MOST", most)
    spec = indicators()[name]
    inputs = [batch[column] for column in spec.inputs]
    together = spec.function(*inputs, **spec.resolved(parameters))
    for row, said in enumerate(alone(spec, inputs, **parameters)):
        for got, wanted in zip(together, said, strict=True):
            np.testing.assert_array_equal(got[row], wanted)


@pytest.mark.parametrize("name", ["PARABOLIC_SAR", "SUPERTREND"])
def test_steps_of_whole_prices_with_their_ties_are_the_same(name, batch):
    spec = indicators()[name]
    inputs = [np.round(batch[column]) for column in spec.inputs]
    together = spec.function(*inputs, **spec.resolved({}))
    for row, said in enumerate(alone(spec, inputs)):
        for got, wanted in zip(together, said, strict=True):
            np.testing.assert_array_equal(got[row], wanted)


@pytest.mark.parametrize("name", ["PARABOLIC_SAR", "SUPERTREND"])
def test_many_are_walked_in_lockstep_unless_a_number_is_missing(name, batch, monkeypatch):
    walked = []
    for walk in ("_stops_of_many", "_followed_by_many"):
        inner = getattr(walks, walk)
        monkeypatch.setattr(
            walks, walk, lambda *a, inner=inner: walked.append(len(a[0].T)) or inner(*a)
        )
    spec = indicators()[name]
    inputs = [batch[column].copy() for column in spec.inputs]
    spec.function(*inputs, **spec.resolved({}))
    assert walked == [70]
    inputs[0][3, 150] = np.nan
    together = spec.function(*inputs, **spec.resolved({}))
    assert walked == [70]
    for row, said in enumerate(alone(spec, inputs)):
        for got, wanted in zip(together, said, strict=True):
            np.testing.assert_array_equal(got[row], wanted)
