"""Sentiment in DynamoDB, beside the bars.

pk            sk         what
S#<symbol>    READINGS   version, packed (see readings_block), swap: who wrote this version
SENTIMENT     <symbol>   nothing more: the list of all symbols that have any
"""

import time
import uuid
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from market_data import clock as system
from market_data.clock import Clock, Sleep
from market_data.errors import BadReadings, StoreUnavailable
from market_data.stores.dynamodb.calls import Calls, Refused
from market_data.stores.readings import ReadingStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoDBReadingStore"]

READINGS: Final = "READINGS"
SENTIMENT: Final = "SENTIMENT"
LARGEST: Final = 390_000  # bytes; an item of DynamoDB has at most 400 KB, names included


class DynamoDBReadingStore(ReadingStore):
    """Sentiment in a table: one item a symbol, swapped by its version.

    Parameters
    ----------
    client : callable
        Makes the client when it is needed first: a request for prices alone needs none.
    table : str
    clock : Clock
    sleep : Sleep
    """

    def __init__(
        self,
        client: "Callable[[], DynamoDBClient]",
        table: str,
        clock: Clock = system.now,
        sleep: Sleep = time.sleep,
    ) -> None:
        super().__init__(clock, sleep)
        self._client = cache(client)
        self._table = table
        self._calls = Calls(sleep)

    def symbols(self) -> list[str]:
        """See ReadingStore.symbols."""
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": SENTIMENT}},
            "ConsistentRead": True,
        }
        found: list[str] = []
        while True:
            answer = self._calls.ask_again(self._client().query, **query)
            found += [item["sk"]["S"] for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return found
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def load(self, symbol: str) -> tuple[int, bytes] | None:
        """See ReadingStore.load."""
        item = self._item(symbol)
        return None if item is None else (int(item["version"]["N"]), bytes(item["packed"]["B"]))

    def swap(self, symbol: str, version: int, packed: bytes) -> bool:
        """See ReadingStore.swap; what became of a call without an answer is looked up.

        PUT  version + 1, packed
        IF   version = :version        or, for the first one, there is no item
        """
        if len(packed) > LARGEST:
            raise BadReadings(
                f"the readings of {symbol} come to {len(packed):,} bytes; {LARGEST:,} can be kept"
            )
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if version:
            condition = {
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": {":version": {"N": str(version)}},
            }
        else:
            # Before there is anything to list: a crash between the two leaves none unlisted.
            listed = {"pk": {"S": SENTIMENT}, "sk": {"S": symbol}}
            self._calls.ask_again(self._client().put_item, TableName=self._table, Item=listed)
        swap = uuid.uuid4().hex
        item = {
            **_key(symbol),
            "version": {"N": str(version + 1)},
            "packed": {"B": packed},
            "swap": {"S": swap},
        }
        try:
            self._calls.ask(self._client().put_item, TableName=self._table, Item=item, **condition)
        except Refused:
            return False
        except StoreUnavailable:
            # Nobody may take the next step before it is known whether this one was taken.
            kept = self._item(symbol)
            return kept is not None and kept["swap"]["S"] == swap
        return True

    def close(self) -> None:
        """Close the client's connections, if there are any."""
        if self._client.cache_info().currsize:
            self._client().close()

    def _item(self, symbol: str) -> Any:
        answer = self._calls.ask_again(
            self._client().get_item, TableName=self._table, Key=_key(symbol), ConsistentRead=True
        )
        return answer.get("Item")


def _key(symbol: str) -> dict[str, Any]:
    return {"pk": {"S": f"S#{symbol}"}, "sk": {"S": READINGS}}
