"""Files of the first format, a row a bar, are brought to chunks and answer as they did."""

import sqlite3
from contextlib import closing

import pytest

from engine.types import Interval
from market_data.bars import Adjustment
from market_data.calendar import DAY, SECOND
from market_data.errors import UnknownFormat
from market_data.instruments import ActionKind, CorporateAction, Instrument
from market_data.stores import SqliteBarStore, StoredInterval

ONE_DAY, ONE_WEEK = Interval.ONE_DAY, Interval.ONE_WEEK
MONDAY = 18_267 * DAY
K = MONDAY + 50 * DAY
LAYOUT = """
CREATE TABLE instruments (
    symbol TEXT PRIMARY KEY, name TEXT, tick REAL NOT NULL, calendar TEXT NOT NULL,
    source TEXT NOT NULL, source_symbol TEXT NOT NULL,
    version INTEGER NOT NULL, last_known INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE bars (
    symbol TEXT NOT NULL, interval TEXT NOT NULL, time INTEGER NOT NULL, known INTEGER NOT NULL,
    fetched INTEGER NOT NULL, origin TEXT NOT NULL,
    open REAL NOT NULL, high REAL NOT NULL, low REAL NOT NULL, close REAL NOT NULL,
    volume REAL NOT NULL,
    PRIMARY KEY (symbol, interval, time, known)
) WITHOUT ROWID;
CREATE TABLE actions (
    symbol TEXT NOT NULL, ex_time INTEGER NOT NULL, kind TEXT NOT NULL, known INTEGER NOT NULL,
    fetched INTEGER NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (symbol, ex_time, kind, known)
) WITHOUT ROWID;
PRAGMA application_id = 1229996612;
PRAGMA user_version = 1;
"""


def bar(interval, time, known, close, origin="told"):
    return ("AAPL", interval, time, known, known - SECOND, origin, close, close, close, close, 7.0)


@pytest.fixture
def path(tmp_path):
    """AAPL by days and weeks, one day told anew from a file, a split; IBM without any bars."""
    path = tmp_path / "bars.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.executescript(LAYOUT)
        file.executemany(
            "INSERT INTO instruments VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                ("AAPL", "Apple Inc.", 0.01, "XNAS", "told", "AAPL.O", 3, K + 20 * SECOND),
                ("IBM", None, 0.5, "XNYS", "other", "IBM", 0, 0),
            ],
        )
        file.executemany(
            "INSERT INTO bars VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *(bar("ONE_DAY", MONDAY + n * DAY, K, 10.0 + n) for n in range(3)),
                bar("ONE_DAY", MONDAY + DAY, K + 10 * SECOND, 99.25, "file"),
                bar("ONE_WEEK", MONDAY, K, 1 / 3),
            ],
        )
        file.execute(
            "INSERT INTO actions VALUES ('AAPL', ?, 'SPLIT', ?, ?, 2.0)",
            (MONDAY + 2 * DAY, K + 20 * SECOND, K),
        )
    return path


def test_what_was_known_stays_known_from_the_same_moments(path, clock):
    with closing(SqliteBarStore(path, clock)) as store:
        assert store.instruments() == [
            Instrument("AAPL", "Apple Inc.", 0.01, "XNAS", "told", "AAPL.O"),
            Instrument("IBM", None, 0.5, "XNYS", "other"),
        ]
        assert store.intervals("AAPL") == [
            StoredInterval(ONE_DAY, MONDAY, MONDAY + 2 * DAY, 3),
            StoredInterval(ONE_WEEK, MONDAY, MONDAY, 1),
        ]
        assert store.series("IBM", ONE_DAY) is None
        series = store.series("AAPL", ONE_DAY)
        assert series.version == 3

        def told(as_of, adjustment=Adjustment.RAW):
            found = series.snapshot(as_of=as_of, now=clock.now, adjustment=adjustment)
            return found.bars.close.tolist(), found.source

        assert told(K - 1) == ([], "told")
        assert told(K) == ([10, 11, 12], "told")
        assert told(K + 10 * SECOND) == ([10, 99.25, 12], "told + file")
        assert told(clock.now, Adjustment.SPLITS) == ([5, 49.625, 12], "told + file")
        assert store.series("AAPL", ONE_WEEK).close.tolist() == [1 / 3]


def test_it_goes_on_as_if_it_had_always_been_so(path, clock, daily):
    with closing(SqliteBarStore(path, clock)) as store:
        apple = store.instrument("AAPL")
        stale = store.commit(apple, ONE_DAY, daily([77]), fetched_at=K - 2 * SECOND)
        assert (stale.known, stale.outdated) == (None, 1)
        split = CorporateAction(MONDAY + 2 * DAY, ActionKind.SPLIT, 2.0)
        again = store.commit(apple, ONE_DAY, daily([10, 98]), [split])
        assert (again.added, again.restated, again.unchanged, again.actions) == (0, 2, 0, 0)
        assert again.known == clock.now + 2 * SECOND
    with closing(SqliteBarStore(path, clock)) as store:
        assert len(store.series("AAPL", ONE_DAY).time) == 6
    with closing(sqlite3.connect(path)) as file:
        tables = {name for (name,) in file.execute("SELECT name FROM sqlite_master")}
        assert not tables & {"bars", "instruments", "actions"}


def test_one_that_may_not_be_written_says_what_to_do(path, clock):
    with pytest.raises(UnknownFormat, match="has format 1 and may not be written; opened once"):
        SqliteBarStore(path, clock, read_only=True)


def test_an_upgrade_that_is_interrupted_changes_nothing(path, clock, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("market_data.stores.format_one.swap", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            SqliteBarStore(path, clock)
    with closing(SqliteBarStore(path, clock)) as store:
        assert len(store.series("AAPL", ONE_DAY).time) == 4
