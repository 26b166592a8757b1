"""What every home of sentiment keeps to."""

import threading
import time

import pytest

from market_data.calendar import DAY, SECOND
from market_data.errors import BadReadings, Damaged, StoreUnavailable
from market_data.readings import MOST, Delivered
from market_data.stores.base import AHEAD, CONFIRM


def test_a_home_without_any_knows_none(readings_store):
    assert readings_store.symbols() == []
    assert len(readings_store.readings("AAPL").time) == 0


def test_what_is_committed_is_known_two_seconds_later_and_read_back(readings_store, told, clock):
    done = readings_store.commit("AAPL", told([0.2, 0.4]))
    assert (done.known, done.added, done.restated) == (clock.now + AHEAD, 2, 0)
    kept = readings_store.readings("AAPL")
    assert (kept.value.tolist(), kept.origins) == ([0.2, 0.4], ("told",))
    assert kept.heard(clock.now, clock.now) is None
    clock.sleep(2)
    assert kept.heard(clock.now, clock.now) is not None


def test_the_same_again_changes_nothing(readings_store, told):
    readings_store.commit("AAPL", told([0.2, 0.4]))
    version = readings_store.readings("AAPL").version
    assert readings_store.commit("AAPL", told([0.2, 0.4])).known is None
    assert readings_store.readings("AAPL").version == version


def test_a_newer_fetch_that_says_the_same_is_remembered_and_known_no_later(
    readings_store, told, clock
):
    readings_store.commit("AAPL", told([0.2]))
    clock.sleep(60)
    assert readings_store.commit("AAPL", told([0.2])).known is None
    kept = readings_store.readings("AAPL")
    assert (kept.pending, kept.fetched.tolist()) == (0, [clock.now])
    outdated = told([0.7], fetched_at=clock.now - SECOND)
    assert readings_store.commit("AAPL", outdated).restated == 0


def test_each_commit_is_known_after_the_last(readings_store, told):
    known = [readings_store.commit("AAPL", told([0.2], first=i)).known for i in range(3)]
    assert known == sorted(set(known))


def test_symbols_are_kept_apart_and_listed(readings_store, told):
    readings_store.commit("MSFT", told([0.9]))
    readings_store.commit("AAPL", told([0.1]))
    assert readings_store.symbols() == ["AAPL", "MSFT"]
    assert readings_store.readings("MSFT").value.tolist() == [0.9]


def test_several_symbols_are_read_at_once_and_those_without_any_have_none(readings_store, told):
    for i, symbol in enumerate(("AAPL", "IBM", "MSFT")):
        readings_store.commit(symbol, told([0.1 * i]))
    found = readings_store.ask(["MSFT", "NONE", "AAPL", "MSFT", "it's", ""])()
    assert list(found) == ["MSFT", "NONE", "AAPL", "it's", ""]
    assert [kept.value.tolist() for kept in found.values()] == [[0.2], [], [0.0], [], []]
    assert found["MSFT"] is readings_store.readings("MSFT")  # of that version, held
    assert readings_store.ask([])() == {}


def test_where_one_symbol_is_damaged_the_others_are_read(readings_store, told, damage):
    readings_store.commit("AAPL", told([0.2]))
    readings_store.commit("IBM", told([0.4]))
    damage(readings_store, "IBM")
    found = readings_store.ask(["IBM", "AAPL"])()
    assert found["AAPL"].value.tolist() == [0.2]
    assert isinstance(found["IBM"], Damaged)
    assert "IBM" in str(found["IBM"])
    with pytest.raises(Damaged):
        readings_store.readings("IBM")


def test_a_commit_that_is_confirmed_too_late_is_known_later(readings_store, told, clock):
    early = clock.now + AHEAD
    clock.ticks = [0, AHEAD - CONFIRM]  # its k, then the look whether it came in time
    done = readings_store.commit("AAPL", told([0.2]))
    assert done.known >= early + AHEAD - CONFIRM
    assert readings_store.readings("AAPL").known.tolist() == [done.known]


