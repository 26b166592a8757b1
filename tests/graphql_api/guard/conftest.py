"""A guard on SQLite with a clock that is set by hand, and a store that can be made to fail."""

import pytest

from graphql_api.guard.accounts import Accounts
from graphql_api.guard.admit import Guard
from graphql_api.stores import StoreUnavailable
from graphql_api.stores.sqlite import SqliteStore, file

NOON = 1_795_262_400_000_000  # 2026-11-21T12:00:00Z


class Clock:
    """A clock that stands until it is moved; microseconds."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now

    def move(self, seconds):
        self.now += round(seconds * 1_000_000)


class Watched:
    """A store whose calls are counted, take time if they are told to, and fail on demand."""

    def __init__(self, store, clock):
        self.store = store
        self.clock = clock
        self.calls = []
        self.broken = False
        self.seconds = 0
        self.before = {}  # what happens just before a call: another caller's write
        self.after = {}  # what happens before its answer is read

    def __getattr__(self, name):
        ask = getattr(self.store, name)

        def call(*arguments):
            self.calls.append(name)
            self.clock.move(self.seconds)
            if name in self.before:
                self.before.pop(name)()
            if self.broken:
                raise StoreUnavailable("the cable is cut")
            answer = ask(*arguments)
            if name in self.after:
                self.after.pop(name)()
            return answer

        return call


@pytest.fixture(autouse=True)
def even(monkeypatch):
    """Chance comes out lowest, so that counts are exact; tests of the spread take this back."""
    monkeypatch.setattr("random.randint", lambda least, most: least)
    monkeypatch.setattr("random.randrange", lambda most: 0)
    monkeypatch.setattr("random.uniform", lambda least, most: least)


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Threads wait for one file, on a machine that may be busy; who gives up is tested apart."""
    monkeypatch.setattr(file, "PATIENCE", 60)


@pytest.fixture
def clock():
    return Clock(NOON)


@pytest.fixture
def sqlite(tmp_path):
    store = SqliteStore(tmp_path / "accounts.sqlite")
    yield store
    store.close()


@pytest.fixture
def store(sqlite, clock):
    return Watched(sqlite, clock)


@pytest.fixture
def accounts(sqlite, clock):
    return Accounts(sqlite, clock)


@pytest.fixture
def guard(store, clock):
    return Guard(store, store, clock)


@pytest.fixture
def basic(accounts):
    return accounts.open_account("Basic", "BASIC", "laptop")


@pytest.fixture
def caller(guard, basic, store):
    caller = guard.authenticate({"x-api-key": basic.secret})
    store.calls.clear()
    return caller
