"""A batch into the store: what is good is answered, the rest is held with its reason."""

from contextlib import closing

import pytest

from engine.types import Interval
from market_data.bars import WITHDRAWN
from market_data.calendar import DAY, SECOND
from market_data.errors import BadInstrument, NothingKept, NotReleasable, StoreUnavailable
from market_data.ingest import Ingestion
from market_data.instruments import ActionKind, Instrument
from market_data.quarantine import State
from market_data.sources.base import RawAction
from market_data.sources.sifting import Refusal
from market_data.stores import SqliteBarStore
from tests.market_data.ingestion.conftest import ACME, MONDAY

PRICES = ("open", "high", "low", "close")


def codes(quarantine):
    return [one.code for one in quarantine.listing()]


def test_what_keeps_the_rules_is_kept_and_nothing_is_held(ingestion, batch, closes, quarantine):
    done = ingestion.take(ACME, batch([10, 11, 12]))
    assert (done.result.added, done.held, done.withdrawn) == (3, (), ())
    assert closes() == [10, 11, 12]
    assert codes(quarantine) == []


def test_each_bad_row_is_held_with_its_reason_and_the_good_ones_are_kept(
    ingestion, batch, closes, quarantine
):
    changed = {
        1: {"high": "1"},
        2: {"close": "NaN"},
        3: {"time": MONDAY + 2 * DAY + 7 * SECOND},
        4: {"open": "ten"},
        6: {"low": "0"},
    }
    ingestion.take(ACME, batch([10, 11, 12, 13, 14, 15, 16], changed=changed))
    assert closes() == [10, 15]
    assert sorted(codes(quarantine)) == sorted(
        [
            Refusal.BROKEN_PRICES,
            Refusal.NOT_FINITE,
            Refusal.OFF_GRID,
            Refusal.NOT_A_NUMBER,
            Refusal.OUT_OF_RANGE,
        ]
    )
    assert all(one.reason and one.row for one in quarantine.listing())


