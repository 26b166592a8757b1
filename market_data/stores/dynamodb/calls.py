"""How AWS is asked: with early time-outs, and again only where that is harmless."""

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from botocore.session import get_session

from market_data.errors import StoreUnavailable
from market_data.whole_answers import expect_whole_answers

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

__all__ = ["Calls", "Refused", "connect", "connect_s3"]

Answer = TypeVar("Answer")

ATTEMPTS: Final = 3
PAUSE: Final = 0.05  # seconds, times a random number and a power of two
SLOW: Final = 0.25  # seconds; a failure that took longer leaves no time for another attempt


def connect(region: str | None = None, endpoint: str | None = None) -> "DynamoDBClient":
    """A client of DynamoDB that gives up early and tries everything once."""
    made = get_session().create_client(
        "dynamodb", region_name=region, endpoint_url=endpoint, config=_config(read_timeout=0.5)
    )
    client = cast("DynamoDBClient", made)
    expect_whole_answers(client)
    return client


def connect_s3(region: str | None = None, endpoint: str | None = None) -> "S3Client":
    """A client of S3 that gives up early and tries everything once."""
    client = get_session().create_client(
        "s3", region_name=region, endpoint_url=endpoint, config=_config(read_timeout=1.0)
    )
    return cast("S3Client", client)


def _config(read_timeout: float) -> Config:
    return Config(
        connect_timeout=0.3,
        read_timeout=read_timeout,
        tcp_keepalive=True,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=50,
    )


class Refused(Exception):
    """A call that was answered by a refusal which says something of what is kept."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# Refusals that are answers: the condition of a write failed, or there is no such object.
ANSWERS: Final = {"ConditionalCheckFailedException", "NoSuchKey"}


class Calls:
    """Calls of AWS, of which what may happen twice is made again after a quick failure."""

    def __init__(
        self,
        sleep: Callable[[float], None] = time.sleep,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sleep = sleep
        self.stopwatch = stopwatch

    def ask_again(self, call: Callable[..., Answer], **request: Any) -> Answer:
        """Call again where it failed quickly, after a random pause: for what may happen twice."""
        for attempt in range(1, ATTEMPTS):
            began = self.stopwatch()
            try:
                return self.ask(call, **request)
            except StoreUnavailable:
                if self.stopwatch() - began > SLOW:
                    raise
                self.pause(attempt)
        return self.ask(call, **request)

    def pause(self, attempt: int) -> None:
        """Wait a random while, longer with each attempt."""
        self.sleep(random.random() * PAUSE * 2**attempt)

    @staticmethod
    def ask(call: Callable[..., Answer], **request: Any) -> Answer:
        """Call once.

        Raises
        ------
        Refused
            Where the answer says something of what is kept.
        StoreUnavailable
            In all other cases; whether a write happened is unknown.
        """
        service = "S3" if "Bucket" in request else "DynamoDB"
        try:
            return call(**request)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ANSWERS:
                raise Refused(code) from None
            raise StoreUnavailable(f"{service} refused: {code}") from error
        except (BotoCoreError, ResponseParserError) as error:
            raise StoreUnavailable(f"{service} did not answer: {type(error).__name__}") from error
