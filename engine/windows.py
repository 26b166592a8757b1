"""Sums and means over a sliding window of bars, along the last axis.

Windows are built by doubling: spans of 1, 2, 4, ... bars, each the sum of two halves, then as many
spans as the width has ones in binary. That takes log2(window) passes over whole columns, is as
accurate as pairwise summation, and a window's value depends on its own bars alone: a tail of the
history gives the same bits as all of it, and a missing value spoils only the windows that hold it.

Every function here returns one value for each *complete* window, the oldest first, hence
``length - window + 1`` of them and none where the history is shorter; ``aligned`` puts them on
their bars.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import numpy as np

from engine._heap import room
from engine.arithmetic import divided, has_no_zero
from engine.fork import Fork, paired
from engine.scratch import scratch
from engine.sharing import spans_of
from engine.types import Float64

__all__ = [
    "aligned",
    "into",
    "lagged",
    "last_windows",
    "next_shared",
    "placed",
    "placed_ratio",
    "typical",
    "window_mean",
    "window_sum",
    "window_sums",
    "written",
]

_LONG = 8192  # values in a column whose sums take longer than the calls for them


def aligned(values: Float64, length: int) -> Float64:
    """Values moved to the end of a column of ``length`` bars, NaN before them.

    Examples
    --------
    >>> aligned(np.array([1.0, 2.0]), 4).tolist()
    [nan, nan, 1.0, 2.0]
    """
    fork: object = values
    if isinstance(fork, Fork):
        return cast("Float64", np.concatenate([np.full(length - len(fork), np.nan), values]))
    column, known = _warming_up(values.shape, length)
    known[...] = values
    return column


def placed(
    operation: np.ufunc, first: Float64, second: Float64 | float | None, length: int
) -> Float64:
    """``aligned(operation(first, second), length)``, made where it stays.

    Without a second, it is one of the first alone.

    Examples
    --------
    >>> placed(np.add, np.array([1.0, 2.0]), 1.0, 4).tolist()
    [nan, nan, 2.0, 3.0]
    """
    fork: object = first
    if isinstance(fork, Fork):
        answer: object = operation(fork) if second is None else paired(operation, fork, second)
        return aligned(cast("Float64", answer), length)
    column, known = _warming_up(first.shape, length)
    if second is None:
        operation(first, known)
    else:
        operation(first, second, known)
    return column


def placed_ratio(
    numerator: Float64, denominator: Float64, otherwise: float, length: int
) -> Float64:
    """``aligned(divided(numerator, denominator, otherwise), length)``, made where it stays.

    Examples
    --------
    >>> placed_ratio(np.array([1.0, 2.0]), np.array([2.0, 0.0]), 0.0, 3).tolist()
    [nan, 0.5, 0.0]
    """
    if has_no_zero(denominator):
        return placed(np.divide, numerator, denominator, length)
    return aligned(divided(numerator, denominator, otherwise), length)


def _warming_up(shape: tuple[int, ...], length: int) -> tuple[Float64, Float64]:
    """An empty column of ``length`` bars, NaN on the first of them, and the bars after those."""
    warm_up = length - shape[-1]
    column = room((length,)) if len(shape) == 1 else np.empty((*shape[:-1], length))
    column[..., :warm_up].fill(np.nan)
    return column, column[..., warm_up:]


def typical(high: Float64, low: Float64, close: Float64) -> Float64:
    """Typical prices, the mean of high, low and close.

    Examples
    --------
    >>> typical(np.array([4.0]), np.array([1.0]), np.array([1.0])).tolist()
    [2.0]
    """
    price = into(None, np.add, high, low)
    price += close
    price /= 3.0
    return price


def lagged(values: Float64, bars: int) -> Float64:
    """The values of ``bars`` bars earlier, for the bars that have one.

    Examples
    --------
    >>> lagged(np.array([1.0, 2.0, 3.0]), 1).tolist()
    [1.0, 2.0]
    """
    return values[..., : max(values.shape[-1] - bars, 0)]


def window_sum(values: Float64, window: int, spans: list[Float64] | None = None) -> Float64:
    """Sums over ``window`` bars.

    Several windows over one column may share ``spans``, the sums over 1, 2, 4, ... bars so far.

    Examples
    --------
    >>> window_sum(np.array([1.0, 2.0, 3.0, 4.0]), 3).tolist()
    [6.0, 9.0]
    """
    if window > values.shape[-1]:
        return values[..., :0]
    shared = spans_of(np.add, values) if spans is None else spans
    fork: object = values
    if isinstance(fork, Fork):
        return _forked_sum([fork] if shared is None else shared, window)
    total, covered = values, 0  # total[i] is the sum of values[i : i + covered]
    span, width = values, 1
    free, taken, home, *_ = scratch(values.shape)
    while True:
        if window & width:
            if covered:
                rest = span[..., covered:]
                total = total[..., : rest.shape[-1]]
                last = covered + width == window
                out = room(rest.shape) if last else home[..., : rest.shape[-1]]
                total = np.add(total, rest, out=out)
            else:
                total = span
                if width > 1:  # They stay where they are, and the column kept for them is free.
                    home, taken = taken, home
            covered += width
            if covered == window:
                return total
        if shared is None:
            earlier, later = span[..., :-width], span[..., width:]
            last = 2 * width == window
            out = room(later.shape) if last else free[..., : later.shape[-1]]
            span = np.add(earlier, later, out=out)
            free, taken = taken, free
        else:
            span = next_shared(np.add, shared, width)
        width *= 2


def _forked_sum(spans: list[Any], window: int) -> Float64:
    """The same sums in the same order, of a fork, which no operation writes into."""
    total: Any = None
    covered = 0
    for width in (2**place for place in range(window.bit_length())):
        span = spans[0] if width == 1 else next_shared(np.add, spans, width // 2)
        if window & width:
            rest = span[..., covered:]
            total = rest if total is None else paired(np.add, total[..., : len(rest)], rest)
            covered += width
    return cast("Float64", total)


def written(operation: np.ufunc, column: object) -> Callable[..., Float64]:
    """An operation on two columns like this one, and what it writes into, which no fork does."""
    return partial(_forked, operation) if isinstance(column, Fork) else operation


def _forked(operation: np.ufunc, first: Float64, second: Float64, **_out: object) -> Float64:
    return cast("Float64", paired(operation, first, second))


def next_shared(operation: np.ufunc, shared: list[Any], width: int) -> Any:
    """Sums (or maxima) over twice ``width`` bars, made by whoever asks first."""
    if width == 2 ** (len(shared) - 1):
        spans = shared[-1]
        earlier, later = spans[..., :-width], spans[..., width:]
        joined = paired if isinstance(later, Fork) else partial(into, None)
        shared.append(joined(operation, earlier, later))
    return shared[width.bit_length()]


def window_sums(columns: Sequence[Float64], *windows: int) -> list[list[Float64]]:
    """Sums of several columns of one length over several windows: for each window, by column.

    Examples
    --------
    >>> [[up, down]] = window_sums([np.array([1.0, 2.0]), np.array([5.0, 4.0])], 2)
    >>> up.tolist(), down.tolist()
    ([3.0], [9.0])
    """
    shape = columns[0].shape
    if any(isinstance(column, Fork) for column in columns) or len(shape) > 1 or shape[0] > _LONG:
        by_column = [_sums(column, windows) for column in columns]
        return [list(sums) for sums in zip(*by_column, strict=True)]
    # Short columns are summed end to end: the calls cost more than the sums.
    answer = []
    for window, total in zip(windows, _sums(np.concatenate(columns), windows), strict=True):
        bars = max(shape[0] - window + 1, 0)
        starts = range(0, len(columns) * shape[0], shape[0]) if bars else [0] * len(columns)
        answer.append([total[start : start + bars] for start in starts])
    return answer


def _sums(values: Float64, windows: Sequence[int]) -> list[Float64]:
    """Sums over several windows, which begin with the same spans; twice a window is two of it."""
    spans = [values] if len(windows) > 1 else None
    sums: dict[float, Float64] = {}
    for window in windows:
        half = sums.get(window / 2)
        if half is None:
            sums[window] = window_sum(values, window, spans)
        else:
            sums[window] = into(None, np.add, half[..., : -window // 2], half[..., window // 2 :])
    return [sums[window] for window in windows]


def into(
    column: Float64 | None, operation: np.ufunc, first: Float64, second: Float64 | float
) -> Float64:
    """``operation(first, second)``, written into a column at least as long, or into a new one.

    Examples
    --------
    >>> column = np.zeros(3)
    >>> into(column, np.add, np.array([1.0, 2.0]), 1.0).tolist(), column.tolist()
    ([2.0, 3.0], [2.0, 3.0, 0.0])
    """
    fork: object = first
    if isinstance(fork, Fork):
        return cast("Float64", paired(operation, first, second))
    out = room(first.shape) if column is None else column[..., : first.shape[-1]]
    answer: Float64 = operation(first, second, out=out)
    return answer


def window_mean(values: Float64, window: int) -> Float64:
    """Means over ``window`` bars.

    Examples
    --------
    >>> window_mean(np.array([1.0, 2.0, 3.0, 4.0]), 3).tolist()
    [2.0, 3.0]
    """
    return into(None, np.divide, window_sum(values, window), window)


def last_windows(fork: Fork, window: int) -> Float64:
    """The last window of each candidate, (m, window)."""
    windows = np.empty((len(fork.last), window))
    windows[:, :-1] = fork.past[len(fork.past) - window + 1 :]
    windows[:, -1] = fork.last
    return windows
