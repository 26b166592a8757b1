"""Recursions one upon the other, in one pass along the last axis.

Each step of a cascade is y[t] = now * x[t] + before * x[t-1] + keep * y[t-1], and its y is the x of
the next. One pass of the compiled filter takes hardly longer for three steps than for one, and two
columns that are smoothed alike go through it as the real and the imaginary part of one.

With E for an exponential mean, and the plain mean of its window as its seed:

    DEMA = 2 E - E E = 1 - (1 - E)(1 - E)        TEMA = 3 E - 3 E E + E E E = 1 - (1 - E)**3

and 1 - E is such a step, as is the lead of one mean over a slower one, made of 1 - E. All begin on
the bar on which the last seed ends, with a sum over the bars until then, whose weights are kept.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

import numpy as np

from engine._scipy import section_filter
from engine.fork import Fork
from engine.memory import dropped, note, recalls, remembered
from engine.smoothing import recursion
from engine.types import Float64
from engine.windows import last_windows

__all__ = ["Cascade", "cascaded", "gaps", "leads", "means", "two_cascaded"]


class Cascade(NamedTuple):
    """Steps in a row, and how they begin.

    ``steps`` (s, 6) are the sections of ``scipy.signal.sosfilt``, and ``twin`` the same for two
    columns in one. What the steps remember before the bar on which the last of them begins, and
    what that one says there, is

        sum of weights * (x - today) + levels * today,      weights (s + 1, bars), levels (s + 1,)

    over the bars until then, ``today`` the last of them: exactly 0 for differences of a column that
    stands still. Means need no such care: their ``levels`` are None, and x is not less today.
    """

    steps: Float64
    twin: Any
    weights: Float64
    levels: Float64 | None


@lru_cache(maxsize=256)
def means(gain: float, *windows: int) -> Cascade:
    """The mean over the first window, of that the mean over the second, and so on.

    A ``gain`` of 2 makes exponential means, 2 / (window + 1), one of 1 Wilder's, 1 / window.
    """
    gains = [gain / (window + gain - 1.0) for window in windows]
    steps = [(gain, 0.0, 1.0 - gain) for gain in gains]
    return _cascade(steps, _means_of(windows, gains), level=True)


@lru_cache(maxsize=256)
def gaps(window: int, times: int) -> Cascade:
    """(1 - E)**times, times up to 3: the gap to the mean, the gap of that to its own mean, ..."""
    gain = 2.0 / (window + 1.0)
    steps = [(1.0 - gain, gain - 1.0, 1.0 - gain)] * times
    # What (1 - E)**1, (1 - E)**2, ... have of E, E E, ...; their 1 is today, and has no weight.
    signs = np.array([[-1.0, 0.0, 0.0], [-2.0, 1.0, 0.0], [-3.0, 3.0, -1.0]])[:times, :times]
    weights = signs[..., np.newaxis] * _means_of((window,) * times, [gain] * times)
    return _cascade(steps, weights.sum(axis=1), level=False)


@lru_cache(maxsize=256)
def leads(fast: int, slow: int) -> Cascade:
    """How far the fast exponential mean is ahead of the slow one, both begun on the same bar.

    That is a step that remembers as the slow mean does, on the gap to the fast one.
    """
    quick, calm = 2.0 / (fast + 1.0), 2.0 / (slow + 1.0)
    steps = [
        (1.0 - quick, quick - 1.0, 1.0 - quick),
        ((quick - calm) / (1.0 - quick), 0.0, 1.0 - calm),
    ]
    weights = np.zeros((2, max(fast, slow)))
    weights[0, -fast:] = -1.0 / fast
    weights[1, -fast:] = 1.0 / fast
    weights[1, -slow:] -= 1.0 / slow
    return _cascade(steps, weights, level=False)


def _cascade(
    steps: Sequence[tuple[float, float, float]], weights: Float64, *, level: bool
) -> Cascade:
    """The steps (now, before, keep), and what each is on the bar where the last begins."""
    sections = np.array([(now, before, 0.0, 1.0, -keep, 0.0) for now, before, keep in steps])
    # A step's value there, less what the value that it hears makes of it, was remembered.
    heard = np.concatenate([np.zeros_like(weights[:1]), weights])
    before = np.concatenate([weights - sections[:, :1] * heard[:-1], weights[-1:]])
    levels = None
    if level:
        before[0, -1] -= sections[0, 0]
    else:
        levels = np.zeros(len(before))
        levels[0] = -sections[0, 0]
    return Cascade(sections, sections.astype(np.complex128), before, levels)


def _means_of(windows: tuple[int, ...], gains: list[float]) -> Float64:
    """The weights of the bars in each mean of means, on the bar where the last one's seed ends.

    A mean turns its first ``window`` bars into one, and then a bar into a bar; the weights of what
    it says go that way back.
    """
    rows = []
    for count in range(1, len(windows) + 1):
        weights = np.zeros(sum(windows[count:]) - len(windows[count:]) + 1)
        weights[-1] = 1.0
        for window, gain in zip(windows[:count][::-1], gains[:count][::-1], strict=True):
            later = recursion(weights[::-1], 1.0, 1.0 - gain, np.zeros(1))[::-1]
            weights = np.concatenate([np.full(window, later[0] / window), gain * later[1:]])
        rows.append(weights)
    return np.stack(rows)


def cascaded(values: Float64, cascade: Cascade) -> Float64:
    """The last step's values, from the bar on which all steps have begun.

    Examples
    --------
    >>> cascaded(np.array([1.0, 2.0, 3.0, 5.0]), means(2.0, 3)).round(12).tolist()
    [2.0, 3.5]
    >>> cascaded(np.array([5.0, 5.0, 5.0, 5.0]), gaps(2, 2)).tolist()
    [0.0, 0.0]
    """
    steps, bars = cascade.steps, cascade.weights.shape[-1]
    if bars > values.shape[-1]:
        return values[..., :0]
    fork: object = values
    if isinstance(fork, Fork):
        return cast("Float64", _forked(fork, cascade))
    state, seed = _begun(values[..., :bars], cascade)
    rest = values[..., bars - 1 :]
    if gone := dropped():
        note(_filter(rest[..., :gone].copy(), steps, state))
    column = np.array(rest, order="C")
    _filter(column, steps, state)
    if seed is not None:
        column[..., 0] = seed
    return column


def _forked(fork: Fork, cascade: Cascade) -> Fork:
    """The same where the last bar is many candidates."""
    steps, bars = cascade.steps, cascade.weights.shape[-1]
    if bars == len(fork) and not recalls():
        return Fork(fork.past[:0], cascaded(last_windows(fork, bars), cascade)[:, 0])
    state, seed = _begun(fork.past[:bars], cascade)
    past, value = fork.past[bars - 1 :].copy(), fork.last
    for now, before in zip(steps[:, 0], _filter(past, steps, state), strict=True):
        value = now * value + before
    if seed is not None:
        past[0] = seed
    return Fork(past, value)


def two_cascaded(one: Float64, two: Float64, cascade: Cascade) -> tuple[Float64, Float64]:
    """The same for two columns that are known on the same bars, bit for bit."""
    bars = cascade.weights.shape[-1]
    if isinstance(cast("object", one), Fork) or recalls() or bars > one.shape[-1]:
        return cascaded(one, cascade), cascaded(two, cascade)
    seen = np.empty((2, *one.shape[:-1], bars))
    column: Any = np.empty((*one.shape[:-1], one.shape[-1] - bars + 1), dtype=np.complex128)
    seen[0], seen[1] = one[..., :bars], two[..., :bars]
    column.real, column.imag = one[..., bars - 1 :], two[..., bars - 1 :]
    state, seed = _begun(seen, cascade)
    memory: Any = np.empty((*one.shape[:-1], len(cascade.steps)), dtype=np.complex128)
    memory.real, memory.imag = state
    _filter(column, cascade.twin, memory)
    if seed is not None:
        column.real[..., 0], column.imag[..., 0] = seed
    return column.real, column.imag


def _begun(values: Float64, cascade: Cascade) -> tuple[Float64, Float64 | None]:
    """What the steps remember before the last of these bars, (..., s), and the seed on it, if it is
    one.
    """
    known = remembered(len(cascade.steps))
    if known is not None:
        return known, None
    # NumPy adds in the order in which the values lie, and the answer must not hang on that.
    first = np.ascontiguousarray(values)[..., np.newaxis, :]
    if cascade.levels is None:
        sums = np.add.reduce(cascade.weights * first, axis=-1)
    else:
        today = first[..., -1:]
        sums = np.add.reduce(cascade.weights * (first - today), axis=-1)
        sums += cascade.levels * today[..., 0]
    return sums[..., :-1], sums[..., -1]


def _filter(column: Any, steps: Any, state: Any) -> Any:
    """Take a column through all steps, in place; what they remember then."""
    length = column.shape[-1]
    memory = np.zeros((*column.shape[:-1], len(steps), 2), dtype=column.dtype)
    memory[..., 0] = state
    if length:
        section_filter(steps, column.reshape(-1, length), memory.reshape(-1, len(steps), 2))
    return memory[..., 0]
