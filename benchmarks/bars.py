"""What keeping and reading bars costs: bytes, decoding, round trips, and dollars.

python benchmarks/bars.py    a quarter of a minute

A block holds nine columns: time, open, high, low, close, volume, when each bar became known here,
when it was fetched, and where it comes from. Two peers hold the same columns: Parquet, as arro3-io
writes it with zstd at level 19, and an .npz, which numpy compresses with zlib. Calls and units are
counted on moto, as DynamoDB charges for them; their prices are printed with where they stand.
"""

import io
import os
import random
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np
from arro3.core import Array, Table
from arro3.io import read_parquet, write_parquet

sys.path.insert(0, str(Path(__file__).parents[1]))

from moto import mock_aws

from engine.types import Bars, Interval
from market_data.block import HEADER, decode, encode, forget_times
from market_data.calendar import DAY, SECOND
from market_data.csv_file import read_csv
from market_data.instruments import Instrument
from market_data.readings import Delivered
from market_data.rows import COLUMNS, Rows
from market_data.stores.chunked import ChunkedBarStore
from market_data.stores.dynamodb import (
    TABLE,
    DynamoDBBarStore,
    DynamoDBReadingStore,
    connect,
    connect_s3,
)

SAMPLE = Path(__file__).parents[1] / "market_data" / "sample"
ONE_DAY = Interval.ONE_DAY
YEARS_10 = 2520
NOW = 1_795_003_200_000_000
ROUNDS = 601

# List prices on demand in us-east-1, in dollars.
WRITE_UNIT, READ_UNIT = 0.625e-6, 0.125e-6
S3_PUT, S3_GET = 5.0e-6, 0.4e-6
SOURCES = """\
0.625 $ a million write units, 0.125 $ a million read units, since 2024-11-01:
    https://aws.amazon.com/dynamodb/pricing/on-demand/ (units), and for the two prices
    https://airbyte.com/data-engineering-resources/dynamodb-pricing (of 2025-07-21)
S3 Standard, 5 $ a million PUT, 0.40 $ a million GET: https://aws.amazon.com/s3/pricing/
"""


def real(symbol: str) -> Rows:
    """The days of a sample symbol, imported at once."""
    bars = read_csv(SAMPLE / f"{symbol}.csv.gz", ONE_DAY, "XNYS", NOW).bars
    return Rows.of(bars, NOW, NOW - 1_234_567, "told")


