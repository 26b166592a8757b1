"""Many symbols at once, a few rows at a time: what is being worked on then stays in the cache."""

from collections.abc import Callable
from functools import wraps
from math import prod
from typing import Any

import numpy as np

__all__ = ["end_to_end", "in_blocks"]

_VALUES = 40_960  # of each column in a block: 320 KiB, so that what is at hand stays in the cache


def in_blocks(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, given the leading axes of its columns in blocks of some 40,000 values.

    Notes
    -----
    Rows do not know of one another, so the answer is the same, bit for bit.
    """

    @wraps(function)
    def blocked(*columns: Any, **parameters: Any) -> Any:
        shape = columns[0].shape
        if len(shape) < 2 or prod(shape) <= _VALUES:
            return function(*columns, **parameters)
        rows, step = prod(shape[:-1]), max(1, _VALUES // shape[-1])
        flat = [np.asarray(column).reshape(rows, shape[-1]) for column in columns]
        answer: tuple[Any, ...] = ()
        for start in range(0, rows, step):
            block = slice(start, start + step)
            said = function(*(column[block] for column in flat), **parameters)
            parts = said if isinstance(said, tuple) else (said,)
            answer = answer or tuple(np.empty((rows, shape[-1])) for _ in parts)
            for column, part in zip(answer, parts, strict=True):
                column[block] = part
        whole = [column.reshape(shape) for column in answer]
        return type(said)(*whole) if isinstance(said, tuple) else whole[0]

    return blocked


def end_to_end(function: Callable[..., Any], warm_up: Callable[..., int]) -> Callable[..., Any]:
    """The function, given the rows of a batch one after the other, as one long column.

    Notes
    -----
    For functions whose values hang on the bars of their window alone. Windows that reach back into
    the row before are those of bars that are warming up, and are blanked: so a batch takes no more
    calls than a column, and the rest is the same, bit for bit.
    """

    @wraps(function)
    def joined(*columns: Any, **parameters: Any) -> Any:
        shape = columns[0].shape
        if len(shape) < 2:
            return function(*columns, **parameters)
        said = function(*(np.asarray(column).reshape(-1) for column in columns), **parameters)
        parts = [part.reshape(shape) for part in (said if isinstance(said, tuple) else (said,))]
        for part in parts:
            part[..., : warm_up(**parameters)] = np.nan
        return type(said)(*parts) if isinstance(said, tuple) else parts[0]

    return joined
