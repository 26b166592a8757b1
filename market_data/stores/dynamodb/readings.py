"""Sentiment in DynamoDB, beside the bars.

pk            sk         what
S#<symbol>    READINGS   version, packed (see readings_block), swap: who wrote this version
SENTIMENT     <symbol>   nothing more: the list of all symbols that have any
"""

import time
import uuid
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from market_data import clock as system
from market_data.aws.calls import Calls, Refused
from market_data.clock import Clock, Sleep
from market_data.errors import BadReadings, StoreUnavailable
from market_data.stores.dynamodb.items import item_key, packed_bytes, read_items
from market_data.stores.dynamodb.threads import Threads
from market_data.stores.objects import Kept
from market_data.stores.readings import Loaded, ReadingStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoDBReadingStore"]

READINGS: Final = "READINGS"
SENTIMENT: Final = "SENTIMENT"
LARGEST: Final = 390_000  # bytes; an item of DynamoDB has at most 400 KB, names included
AT_ONCE: Final = 40  # symbols in one call: an answer has at most 16 MB, and so is always whole


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
        self._threads = Threads("sentiment")

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

    def load(self, symbols: Sequence[str]) -> Callable[[], Loaded]:
        """See ReadingStore.load: consistent reads of 40 symbols each, all of them side by side."""
        self._client()  # made here, since threads would make one each
        batches = [symbols[i : i + AT_ONCE] for i in range(0, len(symbols), AT_ONCE)]
        begun = self._threads.begin([partial(self._read, batch) for batch in batches])

        def told() -> Loaded:
            found: Loaded = {}
            for batch in begun:
                found |= batch.result()
            return found

        return told

    def _read(self, symbols: Sequence[str]) -> Loaded:
        keys = [_key(symbol) for symbol in symbols]
        try:
            found = read_items(self._calls, self._client(), self._table, keys, consistent=True)
        except StoreUnavailable as error:
            return dict.fromkeys(symbols, error)
        return {
            item["pk"]["S"].removeprefix("S#"): Kept(int(item["version"]["N"]), packed_bytes(item))
            for item in found
        }

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
            listed = item_key(SENTIMENT, symbol)
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
            keys = [_key(symbol)]
            kept = read_items(self._calls, self._client(), self._table, keys, consistent=True)
            return bool(kept) and kept[0]["swap"]["S"] == swap
        return True

    def close(self) -> None:
        """Close the client's connections, if there are any."""
        self._threads.close()
        if self._client.cache_info().currsize:
            self._client().close()


def _key(symbol: str) -> dict[str, Any]:
    return item_key(f"S#{symbol}", READINGS)