def test_a_commit_whose_writer_is_gone_is_taken_along_by_the_next(
    readings_store, told, clock, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(readings_store, "_confirm", lambda *_: 0)  # killed before it confirms
        readings_store.commit("AAPL", told([0.2]))
    clock.sleep(60)
    left = readings_store.readings("AAPL")
    assert left.pending
    assert left.horizon == left.pending - 1 < clock.now
    done = readings_store.commit("AAPL", told([0.2]))  # the queue brings it again
    assert done.known == clock.now + AHEAD
    after = readings_store.readings("AAPL")
    assert (after.pending, after.known.tolist()) == (0, [done.known])
    assert after.heard(clock.now, clock.now) is None


def test_a_home_that_is_always_too_slow_says_so(readings_store, told, clock):
    clock.ticks = [AHEAD] * 100
    with pytest.raises(StoreUnavailable, match="AAPL"):
        readings_store.commit("AAPL", told([0.2]))


def test_too_many_are_refused_and_nothing_is_kept(readings_store, told, clock):
    import numpy as np

    readings_store.commit("AAPL", told([0.2]))
    time = np.arange(MOST, dtype=np.int64) + SECOND
    many = Delivered(time, time, np.full(MOST, 0.5), "told", clock.now)
    with pytest.raises(BadReadings):
        readings_store.commit("AAPL", many)
    assert readings_store.readings("AAPL").value.tolist() == [0.2]


def test_commits_at_once_lose_none_and_no_answer_changes(readings_store, told, clock, monkeypatch):
    # Pauses are real, and the common clock stands still in them: else they make commits late.
    monkeypatch.setattr(readings_store, "_sleep", time.sleep)
    answers = []

    def deliver(i):
        readings_store.commit("AAPL", told([0.01 * i], first=i))

    threads = [threading.Thread(target=deliver, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = readings_store.readings("AAPL")
    assert sorted(kept.value.tolist()) == pytest.approx([0.01 * i for i in range(6)])
    assert kept.pending == 0
    for known in sorted(kept.known.tolist()):
        heard = kept.heard(clock.now + 30 * DAY, known)
        answers.append(heard.data_version)
    readings_store.commit("AAPL", told([0.9], fetched_at=clock.now + DAY))
    after = readings_store.readings("AAPL")
    for known, version in zip(sorted(kept.known.tolist()), answers, strict=True):
        assert after.heard(clock.now + 30 * DAY, known).data_version == version


def test_a_confirmation_that_is_lost_is_made_again(readings_store, told, monkeypatch):
    swap, lost = readings_store.swap, []

    def second_lost(before, after):
        lost.append(after)
        return None if len(lost) == 2 else swap(before, after)

    monkeypatch.setattr(readings_store, "swap", second_lost)
    done = readings_store.commit("AAPL", told([0.2]))
    kept = readings_store.readings("AAPL")
    assert (kept.pending, kept.known.tolist()) == (0, [done.known])
    assert len(lost) == 3


def test_within_its_freshness_nothing_is_asked_and_no_later_moment_is_spoken_of(
    readings_store, told, clock, monkeypatch
):
    asked, load = [], readings_store.load
    monkeypatch.setattr(readings_store, "_fresh_for", 5 * SECOND)
    monkeypatch.setattr(
        readings_store, "load", lambda symbols, held: asked.append(symbols) or load(symbols, held)
    )
    known = readings_store.commit("AAPL", told([0.2])).known
    clock.sleep(10)
    read_at = clock.now
    asked.clear()
    first = readings_store.ask(["AAPL", "NONE"])()
    assert (first["AAPL"].horizon, first["NONE"].horizon) == (read_at, read_at)
    assert first["AAPL"].known.tolist() == [known]
    clock.sleep(4.9)
    again = readings_store.ask(["NONE", "AAPL"])()
    assert {one: rows.horizon for one, rows in again.items()} == {"AAPL": read_at, "NONE": read_at}
    assert asked == [["AAPL", "NONE"]]
    clock.sleep(0.1)
    later = readings_store.ask(["AAPL", "NONE", "IBM"])()
    assert [rows.horizon for rows in later.values()] == [clock.now] * 3
    assert asked[1:] == [["AAPL", "NONE", "IBM"]]
    # Whoever writes asks the home itself, and then hears of what was written.
    second = readings_store.commit("AAPL", told([0.3], first=1)).known
    assert readings_store.ask(["AAPL"])()["AAPL"].known.tolist() == [known, second]


def test_a_clock_that_was_set_back_keeps_nothing_fresh(readings_store, told, clock, monkeypatch):
    monkeypatch.setattr(readings_store, "_fresh_for", 5 * SECOND)
    readings_store.ask(["AAPL"])()
    clock.now -= 60 * SECOND
    assert readings_store.ask(["AAPL"])()["AAPL"].horizon == clock.now
