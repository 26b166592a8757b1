"""Sentiment in a file: what only a file can suffer."""

import sqlite3
from contextlib import closing

import pytest

from market_data.errors import StoreUnavailable, UnknownFormat
from market_data.stores.sqlite_readings import SqliteReadingStore


def test_reading_makes_no_file(sqlite_readings):
    sqlite_readings.readings("AAPL")
    assert sqlite_readings.symbols() == []
    assert not sqlite_readings.path.exists()


def test_two_homes_on_one_file_see_each_other(sqlite_readings, told, clock):
    other = SqliteReadingStore(sqlite_readings.path, clock)
    sqlite_readings.commit("AAPL", told([0.2]))
    assert other.readings("AAPL").value.tolist() == [0.2]
    other.commit("AAPL", told([0.3], first=1))
    assert sqlite_readings.readings("AAPL").value.tolist() == [0.2, 0.3]


@pytest.mark.parametrize(
    ("statement", "said"),
    [("CREATE TABLE mine (x)", "not one of sentiment"), ("PRAGMA user_version = 9", "not one of")],
)
def test_another_database_is_refused_and_left_alone(tmp_path, clock, told, statement, said):
    path = tmp_path / "sentiment.sqlite"
    with closing(sqlite3.connect(path)) as file:
        file.execute(statement)
        file.commit()
    before = path.read_bytes()
    with pytest.raises(UnknownFormat, match=said):
        SqliteReadingStore(path, clock).commit("AAPL", told([0.2]))
    assert path.read_bytes() == before


def test_a_file_of_a_later_format_is_refused(sqlite_readings, told):
    sqlite_readings.commit("AAPL", told([0.2]))
    with closing(sqlite3.connect(sqlite_readings.path)) as file:
        file.execute("PRAGMA user_version = 2")
    with pytest.raises(UnknownFormat, match="format 2"):
        sqlite_readings.readings("AAPL")


def test_a_file_that_is_no_database_and_a_folder_that_is_a_file_are_unavailable(tmp_path, clock):
    path = tmp_path / "sentiment.sqlite"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(StoreUnavailable, match=r"sentiment\.sqlite"):
        SqliteReadingStore(path, clock).readings("AAPL")
    found = SqliteReadingStore(path, clock).ask(["AAPL", "IBM"])()
    assert [type(error) for error in found.values()] == [StoreUnavailable] * 2


def test_looking_again_leaves_the_rows_where_they_are(sqlite_readings, told):
    for symbol in ("AAPL", "IBM"):
        sqlite_readings.commit(symbol, told([0.2]))
    held = sqlite_readings.ask(["AAPL", "IBM"])()
    sqlite_readings.commit("IBM", told([0.4], first=1))
    found = sqlite_readings.load(["AAPL", "IBM", "NONE"], held)()
    assert list(found) == ["AAPL", "IBM"]
    assert found["AAPL"].packed is None
    assert found["IBM"].packed is not None
    assert sqlite_readings.readings("AAPL") is held["AAPL"]
    assert sqlite_readings.readings("IBM").value.tolist() == [0.2, 0.4]


def test_only_so_many_bytes_are_held_unpacked(sqlite_readings, told, clock):
    store = SqliteReadingStore(sqlite_readings.path, clock, held=10_000)
    for i in range(30):
        store.commit(f"S{i}", told([0.2]))
        store.readings(f"S{i}")
    assert 0 < store._held.bytes <= 10_000
    assert store.readings("S29") is store.readings("S29")
    assert store.readings("S0").value.tolist() == [0.2]


def test_a_commit_that_always_meets_another_gives_up(sqlite_readings, told, monkeypatch):
    monkeypatch.setattr(sqlite_readings, "swap", lambda *_: None)
    with pytest.raises(StoreUnavailable, match="came first"):
        sqlite_readings.commit("AAPL", told([0.2]))
