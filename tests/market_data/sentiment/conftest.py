"""Deliveries made to order, and a home of sentiment."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from market_data.calendar import DAY
from market_data.readings import Delivered
from market_data.stores.dynamodb import DynamoDBReadingStore, readings
from market_data.stores.readings import ReadingStore
from market_data.stores.sqlite_readings import SqliteReadingStore

MONDAY = 18_267 * DAY  # 2020-01-06


@pytest.fixture
def told(clock):
    """Readings of the days from Monday 2020-01-06 on, public when each day was over."""

    def build(values, first=0, source="told", published=None, fetched_at=None):
        time = MONDAY + (first + np.arange(len(values), dtype=np.int64)) * DAY
        public = time + DAY if published is None else np.array(published, np.int64)
        at = clock.now if fetched_at is None else fetched_at
        return Delivered(time, public, np.array(values, np.float64), source, at)

    return build


@pytest.fixture
def sqlite_readings(tmp_path: Path, clock) -> SqliteReadingStore:
    return SqliteReadingStore(tmp_path / "sentiment.sqlite", clock, clock.sleep)


@pytest.fixture
def on_dynamodb(aws, place, clock) -> Iterator[Callable[..., DynamoDBReadingStore]]:
    """Makes homes on one table, by a client of one's own or the common one."""
    stores = []

    def make(client=aws[0], **more):
        stores.append(DynamoDBReadingStore(lambda: client, place, clock, clock.sleep, **more))
        return stores[-1]

    yield make
    for store in stores:
        store._rows.close()  # the client serves others


@pytest.fixture
def dynamodb_readings(on_dynamodb) -> DynamoDBReadingStore:
    return on_dynamodb()


@pytest.fixture
def apart_readings(on_dynamodb, monkeypatch) -> DynamoDBReadingStore:
    """A table in which rows lie apart from their HEAD, however few there are."""
    monkeypatch.setattr(readings, "BESIDE", 0)
    return on_dynamodb()


@pytest.fixture(params=["sqlite_readings", "dynamodb_readings", "apart_readings"])
def readings_store(request: pytest.FixtureRequest) -> ReadingStore:
    """Each home of sentiment."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def damage(aws, place) -> Callable[[ReadingStore, str], None]:
    """Flips a bit of what a home keeps of a symbol, wherever that lies."""

    def in_table(symbol):
        asked = {"TableName": place, "KeyConditionExpression": "pk = :pk"}
        values = {":pk": {"S": f"S#{symbol}"}}
        for item in aws[0].query(**asked, ExpressionAttributeValues=values)["Items"]:
            if "packed" in item:
                item["packed"]["B"] = flipped(item["packed"]["B"])
                aws[0].put_item(TableName=place, Item=item)

    def in_file(path, symbol):
        with closing(sqlite3.connect(path)) as file, file:
            (packed,) = file.execute(
                "SELECT packed FROM readings WHERE symbol = ?", (symbol,)
            ).fetchone()
            file.execute(
                "UPDATE readings SET packed = ?, version = version + 1 WHERE symbol = ?",
                (flipped(packed), symbol),
            )

    def flipped(packed):
        return packed[:-9] + bytes([packed[-9] ^ 1]) + packed[-8:]

    def flip(store, symbol):
        if isinstance(store, SqliteReadingStore):
            in_file(store.path, symbol)
        else:
            in_table(symbol)

    return flip
