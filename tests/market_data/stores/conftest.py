"""The homes of bars on AWS."""

import pytest

from market_data.stores.dynamodb import DynamoDBBarStore


@pytest.fixture(autouse=True)
def always_atomic(atomic):
    """Also where a test makes its own table."""


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
        store._backend._threads.close()


@pytest.fixture
def dynamodb(on_aws):
    return on_aws()


@pytest.fixture(params=["store", "dynamodb"])
def home(request):
    """A store on each backend."""
    return request.getfixturevalue(request.param)
