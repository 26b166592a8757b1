"""Means and deviations over a sliding window of bars, one a complete window, oldest first."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from engine._heap import room
from engine.scratch import scratch
from engine.types import Float64
from engine.windows import into, written

__all__ = ["moments"]


def moments(values: Float64, window: int) -> tuple[Float64, Float64]:
    """Sums, and twice the sums of squared deviations from their mean, over ``window`` bars.

        M(ab) = M(a) + M(b) + na * nb / (na + nb) * (mean(a) - mean(b))**2

    joins the deviations of two neighbouring spans, so no large squares are ever subtracted. Twice
    of it needs no factor for single bars, and a factor of 2 costs no rounding.

    References
    ----------
    T. F. Chan, G. H. Golub, R. J. LeVeque, Updating formulae and a pairwise algorithm for computing
    sample variances (1979).
    """
    if window > values.shape[-1]:
        return values[..., :0].copy(), values[..., :0].copy()
    columns = scratch(values.shape)
    free, taken, home = columns[:2], columns[2:4], columns[4:]
    join = _Join(*(written(ufunc, values) for ufunc in (np.add, np.subtract)))
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
                last = total[0] + width == window
                total = join.spans(total, span, None if last else free)
                free, home = home, free
            if total[0] == window:
                _, sums, squares = total
                return sums, np.zeros_like(values) if squares is None else squares
        span = join.spans(span, span, None if 2 * width == window else free)
        free, taken = taken, free


_Span = tuple[int, Float64, Float64 | None]  # width, sums, twice the squares (None for 0)


class _Join(NamedTuple):
    """How spans are joined, with operations that know the kind of column."""

    add: Callable[..., Float64]
    subtract: Callable[..., Float64]

    def spans(self, first: _Span, second: _Span, columns: tuple[Float64, ...] | None) -> _Span:
        """The spans of ``first`` prolonged by those of ``second`` that begin where they end.

        They are written into two columns, or into new ones where they are to stay.
        """
        (na, sum_a, squares_a), (nb, sum_b, squares_b) = first, second
        sum_b = sum_b[..., na:]
        bars = sum_b.shape[-1]
        sum_a = sum_a[..., :bars]
        if columns is None:
            sums, squares = room(sum_a.shape), room(sum_a.shape)
        else:
            sums, squares = columns[0][..., :bars], columns[1][..., :bars]
        scaled = sum_a if na == nb else into(squares, np.multiply, sum_a, nb / na)
        squares = self.subtract(scaled, sum_b, out=squares)
        squares *= squares
        if na + nb > 2:
            squares *= 2.0 * na / (nb * (na + nb))
        if squares_a is not None:
            squares += squares_a[..., :bars]
        if squares_b is not None:
            squares += squares_b[..., na:]
        return na + nb, self.add(sum_a, sum_b, out=sums), squares
