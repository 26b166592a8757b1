"""The HEADs in a table of bars, each swapped by its version, and the list of all symbols."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import astuple
from functools import partial
from typing import TYPE_CHECKING, Final

from market_data.aws.calls import Calls, Refused
from market_data.instruments import Instrument
from market_data.stores.dynamodb.items import (
    AT_ONCE,
    item_key,
    items_under,
    packed_bytes,
    read_items,
    version_is,
)
from market_data.stores.dynamodb.threads import Threads
from market_data.stores.objects import Kept

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = Mapping[str, AttributeValueTypeDef]

__all__ = ["Heads"]

HEAD: Final = "HEAD"
SYMBOLS: Final = "SYMBOLS"
LISTED_FOR: Final = 60.0  # seconds for which a list of all symbols is told again


class Heads:
    """The HEADs of one table.

    Parameters
    ----------
    client : DynamoDBClient
    table : str
    calls : Calls
    threads : Threads
        In which batches are read side by side; whoever made them closes them.
    stopwatch : callable
        Seconds.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        calls: Calls,
        threads: Threads,
        stopwatch: Callable[[], float],
    ) -> None:
        self._client = client
        self._table = table
        self._calls = calls
        self._threads = threads
        self._stopwatch = stopwatch
        self._listed: tuple[float, list[Instrument]] | None = None

    def read(self, symbols: Collection[str]) -> dict[str, Kept]:
        """See Backend.heads: consistent reads, a hundred in one call, the calls side by side."""
        keys = [item_key(f"B#{symbol}", HEAD) for symbol in symbols]
        batches = [keys[i : i + AT_ONCE] for i in range(0, len(keys), AT_ONCE)]
        found = self._threads.all([partial(self._get, batch) for batch in batches])
        return {
            item["pk"]["S"].removeprefix("B#"): Kept(int(item["version"]["N"]), packed_bytes(item))
            for batch in found
            for item in batch
        }

    def swap(self, instrument: Instrument, version: int, packed: bytes) -> bool:
        """See Backend.swap.

        PUT  HEAD
        IF   version = :version        or, for a first one, there is no item
        """
        if not version:
            self._list(instrument)
        try:
            self._calls.ask(
                self._client.put_item,
                TableName=self._table,
                Item={
                    **item_key(f"B#{instrument.symbol}", HEAD),
                    "version": {"N": str(version + 1)},
                    "packed": {"B": packed},
                },
                **version_is(version),
            )
        except Refused:
            return False
        return True

    def _list(self, instrument: Instrument) -> None:
        """Enter a new symbol into the list, before it has a HEAD: a crash leaves none unlisted."""
        profile = {"S": json.dumps(astuple(instrument))}
        self._calls.ask_again(
            self._client.put_item,
            TableName=self._table,
            Item={**item_key(SYMBOLS, instrument.symbol), "profile": profile},
        )
        self._listed = None

    def profiles(self) -> list[Instrument]:
        """See Backend.profiles; told again for a minute, because a long list has its price."""
        listed, now = self._listed, self._stopwatch()
        if listed is None or now - listed[0] > LISTED_FOR:
            items = items_under(self._calls, self._client, self._table, SYMBOLS)
            told = [Instrument(*json.loads(item["profile"]["S"])) for item in items]
            listed = self._listed = now, told
        return list(listed[1])

    def _get(self, keys: "Sequence[Item]") -> "list[Item]":
        return read_items(self._calls, self._client, self._table, keys, consistent=True)
