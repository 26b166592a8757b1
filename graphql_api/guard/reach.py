"""Reaching a store: one deadline over all calls of a request, and never an open door.

The second is of store time. What a request spends on its document or its answer is not the store's
fault, and must not read as an outage.
"""

import logging
import random
import threading
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from graphql_api.errors import Unavailable
from graphql_api.guard.breaker import Breaker
from graphql_api.guard.limits import SECOND
from graphql_api.stores import StoreThrottled, StoreUnavailable
from market_data.aws.patience import LONGEST_CALL, within

__all__ = ["Reach"]

P = ParamSpec("P")
Answer = TypeVar("Answer")

PATIENCE: Final = SECOND
ONE_CALL: Final = int(LONGEST_CALL * SECOND)  # a call that may take longer is not begun
COME_BACK: Final = (1, 3)  # seconds; at random, so that callers do not all come back at once

AWAY: Final = "The accounts cannot be reached. Try again in a moment."
TOO_LATE: Final = "The accounts cannot be reached in time. Try again in a moment."
BUSY: Final = "The accounts are asked for more than they can take just now. Try again in a moment."

logger = logging.getLogger(__name__)


class Reach:
    """The store calls of one request, which together may take a second.

    Parameters
    ----------
    clock : callable
        Microseconds since the epoch.
    breaker : Breaker, optional
        What is known of the store from the calls of other requests.
    """

    __slots__ = ("_breaker", "_clock", "_left")

    def __init__(self, clock: Callable[[], int], breaker: Breaker | None = None) -> None:
        self._clock = clock
        self._breaker = breaker
        self._left = PATIENCE

    @property
    def spent(self) -> bool:
        """Whether there is no time for another call."""
        return self._left < ONE_CALL

    def __call__(self, ask: Callable[P, Answer], *arguments: P.args, **named: P.kwargs) -> Answer:
        """Ask a store, once.

        Raises
        ------
        Unavailable
            When the store cannot be reached or is throttled, which then is the cause; or when it
            was not asked at all, since it is known not to answer or the request's second is spent.
        """
        if self.spent:
            raise unavailable(TOO_LATE)
        breaker = self._breaker
        if breaker is not None and not breaker.allows():
            raise unavailable(AWAY)
        began = self._clock()
        try:
            with within(self._left / SECOND):
                answer = ask(*arguments, **named)
        except StoreThrottled as error:
            if breaker is not None:  # it did answer
                breaker.succeeded()
            logger.warning("store throttled: %s", error)
            raise unavailable(BUSY) from error
        except StoreUnavailable as error:
            if breaker is not None:
                breaker.failed()
            logger.warning("store unavailable: %s", error)
            raise unavailable(AWAY) from error
        finally:
            self._left -= max(0, self._clock() - began)  # the clock may be set back meanwhile
        if breaker is not None:
            breaker.succeeded()
        return answer

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

    def wait(self, lock: threading.Lock) -> None:
        """Acquire a lock that another holds while it asks the store; that is store time too.

        Raises
        ------
        Unavailable
            When it is not let go of in time.
        """
        if lock.acquire(blocking=False):
            return
        began = self._clock()
        acquired = lock.acquire(timeout=max(0, self._left) / SECOND)
        self._left -= max(0, self._clock() - began)
        if not acquired:
            raise unavailable(TOO_LATE)


def unavailable(message: str) -> Unavailable:
    """The refusal of a request that would need a store which cannot be asked now."""
    return Unavailable(message, retry_after=random.randint(*COME_BACK))
