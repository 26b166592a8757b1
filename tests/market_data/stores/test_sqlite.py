"""What is particular to bars in an SQLite file: processes, threads, slow commits and bad files."""

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from engine.types import Interval
from market_data.calendar import SECOND
from market_data.errors import StoreUnavailable, UnknownFormat
from market_data.instruments import ActionKind, CorporateAction, Instrument
from market_data.stores import SqliteBarStore

ONE_DAY = Interval.ONE_DAY
AAPL = Instrument("AAPL", calendar="XNAS", source="told")

WRITER = """
import sys
import numpy as np
from engine.types import Bars, Interval
from market_data.instruments import Instrument
from market_data.stores import SqliteBarStore

path, mine = sys.argv[1], int(sys.argv[2])
store = SqliteBarStore(path, wait=60.0)
for n in range(10):
    one = np.array([1.0])
    time = np.array([1_578_268_800_000_000 + (3 * n + mine) * 7 * 86_400_000_000])
    store.commit(
        Instrument("AAPL", calendar="24/7"), Interval.ONE_DAY, Bars(time, one, one, one, one, one)
    )
store.close()
"""


def test_bars_outlive_the_process_that_committed_them(tmp_path, daily, clock):
    path = tmp_path / "deep" / "down" / "bars.sqlite"
    with closing(SqliteBarStore(path, clock)) as store:
        known = store.commit(AAPL, ONE_DAY, daily([10, 11])).known
    clock.now = known
    with closing(SqliteBarStore(str(path), clock)) as store:
        assert store.series("AAPL", ONE_DAY).snapshot(now=clock.now).known == 2


def test_processes_that_commit_at_once_each_get_a_k_of_their_own(tmp_path):
    path = tmp_path / "bars.sqlite"
    root = Path(__file__).parents[3]
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(n)], cwd=root)
        for n in range(3)
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0]
    with closing(SqliteBarStore(path)) as store:
        series = store.series("AAPL", ONE_DAY)
    assert len(series.known) == 30
    assert len(set(series.known.tolist())) == 30


def test_threads_share_a_store(store, daily, clock):
    failures = []

    def work(n):
        try:
            for m in range(10):
                store.commit(AAPL, ONE_DAY, daily([10 + n + m / 100]), fetched_at=n * 100 + m)
                store.series("AAPL", ONE_DAY).snapshot(now=clock.now)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    known = store.series("AAPL", ONE_DAY).known
    assert len(set(known.tolist())) == len(known)


def test_a_series_is_decoded_once_until_it_changes(store, daily):
    store.commit(AAPL, ONE_DAY, daily([10]))
    first = store.series("AAPL", ONE_DAY)
    assert store.series("AAPL", ONE_DAY) is first
    store.commit(AAPL, ONE_DAY, daily([11], first=1))
    assert store.series("AAPL", ONE_DAY) is not first


def test_a_change_by_another_process_is_seen(store, tmp_path, daily, clock):
    store.commit(AAPL, ONE_DAY, daily([10]))
    assert len(store.series("AAPL", ONE_DAY).time) == 1
    with closing(SqliteBarStore(tmp_path / "bars.sqlite", clock)) as other:
        other.commit(AAPL, ONE_DAY, daily([11], first=1))
    assert len(store.series("AAPL", ONE_DAY).time) == 2


def test_memory_holds_only_so_many_bytes(tmp_path, daily, clock):
    with closing(SqliteBarStore(tmp_path / "bars.sqlite", clock, held=6_000)) as store:
        for symbol in ("AAPL", "IBM"):
            store.commit(Instrument(symbol), ONE_DAY, daily([10]))
        first = store.series("AAPL", ONE_DAY)
        store.series("IBM", ONE_DAY)
        again = store.series("AAPL", ONE_DAY)
        assert again is not first
        assert again.close.tolist() == first.close.tolist()


