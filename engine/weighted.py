"""Weighted sums over a sliding window of bars, along the last axis."""

from functools import lru_cache
from typing import cast

import numpy as np

from engine.fork import Fork
from engine.types import Float64
from engine.windows import aligned, last_windows, placed

__all__ = ["line", "placed_weighted_sum", "weighted_sum"]

_TAPS = 11  # the longest kernel whose products NumPy sums without a call for each window


@lru_cache(maxsize=256)
def line(window: int) -> Float64:
    """Weights that rise in a straight line to the newest bar, 1 in all.

    Examples
    --------
    >>> line(2).round(3).tolist()
    [0.333, 0.667]
    """
    return np.arange(1.0, window + 1.0) * (2.0 / (window * (window + 1.0)))


def placed_weighted_sum(values: Float64, weights: Float64, length: int) -> Float64:
    """``aligned(weighted_sum(values, weights), length)``, the last of it made where it stays.

    Examples
    --------
    >>> placed_weighted_sum(np.array([1.0, 2.0, 4.0]), np.array([1.0, 10.0]), 3).tolist()
    [nan, 21.0, 42.0]
    """
    window = len(weights)
    bars = values.shape[-1] - window + 1
    if isinstance(cast("object", values), Fork) or values.ndim > 1 or bars < 1 or window <= _TAPS:
        return aligned(weighted_sum(values, weights), length)
    start = (window - 1) // _TAPS * _TAPS
    before = _summed(values, weights[:start], bars)
    taps = np.correlate(values[start:], weights[start:])
    return placed(np.add, before, taps, length)


def weighted_sum(values: Float64, weights: Float64) -> Float64:
    """Sums over as many bars as there are weights, the first weight on the oldest bar.

    Examples
    --------
    >>> weighted_sum(np.array([1.0, 2.0, 4.0]), np.array([1.0, 10.0])).tolist()
    [21.0, 42.0]
    """
    window = len(weights)
    bars = values.shape[-1] - window + 1
    if bars < 1:
        return values[..., :0]
    fork: object = values
    if isinstance(fork, Fork):
        # One call for all candidates: their windows in a row, those across two of them left out.
        last = weighted_sum(last_windows(fork, window).reshape(-1), weights)[::window]
        return cast("Float64", Fork(weighted_sum(fork.past, weights), last))
    if values.ndim > 1:
        sums = np.empty((*values.shape[:-1], bars))
        for row in np.ndindex(values.shape[:-1]):
            sums[row] = weighted_sum(values[row], weights)
        return sums
    return _summed(values, weights, bars)


def _summed(values: Float64, weights: Float64, bars: int) -> Float64:
    """The sums over the windows that begin on the first ``bars`` bars."""
    total = np.correlate(values[: bars + min(len(weights), _TAPS) - 1], weights[:_TAPS])
    for start in range(_TAPS, len(weights), _TAPS):
        taps = weights[start : start + _TAPS]
        total += np.correlate(values[start : start + bars + len(taps) - 1], taps)
    return total
