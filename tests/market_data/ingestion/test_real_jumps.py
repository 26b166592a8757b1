"""What happens to prices in the world, and what an operator is told of it."""

import numpy as np

from engine.types import Bars, Interval
from market_data.bars import BY_HAND, Adjustment
from market_data.calendar import DAY
from market_data.instruments import ActionKind, CorporateAction
from market_data.quarantine import State
from market_data.sources.base import RawAction
from tests.market_data.ingestion.conftest import ACME, MONDAY

NOTHING = Bars(np.zeros(0, np.int64), *[np.zeros(0)] * 5)


def split(day, ratio):
    return RawAction(MONDAY + day * DAY, ActionKind.SPLIT, ratio)


def reasons(done):
    return [one.reason for one in done.jumps]


def test_a_split_that_is_announced_after_its_bars_is_told_until_it_comes_and_then_explained(
    ingestion, batch, closes, quarantine, clock
):
    ingestion.take(ACME, batch([2000, 2010]))
    first = ingestion.take(ACME, batch([101], first=2))
    assert (closes(), first.held) == ([2000, 2010, 101], ())
    assert reasons(first) == [
        "a close of 101 after 2010 is over 40% away, and no split or dividend that is told "
        "explains it; a split of 20 for 1 would"
    ]
    assert first.jumps[0].time == MONDAY + 2 * DAY
    before = clock.now + 5_000_000
    clock.sleep(3600)
    late = ingestion.take(ACME, batch([101, 102], first=2, actions=[split(2, "20")]))
    assert (late.jumps, late.held) == ((), ())
    assert closes() == [100, 100.5, 101, 102]
    assert closes(before) == [2000, 2010, 101]  # as it was known then
    assert quarantine.listing() == []


def test_a_split_that_is_never_announced_is_told_once_and_its_bars_are_kept(
    ingestion, batch, closes, clock
):
    done = ingestion.take(ACME, batch([300, 301, 100, 101, 102]))
    assert [one.split("; ")[1] for one in reasons(done)] == ["a split of 3 for 1 would"]
    clock.sleep(60)
    again = ingestion.take(ACME, batch([100, 101, 102, 103], first=2))
    assert (again.jumps, again.held) == ((), ())
    assert closes() == [300, 301, 100, 101, 102, 103]


def test_a_split_that_is_dated_a_day_late_holds_the_bar_and_says_that_its_date_may_be_wrong(
    ingestion, batch, closes, quarantine, clock
):
    ingestion.take(ACME, batch([100, 100, 5, 5.1]))
    clock.sleep(60)
    done = ingestion.take(ACME, batch([100, 5, 5.1, 5.2], first=1, actions=[split(3, "20")]))
    (held,) = done.held
    assert held.reason == (
        "a close of 5 between 100 and 5.1: the next bar contradicts the jump, with the split of "
        "20 for 1 of 2020-01-09; see that its date is right"
    )
    assert closes() == [5, 5, 5.1, 5.2]  # without the bar that would read 0.25
    # The split that was told wrongly is taken back, the right one told, and the bar put back.
    clock.sleep(60)
    right = batch([5.3], first=5, actions=[split(3, "1"), split(2, "20")])
    ingestion.take(ACME, right)
    clock.sleep(60)
    ingestion.release(held.id)
    assert closes() == [5, 5, 5, 5.1, 5.2, 5.3]
    again = ingestion.take(ACME, batch([100, 5, 5.1], first=1))
    assert (again.held, again.jumps) == ((), ())


def test_a_special_dividend_explains_what_it_takes_off(ingestion, batch, store, clock):
    paid = RawAction(MONDAY + 2 * DAY, ActionKind.DIVIDEND, "55")
    done = ingestion.take(ACME, batch([100, 100, 45, 46], actions=[paid]))
    assert (done.jumps, done.held) == ((), ())
    untold = ingestion.take(ACME, batch([46, 20], first=4))
    assert "no split or dividend that is told explains it" in reasons(untold)[0]
    series = store.series("ACME", Interval.ONE_DAY)
    whole = Adjustment.SPLITS_AND_DIVIDENDS
    bars = series.snapshot(now=clock.now + 10_000_000, adjustment=whole).bars
    assert bars.close[:4].tolist() == [45, 45, 45, 46]


def test_a_stock_that_truly_falls_by_70_percent_is_kept_and_told(ingestion, batch, closes):
    done = ingestion.take(ACME, batch([100, 101, 30.1, 29, 31]))
    assert closes() == [100, 101, 30.1, 29, 31]
    assert done.held == ()
    # No split of the usual kind comes near 3.36, so none is guessed.
    assert reasons(done) == [
        "a close of 30.1 after 101 is over 40% away, and no split or dividend that is told "
        "explains it"
    ]


