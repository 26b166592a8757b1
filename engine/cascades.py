"""Recursions one upon the other, in one pass along the last axis.

Each step of a cascade is y[t] = x[t] + keep * y[t-1], or y[t] = x[t] - x[t-1], which says what x
moved, and its y is the x of the next; the last one's is brought to scale. One pass of the compiled
filter takes hardly longer for three steps than for one, and many columns take their steps together
(``engine.lockstep``).

With E for an exponential mean, and the plain mean of its window as its seed:

    DEMA = 2 E - E E = 1 - (1 - E)(1 - E)        TEMA = 3 E - 3 E E + E E E = 1 - (1 - E)**3

and 1 - E is keep times a recursion upon the moves of x, as is the lead of one mean over a slower
one, made of 1 - E. All begin on the bar on which the last seed ends, with a sum over the bars until
then, whose weights are kept.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

import numpy as np

from engine._scipy import section_filter
from engine.fork import Fork
from engine.lockstep import Step, in_lockstep, two_in_lockstep
from engine.memory import dropped, note, recalls, remembered, resumes
from engine.smoothing import recursion
from engine.types import Float64
from engine.windows import last_windows

__all__ = ["Cascade", "cascaded", "gaps", "leads", "means", "two_cascaded"]


class Cascade(NamedTuple):
    """Steps in a row, and how they begin.

    ``moves`` says whether the first step hears what x moved since the bar before, and not x itself;
    ``sections`` (s, 6) are the steps as ``scipy.signal.sosfilt`` has them. What the steps remember
    before the bar on which the last of them begins, and what the cascade says there, is

        sum of weights * x,      weights (s + 1, bars)

    over the bars until then. Where x counts by its moves it is first made less today's: then the
    sum is exactly 0 for a column that stands still.
    """

    moves: bool
    steps: tuple[Step, ...]
    sections: Float64
    weights: Float64
    scale: float


@lru_cache(maxsize=256)
def means(gain: float, *windows: int) -> Cascade:
    """The mean over the first window, of that the mean over the second, and so on.

    A ``gain`` of 2 makes exponential means, 2 / (window + 1), one of 1 Wilder's, 1 / window.
    """
    gains = [gain / (window + gain - 1.0) for window in windows]
    weights = _means_of(windows, gains) / np.cumprod(gains)[:, np.newaxis]
    keeps = [1.0 - gain for gain in gains]
    return _cascade(keeps, weights, float(np.prod(gains)), moves=False)


@lru_cache(maxsize=256)
def gaps(window: int, times: int) -> Cascade:
    """(1 - E)**times, times up to 3: the gap to the mean, the gap of that to its own mean, ..."""
    if window == 1:
        return _cascade([0.0], np.zeros((1, 1)), 0.0, moves=False)
    gain = 2.0 / (window + 1.0)
    keep = 1.0 - gain
    # What (1 - E)**1, (1 - E)**2, ... have of E, E E, ...; their 1 is today, and has no weight.
    signs = np.array([[-1.0, 0.0, 0.0], [-2.0, 1.0, 0.0], [-3.0, 3.0, -1.0]])[:times, :times]
    weights = signs[..., np.newaxis] * _means_of((window,) * times, [gain] * times)
    scales = np.cumprod(np.full(times, keep))  # its power is up to the processor
    steps = [keep, *[None, keep] * (times - 1)]
    return _cascade(
        steps, weights.sum(axis=1) / scales[:, np.newaxis], float(scales[-1]), moves=True
    )


@lru_cache(maxsize=256)
def leads(fast: int, slow: int) -> Cascade:
    """How far the fast exponential mean is ahead of the slow one, both begun on the same bar.

    That is a step that remembers as the slow mean does, on the gap to the fast one.
    """
    quick, calm = 2.0 / (fast + 1.0), 2.0 / (slow + 1.0)
    weights = np.zeros((2, max(fast, slow)))
    weights[1, -fast:] = 1.0 / fast
    weights[0] -= weights[1] / (1.0 - quick)
    weights[1, -slow:] -= 1.0 / slow
    weights[1] /= quick - calm or np.inf
    return _cascade([1.0 - quick, 1.0 - calm], weights, quick - calm, moves=True)


def _cascade(steps: Sequence[Step], weights: Float64, scale: float, *, moves: bool) -> Cascade:
    """The steps, from the weights of what recursions say on the bar where the last begins."""
    heard = np.zeros(weights.shape[-1])
    if moves:
        heard[-2] = -1.0  # today, which is made less itself, has no weight
    else:
        heard[-1] = 1.0
    before, said = [], iter(weights)
    for keep in steps:
        if keep is None:
            before.append(-heard)
            heard = np.zeros_like(heard)
        else:
            says = next(said)
            before.append(says - heard)
            heard = says
    sections = [(1.0, -1.0 if k is None else 0.0, 0.0, 1.0, -(k or 0.0), 0.0) for k in steps]
    ends = np.stack([*before, heard * scale])
    return Cascade(moves, tuple(steps), np.array(sections), ends, scale)


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
    bars = cascade.weights.shape[-1]
    if bars > values.shape[-1]:
        return values[..., :0]
    fork: object = values
    if isinstance(fork, Fork):
        return cast("Float64", _forked(fork, cascade))
    state, seed = _begun(values[..., :bars], cascade)
    said = _in_lockstep(values, cascade, state) if values.ndim > 1 else None
    column = _one_by_one(values, cascade, state) if said is None else said
    if seed is not None:
        column[..., 0] = seed
    return column


def _in_lockstep(columns: Float64, cascade: Cascade, state: Float64) -> Float64 | None:
    """Columns side by side, where that can be done."""
    moves = cascade.moves
    heard = columns[..., cascade.weights.shape[-1] - 1 - moves :]
    return in_lockstep(heard, cascade.steps, state, moves=moves, scale=cascade.scale)


def _one_by_one(values: Float64, cascade: Cascade, state: Float64) -> Float64:
    """Column by column, through all steps in one pass."""
    column = np.array(_heard(values, cascade), order="C")
    if gone := dropped():
        note(_filter(column[..., :gone].copy(), cascade, state))
    _filter(column, cascade, state)
    column *= cascade.scale
    return column


def _heard(values: Float64, cascade: Cascade) -> Float64:
    """What the first step hears, from the bar on which the last one begins."""
    first = cascade.weights.shape[-1] - 1
    if cascade.moves:
        return values[..., first:] - values[..., first - 1 : -1]
    return values[..., first:]


def _forked(fork: Any, cascade: Cascade) -> Fork:
    """The same where the last bar is many candidates."""
    bars = cascade.weights.shape[-1]
    if bars == len(fork) and not resumes():  # the seed itself is a matter of the last bar
        return Fork(fork.past[:0], cascaded(last_windows(fork, bars), cascade)[:, 0])
    state, seed = _begun(fork.past[:bars], cascade)
    heard: Any = _heard(fork, cascade)
    past, value = heard.past.copy(), heard.last
    for before in _filter(past, cascade, state):
        value = value + before
    past *= cascade.scale
    if seed is not None:
        past[0] = seed
    return Fork(past, value * cascade.scale)


def two_cascaded(one: Float64, two: Float64, cascade: Cascade) -> tuple[Float64, Float64]:
    """The same for two columns that are known on the same bars, bit for bit."""
    one_column = not isinstance(cast("object", one), Fork) and one.ndim == 1
    if not one_column or recalls() or cascade.weights.shape[-1] > len(one):
        return cascaded(one, cascade), cascaded(two, cascade)
    bars = cascade.weights.shape[-1]
    state, seed = _begun(np.array([one[:bars], two[:bars]]), cascade)
    rest = _heard(one, cascade), _heard(two, cascade)
    said = two_in_lockstep(*rest, cascade.steps, state, cascade.scale)
    if said is None or seed is None:
        return cascaded(one, cascade), cascaded(two, cascade)
    said[:, 0] = seed
    return said[0], said[1]


def _begun(values: Float64, cascade: Cascade) -> tuple[Float64, Float64 | None]:
    """What the steps remember before the last of these bars, (..., s), and the seed on it, if it is
    one.
    """
    known = remembered(len(cascade.steps))
    if known is not None:
        return known, None
    # NumPy adds in the order in which the values lie, and the answer must not hang on that.
    first = np.ascontiguousarray(values)[..., np.newaxis, :]
    if cascade.moves:
        first = first - first[..., -1:]
    sums = np.add.reduce(cascade.weights * first, axis=-1)
    return sums[..., :-1], sums[..., -1]


def _filter(column: Float64, cascade: Cascade, state: Float64) -> Float64:
    """Take a column through all steps, in place; what they remember then."""
    sections, length = cascade.sections, column.shape[-1]
    memory = np.zeros((*column.shape[:-1], len(sections), 2))
    memory[..., 0] = state
    if length:
        section_filter(sections, column.reshape(-1, length), memory.reshape(-1, len(sections), 2))
    return memory[..., 0]
