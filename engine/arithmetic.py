"""Arithmetic that says what it does where ordinary arithmetic has no answer."""

import numpy as np

from engine.types import Float64

__all__ = ["divided"]


def divided(numerator: Float64, denominator: Float64, otherwise: float) -> Float64:
    """``numerator / denominator``, and ``otherwise`` where the denominator is 0.

    Examples
    --------
    >>> divided(np.array([1.0, 0.0]), np.array([4.0, 0.0]), 0.5).tolist()
    [0.25, 0.5]
    """
    nothing = denominator == 0.0
    return np.where(nothing, otherwise, numerator / np.where(nothing, 1.0, denominator))
