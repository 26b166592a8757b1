"""Means that remember everything: y[t] = gain * x[t] + keep * y[t-1], along the last axis.

They are seeded as TA-Lib seeds them, with the plain mean of the first ``window`` values, and like
the windows of ``engine.windows`` they return one value for each bar from the seed on, hence
``length - window + 1`` of them and none where the history is shorter; ``aligned`` puts them on
their bars.
"""

from functools import lru_cache
from typing import cast

import numpy as np

from engine._scipy import banded_solve, linear_filter
from engine.fork import Fork, last_of, past_of
from engine.lockstep import alone, in_lockstep
from engine.memory import remember, remembered
from engine.types import Flags, Float64
from engine.windows import last_windows, window_mean, window_sum

__all__ = [
    "carried",
    "exponential_mean",
    "recursion",
    "resting_mean",
    "seeded",
    "varying_mean",
    "wilder_mean",
    "wilder_sum",
]


def exponential_mean(values: Float64, window: int) -> Float64:
    """Exponential means with the usual gain 2 / (window + 1), seeded with the first plain mean.

    Examples
    --------
    >>> exponential_mean(np.array([1.0, 2.0, 3.0, 5.0]), 3).tolist()
    [2.0, 3.5]
    """
    gain = 2.0 / (window + 1.0)
    return seeded(values, window, gain, 1.0 - gain)


def wilder_mean(values: Float64, window: int) -> Float64:
    """Wilder's means: gain 1 / window, seeded with the first plain mean.

    Examples
    --------
    >>> wilder_mean(np.array([1.0, 3.0, 4.0]), 2).tolist()
    [2.0, 3.0]
    """
    return seeded(values, window, 1.0 / window, 1.0 - 1.0 / window)


def wilder_sum(values: Float64, window: int) -> Float64:
    """Wilder's running sums: s[t] = s[t-1] - s[t-1] / window + x[t].

    They are seeded with the sum of the first ``window - 1`` values and begin one bar later, as
    TA-Lib's directional movement does.

    Examples
    --------
    >>> wilder_sum(np.array([1.0, 3.0, 4.0]), 2).tolist()
    [3.5, 5.75]
    """
    if window > values.shape[-1]:
        return values[..., :0]
    if window == 1:
        return values
    start = remembered()
    if start is None:
        start = window_sum(values[..., : window - 1], window - 1)
    return remember(recursion(values[..., window - 1 :], 1.0, 1.0 - 1.0 / window, start))


def seeded(values: Float64, window: int, gain: float, keep: float) -> Float64:
    """The recursion begun with the plain mean of the first ``window`` values, it included."""
    if window > values.shape[-1]:
        return values[..., :0]
    fork: object = values
    if isinstance(fork, Fork) and window == len(fork):
        last = seeded(last_windows(fork, window), window, gain, keep)[:, 0]
        return cast("Float64", Fork(fork.past[:0], last))
    before = remembered()
    memory: Float64
    if before is None:
        # NumPy adds in the order in which the values lie, and the answer must not hang on that.
        first = np.ascontiguousarray(values[..., :window])
        start = np.add.reduce(first, axis=-1) / window
        # Remembering this, the filter says the seed for the last bar of the first window.
        memory = np.asarray(start - gain * first[..., -1])[..., np.newaxis]
    else:
        memory = keep * before
    return remember(_filtered(values[..., window - 1 :], gain, keep, memory))


def recursion(values: Float64, gain: float, keep: float, start: Float64) -> Float64:
    """y[t] = gain * x[t] + keep * y[t-1], with ``start`` (..., 1) as the y before the first.

    Examples
    --------
    >>> recursion(np.array([1.0, 1.0]), 0.5, 0.5, np.array([0.0])).tolist()
    [0.5, 0.75]
    """
    return _filtered(values, gain, keep, keep * start)


def _filtered(values: Float64, gain: float, keep: float, memory: Float64) -> Float64:
    """The recursion with ``memory`` (..., 1) added to the first gain * x[t]."""
    if not values.shape[-1]:
        return values
    fork: object = values
    if isinstance(fork, Fork):
        past = _filtered(fork.past, gain, keep, memory)
        before = keep * past[..., -1:] if past.shape[-1] else memory
        return cast("Float64", Fork(past, gain * fork.last + before))
    if values.ndim == 1:
        said = alone(values, gain, keep, memory)
    else:
        said = in_lockstep(values, (keep,), memory, gain=gain)
    if said is None:
        # The product is rounded by itself: a filter built for fused operations would not round it.
        said = linear_filter(*_coefficients(keep), gain * values, -1, memory)[0]
    return said


@lru_cache(maxsize=256)
def _coefficients(keep: float) -> tuple[Float64, Float64]:
    """y[t] = x[t] + keep * y[t-1] as a filter's two polynomials."""
    return np.array([1.0, 0.0]), np.array([1.0, -keep])


