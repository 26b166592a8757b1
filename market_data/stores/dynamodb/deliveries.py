"""Deliveries in DynamoDB, beside the bars: ``D#<place>`` / ``LAST``, which go by themselves."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from market_data import clock as system
from market_data.aws.calls import Calls
from market_data.calendar import SECOND
from market_data.clock import Clock
from market_data.stores.deliveries import REMEMBERED

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoDBDeliveries"]

LAST: Final = "LAST"


class DynamoDBDeliveries:
    """Deliveries in a table, kept by its time to live."""

    def __init__(
        self, client: "Callable[[], DynamoDBClient]", table: str, clock: Clock = system.now
    ) -> None:
        self._client = cache(client)
        self._table = table
        self._clock = clock
        self._calls = Calls()

    def last(self, place: str) -> str | None:
        """See Deliveries.last. DynamoDB deletes late, so what has expired is passed over here."""
        answer = self._calls.ask_again(
            self._client().get_item, TableName=self._table, Key=_key(place), ConsistentRead=True
        )
        item = answer.get("Item")
        if item is None or int(item["expires_at"]["N"]) * SECOND <= self._clock():
            return None
        return str(item["identity"]["S"])

    def record(self, place: str, identity: str) -> None:
        """See Deliveries.record."""
        expires_at = (self._clock() + REMEMBERED) // SECOND
        self._calls.ask_again(
            self._client().put_item,
            TableName=self._table,
            Item={
                **_key(place),
                "identity": {"S": identity},
                "expires_at": {"N": str(expires_at)},
            },
        )

    def close(self) -> None:
        """Close the client's connections, if there are any."""
        if self._client.cache_info().currsize:
            self._client().close()


def _key(place: str) -> dict[str, Any]:
    return {"pk": {"S": f"D#{place}"}, "sk": {"S": LAST}}
