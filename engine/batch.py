"""Many symbols at once, a few rows at a time: what is being worked on then stays in the cache."""

from collections.abc import Callable
from functools import wraps
from math import prod
from typing import Any

import numpy as np

__all__ = ["in_blocks"]

_VALUES = 20_480  # of each column in a block: 160 KiB, so that what is at hand stays in the cache


def in_blocks(
    function: Callable[..., Any], warm_up: Callable[..., int] | None = None
) -> Callable[..., Any]:
    """The function, given the leading axes of its columns in blocks of some 20,000 values.

    Parameters
    ----------
    function : callable
        Of columns and of parameters by name.
    warm_up : callable, optional
        For functions whose values hang on the bars of their window alone: how many bars at the
        start have none. They are given the rows of a block end to end, as one long column, so that
        a block takes no more calls than a row.

    Notes
    -----
    Rows do not know of one another, and windows that reach back into the row before are those of
    bars that are warming up, which are blanked: so the answer is the same, bit for bit.
    """

    @wraps(function)
    def blocked(*columns: Any, **parameters: Any) -> Any:
        shape = columns[0].shape
        if len(shape) < 2 or not prod(shape) or (warm_up is None and prod(shape) <= _VALUES):
            return function(*columns, **parameters)
        rows, bars = prod(shape[:-1]), shape[-1]
        blank, laid = (0, (-1, bars)) if warm_up is None else (warm_up(**parameters), (-1,))
        step = max(1, _VALUES // bars)
        flat = [np.asarray(column).reshape(rows, bars) for column in columns]
        answer: tuple[Any, ...] = ()
        for start in range(0, rows, step):
            block = slice(start, start + step)
            said = function(*(column[block].reshape(laid) for column in flat), **parameters)
            parts = said if isinstance(said, tuple) else (said,)
            answer = answer or tuple(np.empty((rows, bars)) for _ in parts)
            for column, part in zip(answer, parts, strict=True):
                column[block] = part.reshape(-1, bars)
                column[block, :blank] = np.nan
        whole = [column.reshape(shape) for column in answer]
        return type(said)(*whole) if isinstance(said, tuple) else whole[0]

    return blocked
