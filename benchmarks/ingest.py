"""What ingesting costs: batches of decimal texts, sifted and kept, and how much memory that takes.

python benchmarks/ingest.py [--symbols 500]    of ten years of days each, some minutes

A batch is one symbol's ten years, as a source tells them. Beside each the same batch goes to a peer
in the same process, in turns, so that both meet the same machine:

    SQLite   one table with a row a bar, by sqlite3 alone: no versions, no checks, no quarantine
    moto     one Parquet object a symbol, by arro3, put into moto's S3: likewise

Memory is the resident set of the process, read from /proc/self/statm after each symbol, so it needs
Linux. moto keeps in memory whatever it is given; how much that is stands beside it.
"""

import argparse
import io
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from importlib.metadata import version
from pathlib import Path
from resource import getpagesize
from typing import NamedTuple

import numpy as np
from arro3.core import Array, Table
from arro3.io import write_parquet

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.bars import NOW, ONE_DAY, YEARS_10, AwsInMemory, walk
from market_data.calendar import DAY
from market_data.ingest import Ingestion
from market_data.instruments import Instrument
from market_data.sources.base import RawBar, RawBatch
from market_data.stores import SqliteBarStore
from market_data.stores.dynamodb import DynamoDBBarStore, DynamoDBQuarantine
from market_data.stores.sqlite_quarantine import SqliteQuarantine

COLUMNS = ("open", "high", "low", "close", "volume")
# Symbols whose first reading of memory does not count: what is loaded but once is loaded then.
WARM = 20
MEGABYTE = 1_000_000

Take = Callable[[RawBatch], object]


class Taken(NamedTuple):
    """What some symbols took: seconds of ours and of the peer, and megabytes of the process."""

    ours: float
    peer: float
    memory: list[float]


