"""Extrema over a sliding window of bars, and their age, along the last axis.

They are built by doubling, as the sums of ``engine.windows``, and like those there is one value for
each complete window, the oldest first.
"""

import numpy as np

from engine._heap import room
from engine.sharing import spans_of
from engine.types import Float64, Int16
from engine.windows import into, next_shared, written

_LONG = 8192  # values in a column that gain more at a cache line than it costs to find them room

__all__ = ["since_max", "since_min", "window_max", "window_min"]


def window_max(values: Float64, window: int) -> Float64:
    """Maxima over ``window`` bars.

    Examples
    --------
    >>> window_max(np.array([1.0, 3.0, 2.0, 2.0]), 2).tolist()
    [3.0, 3.0, 2.0]
    """
    return _extremum(np.maximum, values, window)


def window_min(values: Float64, window: int) -> Float64:
    """Minima over ``window`` bars.

    Examples
    --------
    >>> window_min(np.array([1.0, 3.0, 2.0, 2.0]), 2).tolist()
    [1.0, 2.0, 2.0]
    """
    return _extremum(np.minimum, values, window)


def _extremum(choose: np.ufunc, values: Float64, window: int) -> Float64:
    if window > values.shape[-1]:
        return values[..., :0]
    shared = spans_of(choose, values)
    chosen = written(choose, values)
    span, width = values, 1
    while width < window:
        step = min(width, window - width)
        if shared is None or step < width:
            # Two overlapping spans cover the window: a maximum taken twice stays one.
            later = span[..., step:]
            shape = later.shape
            out = None if len(shape) == 1 and shape[0] <= _LONG else room(shape)
            span = chosen(span[..., :-step], later, out=out)
        else:
            span = next_shared(choose, shared, width)
        width += step
    return span


def since_max(values: Float64, window: int) -> Int16:
    """How many bars ago the maximum of ``window`` bars was made, the last time if several.

    Examples
    --------
    >>> since_max(np.array([1.0, 3.0, 2.0, 3.0, 1.0]), 3).tolist()
    [1, 0, 1]
    """
    return _since(np.maximum, values, window)


def since_min(values: Float64, window: int) -> Int16:
    """How many bars ago the minimum of ``window`` bars was made, the last time if several.

    Examples
    --------
    >>> since_min(np.array([1.0, 3.0, 2.0, 3.0, 1.0]), 3).tolist()
    [2, 1, 0]
    """
    return _since(np.minimum, values, window)


def _since(choose: np.ufunc, values: Float64, window: int) -> Int16:
    ages: Int16 = np.zeros_like(values, dtype=np.int16)
    if window > values.shape[-1]:
        return ages[..., :0]
    spans, width = values, 1
    while width < window:
        step = min(width, window - width)
        newer = spans[..., step:]
        spans = into(None, choose, spans[..., :-step], newer)
        ages = np.where(spans == newer, ages[..., step:], ages[..., :-step] + np.int16(step))
        width += step
    return ages
