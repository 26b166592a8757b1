"""Recursions of several columns in lockstep: all take a step before any takes the next.

Along one column a recursion waits for its own last value, far longer than it computes. SciPy's
product of a sparse matrix with many columns adds y[i] += a * x[j] for all of them at once, entry
after entry as the matrix lists them. Where x and y are the same array, row i hears what row i - 1
has just become, and that is a recursion. Each step is rounded like the compiled filter's, product
and sum apart, so all bits are those of each column alone.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from math import isfinite, prod
from typing import NamedTuple

import numpy as np

from engine._scipy import Product, product_alone
from engine.types import Float64, Int32, Prices

__all__ = ["Step", "alone", "in_lockstep", "turned", "two_in_lockstep"]

Step = float | None
"""What is kept, y[t] = x[t] + keep * y[t-1], or None for what x moved, y[t] = x[t] - x[t-1]."""

_VALUES = 65_536  # of a block: more would leave the cache while they are turned
_LONGEST = 65_536  # bars of a matrix, which is kept for the next time


class _Matrix(NamedTuple):
    """Compressed rows: the entries of row i stand from ``starts[i]`` to ``starts[i + 1]``."""

    starts: Int32
    places: Int32
    values: Float64


@cache
def _product() -> Product | None:
    """SciPy's product, if it takes entry after entry and rounds each product before it is added.

    A build for a processor with fused operations rounds once for both, which the filters do not.
    """
    product = product_alone()
    if product is None:
        return None
    little = 2.0**-30
    for columns in (1, 2, 9):
        said = np.repeat([[1.0 + little], [-1.0 - 2.0 * little], [1.0]], columns, axis=1)
        _recur(product, said, 1.0 + little)
        # (1 + little)**2 is rounded to 1 + 2 little, and what comes after hears 0.
        if not (said == [[1.0 + little], [0.0], [1.0]]).all():
            return None
    return product


def turned(column: Prices) -> Prices:
    """A column as it is; a batch with the values of a bar side by side, for what only looks there.

    What is computed from it lies like it, and need not be turned for each recursion.
    """
    return column if len(column.shape) == 1 else np.asfortranarray(column)


def alone(values: Float64, gain: float, keep: float, memory: Float64) -> Float64 | None:
    """y[t] = gain * x[t] + keep * y[t-1] of one column; None where ``in_lockstep`` says it.

    Parameters
    ----------
    values : (n,) float64
    gain, keep : float
    memory : (1,) float64
        ``keep * y`` on the bar before the first.
    """
    product = _product()
    if product is None:
        return None
    said = values * gain
    said[0] += memory[0]
    _recur(product, said, keep)
    return said if isfinite(said[-1]) else None


def in_lockstep(
    columns: Float64,
    steps: Sequence[Step],
    memory: Float64,
    *,
    gain: float = 1.0,
    moves: bool = False,
    scale: float = 1.0,
) -> Float64 | None:
    """The last of several steps, each of which hears the one before it, along the last axis.

    Parameters
    ----------
    columns : (..., n) float64
    steps : sequence of Step
    memory : (..., steps) float64
        What each step remembers of the bar before the first: ``keep * y``, or ``-x``.
    gain : float
        What the columns are multiplied by.
    moves : bool
        Whether the first step hears what the columns moved; then the first bar has no answer.
    scale : float
        What the last step's values are multiplied by.

    Returns
    -------
    (..., n) float64, or None
        None where SciPy has no such product, or a value is not finite: a compiled filter spreads
        it in its own way. The values of a bar may lie side by side, as they were computed.
    """
    product = _product()
    if product is None:
        return None
    *lead, length = columns.shape
    rows, bars = prod(lead), length - moves
    flat, begun = columns.reshape(rows, length).T, memory.reshape(rows, len(steps)).T
    step = max(1, _VALUES // length)
    whole = np.empty((rows, bars)) if rows > step else None
    for first in range(0, rows, step):
        part = slice(first, first + step)
        block = np.multiply(flat[:, part], gain, order="C")
        said = _taken(product, block, steps, begun[:, part], moves=moves)
        if said is None:
            return None
        if whole is None:
            said *= scale
            return said.T.reshape(*lead, bars)
        np.multiply(said.T, scale, out=whole[part])
    return None if whole is None else whole.reshape(*lead, bars)


def two_in_lockstep(
    one: Float64, two: Float64, steps: Sequence[Step], memory: Float64, scale: float
) -> Float64 | None:
    """The same for two columns (n,), with a memory (2, steps); (2, n)."""
    product = _product()
    if product is None:
        return None
    turned = np.empty((len(one), 2))
    turned[:, 0], turned[:, 1] = one, two
    said = _taken(product, turned, steps, memory.T, moves=False)
    if said is None:
        return None
    both = np.empty((2, len(said)))
    np.multiply(said[:, 0], scale, out=both[0])
    np.multiply(said[:, 1], scale, out=both[1])
    return both


def _taken(
    product: Product, turned: Float64, steps: Sequence[Step], memory: Float64, *, moves: bool
) -> Float64 | None:
    """One block through all steps, bars first; None where a value is not finite."""
    if moves:
        turned = turned[1:] - turned[:-1]
    for keep, before in zip(steps, memory, strict=True):
        if keep is None:
            moved = np.empty_like(turned)
            np.add(turned[0], before, out=moved[0])
            np.subtract(turned[1:], turned[:-1], out=moved[1:])
            turned = moved
        else:
            turned[0] += before
            _recur(product, turned, keep)
    # What is not finite once remains so, through all steps.
    return turned if np.isfinite(turned[-1]).all() else None


def _recur(product: Product, turned: Float64, keep: float) -> None:
    """y[t] = x[t] + keep * y[t-1] in place, bars first."""
    bars = len(turned)
    line, wide = turned.reshape(-1), turned.size // bars
    for first in range(0, bars, _LONGEST):
        part = min(bars - first, _LONGEST)
        if first:
            turned[first] += keep * turned[first - 1]
            line = turned[first : first + part].reshape(-1)
        product(part, part, wide, *_recursion(part, keep), line, line)


@lru_cache(maxsize=64)
def _recursion(bars: int, keep: float) -> _Matrix:
    """Each row hears ``keep`` times the one before it: the first rows of a longer matrix."""
    starts, places, values = _longer(1 << bars.bit_length(), keep)
    return _Matrix(starts[: bars + 1], places[: bars - 1], values[: bars - 1])


@lru_cache(maxsize=32)
def _longer(bars: int, keep: float) -> _Matrix:
    """As many rows as a power of two: histories of many lengths are begun alike."""
    starts = np.arange(-1, bars, dtype=np.int32)
    starts[0] = 0
    return _Matrix(starts, np.arange(bars - 1, dtype=np.int32), np.full(bars - 1, keep))
