"""Values over a sliding window of bars: sums, means, extrema, deviations, along the last axis.

Windows are built by doubling: spans of 1, 2, 4, ... bars, each the sum (or the maximum) of two
halves, then as many spans as the width has ones in binary. That takes log2(window) passes over
whole columns, is as accurate as pairwise summation, and a window's value depends on its own bars
alone: a tail of the history gives the same bits as all of it, and a missing value spoils only the
windows that hold it.

Every function here returns one value for each *complete* window, the oldest first, hence
``length - window + 1`` of them and none where the history is shorter; ``aligned`` puts them on
their bars.
"""

from collections.abc import Callable

import numpy as np

from engine.types import Float64

__all__ = [
    "aligned",
    "lagged",
    "moments",
    "tilts",
    "window_max",
    "window_mean",
    "window_min",
    "window_std",
    "window_sum",
]


def aligned(values: Float64, length: int) -> Float64:
    """Values moved to the end of a column of ``length`` bars, NaN before them.

    Examples
    --------
    >>> aligned(np.array([1.0, 2.0]), 4).tolist()
    [nan, nan, 1.0, 2.0]
    """
    warm_up = np.full((*values.shape[:-1], length - values.shape[-1]), np.nan)
    return np.concatenate([warm_up, values], axis=-1)


def lagged(values: Float64, bars: int) -> Float64:
    """The values of ``bars`` bars earlier, for the bars that have one.

    Examples
    --------
    >>> lagged(np.array([1.0, 2.0, 3.0]), 1).tolist()
    [1.0, 2.0]
    """
    return values[..., : max(values.shape[-1] - bars, 0)]


def window_sum(values: Float64, window: int) -> Float64:
    """Sums over ``window`` bars.

    Examples
    --------
    >>> window_sum(np.array([1.0, 2.0, 3.0, 4.0]), 3).tolist()
    [6.0, 9.0]
    """
    if window > values.shape[-1]:
        return values[..., :0]
    spans, width = values, 1  # spans[i] is the sum of values[i : i + width]
    total, covered = values, 0  # total[i] is the sum of values[i : i + covered]
    while True:
        if window & width:
            rest = spans[..., covered:]
            total = total[..., : rest.shape[-1]] + rest if covered else rest
            covered += width
        if covered == window:
            return total
        spans = spans[..., :-width] + spans[..., width:]
        width *= 2


def window_mean(values: Float64, window: int) -> Float64:
    """Means over ``window`` bars.

    Examples
    --------
    >>> window_mean(np.array([1.0, 2.0, 3.0, 4.0]), 3).tolist()
    [2.0, 3.0]
    """
    return window_sum(values, window) / window


def window_max(values: Float64, window: int) -> Float64:
    """Maxima over ``window`` bars.

    Examples
    --------
    >>> window_max(np.array([1.0, 3.0, 2.0, 2.0]), 2).tolist()
    [3.0, 3.0, 2.0]
    """
    return _extremum(np.maximum, values, window)


def window_min(values: Float64, window: int) -> Float64:
    """Minima over ``window`` bars.

    Examples
    --------
    >>> window_min(np.array([1.0, 3.0, 2.0, 2.0]), 2).tolist()
    [1.0, 2.0, 2.0]
    """
    return _extremum(np.minimum, values, window)


def _extremum(
    choose: Callable[[Float64, Float64], Float64], values: Float64, window: int
) -> Float64:
    if window > values.shape[-1]:
        return values[..., :0]
    spans, width = values, 1
    while 2 * width <= window:
        spans = choose(spans[..., :-width], spans[..., width:])
        width *= 2
    rest = (
        window - width
    )  # two overlapping spans cover the window: taking a maximum twice harms nothing
    return choose(spans[..., : spans.shape[-1] - rest], spans[..., rest:]) if rest else spans


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
    span = (1, values, np.zeros_like(values))
    total = None
    while True:
        width = span[0]
        if window & width:
            total = span if total is None else _joined(total, span)
            if total[0] == window:
                return total[1] / window, total[2]
        span = _joined(span, span)


_Span = tuple[int, Float64, Float64]  # width, sums, sums of squared deviations or tilts


def _joined(first: _Span, second: _Span) -> _Span:
    """The spans of ``first`` prolonged by those of ``second`` that begin where they end."""
    (na, sum_a, dev_a), (nb, sum_b, dev_b) = first, second
    sum_b, dev_b = sum_b[..., na:], dev_b[..., na:]
    sum_a, dev_a = sum_a[..., : sum_b.shape[-1]], dev_a[..., : sum_b.shape[-1]]
    gap = sum_a * (nb / na) - sum_b if na != nb else sum_a - sum_b
    return na + nb, sum_a + sum_b, dev_a + dev_b + gap * gap * (na / (nb * (na + nb)))


def window_std(values: Float64, window: int) -> Float64:
    """Population standard deviations over ``window`` bars.

    Examples
    --------
    >>> window_std(np.array([1.0, 3.0, 3.0]), 2).tolist()
    [1.0, 0.0]
    """
    return np.sqrt(moments(values, window)[1] / window)


def tilts(values: Float64, window: int) -> tuple[Float64, Float64]:
    """Sums, and sums weighted by how far a bar lies from the middle, over ``window`` bars.

        T = sum of (i - (window - 1) / 2) * x[i]
        T(ab) = T(a) + T(b) + (na * S(b) - nb * S(a)) / 2

    joins two neighbouring spans. The weights are antisymmetric, so that a constant cancels and
    neither the level of the prices nor the place in the history costs digits.

    Examples
    --------
    >>> [part.tolist() for part in tilts(np.array([1.0, 2.0, 4.0, 8.0]), 3)]
    [[7.0, 14.0], [3.0, 6.0]]
    """
    if window > values.shape[-1]:
        return values[..., :0], values[..., :0]
    span = (1, values, np.zeros_like(values))
    total = None
    while True:
        width = span[0]
        if window & width:
            total = span if total is None else _leaning(total, span)
            if total[0] == window:
                return total[1], total[2]
        span = _leaning(span, span)


def _leaning(first: _Span, second: _Span) -> _Span:
    """The spans of ``first`` prolonged by those of ``second`` that begin where they end."""
    (na, sum_a, tilt_a), (nb, sum_b, tilt_b) = first, second
    sum_b, tilt_b = sum_b[..., na:], tilt_b[..., na:]
    sum_a, tilt_a = sum_a[..., : sum_b.shape[-1]], tilt_a[..., : sum_b.shape[-1]]
    gap = sum_b * (na / 2.0) - sum_a * (nb / 2.0)
    return na + nb, sum_a + sum_b, tilt_a + tilt_b + gap
