"""Items of a table by their keys: one call for many of them, again for what was not answered."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from market_data.aws.calls import Calls
from market_data.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = Mapping[str, AttributeValueTypeDef]

__all__ = ["AT_ONCE", "item_key", "packed_bytes", "paths_of", "read_items"]

AT_ONCE: Final = 100
"""The most keys that one BatchGetItem may name."""
ROUNDS: Final = 6  # answers in parts, before the rest counts as out of reach


def item_key(pk: str, sk: str) -> "dict[str, AttributeValueTypeDef]":
    """The key of an item."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def packed_bytes(item: "Item") -> bytes:
    """The bytes that an item keeps."""
    return bytes(item["packed"]["B"])


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


def paths_of(calls: Calls, client: "DynamoDBClient", table: str) -> Iterator[str]:
    """The keys of every item of a table, both halves as one text."""
    scan: dict[str, Any] = {"TableName": table, "ProjectionExpression": "pk, sk"}
    while True:
        answer = calls.ask_again(client.scan, **scan)
        for item in answer["Items"]:
            yield f"{item['pk']['S']}/{item['sk']['S']}"
        if "LastEvaluatedKey" not in answer:
            return
        scan["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
