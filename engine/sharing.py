"""What several windows over one column have in common, computed once while a strategy is judged.

A mean over 200 bars and one over 50 begin with the same spans of 2, 4, 8, ... bars. Inside
``sharing`` the spans of the columns that it names are kept for the next window that asks for them.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

__all__ = ["sharing", "spans_of"]

_SHARED: ContextVar[dict[int, dict[object, list[Any]]] | None] = ContextVar("_SHARED", default=None)


@contextmanager
def sharing(columns: Iterable[Any]) -> Iterator[None]:
    """Keep the spans of these columns until the end of the block."""
    held = list(columns)  # so that the identity of each stays its own
    token = _SHARED.set({id(column): {} for column in held})
    try:
        yield
    finally:
        _SHARED.reset(token)


def spans_of(operation: object, column: Any) -> list[Any] | None:
    """The spans of a column under an operation so far: of 1 bar, of 2, of 4, ...

    Whoever makes the next one appends it. None for a column that is not shared.
    """
    shared = _SHARED.get()
    kept = None if shared is None else shared.get(id(column))
    return None if kept is None else kept.setdefault(operation, [column])
