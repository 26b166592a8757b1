"""Deliveries made to order, and a home of sentiment."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from market_data.calendar import DAY
from market_data.readings import Delivered
from market_data.stores.dynamodb import DynamoDBReadingStore
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

    def make(client=aws[0]):
        stores.append(DynamoDBReadingStore(lambda: client, place, clock, clock.sleep))
        return stores[-1]

    yield make
    for store in stores:
        store._threads.close()  # the client serves others


@pytest.fixture
def dynamodb_readings(on_dynamodb) -> DynamoDBReadingStore:
    return on_dynamodb()


@pytest.fixture(params=["sqlite_readings", "dynamodb_readings"])
def readings_store(request: pytest.FixtureRequest) -> ReadingStore:
    """Each home of sentiment."""
    return request.getfixturevalue(request.param)