def test_a_commit_that_comes_too_close_to_its_k_is_redone_with_a_later_one(store, daily, clock):
    start = clock.now
    # Readings: the rules, the k, the check before the commit (late), then all over again.
    clock.ticks = [0, 0, 1_600_000]
    result = store.commit(AAPL, ONE_DAY, daily([10]))
    assert result.known == start + 1_600_000 + 2 * SECOND
    assert store.series("AAPL", ONE_DAY).known.tolist() == [result.known]


def test_a_commit_that_is_confirmed_late_is_known_later(store, daily, clock, day):
    start = clock.now
    split = CorporateAction(day("2020-01-08"), ActionKind.SPLIT, 2.0)
    # Readings: the rules, the k, the check before the commit, and the one after it (late).
    clock.ticks = [0, 0, 0, 1_600_000]
    result = store.commit(AAPL, ONE_DAY, daily([10]), [split])
    assert (result.known, result.added) == (start + 1_600_000 + 2 * SECOND, 1)
    series = store.series("AAPL", ONE_DAY)
    assert series.known.tolist() == [result.known]
    assert [one.known for one in series.actions] == [result.known]


def test_a_late_row_that_was_told_anew_meanwhile_was_never_known(store, daily, clock, tmp_path):
    other = SqliteBarStore(tmp_path / "bars.sqlite", clock, sleep=lambda seconds: None)
    start, readings = clock.now, iter(range(100))

    def slow():
        # The fourth reading comes after the write; until then another writer was faster.
        if next(readings) == 3:
            other.commit(AAPL, ONE_DAY, daily([99]), fetched_at=start + 1)
            clock.now += 1_600_000
        return clock.now

    with closing(other), closing(SqliteBarStore(tmp_path / "bars.sqlite", slow)) as store:
        result = store.commit(AAPL, ONE_DAY, daily([10, 11]), fetched_at=start)
        series = store.series("AAPL", ONE_DAY)
        assert series.close.tolist() == [99, 11]
        assert series.known.tolist() == [start + 2 * SECOND + 1, result.known]


def test_late_actions_that_another_commit_took_over_are_told_with_the_k_that_they_have(
    store, daily, clock, day, tmp_path
):
    split = CorporateAction(day("2020-01-08"), ActionKind.SPLIT, 2.0)
    other = SqliteBarStore(tmp_path / "bars.sqlite", clock, sleep=lambda seconds: None)
    readings = iter(range(100))

    def slow():
        # The fourth reading comes after the write: too late, and the rows have moved meanwhile.
        if next(readings) == 3:
            clock.now += 1_600_000
            other.commit(AAPL, ONE_DAY, daily([10]))
        return clock.now

    with closing(other), closing(SqliteBarStore(tmp_path / "bars.sqlite", slow)) as late:
        result = late.commit(AAPL, ONE_DAY, daily([]), [split])
        assert [one.known for one in late.series("AAPL", ONE_DAY).actions] == [result.known]
    assert result.actions == 1


@pytest.mark.parametrize(
    ("ticks", "said"),
    [
        # The first reading is the rules'; then a k and a check that comes too late, each time.
        ([0, *[0, 1_600_000] * 5], "not committed in time, 5 times"),
        # The commit itself is in time, and each reading after it comes too late.
        ([0, 0, 0, *[1_600_000] * 10], "not confirmed in time, 5 times"),
    ],
)
def test_a_machine_that_is_always_late_is_told_so(store, daily, clock, ticks, said):
    clock.ticks = ticks
    with pytest.raises(StoreUnavailable, match=said):
        store.commit(AAPL, ONE_DAY, daily([10]))


def test_a_commit_waits_for_another_and_then_gives_up(tmp_path, daily, clock):
    path = tmp_path / "bars.sqlite"
    with (
        closing(SqliteBarStore(path, clock, wait=0.05)) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match=r"the bars in bars.sqlite: database is locked"):
            store.commit(AAPL, ONE_DAY, daily([10]))
        assert store.instruments() == []
        other.execute("ROLLBACK")
        assert store.commit(AAPL, ONE_DAY, daily([10])).added == 1


