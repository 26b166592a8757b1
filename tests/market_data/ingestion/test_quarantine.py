"""Where rows are held until somebody decides."""

import sqlite3
from contextlib import closing

import pytest

from engine.types import Interval
from market_data.calendar import DAY, SECOND
from market_data.errors import UnknownFormat
from market_data.instruments import ActionKind
from market_data.quarantine import Quarantined, State
from market_data.sources.base import RawAction, RawBar
from market_data.sources.sifting import Refusal

NOW = 19_000 * DAY


def held(close="10", time=18_267 * DAY, symbol="ACME", fetched_at=NOW, source="told", **more):
    row = more.pop("row", RawBar(time, "10", "11", "9", close, "5"))
    why = more.pop("code", Refusal.UNCLOSED)
    reason = "the bar is not closed yet"
    return Quarantined(symbol, Interval.ONE_DAY, source, row, why, "time", reason, fetched_at)


def test_what_is_held_is_found_and_listed_as_it_was(any_quarantine):
    split = held(row=RawAction(18_267 * DAY, ActionKind.SPLIT, "0/0"), code=Refusal.BAD_ACTION)
    assert any_quarantine.put([held(), split]) == 2
    assert sorted(any_quarantine.listing(), key=lambda one: one.code) == [split, held()]
    assert any_quarantine.find(split.id) == split
    assert any_quarantine.find(held().id).time == 18_267 * DAY


def test_the_same_numbers_of_two_sources_are_two_rows(any_quarantine):
    assert any_quarantine.put([held(), held(source="other")]) == 2
    assert {one.source for one in any_quarantine.listing()} == {"told", "other"}


def test_nothing_is_there_before_anything_was_held(any_quarantine, tmp_path):
    assert any_quarantine.listing() == []
    assert any_quarantine.find("0" * 16) is None
    assert any_quarantine.decide("0" * 16, State.DROPPED, NOW) is False
    assert any_quarantine.settle("ACME", Interval.ONE_DAY, [1], NOW) == 0
    assert any_quarantine.of_series("ACME", Interval.ONE_DAY) == []
    assert any_quarantine.put([]) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_same_row_again_is_one_row_of_the_newest_fetch(any_quarantine):
    any_quarantine.put([held()])
    assert any_quarantine.put([held(fetched_at=NOW + 5)]) == 0
    assert any_quarantine.put([held(fetched_at=NOW + 1)]) == 0
    assert [one.fetched_at for one in any_quarantine.listing()] == [NOW + 5]


def test_an_unclosed_bar_is_held_once_however_often_it_is_fetched(any_quarantine):
    for i in range(5):
        assert any_quarantine.put([held(close=str(10 + i), fetched_at=NOW + i)]) == 1
    assert [one.row.close for one in any_quarantine.listing()] == ["14"]
    any_quarantine.put([held(close="3", fetched_at=NOW + 9, source="other")])
    assert len(any_quarantine.listing()) == 2


def test_what_was_decided_stays_decided(any_quarantine):
    any_quarantine.put([held()])
    assert any_quarantine.decide(held().id, State.DROPPED, NOW + SECOND)
    assert not any_quarantine.decide(held().id, State.RELEASED, NOW + SECOND)
    assert any_quarantine.put([held(fetched_at=NOW + DAY)]) == 0
    assert any_quarantine.put([held(close="12", fetched_at=NOW + DAY)]) == 1
    assert [one.row.close for one in any_quarantine.listing()] == ["12"]
    (dropped,) = any_quarantine.listing(state=State.DROPPED)
    assert (dropped.id, dropped.decided_at) == (held().id, NOW + SECOND)
    assert len(any_quarantine.listing(state=None)) == 2


def test_what_is_told_anew_is_let_go(any_quarantine):
    any_quarantine.put([held(), held(time=18_268 * DAY), held(symbol="OTHER")])
    times = [18_267 * DAY, 18_270 * DAY]
    assert any_quarantine.settle("ACME", Interval.ONE_DAY, times, NOW) == 0  # by an older fetch
    assert any_quarantine.settle("ACME", Interval.ONE_DAY, times, NOW + 1) == 1
    assert [(one.symbol, one.time) for one in any_quarantine.listing()] == [
        ("ACME", 18_268 * DAY),
        ("OTHER", 18_267 * DAY),
    ]


def test_listing_goes_on_behind_a_row_and_knows_one_symbol_alone(any_quarantine):
    rows = [held(symbol=name, time=18_267 * DAY + i) for name in ("B", "A") for i in range(3)]
    any_quarantine.put(rows)
    first = any_quarantine.listing(limit=4)
    rest = any_quarantine.listing(after=first[-1].id, limit=4)
    told = [(one.symbol, one.time - 18_267 * DAY) for one in (*first, *rest)]
    assert told == [("A", 0), ("A", 1), ("A", 2), ("B", 0), ("B", 1), ("B", 2)]
    assert len(any_quarantine.listing(symbol="B")) == 3
    assert any_quarantine.listing(after="f" * 16) == []


def test_what_was_decided_or_was_not_is_told_by_series(any_quarantine):
    rows = [held(time=(18_267 + day) * DAY) for day in range(3)]
    any_quarantine.put(rows)
    any_quarantine.decide(rows[0].id, State.RELEASED, NOW)
    any_quarantine.decide(rows[1].id, State.DROPPED, NOW)
    told = any_quarantine.of_series("ACME", Interval.ONE_DAY)
    assert {row.id: row.state for row in told} == {
        rows[0].id: State.RELEASED,
        rows[1].id: State.DROPPED,
        rows[2].id: State.HELD,
    }
    assert any_quarantine.of_series("ACME", Interval.ONE_HOUR) == []


def test_another_database_is_not_taken_for_one(quarantine, tmp_path):
    with closing(sqlite3.connect(tmp_path / "quarantine.sqlite")) as file:
        file.execute("CREATE TABLE mine (x)")
    with pytest.raises(UnknownFormat, match="not one of quarantine"):
        quarantine.put([held()])
