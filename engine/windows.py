"""Values over a sliding window of bars: sums, means, extrema, deviations, along the last axis.

Windows are built by doubling: spans of 1, 2, 4, ... bars, each the sum (or the maximum) of two
halves, then as many spans as the width has ones in binary. That takes log2(window) passes over
whole columns, is as accurate as pairwise summation, and a window's value depends on its own bars
alone: a tail of the history gives the same bits as all of it, and a missing value spoils only the
windows that hold it.

Every function here returns one value for each *complete* window, the oldest first, hence
``length - window + 1`` of them and none where the history is shorter; ``aligned`` puts them on
their bars.
"""

from collections.abc import Iterator
from typing import cast

import numpy as np

from engine._heap import room
from engine.fork import Fork, paired
from engine.sharing import spans_of
from engine.types import Float64, Int16

__all__ = [
    "aligned",
    "combined",
    "lagged",
    "last_windows",
    "placed",
    "since_max",
    "since_min",
    "weighted_sum",
    "window_max",
    "window_mean",
    "window_min",
    "window_sum",
]


def aligned(values: Float64, length: int) -> Float64:
    """Values moved to the end of a column of ``length`` bars, NaN before them.

    Examples
    --------
    >>> aligned(np.array([1.0, 2.0]), 4).tolist()
    [nan, nan, 1.0, 2.0]
    """
    warm_up = length - values.shape[-1]
    fork: object = values
    if isinstance(fork, Fork):
        return cast("Float64", np.concatenate([np.full(warm_up, np.nan), values]))
    column = np.empty((*values.shape[:-1], length))
    column[..., :warm_up] = np.nan
    column[..., warm_up:] = values
    return column


def placed(operation: np.ufunc, first: Float64, second: Float64 | float, length: int) -> Float64:
    """``aligned(operation(first, second), length)``, made where it stays.

    Examples
    --------
    >>> placed(np.add, np.array([1.0, 2.0]), 1.0, 4).tolist()
    [nan, nan, 2.0, 3.0]
    """
    fork: object = first
    if isinstance(fork, Fork):
        return aligned(cast("Float64", paired(operation, first, second)), length)
    warm_up = length - first.shape[-1]
    column = np.empty((*first.shape[:-1], length))
    column[..., :warm_up] = np.nan
    operation(first, second, out=column[..., warm_up:])
    return column


def lagged(values: Float64, bars: int) -> Float64:
    """The values of ``bars`` bars earlier, for the bars that have one.

    Examples
    --------
    >>> lagged(np.array([1.0, 2.0, 3.0]), 1).tolist()
    [1.0, 2.0]
    """
    return values[..., : max(values.shape[-1] - bars, 0)]


def window_sum(values: Float64, window: int) -> Float64:
    """Sums over ``window`` bars.

    Examples
    --------
    >>> window_sum(np.array([1.0, 2.0, 3.0, 4.0]), 3).tolist()
    [6.0, 9.0]
    """
    if window > values.shape[-1]:
        return values[..., :0]
    total, covered = values, 0  # total[i] is the sum of values[i : i + covered]
    for width, spans in _spans(np.add, values, window):
        if window & width:
            rest = spans[..., covered:]
            total = combined(np.add, total[..., : rest.shape[-1]], rest) if covered else rest
            covered += width
    return total


def _spans(operation: np.ufunc, values: Float64, window: int) -> Iterator[tuple[int, Float64]]:
    """Sums (or maxima) of 1, 2, 4, ... bars, as many of them as fit the window, by width."""
    shared = spans_of(operation, values)
    spans, width = values, 1
    yield width, spans
    while 2 * width <= window:
        if shared is not None and width < 2 ** (len(shared) - 1):
            spans = shared[width.bit_length()]
        else:
            spans = combined(operation, spans[..., :-width], spans[..., width:])
            if shared is not None:
                shared.append(spans)
        width *= 2
        yield width, spans


def window_mean(values: Float64, window: int) -> Float64:
    """Means over ``window`` bars.

    Examples
    --------
    >>> window_mean(np.array([1.0, 2.0, 3.0, 4.0]), 3).tolist()
    [2.0, 3.0]
    """
    return combined(np.divide, window_sum(values, window), window)


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


def combined(operation: np.ufunc, first: Float64, second: Float64 | float) -> Float64:
    """``operation(first, second)``, of the length of the first, in memory at hand.

    Examples
    --------
    >>> combined(np.add, np.array([1.0, 2.0]), 1.0).tolist()
    [2.0, 3.0]
    """
    fork: object = first
    if isinstance(fork, Fork):
        return cast("Float64", paired(operation, first, second))
    answer: Float64 = operation(first, second, out=room(first.shape))
    return answer


def _extremum(choose: np.ufunc, values: Float64, window: int) -> Float64:
    if window > values.shape[-1]:
        return values[..., :0]
    for longest in _spans(choose, values, window):
        width, spans = longest
    rest = window - width
    # Two overlapping spans cover the window: a maximum taken twice stays one.
    return combined(choose, spans[..., :-rest], spans[..., rest:]) if rest else spans


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
        spans = combined(choose, spans[..., :-step], newer)
        ages = np.where(spans == newer, ages[..., step:], ages[..., :-step] + np.int16(step))
        width += step
    return ages


_TAPS = 11  # the longest kernel whose products NumPy sums without a call for each window


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
    total = np.correlate(values[: bars + min(window, _TAPS) - 1], weights[:_TAPS])
    for start in range(_TAPS, window, _TAPS):
        taps = weights[start : start + _TAPS]
        total += np.correlate(values[start : start + bars + len(taps) - 1], taps)
    return total


def last_windows(fork: Fork, window: int) -> Float64:
    """The last window of each candidate, (m, window)."""
    windows = np.empty((len(fork.last), window))
    windows[:, :-1] = fork.past[len(fork.past) - window + 1 :]
    windows[:, -1] = fork.last
    return windows
