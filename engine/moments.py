"""Means and deviations over a sliding window of bars, one a complete window, oldest first."""

import numpy as np

from engine.types import Float64
from engine.windows import combined

__all__ = ["moments", "window_std"]


def moments(values: Float64, window: int) -> tuple[Float64, Float64]:
    """Means and sums of squared deviations from them, over ``window`` bars.

        M(ab) = M(a) + M(b) + na * nb / (na + nb) * (mean(a) - mean(b))**2

    joins the deviations of two neighbouring spans, so no large squares are ever subtracted.

    References
    ----------
    T. F. Chan, G. H. Golub, R. J. LeVeque, Updating formulae and a pairwise algorithm for computing
    sample variances (1979).
    """
    if window > values.shape[-1]:
        return values[..., :0], values[..., :0]
    span: _Span = (1, values, None)
    total = None
    while True:
        width = span[0]
        if window & width:
            total = span if total is None else _joined(total, span)
            if total[0] == window:
                squares = np.zeros_like(values) if total[2] is None else total[2]
                return total[1] / window, squares
        span = _joined(span, span)


_Span = tuple[int, Float64, Float64 | None]  # width, sums, squared deviations (None for 0)


def _joined(first: _Span, second: _Span) -> _Span:
    """The spans of ``first`` prolonged by those of ``second`` that begin where they end."""
    (na, sum_a, squares_a), (nb, sum_b, squares_b) = first, second
    sum_b = sum_b[..., na:]
    sum_a = sum_a[..., : sum_b.shape[-1]]
    scaled = sum_a if na == nb else combined(np.multiply, sum_a, nb / na)
    squares = combined(np.subtract, scaled, sum_b)
    squares *= squares
    squares *= na / (nb * (na + nb))
    if squares_a is not None:
        squares += squares_a[..., : sum_b.shape[-1]]
    if squares_b is not None:
        squares += squares_b[..., na:]
    return na + nb, combined(np.add, sum_a, sum_b), squares


def window_std(values: Float64, window: int) -> Float64:
    """Population standard deviations over ``window`` bars.

    Examples
    --------
    >>> window_std(np.array([1.0, 3.0, 3.0]), 2).tolist()
    [1.0, 0.0]
    """
    return np.sqrt(combined(np.divide, moments(values, window)[1], window))
