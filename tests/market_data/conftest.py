"""A clock that tests move by hand, and bars made to order."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from engine.types import Bars
from market_data.calendar import DAY, SECOND
from market_data.stores import SqliteBarStore
from market_data.stores.dynamodb import TABLE, connect, connect_s3
from tests.aws import REGION, in_memory

# 2020-01-06, a Monday, at 00:00Z.
MONDAY = (date(2020, 1, 6) - date(1970, 1, 1)).days * DAY


class HandClock:
    """Reads what it was set to, and goes on by itself only by ``ticks`` a reading."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.ticks: list[int] = []

    def __call__(self) -> int:
        if self.ticks:
            self.now += self.ticks.pop(0)
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)


@pytest.fixture
def clock() -> HandClock:
    """2020-03-02, a Monday, at noon UTC."""
    return HandClock(MONDAY + 56 * DAY + DAY // 2)


@pytest.fixture
def daily() -> Callable[..., Bars]:
    """Bars of weekdays from Monday 2020-01-06 on, with the closes given."""

    def build(closes: Sequence[float], first: int = 0, volume: float = 1000.0) -> Bars:
        close = np.array(closes, np.float64)
        number = np.arange(first, first + len(close))
        time = MONDAY + (number // 5 * 7 + number % 5) * DAY
        return Bars(time, close, close + 1, close - 0.5, close, np.full(len(close), volume))

    return build


@pytest.fixture
def day() -> Callable[[str], int]:
    """The microseconds of a date at 00:00Z."""
    return lambda text: (date.fromisoformat(text) - date(1970, 1, 1)).days * DAY


@pytest.fixture
def store(sqlite: SqliteBarStore) -> SqliteBarStore:
    """The home on a laptop, where nothing else is asked for."""
    return sqlite


@pytest.fixture
def sqlite(tmp_path: Path, clock: HandClock) -> Iterator[SqliteBarStore]:
    store = SqliteBarStore(tmp_path / "bars.sqlite", clock)
    yield store
    store.close()


@pytest.fixture(scope="module")  # and no longer: nested mocks share their tables
def aws():
    """Clients of DynamoDB and S3, with all that they meet in memory."""
    with in_memory():
        yield connect(), connect_s3()


@pytest.fixture
def place(aws, atomic):
    """A table and a bucket of the test's own."""
    dynamodb, s3 = aws
    name = f"bars-{uuid.uuid4()}"
    dynamodb.create_table(TableName=name, **TABLE)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name
