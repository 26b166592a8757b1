"""The home of bars on AWS: one table and one bucket."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from market_data import clock as system
from market_data.clock import Clock, Sleep
from market_data.stores.chunked import HELD, ChunkedBarStore
from market_data.stores.dynamodb.backend import DynamoDBBackend

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

__all__ = ["DynamoDBBarStore"]


class DynamoDBBarStore(ChunkedBarStore):
    """Bars in a DynamoDB table and an S3 bucket.

    Parameters
    ----------
    client : DynamoDBClient
        As `connect` makes it: it tries everything once.
    s3 : callable
        Makes a client of S3 when one is needed first: days of ten years need none.
    table, bucket : str
    clock, sleep, held, fresh_for
        See ChunkedBarStore.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        s3: "Callable[[], S3Client]",
        table: str,
        bucket: str,
        clock: Clock = system.now,
        *,
        sleep: Sleep = time.sleep,
        held: int = HELD,
        fresh_for: int = 0,
    ) -> None:
        backend = DynamoDBBackend(client, s3, table, bucket, sleep=sleep)
        super().__init__(backend, clock, sleep=sleep, held=held, fresh_for=fresh_for)
