"""Walks of trailing stops along a series, whose every step hangs on the one before it.

One series is walked in plain Python, many of them in lockstep: each step is then a few operations
of NumPy on all, with the same arithmetic in the same order, so the bits are the same.
"""

from math import prod

import numpy as np

from engine.types import Flags, Float64

__all__ = ["followed", "stops"]

_MANY = 64  # series from which on NumPy's calls cost less than Python's steps
_MOST = 1024  # at once: more would leave the cache


def stops(high: Float64, low: Float64, step: float, maximum: float) -> Float64:
    """The parabolic SAR of (..., n) highs and lows, n of 2 or more, from the second bar on."""
    line = np.empty((*high.shape[:-1], high.shape[-1] - 1))
    if _in_lockstep(high, low):
        rows = [column.reshape(-1, column.shape[-1]) for column in (high, low, line)]
        for first in range(0, len(rows[0]), _MOST):
            top, bottom, said = (column[first : first + _MOST] for column in rows)
            said[...] = _stops_of_many(top.T.copy(), bottom.T.copy(), step, maximum).T
    else:
        for row in np.ndindex(high.shape[:-1]):
            line[row] = _stops(high[row].tolist(), low[row].tolist(), step, maximum)
    return line


def followed(upper: Float64, lower: Float64, close: Float64) -> tuple[Float64, Float64]:
    """The Supertrend of (..., n) raw bands and closes, and its direction."""
    line, direction = np.empty(close.shape), np.empty(close.shape)
    if _in_lockstep(upper, lower, close):
        columns = (upper, lower, close, line, direction)
        rows = [column.reshape(-1, column.shape[-1]) for column in columns]
        for first in range(0, len(rows[0]), _MOST):
            *raw, said, side = (column[first : first + _MOST] for column in rows)
            lines, rising = _followed_by_many(*(column.T.copy() for column in raw))
            said[...] = lines.T
            side[...] = np.where(rising.T, 1.0, -1.0)
    else:
        for row in np.ndindex(close.shape[:-1]):
            line[row], direction[row] = _followed(
                upper[row].tolist(), lower[row].tolist(), close[row].tolist()
            )
    return line, direction


def _in_lockstep(*columns: Float64) -> bool:
    """Whether these are many series, and of numbers: others are left to Python's comparisons."""
    shape = columns[0].shape
    if len(shape) < 2 or prod(shape[:-1]) < _MANY or not shape[-1]:
        return False
    return all(bool(np.isfinite(column).all()) for column in columns)


def _stops(high: list[float], low: list[float], step: float, maximum: float) -> list[float]:
    """The SAR of one series, from its second bar on."""
    fallen, risen = low[0] - low[1], high[1] - high[0]
    rising = not (fallen > 0.0 and risen < fallen)
    stop, extreme = (low[0], high[1]) if rising else (high[0], low[1])
    high_before, low_before, gain = high[1], low[1], step
    line = []
    for top, bottom in zip(high[1:], low[1:], strict=True):
        if rising and bottom <= stop:
            rising, stop, gain = False, max(extreme, high_before, top), step
            extreme = bottom
        elif not rising and top >= stop:
            rising, stop, gain = True, min(extreme, low_before, bottom), step
            extreme = top
        elif (top > extreme) if rising else (bottom < extreme):
            extreme = top if rising else bottom
            gain = min(maximum, gain + step)
        line.append(stop)
        stop += gain * (extreme - stop)
        # It stays out of the last two bars. Spelt out: min() and max() took half of the time.
        if rising:
            if stop > low_before:
                stop = low_before
            if stop > bottom:
                stop = bottom
        else:
            if stop < high_before:
                stop = high_before
            if stop < top:
                stop = top
        high_before, low_before = top, bottom
    return line


def _stops_of_many(high: Float64, low: Float64, step: float, maximum: float) -> Float64:
    """The SAR of as many series as there are columns, from the second bar (row) on."""
    fallen, risen = low[0] - low[1], high[1] - high[0]
    rising = ~((fallen > 0.0) & (risen < fallen))
    stop, extreme = np.where(rising, low[0], high[0]), np.where(rising, high[1], low[1])
    high_before, low_before, gain = high[1], low[1], np.full(len(stop), step)
    line = np.empty((len(high) - 1, len(stop)))
    for place, top, bottom in zip(line, high[1:], low[1:], strict=True):
        # What lies ahead of the trend, and what lies behind it, where the stop is.
        ahead, behind = np.where(rising, top, bottom), np.where(rising, bottom, top)
        touched = np.where(rising, bottom <= stop, top >= stop)
        longer = np.where(rising, top > extreme, bottom < extreme)
        above = np.maximum(high_before, top)
        below = np.minimum(low_before, bottom)
        turned = np.where(rising, np.maximum(extreme, above), np.minimum(extreme, below))
        stop = np.where(touched, turned, stop)
        quicker = np.where(longer, np.minimum(maximum, gain + step), gain)
        gain = np.where(touched, step, quicker)
        extreme = np.where(touched, behind, np.where(longer, ahead, extreme))
        rising = rising ^ touched
        place[...] = stop
        stop = stop + gain * (extreme - stop)
        stop = np.where(rising, np.minimum(stop, below), np.maximum(stop, above))
        high_before, low_before = top, bottom
    return line


def _followed(
    upper: list[float], lower: list[float], close: list[float]
) -> tuple[list[float], list[float]]:
    """The line and the direction of one series, from its raw bands and its closes."""
    if not close:
        return [], []
    ceiling, floor, before, rising = upper[0], lower[0], close[0], True
    line, direction = [], []
    for above, below, price in zip(upper, lower, close, strict=True):
        if above < ceiling or before > ceiling:
            ceiling = above
        if below > floor or before < floor:
            floor = below
        rising = price >= floor if rising else price > ceiling
        line.append(floor if rising else ceiling)
        direction.append(1.0 if rising else -1.0)
        before = price
    return line, direction


def _followed_by_many(upper: Float64, lower: Float64, close: Float64) -> tuple[Float64, Flags]:
    """The same of as many series as there are columns: lines, and whether they rise."""
    ceiling, floor, before = upper[0].copy(), lower[0].copy(), close[0]
    rising = np.ones(len(before), np.bool_)
    lines, directions = np.empty(close.shape), np.empty(close.shape, np.bool_)
    steps = zip(upper, lower, close, lines, directions, strict=True)
    for above, below, price, line, direction in steps:
        np.copyto(ceiling, above, where=(above < ceiling) | (before > ceiling))
        np.copyto(floor, below, where=(below > floor) | (before < floor))
        rising = np.where(rising, price >= floor, price > ceiling)
        direction[...] = rising
        line[...] = np.where(rising, floor, ceiling)
        before = price
    return lines, directions