def test_a_flash_crash_within_a_bar_is_a_low_and_nothing_else(ingestion, batch, closes):
    done = ingestion.take(ACME, batch([100, 101, 99], changed={1: {"low": "8.2", "open": "100"}}))
    assert (closes(), done.held, done.jumps) == ([100, 101, 99], (), ())


def test_a_flash_crash_at_a_close_is_held_and_stays_once_somebody_says_it_was_true(
    ingestion, batch, closes, quarantine, clock
):
    done = ingestion.take(ACME, batch([100, 8.2, 99]))
    (held,) = done.held
    assert held.reason == "a close of 8.2 between 100 and 99: the next bar contradicts the jump"
    assert (closes(), done.jumps) == ([100, 99], ())  # what is left out is no jump
    ingestion.release(held.id)
    clock.sleep(60)
    assert closes() == [100, 8.2, 99]
    ingestion.take(ACME, batch([100, 8.2, 99]))
    assert closes() == [100, 8.2, 99]
    assert [one.state for one in quarantine.listing(state=None)] == [State.RELEASED]


def test_a_redenomination_is_kept_and_what_would_explain_it_is_named(
    ingestion, batch, closes, clock
):
    done = ingestion.take(ACME, batch([0.0004, 0.0004, 0.4, 0.41]))
    assert reasons(done)[0].endswith("; a split of 1 for 1000 would")
    clock.sleep(60)
    ingestion.take(ACME, batch([0.42], first=4, actions=[split(2, "1/1000")]))
    assert closes() == [0.4, 0.4, 0.4, 0.41, 0.42]


def test_a_unit_of_a_hundredth_for_a_day_is_held(ingestion, batch, closes):
    done = ingestion.take(ACME, batch([72.4, 7240, 72.9]))
    assert closes() == [72.4, 72.9]
    assert len(done.held) == 1


def test_what_is_told_out_of_order_is_judged_beside_what_is_kept(ingestion, batch, closes, clock):
    ingestion.take(ACME, batch([100, 101]))
    ingestion.take(ACME, batch([49, 48], first=4))
    clock.sleep(60)
    done = ingestion.take(ACME, batch([99, 50], first=2))
    assert (closes(), done.held) == ([100, 101, 99, 50, 49, 48], ())
    assert [one.time for one in done.jumps] == [MONDAY + 3 * DAY]


def test_a_split_that_is_taken_back_by_hand_stays_so_while_its_source_repeats_it(
    ingestion, batch, closes, quarantine, store, clock
):
    told = batch([100, 101, 102, 103], actions=[split(2, "20")])
    ingestion.take(ACME, told)
    assert closes() == [5, 5.05, 102, 103]
    clock.sleep(60)
    wrong = CorporateAction(MONDAY + 2 * DAY, ActionKind.SPLIT, 1.0)
    store.commit(ACME, Interval.ONE_DAY, NOTHING, [wrong], origin=BY_HAND)
    clock.sleep(60)
    before = clock.now
    for last in (104, 105):
        again = batch([101, 102, 103, last], first=1, actions=[split(2, "20")])
        done = ingestion.take(ACME, again)
        assert (done.result.actions, done.held, done.withdrawn, done.jumps) == (0, (), (), ())
        clock.sleep(60)
    assert closes() == [100, 101, 102, 103, 105]
    assert closes(before) == [100, 101, 102, 103]
    ingestion.take(ACME, batch([105, 107], first=4, actions=[split(2, "2")]))  # it says otherwise
    assert closes() == [50, 50.5, 102, 103, 105, 107]


def test_a_split_that_is_taken_back_explains_nothing_any_more(
    ingestion, batch, closes, store, clock
):
    ingestion.take(ACME, batch([100, 101], actions=[split(2, "20")]))
    clock.sleep(60)
    wrong = CorporateAction(MONDAY + 2 * DAY, ActionKind.SPLIT, 1.0)
    store.commit(ACME, Interval.ONE_DAY, NOTHING, [wrong], origin=BY_HAND)
    clock.sleep(60)
    # With the split a close of 102 would read 2040, and the typing error 102.
    done = ingestion.take(ACME, batch([101, 5.1, 102], first=1, actions=[split(2, "20")]))
    assert [one.row.close for one in done.held] == ["5.1"]
    assert closes() == [100, 101, 102]
