"""Arithmetic that says what it does where ordinary arithmetic has no answer."""

import numpy as np

from engine.types import Flags, Float64

__all__ = ["all_positive", "beyond_rounding", "divided", "has_no_zero", "moved"]

_ROUNDING = 1e-14  # of the level: some 90 units in the last place, as TA-Lib has it


def beyond_rounding(difference: Float64, level: Float64) -> Float64:
    """A difference of values as large as ``level``, 0 where rounding alone may have made it.

    Examples
    --------
    >>> beyond_rounding(np.array([1e-13, 1.0]), np.array([100.0, 100.0])).tolist()
    [0.0, 1.0]
    """
    least = _least(difference)
    if least > 0.0 and least > _ROUNDING * max(level[level.argmax()], -_least(level)):
        return difference  # each beyond the largest bound, as is usual
    rose, fell = moved(difference, level)
    beyond = rose | fell
    return difference if beyond.all() else np.where(beyond, difference, 0.0)


def divided(numerator: Float64, denominator: Float64, otherwise: float) -> Float64:
    """``numerator / denominator``, and ``otherwise`` where the denominator is 0.

    Examples
    --------
    >>> divided(np.array([1.0, 0.0]), np.array([4.0, 0.0]), 0.5).tolist()
    [0.25, 0.5]
    """
    if has_no_zero(denominator):
        return numerator / denominator
    nothing = denominator == 0.0
    return np.where(nothing, otherwise, numerator / np.where(nothing, 1.0, denominator))


def moved(difference: Float64, level: Float64) -> tuple[Flags, Flags]:
    """Where a difference of values as large as ``level`` is beyond rounding, upward and downward.

    Examples
    --------
    >>> rose, fell = moved(np.array([1e-13, 1.0, -1.0]), np.array([100.0, 100.0, 100.0]))
    >>> rose.tolist(), fell.tolist()
    ([False, True, False], [False, False, True])
    """
    bound = np.abs(level)
    bound *= _ROUNDING
    return difference > bound, difference < -bound


def has_no_zero(values: Float64) -> bool:
    """Whether no value is 0, soonest said where all are positive.

    Examples
    --------
    >>> has_no_zero(np.array([1.0, -2.0])), has_no_zero(np.array([1.0, 0.0]))
    (True, False)
    """
    return all_positive(values) or bool(values.all())


def all_positive(values: Float64) -> bool:
    """Whether all values of a column are above 0; of what is no plain column, False.

    Examples
    --------
    >>> all_positive(np.array([1.0, 2.0])), all_positive(np.array([1.0, np.nan]))
    (True, False)
    """
    return _least(values) > 0.0


def _least(values: object) -> float:
    """The least value of a column, which NumPy finds soonest by its place.

    Of what is no plain column, or has a value missing, NaN: it is neither above nor below anything.
    """
    if isinstance(values, np.ndarray) and values.ndim == 1 and len(values):
        return float(values[values.argmin()])
    return float("nan")