def resting_mean(values: Float64, known: Flags, window: int) -> Float64:
    """Wilder's means that rest on the bars whose value is not known, their seed apart.

    Examples
    --------
    >>> known = np.array([True, True, False, True])
    >>> resting_mean(np.array([1.0, 3.0, 9.0, 4.0]), known, 2).tolist()
    [2.0, 2.0, 3.0]
    """
    if window > values.shape[-1]:
        return values[..., :0]
    gain, keep = 1.0 / window, 1.0 - 1.0 / window
    fork: object = values
    if isinstance(fork, Fork) and window < len(fork):
        past = resting_mean(fork.past, past_of(known), window)
        moved = gain * fork.last + keep * past[-1:]
        return cast("Float64", Fork(past, np.where(last_of(known), moved, past[-1:])))
    before = remembered()
    if before is not None:
        return remember(_resting(values, known, window - 1, gain, keep, before)[..., 1:])
    start = window_mean(values[..., :window], window)
    if window == values.shape[-1]:
        return remember(start)
    return remember(_resting(values, known, window, gain, keep, start))


def _resting(
    values: Float64, known: Flags, first: int, gain: float, keep: float, start: Float64
) -> Float64:
    """``start``, and the resting means from the bar ``first`` on."""
    later, seen = values[..., first:], known[..., first:]
    if seen.all():
        return np.concatenate([start, recursion(later, gain, keep, start)], axis=-1)
    means = np.empty((*later.shape[:-1], later.shape[-1] + 1))
    for row in np.ndindex(later.shape[:-1]):
        moved = recursion(later[row][seen[row]], gain, keep, start[row])
        made = np.concatenate([[0], seen[row].cumsum()])  # how many means were made until then
        means[row] = np.concatenate([start[row], moved])[made]
    return means


def varying_mean(values: Float64, gain: Float64, start: Float64) -> Float64:
    """y[t] = y[t-1] + gain[t] * (x[t] - y[t-1]), with ``start`` (..., 1) as the y before the first.

    Examples
    --------
    >>> varying_mean(np.array([1.0, 3.0]), np.array([0.5, 0.25]), np.array([0.0])).tolist()
    [0.5, 1.125]
    """
    if not values.shape[-1]:
        return values
    fork, share = cast("object", values), cast("object", gain)
    if isinstance(fork, Fork) and isinstance(share, Fork):
        past = varying_mean(fork.past, share.past, start)
        known = None if len(past) else remembered()
        before = past[-1:] if len(past) else start if known is None else known
        last = _varied(fork.last[:, np.newaxis], share.last[:, np.newaxis], before)[:, 0]
        return cast("Float64", Fork(past, last))
    known = remembered()
    return remember(_varied(values, gain, start if known is None else known))


def _varied(values: Float64, gain: Float64, start: Float64) -> Float64:
    """The recursion as a triangular system of two bands, solved.

        y[0] = start,      y[t] + (gain[t] - 1) * y[t-1] = gain[t] * x[t]

    All rows stand in one system: the band between the end of one and the beginning of the next is
    0. Whether the product is rounded before it is added is up to BLAS and its kernel for this
    processor. So no step is taken elsewhere, not the first of a tail nor one that stands alone.
    """
    rows, bars = values.shape[:-1], values.shape[-1]
    right = np.empty((*rows, bars + 1))
    right[..., :1] = start
    np.multiply(gain, values, out=right[..., 1:])
    bands = np.empty((*rows, bars + 1, 2))  # the first is the diagonal, all ones, and is not read
    np.subtract(gain, 1.0, out=bands[..., :-1, 1])
    bands[..., -1, 1] = 0.0
    if not rows or np.isfinite(right).all():
        return _solved(bands, right)
    # 0 times what is not finite would reach into the next row.
    for row in np.ndindex(rows):
        right[row][1:] = _solved(bands[row], right[row])
    return right[..., 1:]


def _solved(bands: Float64, right: Float64) -> Float64:
    """The means that solve the system, each row's start left out."""
    columns = bands.reshape(-1, 2).T
    means = banded_solve(1, columns, right.reshape(-1), lower=1, diag=1, overwrite_x=1)
    return means.reshape(right.shape)[..., 1:]


def carried(values: Float64, start: float) -> Float64:
    """The latest value that is known; ``start`` until there is one.

    Examples
    --------
    >>> carried(np.array([np.nan, 1.0, np.nan, 0.0]), 0.5).tolist()
    [0.5, 1.0, 1.0, 0.0]
    """
    fork: object = values
    if isinstance(fork, Fork):
        past = carried(fork.past, start)
        before = past[-1:] if len(past) else np.full(1, start)
        return cast("Float64", Fork(past, np.where(fork.last == fork.last, fork.last, before)))
    first = remembered()
    if first is None:
        first = np.full((*values.shape[:-1], 1), start)
    whole = np.concatenate([first, values], axis=-1)
    place = np.where(whole == whole, np.arange(whole.shape[-1]), 0)
    latest = np.take_along_axis(whole, np.maximum.accumulate(place, axis=-1), axis=-1)
    return remember(latest[..., 1:])
