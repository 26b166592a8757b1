"""Batches made to order, and what takes them."""

import pytest

from engine.types import Interval
from market_data.calendar import DAY
from market_data.ingest import Ingestion
from market_data.instruments import Instrument
from market_data.sources.base import RawBar, RawBatch
from market_data.stores.dynamodb import DynamoDBQuarantine
from market_data.stores.sqlite_quarantine import SqliteQuarantine

MONDAY = 18_267 * DAY  # 2020-01-06
ACME = Instrument("ACME", source="told", calendar="24/7")


@pytest.fixture
def quarantine(tmp_path):
    return SqliteQuarantine(tmp_path / "quarantine.sqlite")


@pytest.fixture
def dynamodb_quarantine(aws, place):
    return DynamoDBQuarantine(lambda: aws[0], place)


@pytest.fixture(params=["quarantine", "dynamodb_quarantine"])
def any_quarantine(request):
    """Each home of what was not taken."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def ingestion(store, quarantine):
    return Ingestion(store, quarantine)


@pytest.fixture
def batch(clock):
    """A batch of days from Monday 2020-01-06 on with the closes given; rows may be changed."""

    def build(closes, first=0, changed=None, actions=(), source="told", fetched_at=None):
        rows = []
        for i, close in enumerate(closes, first):
            time = MONDAY + i * DAY
            price = str(close)
            rows.append(RawBar(time, price, price, price, price, "1000"))
        for i, change in (changed or {}).items():
            rows[i] = rows[i]._replace(**change)
        at = clock.now if fetched_at is None else fetched_at
        return RawBatch(source, "ACME", Interval.ONE_DAY, at, tuple(rows), tuple(actions))

    return build


@pytest.fixture
def closes(store, clock):
    """The closes that are answered, at a moment; now, and all that is known a little later."""

    def read(as_of=None):
        series = store.series("ACME", Interval.ONE_DAY)
        now = clock.now + 10_000_000
        return series.snapshot(as_of=as_of, now=now).bars.close.tolist()

    return read
