"""Homes of bars that are made in a moment, for tests that need hundreds of new ones."""

import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from market_data.clock import now
from market_data.stores import SqliteBarStore
from market_data.stores.dynamodb import TABLE, DynamoDBBarStore
from tests.market_data.stores.wireless import Wireless

__all__ = ["HOMES"]


@contextmanager
def a_file(clock=now):
    """A SQLite file where commits need not wait for a disk, if the machine has such a place."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with (
        tempfile.TemporaryDirectory(dir=memory) as folder,
        closing(SqliteBarStore(Path(folder) / "bars.sqlite", clock)) as store,
    ):
        yield store


@contextmanager
def a_table(clock=now):
    """A table and a bucket of moto's, reached without a wire."""
    with closing(Wireless()) as aws:
        aws.dynamodb.create_table(TableName="bars", **TABLE)
        aws.s3.create_bucket(Bucket="bars")
        store = DynamoDBBarStore(
            aws.dynamodb, lambda: aws.s3, "bars", "bars", clock, sleep=lambda seconds: None
        )
        with closing(store):
            yield store


@contextmanager
def a_bucket(clock=now):
    """The same where every object counts as large, and so lies in S3."""
    with pytest.MonkeyPatch.context() as patch, a_table(clock) as store:
        patch.setattr("market_data.stores.dynamodb.backend.LARGE", 0)
        yield store


HOMES = {"sqlite": a_file, "dynamodb": a_table, "dynamodb_and_s3": a_bucket}