@pytest.mark.parametrize("begin", ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE"])
def test_a_new_file_that_another_process_holds_is_waited_for(tmp_path, clock, begin):
    path = tmp_path / "bars.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute(begin)
        with pytest.raises(StoreUnavailable, match="locked"):
            SqliteBarStore(path, clock, wait=0.05)
        release = threading.Timer(0.2, other.execute, ("ROLLBACK",))
        release.start()
        with closing(SqliteBarStore(path, clock, wait=30.0)) as store:
            assert store.instruments() == []
        release.join()


def test_a_file_that_is_no_database_is_unavailable(tmp_path, clock):
    (tmp_path / "bars.sqlite").write_text("no database" * 1000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        SqliteBarStore(tmp_path / "bars.sqlite", clock)


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path, clock):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="File exists"):
        SqliteBarStore(tmp_path / "file" / "bars.sqlite", clock)


def test_a_database_of_something_else_is_left_alone(tmp_path, clock):
    path = tmp_path / "bars.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE mine (x)")
    with pytest.raises(UnknownFormat, match="a database, but not one of bars"):
        SqliteBarStore(path, clock)


def test_a_file_from_the_future_is_refused(tmp_path, clock):
    path = tmp_path / "bars.sqlite"
    SqliteBarStore(path, clock).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(UnknownFormat, match="has format 99; this software knows formats up to 2"):
        SqliteBarStore(path, clock)


def test_a_damaged_file_is_unavailable_never_wrong(tmp_path, daily, clock):
    path = tmp_path / "bars.sqlite"
    with closing(SqliteBarStore(path, clock)) as store:
        store.commit(AAPL, ONE_DAY, daily([10, 11]))
    with closing(sqlite3.connect(path)) as other:
        other.execute("DROP TABLE objects")
    with (
        closing(SqliteBarStore(path, clock)) as store,
        pytest.raises(StoreUnavailable, match="no such table"),
    ):
        store.series("AAPL", ONE_DAY)


def test_a_sealed_file_is_read_where_nothing_may_be_written(tmp_path, daily, clock):
    path = tmp_path / "bars.sqlite"
    with closing(SqliteBarStore(path, clock)) as store:
        store.commit(AAPL, ONE_DAY, daily([10, 11]))
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
    clock.sleep(10)
    path.chmod(0o444)
    with closing(SqliteBarStore(path, clock, read_only=True)) as store:
        assert store.series("AAPL", ONE_DAY).snapshot(now=clock.now).known == 2
        with pytest.raises(StoreUnavailable, match="readonly"):
            store.commit(AAPL, ONE_DAY, daily([99]))
    assert [one.name for one in tmp_path.iterdir()] == ["bars.sqlite"]


def test_a_sealed_file_must_be_there_and_hold_bars(tmp_path, clock):
    with pytest.raises(StoreUnavailable, match="unable to open"):
        SqliteBarStore(tmp_path / "none.sqlite", clock, read_only=True)
    (tmp_path / "empty.sqlite").touch()
    with pytest.raises(UnknownFormat, match="is empty"):
        SqliteBarStore(tmp_path / "empty.sqlite", clock, read_only=True)


def test_a_forked_process_opens_connections_of_its_own(store, daily, monkeypatch):
    store.commit(AAPL, ONE_DAY, daily([10]))
    parents = list(store._backend.connections._idle)
    assert parents
    monkeypatch.setattr(os, "getpid", lambda: -2)
    assert [one.symbol for one in store.instruments()] == ["AAPL"]
    assert store._backend.connections._idle[0] not in parents
    store.close()
    for connection in parents:
        connection.close()


def test_a_connection_in_use_while_the_store_is_closed_is_closed_when_given_back(store):
    with store._backend.connections.use() as connection:
        store.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


@pytest.fixture
def hasty_threads():
    """Threads that take turns after a few steps each, so that they meet in odd places."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("hasty_threads")
@pytest.mark.parametrize("number", range(30))
def test_the_same_file_is_prepared_by_many_at_once(tmp_path, clock, number):
    path, stores = tmp_path / f"{number}.sqlite", []

    def open_it():
        stores.append(SqliteBarStore(path, clock, wait=30.0))

    threads = [threading.Thread(target=open_it) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    assert len(stores) == 12
