"""A column whose last value is many candidates at once, to ask: what if the bar had closed there.

An indicator or a strategy is run once on columns like this, unchanged, and says for each candidate
what it would say if that had been the last bar. What lies before the fork is computed once; only
the last value is a vector. The steps and their order are those of a plain column, so the bits are
too.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Self, TypeVar, cast

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

__all__ = ["Fork", "by_candidate", "last_of", "paired", "past_of"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_EACH: frozenset[Any] = frozenset(
    {np.where, np.zeros_like, np.ones_like, np.full_like, np.empty_like, np.clip, np.nan_to_num}
)
"""NumPy's functions, beside the ufuncs, that look at one bar at a time."""


def _operator(ufunc: np.ufunc) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A binary operator and its mirror image, without NumPy's way round to ``__array_ufunc__``."""

    def forward(self: "Fork", other: Any) -> "Fork":
        return paired(ufunc, self, other)

    def backward(self: "Fork", other: Any) -> "Fork":
        return paired(ufunc, other, self)

    return forward, backward


class Fork(NDArrayOperatorsMixin):
    """One column: ``past`` (n - 1,), which happened, and ``last`` (m,), one value a candidate.

    Examples
    --------
    >>> close = Fork(np.array([1.0, 2.0]), np.array([4.0, 6.0]))
    >>> ((close[..., 1:] + close[..., :-1]) / 2).last.tolist()
    [3.0, 4.0]
    """

    __slots__ = ("last", "past")

    def __init__(self, past: Any, last: Any) -> None:
        self.past = past
        self.last = last

    __add__, __radd__ = _operator(np.add)
    __sub__, __rsub__ = _operator(np.subtract)
    __mul__, __rmul__ = _operator(np.multiply)
    __truediv__, __rtruediv__ = _operator(np.true_divide)
    __lt__, _ = _operator(np.less)
    __le__, _ = _operator(np.less_equal)
    __gt__, _ = _operator(np.greater)
    __ge__, _ = _operator(np.greater_equal)
    __and__, __rand__ = _operator(np.bitwise_and)
    __or__, __ror__ = _operator(np.bitwise_or)
    # In place would cost a copy, and whoever adds in place goes on with what comes back.
    __iadd__, __isub__, __imul__, __itruediv__ = __add__, __sub__, __mul__, __truediv__

    @property
    def shape(self) -> tuple[int]:
        """As if there were one last bar."""
        return (len(self.past) + 1,)

    def __len__(self) -> int:
        return len(self.past) + 1

    def __getitem__(self, key: Any) -> Any:
        part = key[-1] if isinstance(key, tuple) else key
        if not isinstance(part, slice):
            raise TypeError("a forked column is cut by slices of its last axis")
        past = self.past
        bars = len(past) + 1
        start, stop, step = part.indices(bars)
        if step != 1:
            raise TypeError("a forked column is cut in steps of one bar")
        if stop < bars or start >= stop:
            return past[min(start, stop) : stop]
        return Fork(past[start:] if start else past, self.last)

    def astype(self, kind: Any, *, copy: bool = True) -> Self:
        """The same column of another type."""
        return type(self)(self.past.astype(kind, copy=copy), self.last.astype(kind, copy=copy))

    def any(self) -> bool:
        """Whether anything is, on any bar and for any candidate."""
        return bool(self.past.any() or self.last.any())

    def all(self) -> bool:
        """Whether everything is, on every bar and for every candidate."""
        return bool(self.past.all() and self.last.all())

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if len(inputs) == 2 and method == "__call__" and not options:
            return paired(ufunc, *inputs)
        (out,) = options.pop("out", (None,))
        if method == "accumulate" and isinstance(inputs[0], Fork):
            return inputs[0]._accumulated(ufunc)
        if method != "__call__" or options.keys() - {"dtype"}:
            return NotImplemented
        answer = _each(ufunc, inputs, options)
        # A plain column that is added to in place cannot hold the answer: the name gets a new one.
        return out._become(answer) if isinstance(out, Fork) else answer

    def __array_function__(
        self, function: Any, types: Any, inputs: Sequence[Any], options: Mapping[str, Any]
    ) -> Any:
        if function in _EACH:
            return _each(function, inputs, options)
        if function is np.concatenate:
            *before, end = inputs[0]
            return type(self)(np.concatenate([*before, end.past]), end.last)
        if function is np.cumsum:
            return inputs[0]._accumulated(np.add)
        if function is np.copyto and isinstance(inputs[0], Fork):
            column, values = inputs
            return column._become(_each(np.where, (options["where"], values, column), {}))
        return NotImplemented

    def _accumulated(self, ufunc: Any) -> Self:
        """Running sums, maxima and their kin along the bars."""
        past = ufunc.accumulate(self.past, axis=-1)
        return type(self)(past, ufunc(past[-1:], self.last) if len(past) else self.last)

    def _become(self, other: "Fork") -> Self:
        """Take another's values, where NumPy would write into a plain column."""
        self.past[...] = other.past
        self.last = other.last
        return self


def _each(function: Callable[..., Any], inputs: Sequence[Any], options: Mapping[str, Any]) -> Fork:
    """The function on what happened, and on the candidates."""
    return Fork(
        function(*(past_of(value) for value in inputs), **options),
        function(*(last_of(value) for value in inputs), **options),
    )


def paired(ufunc: np.ufunc, one: Any, two: Any) -> Fork:
    """The same for what is asked most: a function of two columns, or of one and a number."""
    if not isinstance(one, Fork):
        return Fork(ufunc(past_of(one), two.past), ufunc(last_of(one), two.last))
    if not isinstance(two, Fork):
        return Fork(ufunc(one.past, past_of(two)), ufunc(one.last, last_of(two)))
    return Fork(ufunc(one.past, two.past), ufunc(one.last, two.last))


def past_of(value: Any) -> Any:
    """What happened, of a column forked or plain."""
    if isinstance(value, Fork):
        return value.past
    return value[:-1] if getattr(value, "ndim", 0) else value


def last_of(value: Any) -> Any:
    """The last value, of a column forked or plain."""
    if isinstance(value, Fork):
        return value.last
    return value[-1:] if getattr(value, "ndim", 0) else value


def by_candidate(function: _Function) -> _Function:
    """Let a function that can only walk along whole columns take forks: a column a candidate.

    Notes
    -----
    It costs as many whole histories as there are candidates, so it is for those that no strategy
    is asked to invert.
    """

    @wraps(function)
    def walked(*columns: Any, **parameters: Any) -> Any:
        count = max((len(column.last) for column in columns if isinstance(column, Fork)), default=0)
        if not count:
            return function(*columns, **parameters)
        answer = function(*(_whole(column, count) for column in columns), **parameters)
        if isinstance(answer, tuple):
            named: Callable[..., Any] = type(answer)
            return named(*(Fork(column[0, :-1], column[:, -1]) for column in answer))
        return Fork(answer[0, :-1], answer[:, -1])

    return cast("_Function", walked)


def _whole(column: Any, count: int) -> Any:
    """The column of each of ``count`` candidates, (count, n)."""
    if not isinstance(column, Fork):
        return column
    past = np.broadcast_to(column.past, (count, len(column.past)))
    return np.concatenate([past, np.broadcast_to(column.last, (count,))[:, None]], axis=-1)
