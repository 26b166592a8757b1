"""Means and deviations over a sliding window of bars, one a complete window, oldest first."""

import numpy as np

from engine.scratch import scratch
from engine.types import Float64
from engine.windows import into

__all__ = ["moments"]


def moments(values: Float64, window: int) -> tuple[Float64, Float64]:
    """Sums, and sums of squared deviations from their mean, over ``window`` bars.

        M(ab) = M(a) + M(b) + na * nb / (na + nb) * (mean(a) - mean(b))**2

    joins the deviations of two neighbouring spans, so no large squares are ever subtracted.

    References
    ----------
    T. F. Chan, G. H. Golub, R. J. LeVeque, Updating formulae and a pairwise algorithm for computing
    sample variances (1979).
    """
    if window > values.shape[-1]:
        return values[..., :0].copy(), values[..., :0].copy()
    columns = scratch(values.shape)
    free, taken, home = columns[:2], columns[2:4], columns[4:]
    span: _Span = (1, values, None)
    total = None
    while True:
        width = span[0]
        if window & width:
            if total is None:
                total = span
                if width > 1:  # They stay where they are, and the column kept for them is free.
                    home, taken = taken, home
            else:
                total = _joined(total, span, free, new=total[0] + width == window)
                free, home = home, free
            if total[0] == window:
                _, sums, squares = total
                return sums, np.zeros_like(values) if squares is None else squares
        span = _joined(span, span, free, new=2 * width == window)
        free, taken = taken, free


_Span = tuple[int, Float64, Float64 | None]  # width, sums, squared deviations (None for 0)


def _joined(first: _Span, second: _Span, columns: tuple[Float64, ...], *, new: bool) -> _Span:
    """The spans of ``first`` prolonged by those of ``second`` that begin where they end.

    They are written into two columns, or into new ones where they are to stay.
    """
    (na, sum_a, squares_a), (nb, sum_b, squares_b) = first, second
    sum_b = sum_b[..., na:]
    sum_a = sum_a[..., : sum_b.shape[-1]]
    squares = sum_a if na == nb else into(columns[1], np.multiply, sum_a, nb / na)
    squares = into(None if new else columns[1], np.subtract, squares, sum_b)
    squares *= squares
    squares *= na / (nb * (na + nb))
    if squares_a is not None:
        squares += squares_a[..., : sum_b.shape[-1]]
    if squares_b is not None:
        squares += squares_b[..., na:]
    return na + nb, into(None if new else columns[0], np.add, sum_a, sum_b), squares
