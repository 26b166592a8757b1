"""Both stores, empty, under one name; moto's DynamoDB made atomic."""

import uuid

import pytest

from graphql_api.stores.dynamodb import TABLE, DynamoDBStore, connect
from graphql_api.stores.sqlite import SqliteStore, file
from tests.aws import in_memory


@pytest.fixture(scope="module")  # and no longer: nested mocks share their tables
def client():
    with in_memory():
        yield connect()


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Threads wait for one file, on a machine that may be busy; who gives up is tested apart."""
    monkeypatch.setattr(file, "PATIENCE", 60)


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
