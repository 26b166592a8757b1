"""Many symbols at once, a few rows at a time: what is being worked on then stays in the cache."""

from collections.abc import Callable
from functools import wraps
from math import prod
from typing import Any

import numpy as np

__all__ = ["in_blocks"]

_VALUES = 20_480  # of each column in a block: 160 KiB, so that what is at hand stays in the cache


def in_blocks(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, given the leading axes of its columns in blocks of some 20,000 values.

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
