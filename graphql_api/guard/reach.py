"""Reaching a store: one deadline over all calls of a request, and never an open door.

The second is of store time. What a request spends on its document or its answer is not the store's
fault, and must not read as an outage.
"""

import logging
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from graphql_api.errors import Unavailable
from graphql_api.guard.limits import SECOND
from graphql_api.stores import StoreUnavailable

__all__ = ["Reach"]

P = ParamSpec("P")
Answer = TypeVar("Answer")

PATIENCE: Final = SECOND
ONE_CALL: Final = SECOND // 2  # the read time-out: a call that may take longer is not begun

logger = logging.getLogger(__name__)


class Reach:
    """The store calls of one request, which together may take a second.

    Parameters
    ----------
    clock : callable
        Microseconds since the epoch.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._left = PATIENCE

    def __call__(self, ask: Callable[P, Answer], *arguments: P.args, **named: P.kwargs) -> Answer:
        """Ask a store, once.

        Raises
        ------
        Unavailable
            When the store cannot be reached, or the request's second is spent.
        """
        if self._left < ONE_CALL:
            raise Unavailable("The accounts cannot be reached in time. Try again in a moment.")
        began = self._clock()
        try:
            return ask(*arguments, **named)
        except StoreUnavailable as error:
            logger.warning("store unavailable: %s", error)
            raise Unavailable("The accounts cannot be reached. Try again in a moment.") from error
        finally:
            self._left -= max(0, self._clock() - began)  # the clock may be set back meanwhile

    def elsewhere(self, ask: Callable[P, Answer], *arguments: P.args, **named: P.kwargs) -> Answer:
        """Ask something else than a store; only the time that it takes counts."""
        began = self._clock()
        try:
            return ask(*arguments, **named)
        finally:
            self._left -= max(0, self._clock() - began)

    def if_possible(self, ask: Callable[P, None], *arguments: P.args, **named: P.kwargs) -> bool:
        """Ask a store for something that a request can do without; whether it was done."""
        try:
            self(ask, *arguments, **named)
        except Unavailable as error:
            logger.warning("left undone: %s", error.__cause__ or error)
            return False
        return True
