"""What every home of bars keeps to, whatever it is built on."""

import numpy as np
import pytest

from engine.types import Interval
from market_data.bars import BY_HAND
from market_data.calendar import SECOND
from market_data.errors import BadBar, BadInstrument
from market_data.instruments import ActionKind, CorporateAction, Instrument
from market_data.stores import BarStore, StoredInterval

ONE_DAY, ONE_WEEK = Interval.ONE_DAY, Interval.ONE_WEEK
AAPL = Instrument("AAPL", "Apple Inc.", 0.01, "XNAS", "told")


@pytest.fixture(params=["sqlite", "dynamodb"])
def store(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def closes(store, clock):
    """The closes known at a moment; now where none is given."""

    def closes(as_of=None, symbol="AAPL"):
        series = store.series(symbol, ONE_DAY)
        return series.snapshot(as_of=as_of, now=clock.now).bars.close.tolist()

    return closes


@pytest.fixture
def split(day):
    return CorporateAction(day("2020-01-08"), ActionKind.SPLIT, 2.0)


def test_it_is_a_store_of_bars(store, clock):
    typed: BarStore = store
    assert typed.clock is clock


def test_an_empty_store_knows_nothing(store):
    assert store.instruments() == []
    assert store.instrument("AAPL") is None
    assert store.intervals("AAPL") == []
    assert store.series("AAPL", ONE_DAY) is None


def test_what_is_committed_can_be_read_back_to_the_last_bit(store, daily):
    bars = daily([0.1 + 0.2, 1e-300, 1.7976931348623157e308 / 2, 1 / 3], volume=0.1)
    bars = bars.replace(low=bars.close, high=bars.close)
    store.commit(AAPL, ONE_DAY, bars)
    series = store.series("AAPL", ONE_DAY)
    for name in ("time", "open", "high", "low", "close", "volume"):
        assert getattr(series, name).tobytes() == getattr(bars, name).tobytes()
    assert (series.instrument, series.interval) == (AAPL, ONE_DAY)


def test_instruments_and_intervals_are_listed_in_order(store, daily, day):
    store.commit(Instrument("MSFT", source="told"), ONE_DAY, daily([10, 11]))
    weeks = daily([10]).replace(time=np.array([day("2020-01-06")]))
    store.commit(AAPL, ONE_WEEK, weeks)
    store.commit(AAPL, ONE_DAY, daily([10, 11]))
    assert [one.symbol for one in store.instruments()] == ["AAPL", "MSFT"]
    assert store.instrument("AAPL") == AAPL
    assert store.intervals("AAPL") == [
        StoredInterval(ONE_DAY, day("2020-01-06"), day("2020-01-07"), 2),
        StoredInterval(ONE_WEEK, day("2020-01-06"), day("2020-01-06"), 1),
    ]
    assert store.series("MSFT", ONE_WEEK) is None


def test_many_series_are_loaded_at_once(store, daily):
    store.commit(AAPL, ONE_DAY, daily([10, 11]))
    store.commit(Instrument("MSFT", source="told"), ONE_WEEK, daily([10]))
    wanted = [("AAPL", ONE_DAY), ("MSFT", ONE_DAY), ("NONE", ONE_DAY), ("AAPL", ONE_DAY)]
    found = store.load(wanted)
    assert list(found) == [("AAPL", ONE_DAY), ("MSFT", ONE_DAY)]
    apple, microsoft = found.values()
    assert (apple.instrument, apple.interval) == (AAPL, ONE_DAY)
    assert apple.close.tolist() == store.series("AAPL", ONE_DAY).close.tolist() == [10, 11]
    assert (microsoft.instrument.symbol, len(microsoft.time)) == ("MSFT", 0)
    assert store.load([]) == {}


def test_many_symbols_are_listed_at_once(store, daily):
    store.commit(AAPL, ONE_DAY, daily([10, 11]))
    listed = store.listed(["NONE", "AAPL"])
    assert listed == {"NONE": [], "AAPL": store.intervals("AAPL")}
    assert store.listed([]) == {}


def test_a_list_is_new_after_each_commit_and_belongs_to_who_asked(store, daily, day):
    store.commit(AAPL, ONE_DAY, daily([10, 11]))
    store.intervals("AAPL").clear()
    assert store.intervals("AAPL")[0].count == 2
    store.commit(AAPL, ONE_DAY, daily([10, 99, 12]))
    assert store.intervals("AAPL")[0].count == 3


def test_a_commit_is_known_two_seconds_later(store, daily, clock, closes):
    now = clock.now
    result = store.commit(AAPL, ONE_DAY, daily([10, 11]))
    assert (result.known, result.added) == (now + 2 * SECOND, 2)
    assert closes() == []
    clock.now = result.known - 1
    assert closes() == []
    clock.now = result.known
    assert closes() == [10, 11]


def test_commits_in_one_moment_are_known_one_after_the_other(store, daily):
    first = store.commit(AAPL, ONE_DAY, daily([10])).known
    assert store.commit(AAPL, ONE_DAY, daily([11], first=1)).known == first + 1
    assert store.commit(Instrument("IBM"), ONE_DAY, daily([11])).known == first


def test_the_same_again_changes_nothing(store, daily, clock, split):
    store.commit(AAPL, ONE_DAY, daily([10, 11]), [split])
    version = store.series("AAPL", ONE_DAY).version
    clock.sleep(5)
    again = store.commit(AAPL, ONE_DAY, daily([10, 11]), [split])
    assert (again.known, again.added, again.unchanged, again.actions) == (None, 0, 2, 0)
    assert store.series("AAPL", ONE_DAY).version == version


def test_a_restated_bar_is_new_and_the_old_answer_stays(store, daily, clock, closes):
    first = store.commit(AAPL, ONE_DAY, daily([10, 11, 12])).known
    clock.sleep(10)
    result = store.commit(AAPL, ONE_DAY, daily([10, 99, 12, 13]))
    assert (result.added, result.restated, result.unchanged) == (1, 1, 2)
    clock.sleep(10)
    assert closes() == [10, 99, 12, 13]
    assert closes(first) == closes(result.known - 1) == [10, 11, 12]


def test_only_a_newer_fetch_changes_a_bar(store, daily, clock, closes):
    start = clock.now
    store.commit(AAPL, ONE_DAY, daily([10, 11]), fetched_at=start - 10)
    late = store.commit(AAPL, ONE_DAY, daily([10, 99, 12]), fetched_at=start - 20)
    assert (late.added, late.restated, late.unchanged, late.outdated) == (1, 0, 1, 1)
    same_time = store.commit(AAPL, ONE_DAY, daily([10, 98]), fetched_at=start - 10)
    assert (same_time.known, same_time.outdated) == (None, 1)
    clock.sleep(10)
    assert closes() == [10, 11, 12]


def test_a_fetch_that_says_the_same_confirms_it_against_older_ones(store, daily, clock, closes):
    start = clock.now
    for seconds, close in ((-30, 11), (-10, 11), (-20, 99)):
        store.commit(AAPL, ONE_DAY, daily([close]), fetched_at=start + seconds * SECOND)
    clock.sleep(10)
    assert closes() == [11]


def test_actions_have_a_time_of_their_own(store, daily, clock, closes, split):
    first = store.commit(AAPL, ONE_DAY, daily([10, 11, 6])).known
    clock.sleep(10)
    told = store.commit(AAPL, ONE_DAY, daily([]), [split])
    assert (told.actions, told.added) == (1, 0)
    clock.sleep(10)
    assert closes() == [5, 5.5, 6]
    assert closes(first) == [10, 11, 6]


def test_an_action_told_wrongly_is_told_anew_by_a_newer_fetch_only(
    store, daily, clock, closes, day, split
):
    wrong = CorporateAction(split.ex_time, ActionKind.SPLIT, 4.0)
    start = clock.now
    first = store.commit(AAPL, ONE_DAY, daily([10, 11, 6]), [wrong], fetched_at=start - 20).known
    assert store.commit(AAPL, ONE_DAY, daily([]), [split], fetched_at=start - 30).actions == 0
    assert store.commit(AAPL, ONE_DAY, daily([]), [wrong], fetched_at=start - 10).actions == 0
    for ago in (15, 10):  # the one that told it again is no older than either
        told = store.commit(AAPL, ONE_DAY, daily([]), [split], fetched_at=start - ago)
        assert told.actions == 0
    assert store.commit(AAPL, ONE_DAY, daily([]), [split], fetched_at=start).actions == 1
    clock.sleep(10)
    assert closes() == [5, 5.5, 6]
    assert closes(first) == [2.5, 2.75, 6]


def test_what_is_told_by_hand_stands_until_the_source_says_something_else(
    store, daily, clock, closes, split
):
    def tell(value, **how):
        clock.sleep(10)
        action = CorporateAction(split.ex_time, ActionKind.SPLIT, value)
        return store.commit(AAPL, ONE_DAY, daily([]), [action], **how).actions

    store.commit(AAPL, ONE_DAY, daily([10, 11, 6]), [split])
    assert tell(1.0, origin=BY_HAND) == 1
    taken_back = clock.now + 5 * SECOND
    assert tell(2.0) == tell(2.0) == 0
    assert tell(5.0, fetched_at=clock.now - 5 * SECOND) == 0  # older than what was heard last
    assert closes() == closes(taken_back) == [10, 11, 6]
    assert tell(4.0) == 1
    assert tell(8.0, origin=BY_HAND) == tell(1.0, origin=BY_HAND) == 1
    assert tell(4.0) == tell(1.0) == 0
    assert tell(4.0, origin=BY_HAND) == 1  # it was right after all
    assert tell(1.0) == 1
    clock.sleep(10)
    assert closes() == closes(taken_back) == [10, 11, 6]


def test_what_is_taken_back_before_it_is_known_stays_so_too(store, daily, clock, closes, split):
    before = CorporateAction(split.ex_time, ActionKind.SPLIT, 1.0)
    store.commit(AAPL, ONE_DAY, daily([10, 11, 6]), [split])
    store.commit(AAPL, ONE_DAY, daily([]), [before], origin=BY_HAND, fetched_at=clock.now + 1)
    store.commit(AAPL, ONE_DAY, daily([]), [split], fetched_at=clock.now + 2)
    clock.sleep(10)
    assert closes() == [10, 11, 6]


def test_actions_belong_to_every_interval_of_a_symbol(store, daily, clock, day, split):
    weeks = daily([10]).replace(time=np.array([day("2019-12-30")]))
    store.commit(AAPL, ONE_WEEK, weeks)
    store.commit(AAPL, ONE_DAY, daily([10, 11, 6]), [split])
    clock.sleep(10)
    assert store.series("AAPL", ONE_WEEK).snapshot(now=clock.now).bars.close.tolist() == [5]


def test_a_bad_bar_refuses_the_whole_delivery(store, daily, clock):
    bars = daily([10, 11, 12])
    with pytest.raises(BadBar, match="bar 1, volume"):
        store.commit(AAPL, ONE_DAY, bars.replace(volume=np.array([1.0, -1.0, 1.0])))
    assert store.instruments() == []


def test_a_profile_is_made_once(store, daily):
    store.commit(AAPL, ONE_DAY, daily([10]))
    store.commit(Instrument("AAPL", "Another", 1.0, "XNAS", "told"), ONE_DAY, daily([10]))
    assert store.instrument("AAPL") == AAPL
    for other in (
        Instrument("AAPL", calendar="XNAS", source="elsewhere"),
        Instrument("AAPL", calendar="XNYS", source="told"),
    ):
        with pytest.raises(BadInstrument, match="AAPL is kept from 'told' on the calendar XNAS"):
            store.commit(other, ONE_DAY, daily([11]))


def test_rows_of_another_origin_say_so(store, daily, clock):
    store.commit(AAPL, ONE_DAY, daily([10, 11]))
    clock.sleep(10)
    before = clock.now
    store.commit(AAPL, ONE_DAY, daily([99]), origin="file")
    clock.sleep(10)
    series = store.series("AAPL", ONE_DAY)
    assert series.snapshot(now=clock.now).source == "told + file"
    assert series.snapshot(as_of=before, now=clock.now).source == "told"


def test_an_empty_delivery_keeps_the_profile_only(store, daily):
    assert store.commit(AAPL, ONE_DAY, daily([])).known is None
    assert store.instrument("AAPL") == AAPL
    assert store.series("AAPL", ONE_DAY) is None