def timed(calls: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Quartiles of each call in microseconds of the processor, in turns so that noise meets all."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    for _ in range(ROUNDS):
        random.shuffle(order)
        for name in order:
            start = time.thread_time_ns()
            calls[name]()
            taken[name].append((time.thread_time_ns() - start) / 1000)
    return {name: quantiles(times, n=4) for name, times in taken.items()}


# -- bytes and decoding ----------------------------------------------------------------------


def parquet(rows: Rows) -> bytes:
    """The same columns as arro3 writes them, compressed hard."""
    table = Table.from_pydict({name: Array.from_numpy(getattr(rows, name)) for name in COLUMNS})
    file = io.BytesIO()
    write_parquet(table, file, compression="zstd(19)")
    return file.getvalue()


def archive(rows: Rows) -> bytes:
    """The same columns as numpy keeps them."""
    file = io.BytesIO()
    np.savez_compressed(file, **{name: getattr(rows, name) for name in COLUMNS})
    return file.getvalue()


def read_parquet_columns(body: bytes) -> list[Any]:
    table = read_parquet(io.BytesIO(body)).read_all()
    return [table.column(name).combine_chunks().to_numpy() for name in COLUMNS]


def read_archive(body: bytes) -> list[Any]:
    with np.load(io.BytesIO(body)) as arrays:
        return [arrays[name] for name in COLUMNS]


def sizes() -> None:
    print(
        "bytes a bar of real days, all nine columns; asked for: at most 12\n"
        f"peers: Parquet by arro3-io {version('arro3-io')}, zstd(19); npz by numpy {np.__version__}"
    )
    print(f"{'':8}{'bars':>6}{'block':>8}{'parquet':>9}{'npz':>8}")
    for symbol in ("AAPL", "GOOG", "IBM", "MSFT"):
        rows = real(symbol)
        told = [len(made(rows)) / len(rows) for made in (encode, parquet, archive)]
        print(f"{symbol:8}{len(rows):6}{told[0]:8.2f}{told[1]:9.2f}{told[2]:8.2f}")


def decode_new_days(block: bytes) -> Rows:
    """Decode as the first block of its days in a process: later ones share the times."""
    forget_times()
    return decode(block)


def decoding() -> None:
    print(
        f"\ndecoding all nine columns, CPU microseconds: median (quartiles) of {ROUNDS}\n"
        "zlib alone: Python's zlib inflating the same bytes; asked for: at most 1.5 times that"
    )
    for symbol in ("AAPL", "GOOG", "IBM", "MSFT"):
        rows = real(symbol).take(slice(-YEARS_10, None))
        block, columnar, packed = encode(rows), parquet(rows), archive(rows)
        stream = block[HEADER.size + 1 + len("told") : -4]
        told = timed(
            {
                "block": lambda block=block: decode(block),  # type: ignore[misc]
                "of new days": lambda block=block: decode_new_days(block),  # type: ignore[misc]
                "zlib alone": lambda stream=stream: zlib.decompress(stream),  # type: ignore[misc]
            }
        )
        # By themselves: they push all else out of the processor's caches.
        told |= timed({"parquet": lambda body=columnar: read_parquet_columns(body)})  # type: ignore[misc]
        told |= timed({"npz": lambda body=packed: read_archive(body)})  # type: ignore[misc]
        base = told["zlib alone"][1]
        for name, (low, middle, high) in told.items():
            print(
                f"{symbol:8}{len(rows):6}  {name:12}{middle:8.0f} ({low:.0f} - {high:.0f})"
                f"   {middle / base:5.2f} x zlib"
            )


# -- AWS in memory ---------------------------------------------------------------------------


class Metered:
    """A client that counts its calls and the units they would be charged for."""

    def __init__(self, client: Any, meter: Counter[str]) -> None:
        self.client = client
        self.meter = meter

    def close(self) -> None:
        self.client.close()

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            answer = getattr(self.client, name)(**request)
            self.meter["calls"] += 1
            self._count(name, request, answer)
            return answer

        return call

    def _count(self, name: str, request: dict[str, Any], answer: dict[str, Any]) -> None:
        share = 1.0 if request.get("ConsistentRead") else 0.5
        if name == "get_item":
            self.meter["read units"] += share * units(answer.get("Item", {}), 4096)
        elif name == "batch_get_item":
            [(table, asked)] = request["RequestItems"].items()
            share = 1.0 if asked.get("ConsistentRead") else 0.5
            for item in answer["Responses"].get(table, []):
                self.meter["read units"] += share * units(item, 4096)
        elif name == "put_item":
            self.meter["write units"] += units(request["Item"], 1024)
        elif name == "update_item":
            key = request["Key"]
            item = self.client.get_item(TableName=request["TableName"], Key=key)["Item"]
            self.meter["write units"] += units(item, 1024)
        elif name in {"put_object", "copy_object"}:
            self.meter["S3 puts"] += 1
        elif name == "get_object":
            self.meter["S3 gets"] += 1
        else:
            raise LookupError(f"what {name} costs is not counted here")


def units(item: dict[str, Any], size: int) -> int:
    """How many units of a size an item takes; one at least."""
    total = 0
    for name, value in item.items():
        [(kind, content)] = value.items()
        total += len(name) + len(content if kind == "B" else str(content).encode())
    return max(1, -(-total // size))


class AwsInMemory:
    """moto's DynamoDB and S3, metered."""

    def __enter__(self) -> "AwsInMemory":
        os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}

        self.mock = mock_aws()
        self.mock.start()
        self.meter: Counter[str] = Counter()
        self.dynamodb, self.s3 = connect("us-east-1"), connect_s3("us-east-1")
        self.dynamodb.create_table(TableName="bars", **TABLE)
        self.s3.create_bucket(Bucket="bars")
        return self

    def store(self, fresh_for: int = 0) -> ChunkedBarStore:
        dynamodb, s3 = Metered(self.dynamodb, self.meter), Metered(self.s3, self.meter)
        return DynamoDBBarStore(
            dynamodb,  # type: ignore[arg-type]
            lambda: s3,  # type: ignore[arg-type,return-value]
            "bars",
            "bars",
            lambda: NOW,
            fresh_for=fresh_for,
        )

    def readings(self) -> DynamoDBReadingStore:
        dynamodb = Metered(self.dynamodb, self.meter)
        return DynamoDBReadingStore(lambda: dynamodb, "bars", lambda: NOW)  # type: ignore[arg-type,return-value]

    def metered(self, what: Callable[[], object]) -> Counter[str]:
        self.meter.clear()
        what()
        return Counter(self.meter)

    def __exit__(self, *_: object) -> None:
        self.mock.stop()


def dollars(meter: Counter[str]) -> float:
    return (
        meter["read units"] * READ_UNIT
        + meter["write units"] * WRITE_UNIT
        + meter["S3 puts"] * S3_PUT
        + meter["S3 gets"] * S3_GET
    )


def walk(seed: int, count: int = YEARS_10, first: int = 0) -> Bars:
    """Days to the cent of a market that wanders, the newest before NOW."""
    rng = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.015, count))), 2)
    opens = np.round(close * np.exp(rng.normal(0, 0.005, count)), 2)
    high = np.round(np.maximum(opens, close) * np.exp(np.abs(rng.normal(0, 0.006, count))), 2)
    low = np.round(np.minimum(opens, close) * np.exp(-np.abs(rng.normal(0, 0.006, count))), 2)
    volume = rng.integers(10_000, 1_000_000, count) * 100.0
    time_ = (NOW // DAY - 4000 + first + np.arange(count)) * DAY
    return Bars(time_, opens, high, low, close, volume)


def round_trips(aws: AwsInMemory) -> None:
    instrument = Instrument("TEN", calendar="24/7")
    aws.store().commit(instrument, ONE_DAY, walk(0))
    store = aws.store()
    cold = aws.metered(lambda: store.series("TEN", ONE_DAY))
    warm = aws.metered(lambda: store.series("TEN", ONE_DAY))
    store = aws.store(fresh_for=5 * SECOND)
    store.series("TEN", ONE_DAY)
    fresh = aws.metered(lambda: store.series("TEN", ONE_DAY))
    daily = Counter[str]()
    days = 252
    for n in range(days):
        day = walk(n, 1, YEARS_10 + n)
        daily += aws.metered(lambda day=day: aws.store().commit(instrument, ONE_DAY, day))  # type: ignore[misc]
    print("\nround trips of one symbol of ten years, counted on moto; asked for: 2, 1 and 0")
    print(f"cold read   {cold['calls']} calls, {cold['read units']} read units")
    print(f"warm read   {warm['calls']} call,  {warm['read units']} read units")
    print(f"fresh read  {fresh['calls']} calls, with INTELLPULSE_BARS_FRESH_SECONDS=5")
    writes = daily["write units"] / days
    print(f"daily bar   {daily['calls'] / days:.1f} calls, {writes:.1f} write units, on average")
    print("\nlist prices on demand, us-east-1, without storage")
    print(f"a million cold reads                     {dollars(cold) * 1e6:8.3f} $")
    print(f"a million warm reads                     {dollars(warm) * 1e6:8.3f} $")
    year = dollars(daily) / days * 252 * 5000
    print(f"5,000 symbols, a bar a day for a year    {year:8.3f} $")
    called = sum(met[what] for met in (cold, warm, daily) for what in ("S3 puts", "S3 gets"))
    print(f"calls of S3 in all of that: {called}\n{SOURCES}", end="")


def sentiment(aws: AwsInMemory) -> None:
    """Ten years of days, each a whole percent as the Fear & Greed Index tells them."""

    def told(first: int, count: int) -> Delivered:
        time_ = (NOW // DAY - 4000 + first + np.arange(count)) * DAY
        value = np.random.default_rng(first).integers(5, 95, count) / 100
        return Delivered(time_, time_, value, "index", NOW)

    aws.readings().commit("TEN", told(0, YEARS_10))
    store = aws.readings()
    cold = aws.metered(lambda: store.readings("TEN"))
    warm = aws.metered(lambda: store.readings("TEN"))
    daily = aws.metered(lambda: aws.readings().commit("TEN", told(YEARS_10, 1)))
    print("\nsentiment of one symbol, ten years of days, counted on moto")
    print(f"cold read   {cold['calls']} calls, {cold['read units']} read units")
    print(f"warm read   {warm['calls']} call,  {warm['read units']} read units")
    print(f"daily value {daily['calls']} calls, {daily['write units']} write units")


def main() -> None:
    sizes()
    decoding()
    with AwsInMemory() as aws:
        round_trips(aws)
        sentiment(aws)


if __name__ == "__main__":
    main()
