"""Both stores, empty, under one name; moto's DynamoDB made atomic."""

import threading
import uuid

import pytest
from moto import mock_aws
from moto.dynamodb.responses import DynamoHandler

from graphql_api.stores.dynamodb import TABLE, DynamoDBStore, connect
from graphql_api.stores.sqlite import SqliteStore, file


@pytest.fixture(scope="module")  # and no longer: nested mocks share their tables
def client():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with mock_aws():
            yield connect(region="eu-central-1")


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Threads wait for one file, on a machine that may be busy; who gives up is tested apart."""
    monkeypatch.setattr(file, "PATIENCE", 60)


@pytest.fixture
def atomic(monkeypatch):
    """moto changes an item in several steps; DynamoDB does it in one."""
    lock = threading.Lock()
    unlocked = DynamoHandler.call_action

    def locked(self):
        with lock:
            return unlocked(self)

    monkeypatch.setattr(DynamoHandler, "call_action", locked)


@pytest.fixture
def table(client):
    name = f"accounts-{uuid.uuid4()}"
    client.create_table(TableName=name, **TABLE)
    return name


@pytest.fixture
def dynamodb(client, table, atomic):
    return DynamoDBStore(client, table, sleep=lambda seconds: None)


@pytest.fixture
def sqlite(tmp_path):
    store = SqliteStore(tmp_path / "deep" / "accounts.sqlite")
    yield store
    store.close()


@pytest.fixture(params=["dynamodb", "sqlite"])
def store(request):
    return request.getfixturevalue(request.param)
