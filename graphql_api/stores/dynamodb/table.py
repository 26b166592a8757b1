"""A DynamoDB table of accounts: items, pages, batches, and writes of all or nothing."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from graphql_api.stores.dynamodb.items import audit_item, once_item
from graphql_api.stores.records import AuditEntry, Once
from market_data.aws.calls import Calls, ConditionFailed
from market_data.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

__all__ = ["READ_ATTEMPTS", "Table", "numbers"]

Answer = TypeVar("Answer")

READ_ATTEMPTS: Final = 2
BATCH: Final = 100  # items that one call may ask for
TRANSACTION_ATTEMPTS: Final = 6  # they collide with one another


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
        # Whoever asks for an account waits for it, and a full table is told at once.
        self._calls = Calls(sleep, stopwatch, when_throttled=False)

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
        """See Calls.ask_again: for what may happen twice."""
        return self._calls.ask_again(call, attempts, **request)

    def ask(self, call: Callable[..., Answer], **request: Any) -> Answer:
        """See Calls.ask."""
        return self._calls.ask(call, **request)


def numbers(values: dict[str, int]) -> "dict[str, AttributeValueTypeDef]":
    """Integers as DynamoDB writes them."""
    return {name: {"N": str(value)} for name, value in values.items()}
