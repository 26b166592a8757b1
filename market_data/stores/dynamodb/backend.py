"""A table and a bucket as a backend of chunked bars.

    pk                       sk         what
    B#<symbol>               HEAD       version, packed: the profile and the manifests
    B#<symbol>               A#...      splits and dividends
    B#<symbol>#<interval>    T#... C#...   chunks; M#... parts of a long manifest
    SYMBOLS                  <symbol>   the profile, for the list of all

A chunk of more than 25 KB lies in S3 under the same name, where it is written once for a third of
the price. Sealed chunks that lie in the table are archived in S3 as well, so that there is another
copy where one is damaged.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from market_data.aws.calls import Calls
from market_data.errors import StoreUnavailable
from market_data.instruments import Instrument
from market_data.stores.dynamodb.bucket import Bucket
from market_data.stores.dynamodb.heads import Heads
from market_data.stores.dynamodb.items import (
    AT_ONCE,
    TIME_TO_LIVE,
    expire_item,
    item_key,
    packed_bytes,
    paths_of,
    read_items,
    read_lasting,
)
from market_data.stores.dynamodb.threads import Threads
from market_data.stores.objects import NOTHING, Beside, Kept, Name

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef
    from mypy_boto3_s3 import S3Client

    Item = Mapping[str, AttributeValueTypeDef]

__all__ = ["LARGE", "TABLE", "DynamoDBBackend"]

LARGE: Final = 25_000
"""Bytes beyond which an object lies in S3."""

TABLE: Final[dict[str, Any]] = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
    ],
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
}

Bodies = dict[Name, bytes | StoreUnavailable]


class DynamoDBBackend:
    """A Backend on one table and one bucket.

    Parameters
    ----------
    client : DynamoDBClient
    s3 : callable
        Makes the client of S3 when it is needed first.
    table, bucket : str
    sleep, stopwatch : callable
    """

    transactional = False

    def __init__(
        self,
        client: "DynamoDBClient",
        s3: "Callable[[], S3Client]",
        table: str,
        bucket: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._table = table
        self._calls = Calls(sleep, stopwatch)
        self._bucket = Bucket(self._calls, s3, bucket)
        self._threads = Threads("bars")
        self._heads = Heads(client, table, self._calls, self._threads, stopwatch)

    # -- HEADs --------------------------------------------------------------------------------

    def heads(self, symbols: Collection[str]) -> dict[str, Kept]:
        """See Backend.heads."""
        return self._heads.read(symbols)

    def swap(
        self,
        instrument: Instrument,
        version: int,
        packed: bytes,
        beside: Beside = NOTHING,  # noqa: ARG002  # nothing, where a swap is not transactional
    ) -> bool:
        """See Backend.swap."""
        return self._heads.swap(instrument, version, packed)

    def profiles(self) -> list[Instrument]:
        """See Backend.profiles."""
        return self._heads.profiles()

    # -- objects ------------------------------------------------------------------------------

    def fetch(self, names: Collection[Name]) -> Bodies:
        """See Backend.fetch: batches of the table and objects of S3, all side by side."""
        small = [name for name in names if name.size <= LARGE]
        batches = [small[i : i + AT_ONCE] for i in range(0, len(small), AT_ONCE)]
        large = [name for name in names if name.size > LARGE]
        found: Bodies = {}
        for bodies in self._threads.all(
            [partial(self._from_table, batch) for batch in batches]
            + [partial(self._from_s3, name) for name in large]
        ):
            found |= bodies
        return found

    def refetch(self, name: Name) -> Iterator[bytes]:
        """See Backend.refetch: the same place once more, and the archive."""
        if name.size <= LARGE:
            for item in self._get([item_key(*name)], consistent=True):
                yield packed_bytes(item)
        if name.kind == "C":
            body = self._from_s3(name).get(name)
            if isinstance(body, bytes):
                yield body

    def keep(self, objects: Mapping[Name, bytes]) -> None:
        """See Backend.keep; an archive that cannot be reached is no reason to fail."""
        puts: list[Callable[[], None]] = []
        for name, body in objects.items():
            if name.size <= LARGE:
                puts.append(partial(self._put, name, body))
            else:
                puts.append(partial(self._bucket.put, name.path, body))
            if name.size <= LARGE and name.kind == "C":
                puts.append(partial(self._archive, name, body))
        self._threads.all(puts)

    def expire(self, names: Collection[Name], now: int) -> None:
        """See Backend.expire: by the table's time to live, and by the tag of S3's rule."""
        self._threads.all(
            [partial(self._expire, name, now) for name in names if name.size <= LARGE]
            + [
                partial(self._bucket.supersede, name.path)
                for name in names
                if name.kind == "C" or name.size > LARGE
            ]
        )

    def names(self) -> Iterator[Name]:
        """See Backend.names: the whole table is read, and the bucket listed."""
        paths = paths_of(self._calls, self._client, self._table)
        for path in chain(paths, self._bucket.paths("B#")):
            name = Name.parse(path)
            if name is not None:
                yield name

    def lasting(self, names: Collection[Name]) -> set[Name]:
        """See Backend.lasting: of two copies it is enough that one is not let go of."""
        small = [item_key(*name) for name in names if name.size <= LARGE]
        batches = [small[i : i + AT_ONCE] for i in range(0, len(small), AT_ONCE)]
        found = self._threads.all([partial(self._get, batch, consistent=True) for batch in batches])
        items = [item for batch in found for item in batch if TIME_TO_LIVE not in item]
        lasting = {Name(item["pk"]["S"], item["sk"]["S"]) for item in items}
        copied = [n for n in names if n not in lasting and (n.kind == "C" or n.size > LARGE)]
        told = self._threads.all([partial(self._bucket.lasts, name.path) for name in copied])
        return lasting | {name for name, lasts in zip(copied, told, strict=True) if lasts}

    def keep_panel(self, name: str, body: bytes) -> None:
        """See Backend.keep_panel."""
        self._bucket.put(name, body)

    def panel(self, name: str) -> bytes | None:
        """See Backend.panel."""
        return self._bucket.get(name)

    def close(self) -> None:
        """Close the connections."""
        self._threads.close()
        self._client.close()
        self._bucket.close()

    # -- single calls -------------------------------------------------------------------------

    def _get(self, keys: "Sequence[Item]", *, consistent: bool) -> "list[Item]":
        return read_items(self._calls, self._client, self._table, keys, consistent=consistent)

    def _from_table(self, names: list[Name]) -> Bodies:
        keys = [item_key(*name) for name in names]
        try:
            found = read_lasting(self._calls, self._client, self._table, keys)
        except StoreUnavailable as error:
            return dict.fromkeys(names, error)
        return {Name(item["pk"]["S"], item["sk"]["S"]): packed_bytes(item) for item in found}

    def _from_s3(self, name: Name) -> Bodies:
        try:
            body = self._bucket.get(name.path)
        except StoreUnavailable as error:
            return {name: error}
        return {} if body is None else {name: body}

    def _put(self, name: Name, body: bytes) -> None:
        self._calls.ask_again(
            self._client.put_item,
            TableName=self._table,
            Item={**item_key(*name), "packed": {"B": body}},
        )

    def _archive(self, name: Name, body: bytes) -> None:
        with suppress(StoreUnavailable):
            self._bucket.put(name.path, body)

    def _expire(self, name: Name, now: int) -> None:
        expire_item(self._calls, self._client, self._table, item_key(*name), now)
