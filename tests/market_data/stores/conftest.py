"""The homes of bars on AWS, as moto has them, made atomic by a lock."""

import threading
import uuid

import pytest
from moto import mock_aws
from moto.dynamodb.responses import DynamoHandler

from market_data.stores.dynamodb import TABLE, DynamoDBBarStore, connect, connect_s3

REGION = "eu-central-1"


@pytest.fixture(scope="module")  # and no longer: nested mocks share their tables
def aws():
    """Clients of DynamoDB and S3, with all that they meet in memory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with mock_aws():
            yield connect(REGION), connect_s3(REGION)


@pytest.fixture(autouse=True)
def atomic(monkeypatch):
    """moto changes an item in several steps; DynamoDB does it in one."""
    lock = threading.Lock()
    unlocked = DynamoHandler.call_action

    def locked(self):
        with lock:
            return unlocked(self)

    monkeypatch.setattr(DynamoHandler, "call_action", locked)


@pytest.fixture
def place(aws):
    """A table and a bucket of the test's own."""
    dynamodb, s3 = aws
    name = f"bars-{uuid.uuid4()}"
    dynamodb.create_table(TableName=name, **TABLE)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


@pytest.fixture
def on_aws(aws, place, clock):
    """Makes stores on the same table and bucket."""
    stores = []

    def make(clock=clock, dynamodb=aws[0], s3=aws[1], sleep=lambda seconds: None, **more):
        store = DynamoDBBarStore(dynamodb, lambda: s3, place, place, clock, sleep=sleep, **more)
        stores.append(store)
        return store

    yield make
    for store in stores:
        pool = store._backend._pool
        if pool is not None:
            pool.shutdown()


@pytest.fixture
def dynamodb(on_aws):
    return on_aws()
