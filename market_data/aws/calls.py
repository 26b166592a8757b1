"""How AWS is asked: once, or again where that is harmless and its caller can still wait."""

import random
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)
from botocore.parsers import ResponseParserError

from market_data.aws.patience import allows_another
from market_data.errors import StoreThrottled, StoreUnavailable, StoreUntouched

__all__ = ["Calls", "ConditionFailed", "Refused"]

Answer = TypeVar("Answer")

ATTEMPTS: Final = 3
PAUSE: Final = 0.05  # seconds, times a random number, and twice as much with each attempt
LONGEST_PAUSE: Final = 0.25
SLOW: Final = 0.25  # seconds; a failure that took longer leaves no time for another attempt
CONDITION_FAILED: Final = "ConditionalCheckFailed"
THROTTLED: Final = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "ThrottlingException",
}


class Refused(Exception):
    """A call that was answered by a refusal which says something of what is kept."""


class ConditionFailed(Refused):
    """A conditional write was refused; nothing was written.

    Parameters
    ----------
    item : dict
        What failed the condition, where the request asked for that.
    """

    def __init__(self, item: dict[str, Any]) -> None:
        super().__init__("the condition failed")
        self.item = item


class Calls:
    """Calls of AWS, of which what may happen twice is made again after a quick failure.

    Parameters
    ----------
    sleep, stopwatch : callable
    when_throttled : bool
        Whether a service that says it is asked too much is asked again: worth it where work waits
        in the background, and not where a caller does.
    """

    def __init__(
        self,
        sleep: Callable[[float], None] = time.sleep,
        stopwatch: Callable[[], float] = time.monotonic,
        *,
        when_throttled: bool = True,
    ) -> None:
        self._sleep = sleep
        self._stopwatch = stopwatch
        self._when_throttled = when_throttled

    def ask_again(
        self, call: Callable[..., Answer], attempts: int = ATTEMPTS, **request: Any
    ) -> Answer:
        """Call again where it failed quickly, after a random pause: for what may happen twice."""
        for attempt in range(1, attempts):
            began = self._stopwatch()
            try:
                return self.ask(call, **request)
            except StoreUnavailable as error:
                if isinstance(error, StoreThrottled) and not self._when_throttled:
                    raise
                if self._stopwatch() - began > SLOW or not allows_another():
                    raise
                self.pause(attempt)
        return self.ask(call, **request)

    def pause(self, attempt: int) -> None:
        """Wait a random while, longer with each attempt."""
        self._sleep(random.random() * min(PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE))

    @staticmethod
    def ask(call: Callable[..., Answer], **request: Any) -> Answer:
        """Call once.

        Raises
        ------
        ConditionFailed, Refused
            Where the answer says something of what is kept.
        StoreThrottled
            When the service takes no more now; it did nothing.
        StoreUntouched
            When no connection to it could be made.
        StoreUnavailable
            In all other cases; whether a write happened is unknown.
        """
        service = "S3" if "Bucket" in request else "DynamoDB"
        try:
            return call(**request)
        except ClientError as error:
            code, item = (
                error.response["Error"]["Code"],
                cast("Any", error.response).get("Item", {}),
            )
            reasons = {one.get("Code") for one in error.response.get("CancellationReasons", [])}
            if code == f"{CONDITION_FAILED}Exception" or CONDITION_FAILED in reasons:
                raise ConditionFailed(item) from None
            if code == "NoSuchKey":
                raise Refused(code) from None
            if code in THROTTLED:
                raise StoreThrottled(f"{service} is throttled: {code}") from error
            raise StoreUnavailable(f"{service} refused: {code}") from error
        except (ConnectTimeoutError, EndpointConnectionError) as error:
            raise StoreUntouched(f"{service} is not reached: {type(error).__name__}") from error
        except (BotoCoreError, ResponseParserError) as error:
            raise StoreUnavailable(f"{service} did not answer: {type(error).__name__}") from error