def resident() -> float:
    """Megabytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * getpagesize() / MEGABYTE


def batches(symbols: int, count: int, first: int = 0) -> Iterator[RawBatch]:
    """Days of each symbol, as a source writes them."""
    for n in range(symbols):
        told = walk(n, count, first)
        texts = [map(repr, getattr(told, name).tolist()) for name in COLUMNS]
        rows = tuple(map(RawBar, told.time.tolist(), *texts))
        yield RawBatch("told", f"S{n}", ONE_DAY, NOW - DAY + first, rows)


def taken(name: str, asked: Iterator[RawBatch], symbols: int, ours: Take, peer: Take) -> Taken:
    """Both are given every batch, whichever is first by turns."""
    spent: Counter[Take] = Counter()
    memory = []
    for n, batch in enumerate(asked):
        for take in (ours, peer) if n % 2 else (peer, ours):
            begin = time.perf_counter()
            take(batch)
            spent[take] += time.perf_counter() - begin  # type: ignore[assignment]
        memory.append(resident())
        if (n + 1) % 100 == 0 or n + 1 == symbols:
            print(f"{name}: {n + 1} of {symbols}, {memory[-1]:.0f} MB", file=sys.stderr, flush=True)
    return Taken(spent[ours], spent[peer], memory)


def told(what: str, bars: int, done: Taken, peer: str) -> None:
    print(
        f"{what:28}{bars / done.ours:9,.0f} bars a second; {peer} {bars / done.peer:9,.0f};"
        f" {done.ours / done.peer:.2f} times its time"
    )


def ten_years_and_a_day(
    name: str, symbols: int, ours: Take, peer: Take, peer_name: str, kept: Callable[[], int] | None
) -> None:
    done = taken(name, batches(symbols, YEARS_10), symbols, ours, peer)
    told(f"{name}, ten years a batch", symbols * YEARS_10, done, peer_name)
    grown = max(done.memory) - done.memory[min(WARM, symbols) - 1]
    most = f"at most {max(done.memory):.0f} MB resident"
    held = "" if kept is None else f"; moto holds {kept() / MEGABYTE:.0f} MB that it was given"
    print(f"{'':28}memory grew by {grown:.1f} MB after symbol {WARM}{held}; {most}")
    more = taken(name, batches(symbols, 1, YEARS_10), symbols, ours, peer)
    told(f"{name}, a day a batch", symbols, more, peer_name)


def ours_into(ingestion: Ingestion) -> Take:
    def take(batch: RawBatch) -> object:
        done = ingestion.take(Instrument(batch.symbol, calendar="24/7", source="told"), batch)
        assert done.result.added == len(batch.bars), done
        return done

    return take


# -- peers -----------------------------------------------------------------------------------


def numbers(batch: RawBatch) -> Iterator[tuple[object, ...]]:
    for row in batch.bars:
        yield batch.symbol, row.time, *map(float, row[1:])


def into_rows(file: sqlite3.Connection) -> Take:
    """A row a bar, as durable as ours."""
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = FULL")
    file.execute(
        "CREATE TABLE bars (symbol TEXT, time INTEGER, open REAL, high REAL, low REAL, close REAL,"
        " volume REAL, PRIMARY KEY (symbol, time)) WITHOUT ROWID"
    )

    def take(batch: RawBatch) -> None:
        with file:
            file.executemany(
                "INSERT OR REPLACE INTO bars VALUES (?, ?, ?, ?, ?, ?, ?)", numbers(batch)
            )

    return take


def into_objects(aws: AwsInMemory) -> Take:
    """A Parquet object a batch."""

    def take(batch: RawBatch) -> None:
        _, times, *columns = zip(*numbers(batch), strict=True)
        table = {"time": Array.from_numpy(np.array(times, np.int64))}
        for name, column in zip(COLUMNS, columns, strict=True):
            table[name] = Array.from_numpy(np.array(column, np.float64))
        body = io.BytesIO()
        write_parquet(Table.from_pydict(table), body, compression="zstd(3)")
        key = f"parquet/{batch.symbol}/{batch.bars[0].time}"
        aws.s3.put_object(Bucket="bars", Key=key, Body=body.getvalue())

    return take


# -- homes -----------------------------------------------------------------------------------


def into_sqlite(symbols: int) -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        closing(SqliteBarStore(Path(name) / "bars.sqlite", lambda: NOW)) as store,
        closing(SqliteQuarantine(Path(name) / "quarantine.sqlite")) as quarantine,
        closing(sqlite3.connect(Path(name) / "rows.sqlite")) as rows,
    ):
        ours, peer = ours_into(Ingestion(store, quarantine)), into_rows(rows)
        ten_years_and_a_day("SQLite", symbols, ours, peer, "a row a bar", None)
        rows.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with store._backend.connections.use() as connection:  # type: ignore[attr-defined]
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        bars = symbols * (YEARS_10 + 1)
        sizes = [(Path(name) / f"{one}.sqlite").stat().st_size / bars for one in ("bars", "rows")]
        print(f"{'':28}{sizes[0]:.1f} bytes a bar on disk; a row a bar {sizes[1]:.1f}")


def held_by(aws: AwsInMemory) -> int:
    """Bytes of all objects of the table and of the bucket."""
    items = aws.dynamodb.get_paginator("scan").paginate(TableName="bars")
    listed = aws.s3.get_paginator("list_objects_v2").paginate(Bucket="bars")
    return sum(
        len(item["packed"]["B"]) for page in items for item in page["Items"] if "packed" in item
    ) + sum(one["Size"] for page in listed for one in page.get("Contents", []))


def into_moto(symbols: int) -> None:
    with AwsInMemory() as aws:
        store = DynamoDBBarStore(aws.dynamodb, lambda: aws.s3, "bars", "bars", lambda: NOW)
        quarantine = DynamoDBQuarantine(lambda: aws.dynamodb, "bars")
        ours, peer = ours_into(Ingestion(store, quarantine)), into_objects(aws)
        held = partial(held_by, aws)
        ten_years_and_a_day("moto", symbols, ours, peer, "a Parquet object", held)
        store.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--symbols", type=int, default=500, help="ten years of days each")
    symbols = parser.parse_args().symbols
    print(
        f"{symbols} symbols, ten years of days each, from decimal texts, sifted and versioned\n"
        "peers, without any of that: a row a bar is one table of SQLite (Python's sqlite3, "
        f"{sqlite3.sqlite_version});\na Parquet object is one file a symbol by arro3-io "
        f"{version('arro3-io')}, zstd(3), put into moto's S3"
    )
    into_sqlite(symbols)
    into_moto(symbols)


if __name__ == "__main__":
    main()
