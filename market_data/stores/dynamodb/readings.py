"""Sentiment in DynamoDB, beside the bars; see `readings_table` for what lies there."""

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from market_data import clock as system
from market_data.aws.calls import Calls, Refused
from market_data.clock import Clock, Sleep
from market_data.errors import BadReadings, MarketDataError, StoreUnavailable
from market_data.readings import Readings
from market_data.readings_block import pack
from market_data.stores.dynamodb.items import expire_item, item_key, version_is
from market_data.stores.dynamodb.readings_table import (
    SENTIMENT,
    ReadingsTable,
    content_name,
    found_in,
    head_key,
)
from market_data.stores.objects import Name
from market_data.stores.readings import Loaded, ReadingStore
from market_data.stores.sweeping import BUSY, LOOKS, NO_HEAD, Swept

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoDBReadingStore"]

BESIDE: Final = 3_900  # bytes of rows that lie in their HEAD: with it they take one read unit
LARGEST: Final = 390_000  # bytes; an item of DynamoDB has at most 400 KB, names included


class DynamoDBReadingStore(ReadingStore):
    """Sentiment in a table: one HEAD a symbol, swapped by its version.

    Parameters
    ----------
    client : callable
        Makes the client when it is needed first: a request for prices alone needs none.
    table : str
    clock : Clock
    sleep : Sleep
    fresh_for
        See ReadingStore.
    """

    def __init__(
        self,
        client: "Callable[[], DynamoDBClient]",
        table: str,
        clock: Clock = system.now,
        sleep: Sleep = time.sleep,
        fresh_for: int = 0,
    ) -> None:
        super().__init__(clock, sleep, fresh_for=fresh_for)
        self._client = cache(client)
        self._table = table
        self._calls = Calls(sleep)
        self._rows = ReadingsTable(self._client, table, self._calls)

    # -- reading ------------------------------------------------------------------------------

    def symbols(self) -> list[str]:
        """See ReadingStore.symbols."""
        return self._rows.symbols()

    def load(self, symbols: Sequence[str], held: Mapping[str, Readings]) -> Callable[[], Loaded]:
        """See ReadingStore.load."""
        return self._rows.load(symbols, held)

    # -- writing ------------------------------------------------------------------------------

    def swap(self, before: Readings, after: Readings) -> Readings | None:
        """See ReadingStore.swap: rows that lie apart first, and then their HEAD.

        PUT  HEAD
        IF   version = :version        or, for the first one, there is no item

        What became of a call without an answer is looked up.
        """
        packed = b"" if after.content else pack(after)
        mine = None
        if len(packed) > BESIDE:
            mine = self._keep_apart(after)
            after = replace(after, content=mine.sort)
        rows: dict[str, Any] = {"packed": {"B": packed}}
        if after.content:
            rows = {"content": {"S": after.content}, "pending": {"N": str(after.pending)}}
        try:
            landed = self._put_head(before.symbol, before.version, rows)
        except Refused:
            if mine is not None:
                self._expire(mine)  # no HEAD will name it
            return None
        if landed and before.content and before.content != after.content:
            self._expire(content_name(before.symbol, before.content))
        return after if landed else None

    def _keep_apart(self, rows: Readings) -> Name:
        """Write rows as an object of their own; its name."""
        body = pack(replace(rows, pending=0))  # its HEAD says what is pending, and may confirm it
        if len(body) > LARGEST:
            raise BadReadings(
                f"the readings of {rows.symbol} come to {len(body):,} bytes; "
                f"{LARGEST:,} can be kept"
            )
        name = Name.readings(rows.symbol, random.getrandbits(32), body)
        item = {**item_key(*name), "packed": {"B": body}}
        self._calls.ask_again(self._client().put_item, TableName=self._table, Item=item)
        return name

    def _put_head(self, symbol: str, version: int, rows: Mapping[str, Any]) -> bool:
        """Write the HEAD after ``version``; whether it is there.

        Raises
        ------
        Refused
            Another version is there. False says as much where the answer was lost: then the write
            may be done yet, unless the next one comes first.
        """
        if not version:
            # Before there is anything to list: a crash between the two leaves none unlisted.
            listed = item_key(SENTIMENT, symbol)
            self._calls.ask_again(self._client().put_item, TableName=self._table, Item=listed)
        swap = uuid.uuid4().hex
        item = {
            **head_key(symbol),
            "version": {"N": str(version + 1)},
            "swap": {"S": swap},
            **rows,
        }
        try:
            self._calls.ask(
                self._client().put_item, TableName=self._table, Item=item, **version_is(version)
            )
        except StoreUnavailable:
            # Nobody may take the next step before it is known whether this one was taken.
            kept = self._rows.heads([symbol]).get(symbol)
            return kept is not None and kept["swap"]["S"] == swap
        return True

    def _expire(self, name: Name) -> None:
        with suppress(StoreUnavailable):  # what stays for ever costs a little
            expire_item(self._calls, self._client(), self._table, item_key(*name), self.clock())

    # -- sweeping -----------------------------------------------------------------------------

    def sweep(self, *, apply: bool = False) -> Iterator[Swept]:
        """See ReadingStore.sweep, and `sweeping` for why nothing is lost to a writer at work."""
        for symbol, some in groupby(self._rows.apart(), key=lambda name: name.symbol):
            try:
                swept = self._sweep_symbol(symbol, list(some), apply)
            except MarketDataError as error:
                swept = Swept(symbol, (), str(error))
            if swept.objects or swept.left:
                yield swept

    def _sweep_symbol(self, symbol: str, names: Sequence[Name], apply: bool) -> Swept:
        orphans: tuple[Name, ...] = ()
        for _ in range(LOOKS):
            head = self._rows.heads([symbol]).get(symbol)
            named = "" if head is None else found_in(head).content
            orphans = self._rows.lasting([name for name in names if name.sort != named])
            if head is None or not orphans or not apply:
                return Swept(symbol, orphans, NO_HEAD if orphans and head is None else "")
            rows = {part: head[part] for part in ("packed", "content", "pending") if part in head}
            with suppress(Refused):
                if self._put_head(symbol, int(head["version"]["N"]), rows):
                    for name in orphans:
                        self._expire(name)
                    return Swept(symbol, orphans)
        return Swept(symbol, orphans, BUSY)

    def close(self) -> None:
        """Close the client's connections, if there are any."""
        self._rows.close()
        if self._client.cache_info().currsize:
            self._client().close()
