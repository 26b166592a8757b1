"""How a DynamoDB table is asked: with early time-outs, and again only where that is harmless."""

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)
from botocore.parsers import ResponseParserError
from botocore.session import get_session

from graphql_api.stores.dynamodb.items import audit_item, once_item
from graphql_api.stores.patience import allows_another
from graphql_api.stores.records import (
    AuditEntry,
    Once,
    StoreThrottled,
    StoreUnavailable,
    StoreUntouched,
)
from market_data.whole_answers import expect_whole_answers

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

__all__ = ["READ_ATTEMPTS", "ConditionFailed", "Table", "connect", "numbers"]

Answer = TypeVar("Answer")

READ_ATTEMPTS: Final = 2
BATCH: Final = 100  # items that one call may ask for
TRANSACTION_ATTEMPTS: Final = 6  # they collide with one another
PAUSE: Final = 0.05  # seconds, times a random number below the attempt's
THROTTLED: Final = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
}
SLOW: Final = 0.25  # seconds; a failure that took longer leaves no time for another attempt


def connect(region: str | None = None, endpoint: str | None = None) -> "DynamoDBClient":
    """A client that gives up early: callers wait a second at most for all store calls together.

    It tries everything once. What may be repeated, reads and transactions with a token, is
    repeated by `Table`, so that one client serves admissions as well.
    """
    made = get_session().create_client(
        "dynamodb",
        region_name=region,
        endpoint_url=endpoint,
        config=Config(
            connect_timeout=0.3,
            read_timeout=0.5,
            tcp_keepalive=True,
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=50,
        ),
    )
    client = cast("DynamoDBClient", made)
    expect_whole_answers(client)
    return client


class ConditionFailed(Exception):
    """A conditional write was refused; nothing was written."""

    def __init__(self, item: Any) -> None:
        super().__init__("the condition failed")
        self.item: dict[str, AttributeValueTypeDef] = item or {}


class Table:
    """One table, asked through one client."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        sleep: Callable[[float], None] = time.sleep,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client = client
        self.table = table
        self._sleep = sleep
        self._stopwatch = stopwatch

    def close(self) -> None:
        """Close the client's connections."""
        self.client.close()

    def get(
        self, pk: "AttributeValueTypeDef", sk: "AttributeValueTypeDef"
    ) -> "dict[str, AttributeValueTypeDef] | None":
        """One item as it stands now."""
        answer = self.ask_again(
            READ_ATTEMPTS,
            self.client.get_item,
            TableName=self.table,
            Key={"pk": pk, "sk": sk},
            ConsistentRead=True,
        )
        return answer.get("Item")

    def query(self, **query: Any) -> "list[dict[str, AttributeValueTypeDef]]":
        """All items of a query, over as many pages as it takes; with a ``Limit``, that many."""
        limit: int | None = query.get("Limit")
        items: list[dict[str, AttributeValueTypeDef]] = []
        while True:
            answer = self.ask_again(READ_ATTEMPTS, self.client.query, TableName=self.table, **query)
            items += answer["Items"]
            if "LastEvaluatedKey" not in answer or (limit is not None and len(items) >= limit):
                return items[:limit]
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def get_many(
        self, keys: "list[dict[str, AttributeValueTypeDef]]"
    ) -> "list[dict[str, AttributeValueTypeDef]]":
        """Those of the items that there are, as they stand now, in any order."""
        found: list[dict[str, AttributeValueTypeDef]] = []
        for start in range(0, len(keys), BATCH):
            waiting: Any = {
                self.table: {"Keys": keys[start : start + BATCH], "ConsistentRead": True}
            }
            while waiting:  # an answer is full at 16 MB, and then holds a part
                answer = self.ask_again(
                    READ_ATTEMPTS, self.client.batch_get_item, RequestItems=waiting
                )
                found += answer["Responses"].get(self.table, [])
                if waiting == answer["UnprocessedKeys"]:
                    raise StoreUnavailable("DynamoDB reads none of a batch")
                waiting = answer["UnprocessedKeys"]
        return found

    def transact(
        self,
        writes: "list[TransactWriteItemTypeDef]",
        entry: AuditEntry,
        once: Once | None = None,
    ) -> bool:
        """Write all, the audit entry and the mark, or nothing; whether the conditions held.

        PUT  mark    IF  no mark  OR  its valid_until <= now
        """
        audit: TransactWriteItemTypeDef = {
            "Put": {"TableName": self.table, "Item": audit_item(entry)}
        }
        if once is not None:
            mark: TransactWriteItemTypeDef = {
                "Put": {
                    "TableName": self.table,
                    "Item": once_item(once),
                    "ConditionExpression": "attribute_not_exists(pk) OR valid_until <= :now",
                    "ExpressionAttributeValues": numbers({":now": entry.at}),
                }
            }
            writes = [*writes, mark]
        try:
            self.ask_again(
                TRANSACTION_ATTEMPTS,
                self.client.transact_write_items,
                TransactItems=[*writes, audit],
                ClientRequestToken=entry.id,  # so that a repetition does nothing twice
            )
        except ConditionFailed:
            return False
        return True

    def ask_again(self, attempts: int, call: Callable[..., Answer], **request: Any) -> Answer:
        """Call again where it failed quickly, after a random pause: for what may happen twice."""
        for attempt in range(1, attempts):
            began = self._stopwatch()
            try:
                return self.ask(call, **request)
            except StoreThrottled:
                raise  # asking again is what it asks us not to do
            except StoreUnavailable:
                if self._stopwatch() - began > SLOW or not allows_another():
                    raise
                self._sleep(random.random() * PAUSE * attempt)
        return self.ask(call, **request)

    @staticmethod
    def ask(call: Callable[..., Answer], **request: Any) -> Answer:
        """Call once.

        Raises
        ------
        ConditionFailed
            With the item that failed it, where the request asked for that.
        StoreThrottled
            When DynamoDB takes no more now, of this partition or of this table.
        StoreUntouched
            When no connection to it could be made.
        StoreUnavailable
            In all other cases; whether a write happened is unknown.
        """
        try:
            return call(**request)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            reasons = [
                reason.get("Code") for reason in error.response.get("CancellationReasons", [])
            ]
            if code == "ConditionalCheckFailedException" or "ConditionalCheckFailed" in reasons:
                raise ConditionFailed(error.response.get("Item")) from None
            if code in THROTTLED:
                raise StoreThrottled(f"DynamoDB is throttled: {code}") from error
            raise StoreUnavailable(f"DynamoDB refused: {code}") from error
        except (ConnectTimeoutError, EndpointConnectionError) as error:
            raise StoreUntouched(f"DynamoDB is not reached: {type(error).__name__}") from error
        except (BotoCoreError, ResponseParserError) as error:
            raise StoreUnavailable(f"DynamoDB did not answer: {type(error).__name__}") from error


def numbers(values: dict[str, int]) -> "dict[str, AttributeValueTypeDef]":
    """Integers as DynamoDB writes them."""
    return {name: {"N": str(value)} for name, value in values.items()}
