"""What only the SQLite store can do wrong."""

import sqlite3
import threading
from contextlib import closing

import pytest

from graphql_api.stores import (
    Account,
    ApiKey,
    AuditEntry,
    Charge,
    Overrides,
    Scope,
    StoreUnavailable,
    StoreUntouched,
    UsageDay,
)
from graphql_api.stores.sqlite import SqliteStore, file
from market_data.stores import sqlite_header

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
    with pytest.raises(StoreUntouched, match="locked"):
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
    with pytest.raises(StoreUntouched, match="too many wait"):
        sqlite.usage("01ACCOUNT", TODAY)
    done.set()
    holder.join()


def test_a_file_of_a_newer_version_is_left_alone(tmp_path):
    path = tmp_path / "accounts.sqlite"
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {len(file.VERSIONS) + 1}")
    newer.close()
    store = SqliteStore(path)
    with pytest.raises(StoreUnavailable, match="newer"):
        store.usage("01ACCOUNT", TODAY)


def file_of_version_1(path):
    """A file as the first version wrote it, with one of everything."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript(
        file.FIRST
        + """;
        PRAGMA user_version = 1;
        INSERT INTO accounts VALUES ('01ACCOUNT', 'Größe', 'PREMIUM', 7);
        INSERT INTO keys VALUES
            ('k', '01ACCOUNT', 'laptop', 'wxyz', 'admin keys:write', 8, 9, 10, 11, 12);
        INSERT INTO usage VALUES ('01ACCOUNT', '2026-11-21', 5, 6, 7, 'k l');
        INSERT INTO audit VALUES ('01ACCOUNT', '0', 7, 'cli', 'account.created', '{"plan": "P"}');
        """
    )
    db.close()


def check_that_nothing_was_lost(store):
    assert store.find_account("01ACCOUNT") == Account("01ACCOUNT", "Größe", "PREMIUM", 7)
    scopes = frozenset({Scope.ADMIN, Scope.KEYS_WRITE})
    key = ApiKey("k", "01ACCOUNT", "laptop", "wxyz", scopes, 8, 9, 10, 11, 12)
    assert store.list_keys("01ACCOUNT") == [key]
    assert (key.networks, key.replaces, key.replaced_by) == ((), None, None)
    assert store.usage("01ACCOUNT", TODAY) == UsageDay(TODAY, 5, 6, 7, frozenset("kl"))
    entry = AuditEntry("0", "01ACCOUNT", 7, "cli", "account.created", {"plan": "P"})
    assert store.audit_log("01ACCOUNT") == [entry]


def test_a_file_of_the_first_version_is_upgraded_in_place_and_loses_nothing(tmp_path):
    path = tmp_path / "accounts.sqlite"
    file_of_version_1(path)
    store = SqliteStore(path)
    for _ in range(2):
        check_that_nothing_was_lost(store)
        store.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(file.VERSIONS),)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    entry = AuditEntry("1", "01ACCOUNT", 9, "cli", "plan.set")
    assert store.set_plan("01ACCOUNT", "BASIC", Overrides(burst=20), entry)
    assert store.find_account("01ACCOUNT").overrides == Overrides(burst=20)
    store.close()


def test_two_who_upgrade_a_file_at_once_upgrade_it_once(tmp_path, monkeypatch):
    path = tmp_path / "accounts.sqlite"
    file_of_version_1(path)
    first, second = SqliteStore(path), SqliteStore(path)
    write_ahead = file.write_ahead

    def overtaken(connection, patience):
        monkeypatch.setattr(file, "write_ahead", write_ahead)
        check_that_nothing_was_lost(second)
        write_ahead(connection, patience)

    monkeypatch.setattr(file, "write_ahead", overtaken)
    check_that_nothing_was_lost(first)
    first.close()
    second.close()


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "accounts.sqlite"
    file_of_version_1(path)
    with monkeypatch.context() as patch:
        patch.setattr(file, "VERSIONS", (*file.VERSIONS, "CREATE TABLE new (x); nonsense"))
        with pytest.raises(StoreUnavailable, match="nonsense"):
            SqliteStore(path).find_account("01ACCOUNT")
    store = SqliteStore(path)
    check_that_nothing_was_lost(store)
    store.close()


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


def test_a_commit_that_fails_is_rolled_back_and_the_next_one_works(sqlite):
    def commit_what_cannot_be():
        with sqlite.transaction() as db:
            db.execute("PRAGMA defer_foreign_keys = ON")
            db.execute(
                "INSERT INTO keys (id, account_id, label, last_four, scopes, created_at) "
                "VALUES ('k', 'nobody', '', '', '', 0)"
            )

    with pytest.raises(StoreUnavailable, match="FOREIGN KEY") as failed:
        commit_what_cannot_be()
    assert type(failed.value) is StoreUnavailable  # only of the locked file it is sure
    assert sqlite.find_key("k") is None
    assert sqlite.idle(CHARGE, 0, 1).admitted


def test_an_error_that_rolled_back_by_itself_is_the_one_that_is_told(sqlite):
    def roll_back_inside():
        with sqlite.transaction() as db:
            db.execute("ROLLBACK")
            db.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(StoreUnavailable, match="nowhere"):
        roll_back_inside()


@pytest.fixture
def making(tmp_path):
    """A file that another process is making, and our first connection to it."""
    path = tmp_path / "new.sqlite"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    ours = sqlite3.connect(path, timeout=0, isolation_level=None)
    yield other, ours
    other.close()
    ours.close()


def test_a_new_file_is_waited_for_while_another_process_makes_it(making, monkeypatch):
    other, ours = making
    monkeypatch.setattr(sqlite_header.time, "sleep", lambda seconds: other.execute("COMMIT"))
    sqlite_header.write_ahead(ours, 60)
    assert ours.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_new_file_is_not_waited_for_longer_than_patience_lasts(making):
    _, ours = making
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        sqlite_header.write_ahead(ours, 0.05)


def test_a_new_file_that_stays_locked_is_unavailable(tmp_path, making):
    with pytest.raises(StoreUnavailable, match="locked"):
        SqliteStore(tmp_path / "new.sqlite").usage("01ACCOUNT", TODAY)
