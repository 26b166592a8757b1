"""Items of a table: many by their keys in one call, or a partition page by page."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from market_data.aws.calls import Calls, Refused
from market_data.calendar import DAY, SECOND
from market_data.errors import StoreUnavailable
from market_data.stores.objects import KEPT_DAYS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = Mapping[str, AttributeValueTypeDef]

__all__ = [
    "AT_ONCE",
    "TIME_TO_LIVE",
    "expire_item",
    "item_key",
    "items_under",
    "packed_bytes",
    "paths_of",
    "read_items",
    "read_lasting",
    "version_is",
]

AT_ONCE: Final = 100
"""The most keys that one BatchGetItem may name."""
TIME_TO_LIVE: Final = "expires_at"
ROUNDS: Final = 6  # answers in parts, before the rest counts as out of reach


def item_key(pk: str, sk: str) -> "dict[str, AttributeValueTypeDef]":
    """The key of an item."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def packed_bytes(item: "Item") -> bytes:
    """The bytes that an item keeps."""
    return bytes(item["packed"]["B"])


def version_is(version: int) -> dict[str, Any]:
    """The condition that an item is of a version still; of version 0 that there is none."""
    if not version:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "version = :version",
        "ExpressionAttributeValues": {":version": {"N": str(version)}},
    }


def read_items(
    calls: Calls,
    client: "DynamoDBClient",
    table: str,
    keys: "Sequence[Item]",
    *,
    consistent: bool,
) -> "list[Item]":
    """The items of at most AT_ONCE keys; those that there are.

    What is left unprocessed, because a table is throttled or an answer would pass 16 MB, is asked
    for again after a random pause.

    Raises
    ------
    StoreUnavailable
        When some keys are not answered however often they are asked for.
    """
    if len(keys) == 1:
        answer = calls.ask_again(
            client.get_item, TableName=table, Key=keys[0], ConsistentRead=consistent
        )
        return [answer["Item"]] if "Item" in answer else []
    found: list[Item] = []
    waiting: list[Any] = list(keys)
    for attempt in range(ROUNDS):
        asked = {table: {"Keys": waiting, "ConsistentRead": consistent}}
        batch = calls.ask_again(client.batch_get_item, RequestItems=asked)
        found += batch["Responses"].get(table, [])
        left = batch.get("UnprocessedKeys", {}).get(table)
        if not left:
            return found
        waiting = list(left["Keys"])
        calls.pause(attempt)
    raise StoreUnavailable(f"DynamoDB is throttled: {len(waiting)} keys are not answered")


def read_lasting(
    calls: Calls, client: "DynamoDBClient", table: str, keys: "Sequence[Item]"
) -> "list[Item]":
    """The items of at most AT_ONCE keys that never change once they are there.

    They are read at half the price, and only what has not reached the copy that was read is asked
    for once more, consistently.
    """
    found = read_items(calls, client, table, keys, consistent=False)
    there = {(item["pk"]["S"], item["sk"]["S"]) for item in found}
    missing = [key for key in keys if (key["pk"]["S"], key["sk"]["S"]) not in there]
    if missing:
        found += read_items(calls, client, table, missing, consistent=True)
    return found


def expire_item(calls: Calls, client: "DynamoDBClient", table: str, key: "Item", now: int) -> None:
    """Let an item go KEPT_DAYS after ``now``, by the table's time to live."""
    with suppress(Refused):
        calls.ask_again(
            client.update_item,
            TableName=table,
            Key=key,
            UpdateExpression=f"SET {TIME_TO_LIVE} = :at",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":at": {"N": str((now + KEPT_DAYS * DAY) // SECOND)}},
        )


def items_under(
    calls: Calls, client: "DynamoDBClient", table: str, pk: str, begins: str = ""
) -> "Iterator[Item]":
    """The items of a partition in order, as they stand now: all, or those whose sk so begins."""
    query: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": pk}},
        "ConsistentRead": True,
    }
    if begins:
        query["KeyConditionExpression"] += " AND begins_with(sk, :begins)"
        query["ExpressionAttributeValues"][":begins"] = {"S": begins}
    return _pages(calls, client.query, query)


def paths_of(calls: Calls, client: "DynamoDBClient", table: str) -> Iterator[str]:
    """The keys of every item of a table, both halves as one text."""
    scan: dict[str, Any] = {"TableName": table, "ProjectionExpression": "pk, sk"}
    for item in _pages(calls, client.scan, scan):
        yield f"{item['pk']['S']}/{item['sk']['S']}"


def _pages(calls: Calls, ask: Callable[..., Any], asked: dict[str, Any]) -> "Iterator[Item]":
    while True:
        answer = calls.ask_again(ask, **asked)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        asked = asked | {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
