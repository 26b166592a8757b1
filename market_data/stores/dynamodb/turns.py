"""Turns at sources in DynamoDB: ``P#<name>`` / ``TURNS`` beside the bars; they go by themselves."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from market_data.aws.calls import Calls, ConditionFailed
from market_data.calendar import DAY, SECOND
from market_data.sources.turns import KeptTurns
from market_data.stores.dynamodb.items import TIME_TO_LIVE, item_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoDBTurns"]


class DynamoDBTurns:
    """Where all workers take their turns."""

    def __init__(self, client: "Callable[[], DynamoDBClient]", table: str) -> None:
        self._client = cache(client)
        self._table = table

    def swap(self, name: str, version: int, packed: str, until: int) -> KeptTurns | None:
        """See TurnStore.swap.

        PUT  version + 1, packed
        IF   version = :version        or, for the first one, there is no item

        A refused write hands back the item that failed the condition, and costs no second read.
        """
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if version:
            condition = {
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": {":version": {"N": str(version)}},
            }
        try:
            Calls.ask(
                self._client().put_item,
                TableName=self._table,
                Item={
                    **item_key(f"P#{name}", "TURNS"),
                    "version": {"N": str(version + 1)},
                    "packed": {"S": packed},
                    TIME_TO_LIVE: {"N": str((until + DAY) // SECOND)},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **condition,
            )
        except ConditionFailed as refused:
            item = refused.item
            if not item:  # deleted by its time to live
                return KeptTurns(0, "")
            return KeptTurns(int(item["version"]["N"]), item["packed"]["S"])
        return None

    def close(self) -> None:
        """Close the client's connections, if there are any."""
        if self._client.cache_info().currsize:
            self._client().close()