def test_an_unclosed_bar_is_held_until_it_is_told_closed(
    ingestion, batch, closes, quarantine, clock
):
    days = [10 + i * 0.1 for i in range(57)]  # the last is of 2020-03-02, whose noon it is
    ingestion.take(ACME, batch(days))
    assert codes(quarantine) == [Refusal.UNCLOSED]
    assert len(closes()) == 56
    clock.sleep(DAY // SECOND)
    ingestion.take(ACME, batch([16], first=56))
    assert closes()[-1] == 16
    assert quarantine.listing(state=None) == []


def test_the_same_batch_again_changes_nothing(ingestion, batch, closes, quarantine):
    bad = batch([10, 11, 12], changed={1: {"high": "1"}})
    ingestion.take(ACME, bad)
    again = ingestion.take(ACME, bad)
    assert (again.result.known, again.result.unchanged) == (None, 2)
    assert len(quarantine.listing()) == 1


def test_a_jump_is_kept_until_the_next_bar_contradicts_it(
    ingestion, batch, closes, quarantine, clock, store
):
    ingestion.take(ACME, batch([100, 101, 10]))
    assert closes() == [100, 101, 10]
    before = clock.now + 2 * SECOND
    clock.sleep(10)
    done = ingestion.take(ACME, batch([102], first=3))
    assert done.withdrawn == (MONDAY + 2 * DAY,)
    assert closes() == [100, 101, 102]
    assert closes(as_of=before) == [100, 101, 10]  # for ever
    (row,) = quarantine.listing()
    assert (row.code, row.time, row.row.close) == (
        Refusal.CONTRADICTED,
        MONDAY + 2 * DAY,
        "10.0",
    )
    assert "between 101 and 102" in row.reason


def test_a_contradicted_jump_within_a_batch_is_never_kept(
    ingestion, batch, closes, quarantine, clock
):
    ingestion.take(ACME, batch([100, 10, 101]))
    assert closes() == [100, 101]
    assert codes(quarantine) == [Refusal.CONTRADICTED]
    clock.sleep(10)
    # Its source goes on saying so.
    ingestion.take(ACME, batch([100, 10, 101, 102]))
    assert closes() == [100, 101, 102]
    assert len(quarantine.listing()) == 1


def test_what_was_taken_back_stays_so_while_its_source_goes_on_saying_it(
    ingestion, batch, closes, quarantine, clock
):
    ingestion.take(ACME, batch([100, 101, 10]))
    for i in range(3):
        clock.sleep(10)
        ingestion.take(ACME, batch([100, 101, 10, 102, 103][: 4 + min(i, 1)]))
    assert closes() == [100, 101, 102, 103]
    clock.sleep(10)
    ingestion.take(ACME, batch([100, 101, 101.5, 102, 103]))  # corrected
    assert closes() == [100, 101, 101.5, 102, 103]
    assert quarantine.listing() == []


def test_a_true_jump_is_released_by_hand_and_stays(ingestion, batch, closes, quarantine, clock):
    ingestion.take(ACME, batch([100, 10, 101]))
    (row,) = quarantine.listing()
    clock.sleep(10)
    ingestion.release(row.id)
    assert closes() == [100, 10, 101]
    clock.sleep(10)
    ingestion.take(ACME, batch([100, 10, 101, 99]))
    assert closes() == [100, 10, 101, 99]
    assert quarantine.listing() == []
    assert [one.state for one in quarantine.listing(state=None)] == [State.RELEASED]


def test_what_was_taken_back_is_put_back_when_it_is_released(
    ingestion, batch, closes, quarantine, clock, store
):
    ingestion.take(ACME, batch([100, 101, 10]))
    clock.sleep(10)
    ingestion.take(ACME, batch([102], first=3))
    clock.sleep(10)
    ingestion.release(quarantine.listing()[0].id)
    assert closes() == [100, 101, 10, 102]
    now = clock.now + 10 * SECOND
    snapshot = store.series("ACME", Interval.ONE_DAY).snapshot(now=now)
    assert snapshot.source == "told + released by hand"


def test_a_dropped_row_is_not_held_again(ingestion, batch, closes, quarantine, clock):
    bad = batch([10, 11], changed={1: {"high": "1"}})
    ingestion.take(ACME, bad)
    row = quarantine.listing()[0]
    ingestion.drop(row.id)
    ingestion.take(ACME, bad)
    assert quarantine.listing() == []
    with pytest.raises(NothingKept, match="dropped already"):
        ingestion.drop(row.id)
    with pytest.raises(NothingKept, match="dropped already"):
        ingestion.release(row.id)
    with pytest.raises(NothingKept, match="in quarantine"):
        ingestion.release("no such row")


def test_what_breaks_a_rule_cannot_be_released(ingestion, batch, closes, quarantine, clock):
    today = [10 + i * 0.1 for i in range(57)]
    split = RawAction(MONDAY, ActionKind.SPLIT, "1/0")
    ingestion.take(ACME, batch(today, changed={1: {"high": "1"}}, actions=[split]))
    for row in quarantine.listing():
        with pytest.raises(NotReleasable, match=row.id):
            ingestion.release(row.id)
    assert len(quarantine.listing()) == 3
    clock.sleep(7 * DAY // SECOND)
    unclosed = next(one for one in quarantine.listing() if one.code is Refusal.UNCLOSED)
    with pytest.raises(NotReleasable, match="not closed"):  # its numbers are those of its noon
        ingestion.release(unclosed.id)


def test_a_split_explains_a_jump_and_is_kept_with_it(ingestion, batch, closes, quarantine):
    split = RawAction(MONDAY + DAY, ActionKind.SPLIT, "4/1")
    ingestion.take(ACME, batch([100, 25, 25.5], actions=[split]))
    assert codes(quarantine) == []
    assert closes() == [25, 25, 25.5]


def test_a_second_source_contradicts_a_jump_and_is_not_kept_itself(
    ingestion, batch, closes, quarantine
):
    second = batch([100, 99, 98, 97], source="other")
    done = ingestion.take(ACME, batch([100, 40, 39]), second)
    assert [one.code for one in done.held] == [Refusal.CONTRADICTED]
    assert "where other has 99" in done.held[0].reason
    assert closes() == [100, 39]


def test_another_source_of_a_kept_symbol_is_refused_and_nothing_is_held(
    ingestion, batch, quarantine
):
    ingestion.take(ACME, batch([10]))
    with pytest.raises(BadInstrument, match="is kept from 'told'"):
        ingestion.take(Instrument("ACME", source="new", calendar="24/7"), batch([11], changed={}))
    assert quarantine.listing() == []


def test_what_is_lost_between_commit_and_quarantine_is_held_when_the_batch_comes_again(
    ingestion, batch, closes, quarantine, monkeypatch
):
    bad = batch([10, 11, 12], changed={1: {"high": "1"}})

    def killed(_):
        raise StoreUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(quarantine, "put", killed)
        with pytest.raises(StoreUnavailable):
            ingestion.take(ACME, bad)
    assert closes() == [10, 12]
    ingestion.take(ACME, bad)
    assert codes(quarantine) == [Refusal.BROKEN_PRICES]


def test_what_was_taken_back_is_held_though_its_worker_was_killed_right_after(
    ingestion, batch, closes, quarantine, store, clock, monkeypatch
):
    ingestion.take(ACME, batch([100, 101, 10]))
    clock.sleep(10)
    contradicting = batch([102], first=3)
    commit = store.commit

    def killed(*arguments, origin, **options):
        commit(*arguments, origin=origin, **options)
        if origin == WITHDRAWN:
            raise StoreUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(store, "commit", killed)
        with pytest.raises(StoreUnavailable):
            ingestion.take(ACME, contradicting)
    clock.sleep(10)
    ingestion.take(ACME, contradicting)
    assert closes() == [100, 101, 102]
    assert [one.row.close for one in quarantine.listing()] == ["10.0"]


def test_a_batch_of_nothing_is_nothing(ingestion, batch, store):
    done = ingestion.take(ACME, batch([]))
    assert (done.result.known, done.held) == (None, ())


def test_an_older_batch_that_comes_late_neither_changes_nor_contradicts(
    ingestion, batch, closes, clock
):
    late = batch([10, 11.5, 12], fetched_at=clock.now - DAY)
    ingestion.take(ACME, batch([10, 11, 12]))
    ingestion.take(ACME, late)
    assert closes() == [10, 11, 12]


def test_a_wrong_number_in_place_of_a_good_one_is_held_and_the_good_one_stays(
    ingestion, batch, closes, quarantine, clock
):
    ingestion.take(ACME, batch([100, 101, 102]))
    clock.sleep(10)
    done = ingestion.take(ACME, batch([100, 10.1, 102, 103]))
    assert (done.withdrawn, done.result.restated) == ((), 0)
    assert [one.row.close for one in done.held] == ["10.1"]
    assert closes() == [100, 101, 102, 103]


def test_a_wrong_number_in_place_of_a_wrong_one_is_held_and_neither_is_answered(
    ingestion, batch, closes, quarantine, clock
):
    ingestion.take(ACME, batch([100, 101, 10]))
    clock.sleep(10)
    done = ingestion.take(ACME, batch([9, 102], first=2))
    assert done.withdrawn == (MONDAY + 2 * DAY,)
    assert [one.row.close for one in quarantine.listing()] == ["9"]
    assert closes() == [100, 101, 102]


def test_an_older_batch_takes_nothing_back_that_a_newer_one_told(
    ingestion, batch, closes, quarantine, clock
):
    ingestion.take(ACME, batch([100, 101, 10, 10.2]))
    done = ingestion.take(ACME, batch([102], first=3, fetched_at=clock.now - DAY))
    assert (done.withdrawn, done.held, done.result.outdated) == ((), (), 1)
    assert closes() == [100, 101, 10, 10.2]
    assert quarantine.listing() == []


def test_a_second_source_that_has_jumped_as_well_confirms_what_the_next_bar_contradicts(
    ingestion, batch, closes, quarantine, clock
):
    done = ingestion.take(ACME, batch([100, 8.2, 99]), batch([100, 8.4, 98], source="other"))
    assert (done.held, closes()) == ((), [100, 8.2, 99])
    assert quarantine.listing() == []
    (row,) = quarantine.listing(state=None)
    assert (row.state, row.row.close) == (State.RELEASED, "8.2")
    assert row.reason.endswith("the next bar contradicts the jump, and other has 8.4")
    clock.sleep(10)
    # Nobody asks a second time: what was confirmed stays so.
    assert ingestion.take(ACME, batch([100, 8.2, 99, 98])).held == ()
    assert closes() == [100, 8.2, 99, 98]


def test_what_was_taken_back_is_put_back_once_a_second_source_confirms_it(
    ingestion, batch, closes, quarantine, clock, store
):
    ingestion.take(ACME, batch([100, 101, 10]))
    clock.sleep(10)
    ingestion.take(ACME, batch([102], first=3))
    assert closes() == [100, 101, 102]
    clock.sleep(10)
    before = clock.now
    second = batch([100, 101, 10, 102], source="other")
    done = ingestion.take(ACME, batch([101, 10, 102], first=1), second)
    assert (done.result.restated, done.held) == (1, ())
    assert done.result.known == clock.now + 2 * SECOND
    assert closes() == [100, 101, 10, 102]
    assert closes(as_of=before) == [100, 101, 102]
    assert quarantine.listing() == []
    snapshot = store.series("ACME", Interval.ONE_DAY).snapshot(now=clock.now + 10 * SECOND)
    assert snapshot.source == "told + confirmed by another source"
    assert snapshot.origins == ("told",)  # whose licence it needs
    clock.sleep(10)
    assert ingestion.take(ACME, batch([101, 10, 102], first=1)).withdrawn == ()
    assert closes() == [100, 101, 10, 102]


def test_a_kept_jump_is_confirmed_when_the_bar_comes_that_would_contradict_it(
    ingestion, batch, closes, clock
):
    ingestion.take(ACME, batch([100, 101, 10]))
    clock.sleep(10)
    second = batch([100, 101, 10, 102], source="other")
    done = ingestion.take(ACME, batch([102], first=3), second)
    assert (done.withdrawn, done.held) == ((), ())
    clock.sleep(10)
    ingestion.take(ACME, batch([102, 103], first=3))
    assert closes() == [100, 101, 10, 102, 103]


@pytest.mark.parametrize(
    ("close", "other", "held"),
    [
        (8.2, "NaN", 1),  # it has no such bar
        (58, "65", 1),  # it is near, and has not jumped
        (58, "58", 0),
        (8.2, "9.8", 0),
        (8.2, "11", 1),
    ],
)
def test_a_second_source_confirms_what_it_has_itself_and_has_jumped(
    ingestion, batch, quarantine, close, other, held
):
    second = batch([100, 1, 98], source="other", changed={1: dict.fromkeys(PRICES, other)})
    ingestion.take(ACME, batch([100, close, 99]), second)
    assert len(quarantine.listing()) == held


def test_what_somebody_dropped_no_second_source_confirms(ingestion, batch, closes, quarantine):
    wrong = batch([100, 8.2, 99])
    ingestion.take(ACME, wrong)
    ingestion.drop(quarantine.listing()[0].id)
    done = ingestion.take(ACME, wrong, batch([100, 8.2, 99], source="other"))
    assert (done.held, closes()) == ((), [100, 99])
    assert [one.state for one in quarantine.listing(state=None)] == [State.DROPPED]


def test_what_was_released_no_second_source_contradicts(ingestion, batch, closes, quarantine):
    second = batch([100, 99, 98], source="other")
    ingestion.take(ACME, batch([100, 40, 39]), second)
    ingestion.release(quarantine.listing()[0].id)
    done = ingestion.take(ACME, batch([100, 40, 39]), second)
    assert (done.held, done.withdrawn, closes()) == ((), (), [100, 40, 39])


def test_what_was_released_vouches_for_its_own_close_alone(
    ingestion, batch, closes, quarantine, clock
):
    ingestion.take(ACME, batch([100, 8.2, 99]))
    ingestion.release(quarantine.listing()[0].id)
    clock.sleep(10)
    ingestion.take(ACME, batch([100, 8.3, 99]))
    assert closes() == [100, 8.3, 99]
    clock.sleep(10)
    ingestion.take(ACME, batch([100, 830, 99]))
    assert closes() == [100, 8.3, 99]
    assert [one.row.close for one in quarantine.listing()] == ["830"]


def test_a_dropped_row_that_holds_no_number_decides_about_no_other(
    ingestion, batch, closes, quarantine, clock
):
    ingestion.take(ACME, batch([100, 101, 102], changed={1: {"close": "n/a"}}))
    ingestion.drop(quarantine.listing()[0].id)
    clock.sleep(10)
    second = batch([100, 10, 102], source="other")
    ingestion.take(ACME, batch([100, 10.1, 102]), second)
    assert closes() == [100, 10.1, 102]


def test_a_row_of_a_symbol_that_is_kept_no_more_is_not_released(
    ingestion, batch, quarantine, tmp_path, clock
):
    ingestion.take(ACME, batch([100, 8.2, 99]))
    with (
        closing(SqliteBarStore(tmp_path / "empty.sqlite", clock)) as empty,
        pytest.raises(NothingKept, match="no bars of ACME are kept any more"),
    ):
        Ingestion(empty, quarantine).release(quarantine.listing()[0].id)


def test_what_stands_of_a_batch_is_told_of_beside_the_good_bar_that_stays(
    ingestion, batch, closes, quarantine, clock
):
    ingestion.take(ACME, batch([100, 61]))
    clock.sleep(10)
    done = ingestion.take(ACME, batch([100, 1000, 120, 61]))
    assert [one.row.close for one in done.held] == ["1000"]
    assert closes() == [100, 61, 120, 61]
    assert [one.time for one in done.jumps] == [MONDAY + 2 * DAY, MONDAY + 3 * DAY]
