"""Sentiment in a table: what lies there, and how it is asked for.

    pk           sk          what
    S#<symbol>   READINGS    its HEAD: version, swap (who wrote this version), and the rows packed
                             (see readings_block), or pending and content: what holds the rows
    S#<symbol>   R#...       packed rows that do not fit one read unit beside their HEAD
    SENTIMENT    <symbol>    nothing more: the list of all symbols that have any

So looking whether anything is new costs one read unit, however much there is. Rows of any size in
their HEAD, as 0.1.0 wrote them, are read as they are, and lie apart once they are written again.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from market_data.aws.calls import Calls
from market_data.errors import Damaged, StoreUnavailable
from market_data.readings import Readings
from market_data.stores.dynamodb.items import (
    AT_ONCE,
    TIME_TO_LIVE,
    item_key,
    items_under,
    packed_bytes,
    paths_of,
    read_items,
    read_lasting,
)
from market_data.stores.dynamodb.threads import Threads
from market_data.stores.objects import Name, verified
from market_data.stores.readings import Found, Loaded

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["SENTIMENT", "ReadingsTable", "content_name", "found_in", "head_key"]

READINGS: Final = "READINGS"
SENTIMENT: Final = "SENTIMENT"
ANSWER: Final = 15_000_000  # bytes of rows in one answer, which has at most 16 MB


class ReadingsTable:
    """Reads sentiment out of a table.

    Parameters
    ----------
    client : callable
        Makes the client when it is needed first.
    table : str
    calls : Calls
    """

    def __init__(self, client: "Callable[[], DynamoDBClient]", table: str, calls: Calls) -> None:
        self._client = client
        self._table = table
        self._calls = calls
        self._threads = Threads("sentiment")

    def symbols(self) -> list[str]:
        """The symbols that are listed, in order."""
        items = items_under(self._calls, self._client(), self._table, SENTIMENT)
        return [item["sk"]["S"] for item in items]

    def load(self, symbols: Sequence[str], held: Mapping[str, Readings]) -> Callable[[], Loaded]:
        """Consistent reads of HEADs, a hundred in one call, side by side; see ReadingStore.load.

        Whoever has read HEADs begins to read what they name, and waits for nobody.
        """
        self._client()  # made here, since threads would make one each
        batches = [symbols[i : i + AT_ONCE] for i in range(0, len(symbols), AT_ONCE)]
        begun = self._threads.begin([partial(self._look, batch, held) for batch in batches])

        def told() -> Loaded:
            found: Loaded = {}
            for batch in begun:
                here, apart = batch.result()
                found |= here
                for rows in apart:
                    found |= rows.result()
            return found

        return told

    def _look(
        self, symbols: Sequence[str], held: Mapping[str, Readings]
    ) -> tuple[Loaded, list[Future[Loaded]]]:
        """What the HEADs of some symbols say, and the calls that are begun for what they name."""
        try:
            items = self.heads(symbols)
        except StoreUnavailable as error:
            return dict.fromkeys(symbols, error), []
        found: Loaded = {}
        apart: dict[str, Found] = {}
        for symbol, item in items.items():
            one = found_in(item)
            rows = held.get(symbol)
            if one.packed is not None or (rows is not None and rows.content == one.content):
                found[symbol] = one
            else:
                apart[symbol] = one
        return found, self._threads.begin([partial(self._fetch, some) for some in _batches(apart)])

    def heads(self, symbols: Sequence[str]) -> dict[str, Any]:
        """The HEADs of those symbols that have one, at most AT_ONCE, read consistently."""
        keys = [head_key(symbol) for symbol in symbols]
        items = read_items(self._calls, self._client(), self._table, keys, consistent=True)
        return {item["pk"]["S"].removeprefix("S#"): item for item in items}

    def _fetch(self, apart: Mapping[str, Found]) -> Loaded:
        """The rows that some HEADs name; where some alone cannot be had, why."""
        keys = [item_key(*content_name(symbol, one.content)) for symbol, one in apart.items()]
        try:
            items = read_lasting(self._calls, self._client(), self._table, keys)
        except StoreUnavailable as error:
            return dict.fromkeys(apart, error)
        bodies = {item["pk"]["S"].removeprefix("S#"): packed_bytes(item) for item in items}
        return {symbol: _whole(symbol, one, bodies.get(symbol)) for symbol, one in apart.items()}

    def apart(self) -> list[Name]:
        """Every object that holds rows, also those that are let go of: the whole table is read."""
        paths = paths_of(self._calls, self._client(), self._table)
        split = (path.split("/") for path in paths if path.startswith("S#"))
        return sorted(Name(pk, sk) for pk, sk in split if sk.startswith("R#"))

    def lasting(self, names: Sequence[Name]) -> tuple[Name, ...]:
        """Those of some objects that are there and that nobody has let go of."""
        items: list[Any] = []
        for i in range(0, len(names), AT_ONCE):
            keys = [item_key(*name) for name in names[i : i + AT_ONCE]]
            items += read_items(self._calls, self._client(), self._table, keys, consistent=True)
        there = [Name(one["pk"]["S"], one["sk"]["S"]) for one in items if TIME_TO_LIVE not in one]
        return tuple(sorted(there))

    def close(self) -> None:
        """Let the threads end."""
        self._threads.close()


def head_key(symbol: str) -> dict[str, Any]:
    """The key of a HEAD."""
    return item_key(f"S#{symbol}", READINGS)


def content_name(symbol: str, content: str) -> Name:
    """The name of the object that a HEAD names."""
    return Name(f"S#{symbol}", content)


def found_in(head: Mapping[str, Any]) -> Found:
    """What a HEAD says: rows, or the name of what holds them."""
    version = int(head["version"]["N"])
    if "content" not in head:
        return Found(version, packed_bytes(head))
    return Found(version, None, int(head["pending"]["N"]), head["content"]["S"])


def _whole(symbol: str, found: Found, body: bytes | None) -> Found | Damaged:
    """What was found, with its rows, if they are those that its HEAD speaks of."""
    name = content_name(symbol, found.content)
    if body is None:
        return Damaged(f"{name.path} is gone")
    try:
        return found._replace(packed=verified(name, body))
    except Damaged as error:
        return error


def _batches(apart: Mapping[str, Found]) -> list[dict[str, Found]]:
    """Rows in as few calls as hold them: each has so many keys and so many bytes at most."""
    batches: list[dict[str, Found]] = []
    size = 0
    for symbol, one in apart.items():
        more = content_name(symbol, one.content).size
        if not batches or len(batches[-1]) == AT_ONCE or size + more > ANSWER:
            batches.append({})
            size = 0
        batches[-1][symbol] = one
        size += more
    return batches
