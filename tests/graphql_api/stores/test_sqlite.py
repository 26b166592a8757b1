"""What only the SQLite store can do wrong."""

import sqlite3
import threading

import pytest

from graphql_api.stores import Account, AuditEntry, Charge, StoreUnavailable
from graphql_api.stores.sqlite import SqliteStore, file

TODAY = "2026-11-21"
CHARGE = Charge("01ACCOUNT", TODAY, "a" * 64, requests=1, units=2, room=None)


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr(file, "PATIENCE", 0.05)


def test_nothing_is_touched_before_the_first_question(tmp_path):
    path = tmp_path / "none" / "accounts.sqlite"
    SqliteStore(path).close()
    assert not path.parent.exists()


def test_a_file_outlives_its_store(tmp_path):
    first = SqliteStore(tmp_path / "accounts.sqlite")
    account = Account("01ACCOUNT", "kept", "BASIC", 1)
    first.create_account(account, None, AuditEntry("0", account.id, 1, "cli", "account.created"))
    first.close()
    second = SqliteStore(tmp_path / "accounts.sqlite")
    assert second.find_account(account.id) == account
    second.close()


def test_a_closed_store_opens_again_at_the_next_question(sqlite):
    sqlite.idle(CHARGE, 0, 1)
    sqlite.close()
    sqlite.close()
    assert sqlite.usage("01ACCOUNT", TODAY).requests == 1


def test_a_file_that_is_no_database_is_unavailable_until_it_is_replaced(tmp_path):
    path = tmp_path / "accounts.sqlite"
    path.write_bytes(b"this is no database, and long enough to look at" * 100)
    store = SqliteStore(path)
    with pytest.raises(StoreUnavailable, match="not a database"):
        store.usage("01ACCOUNT", TODAY)
    path.unlink()
    assert store.usage("01ACCOUNT", TODAY).requests == 0
    store.close()


def test_a_file_that_another_writer_holds_is_unavailable(sqlite):
    sqlite.idle(CHARGE, 0, 1)
    other = sqlite3.connect(sqlite.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    sqlite.close()  # so that it opens again with the short patience of this test
    with pytest.raises(StoreUnavailable, match="locked"):
        sqlite.busy(CHARGE, 0, 1, 10)
    other.execute("ROLLBACK")
    other.close()
    assert sqlite.busy(CHARGE, 0, 1, 10).admitted


def test_a_thread_that_waits_too_long_for_another_gives_up(sqlite):
    inside, done = threading.Event(), threading.Event()

    def hold():
        with sqlite.reading():
            inside.set()
            done.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait()
    with pytest.raises(StoreUnavailable, match="too many wait"):
        sqlite.usage("01ACCOUNT", TODAY)
    done.set()
    holder.join()


def test_a_file_of_a_newer_version_is_left_alone(tmp_path):
    path = tmp_path / "accounts.sqlite"
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 2")
    newer.close()
    store = SqliteStore(path)
    with pytest.raises(StoreUnavailable, match="newer"):
        store.usage("01ACCOUNT", TODAY)


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = SqliteStore(tmp_path / "file" / "accounts.sqlite")
    with pytest.raises(StoreUnavailable, match="no place"):
        store.usage("01ACCOUNT", TODAY)


def test_what_fails_inside_a_transaction_leaves_nothing(sqlite):
    def half_done():
        with sqlite.transaction() as db:
            db.execute("INSERT INTO usage (account_id, day) VALUES ('01ACCOUNT', ?)", (TODAY,))
            db.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(StoreUnavailable):
        half_done()
    assert sqlite.history("01ACCOUNT", TODAY, TODAY) == []
    assert sqlite.idle(CHARGE, 0, 1).admitted
