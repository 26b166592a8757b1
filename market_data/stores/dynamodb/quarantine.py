"""Quarantine in DynamoDB, beside the bars.

    pk   sk                                      what
    Q    <symbol>#<interval>#<time>#<id>         the row, its reason and its state

Times are counted from a moment before all of them and padded, so that they sort. There are few rows
and they are looked at by hand, so an id is looked for among all of them.
"""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from engine.types import Interval
from market_data.aws.calls import Calls, Refused
from market_data.quarantine import Quarantined, State
from market_data.sources.sifting import Refusal
from market_data.stores.dynamodb.items import item_key, items_under
from market_data.stores.sqlite_quarantine import raw_row

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoDBQuarantine"]

PARTITION: Final = "Q"
SORTED_FROM: Final = 2**62  # microseconds; every time that int64 holds half of is positive after it


class DynamoDBQuarantine:
    """A QuarantineStore in a table."""

    def __init__(self, client: "Callable[[], DynamoDBClient]", table: str) -> None:
        self._client = cache(client)
        self._table = table
        self._calls = Calls()

    def put(self, rows: Sequence[Quarantined]) -> int:
        """See QuarantineStore.put; row by row, and each may be put again."""
        new = 0
        for row in rows:
            kept = {one.id: one for one in self._at(row.symbol, row.interval, row.time)}
            for old in kept.values():
                of_it = old.source == row.source and old.id != row.id
                if of_it and old.state is State.HELD and old.fetched_at < row.fetched_at:
                    self._delete(old)
            if row.id in kept:
                self._refresh(row)
            else:
                new += self._insert(row)
        return new

    def find(self, row_id: str) -> Quarantined | None:
        """See QuarantineStore.find."""
        return next((row for row in self._query() if row.id == row_id), None)

    def listing(
        self,
        *,
        symbol: str | None = None,
        state: State | None = State.HELD,
        after: str | None = None,
        limit: int = 50,
    ) -> list[Quarantined]:
        """See QuarantineStore.listing."""
        rows = list(self._query("" if symbol is None else f"{symbol}#"))
        if after is not None:
            last = self.find(after)
            rows = [] if last is None else [row for row in rows if _sort(row) > _sort(last)]
        return [row for row in rows if state in {None, row.state}][:limit]

    def of_series(self, symbol: str, interval: Interval) -> list[Quarantined]:
        """See QuarantineStore.of_series."""
        return list(self._query(f"{symbol}#{interval}#"))

    def decide(self, row_id: str, state: State, at: int) -> bool:
        """See QuarantineStore.decide."""
        row = self.find(row_id)
        if row is None:
            return False
        try:
            self._calls.ask_again(
                self._client().update_item,
                TableName=self._table,
                Key=_key(row),
                UpdateExpression="SET #state = :state, decided_at = :at",
                ConditionExpression="#state = :held",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":state": {"S": state},
                    ":at": {"N": str(at)},
                    ":held": {"S": State.HELD},
                },
            )
        except Refused:
            return False
        return True

    def settle(
        self, symbol: str, interval: Interval, times: Collection[int], fetched_at: int
    ) -> int:
        """See QuarantineStore.settle."""
        told = set(times)
        old = [
            row
            for row in (self._query(f"{symbol}#{interval}#") if told else ())
            if row.time in told and row.state is State.HELD and row.fetched_at < fetched_at
        ]
        return sum(self._delete(row) for row in old)

    def close(self) -> None:
        """Close the client's connections, if there are any."""
        if self._client.cache_info().currsize:
            self._client().close()

    def _insert(self, row: Quarantined) -> bool:
        """Whether the row was not there."""
        with suppress(Refused):
            self._calls.ask(
                self._client().put_item,
                TableName=self._table,
                Item=_item(row),
                ConditionExpression="attribute_not_exists(pk)",
            )
            return True
        return False

    def _refresh(self, row: Quarantined) -> None:
        with suppress(Refused):  # it is gone, or was told by a newer fetch
            self._calls.ask_again(
                self._client().update_item,
                TableName=self._table,
                Key=_key(row),
                UpdateExpression="SET fetched_at = :at",
                ConditionExpression="fetched_at < :at",
                ExpressionAttributeValues={":at": {"N": str(row.fetched_at)}},
            )

    def _delete(self, row: Quarantined) -> bool:
        """Whether the row was held still, and is gone."""
        with suppress(Refused):
            self._calls.ask(
                self._client().delete_item,
                TableName=self._table,
                Key=_key(row),
                ConditionExpression="#state = :held AND fetched_at = :at",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":held": {"S": State.HELD},
                    ":at": {"N": str(row.fetched_at)},
                },
            )
            return True
        return False

    def _at(self, symbol: str, interval: Interval, time: int) -> Iterator[Quarantined]:
        return self._query(f"{symbol}#{interval}#{_padded(time)}#")

    def _query(self, begins: str = "") -> Iterator[Quarantined]:
        found = items_under(self._calls, self._client(), self._table, PARTITION, begins)
        return map(_row, found)


def _padded(time: int) -> str:
    return f"{time + SORTED_FROM:019d}"


def _sort(row: Quarantined) -> str:
    return f"{row.symbol}#{row.interval}#{_padded(row.time)}#{row.id}"


def _key(row: Quarantined) -> dict[str, Any]:
    return item_key(PARTITION, _sort(row))


def _item(row: Quarantined) -> dict[str, Any]:
    item = {
        **_key(row),
        "symbol": {"S": row.symbol},
        "interval": {"S": row.interval},
        "source": {"S": row.source},
        "row": {"S": json.dumps(row.row)},
        "code": {"S": row.code},
        "column": {"S": row.column},
        "reason": {"S": row.reason},
        "fetched_at": {"N": str(row.fetched_at)},
        "state": {"S": row.state},
    }
    return item if row.decided_at is None else item | {"decided_at": {"N": str(row.decided_at)}}


def _row(item: Any) -> Quarantined:
    return Quarantined(
        item["symbol"]["S"],
        Interval(item["interval"]["S"]),
        item["source"]["S"],
        raw_row(item["row"]["S"]),
        Refusal(item["code"]["S"]),
        item["column"]["S"],
        item["reason"]["S"],
        int(item["fetched_at"]["N"]),
        State(item["state"]["S"]),
        int(item["decided_at"]["N"]) if "decided_at" in item else None,
    )
