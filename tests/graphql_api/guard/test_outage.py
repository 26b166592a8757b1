"""The guard on stores that cannot be reached: 503 in time, never an open door, never a 500."""

import socket
import sqlite3
import time

import pytest

from graphql_api.errors import Unavailable
from graphql_api.guard import keys
from graphql_api.guard.admit import Guard
from graphql_api.stores.dynamodb import DynamoDBStore, connect
from graphql_api.stores.sqlite import SqliteStore, file


def now():
    return time.time_ns() // 1_000


@pytest.fixture
def closed():
    """A port that refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def silent():
    """A port that takes connections and never answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(8)
        yield taken.getsockname()[1]


@pytest.fixture
def full():
    """A port whose queue is full: connections to it hang."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(taken.getsockname())
        yield taken.getsockname()[1]
        for one in waiting:
            one.close()


@pytest.mark.parametrize("port", ["closed", "silent", "full"])
def test_a_dynamodb_that_does_not_answer_is_503_within_the_second(
    request, monkeypatch, port, caller
):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    endpoint = f"http://127.0.0.1:{request.getfixturevalue(port)}"
    longest = []
    while not longest or (min(longest) > 1.2 and len(longest) < 4):  # others may hold it up
        longest.append(max(seconds_to_refuse(endpoint, caller)))
    assert min(longest) <= 1.2


def seconds_to_refuse(endpoint, caller):
    """How long each question takes on a new guard, until the circuit opens and beyond."""
    store = DynamoDBStore(connect("eu-central-1", endpoint), "accounts")
    guard = Guard(store, store, now)
    for ask in (
        lambda: guard.authenticate({"x-api-key": keys.mint("live")}),
        lambda: guard.admit(caller, 1),
        lambda: guard.peek(caller),
        lambda: guard.admit(caller, 1),
        lambda: guard.admit(caller, 1),
        lambda: guard.admit(caller, 1),  # refused by the open circuit
    ):
        began = time.monotonic()
        with pytest.raises(Unavailable):
            ask()
        yield time.monotonic() - began
    store.close()


def test_a_file_that_another_process_holds_is_503(monkeypatch, sqlite, caller, clock):
    monkeypatch.setattr(file, "PATIENCE", 0.05)
    sqlite.close()  # so that it opens again with the short patience of this test
    other = sqlite3.connect(sqlite.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        Guard(sqlite, sqlite, clock).admit(caller, 1)
    other.execute("ROLLBACK")
    other.close()


def test_a_file_that_is_no_database_is_503(tmp_path, caller, clock, basic):
    path = tmp_path / "broken.sqlite"
    path.write_bytes(b"no database " * 1_000)
    store = SqliteStore(path)
    guard = Guard(store, store, clock)
    with pytest.raises(Unavailable):
        guard.authenticate({"x-api-key": basic.secret})
    with pytest.raises(Unavailable):
        guard.admit(caller, 1)
