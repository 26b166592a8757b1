"""Raw batches: what becomes a bar, and what is refused with which reason."""

from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.types import Interval
from market_data.calendar import DAY, HOUR, MINUTE
from market_data.instruments import ActionKind, CorporateAction
from market_data.sources.base import RawAction, RawBar, RawBatch
from market_data.sources.sifting import Refusal, sift

ONE_DAY, ONE_HOUR = Interval.ONE_DAY, Interval.ONE_HOUR
TEXTS = st.sampled_from(["10", "1e1", "10.", "+10.0", "100.e-1"]) | st.text(
    "0123456789.+-eE_ naif\u0661\n", max_size=6
)


@pytest.fixture
def bar(day):
    """A good bar of a date, in which some columns may stand otherwise."""

    def bar(date="2020-01-06", **columns):
        good = RawBar(day(date), "10", "11", "9", "10.5", "1000")
        return good._replace(**columns)

    return bar


@pytest.fixture
def batch(clock):
    def batch(*bars, actions=(), interval=ONE_DAY, **options):
        told = {"fetched_at": clock.now} | options
        return RawBatch("told", "ACME", interval, bars=bars, actions=tuple(actions), **told)

    return batch


def codes(sifted):
    return [(one.code, one.column) for one in sifted.refused]


def test_good_rows_become_bars_in_the_order_of_time(bar, batch, day):
    sifted = sift(batch(bar("2020-01-07", close="0.1"), bar(low="0.1", open=".5e1")), "XNYS")
    assert sifted.refused[0].reason == "low is above open or close"
    sifted = sift(batch(bar("2020-01-07", close="9.1"), bar(open=".95e1")), "XNYS")
    assert sifted.refused == ()
    assert sifted.bars.time.tolist() == [day("2020-01-06"), day("2020-01-07")]
    assert sifted.bars.open.tolist() == [9.5, 10.0]
    assert sifted.bars.close.tolist() == [10.5, 9.1]
    assert sifted.bars.volume.tolist() == [1000.0, 1000.0]


@given(st.lists(st.tuples(*[TEXTS] * 5), min_size=1, max_size=4))
@settings(max_examples=300)
@example([("1" * 64, "1" * 65, "1", "1", "1")])
@example([("1e999", "1", "1", "1", "1")])
@example([("", "1", "1", "1", "1"), ("1", "1", "1", "1", "1")])
def test_a_row_is_judged_by_itself_whatever_stands_beside_it(texts):
    rows = [RawBar(n * DAY, *columns) for n, columns in enumerate(texts)]

    def judged(*some):
        return sift(RawBatch("told", "ACME", ONE_DAY, 100 * DAY, some), "24/7")

    together, alone = judged(*rows), [judged(row) for row in rows]
    assert together.refused == tuple(one for each in alone for one in each.refused)
    assert together.bars.time.tolist() == [t for each in alone for t in each.bars.time.tolist()]
    for kept in together.bars.time.tolist():
        # Each number that is kept is a decimal one, to the last bit.
        row, at = rows[kept // DAY], together.bars.time.tolist().index(kept)
        for name in ("open", "high", "low", "close", "volume"):
            text = getattr(row, name)
            assert Decimal(text).is_finite()
            assert text.isascii()
            assert not set(text) & set("_ \n")
            assert getattr(together.bars, name)[at] == float(Decimal(text))


def test_an_empty_batch_is_no_bars(batch):
    sifted = sift(batch(), "24/7")
    assert (len(sifted.bars), sifted.actions, sifted.refused) == (0, (), ())


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("open", "NaN", Refusal.NOT_FINITE),
        ("high", "-Infinity", Refusal.NOT_FINITE),
        ("low", "1e999", Refusal.NOT_FINITE),
        ("close", "null", Refusal.NOT_A_NUMBER),
        ("close", "", Refusal.NOT_A_NUMBER),
        ("close", "1,000", Refusal.NOT_A_NUMBER),
        ("close", "1_0", Refusal.NOT_A_NUMBER),
        ("close", "0x1p3", Refusal.NOT_A_NUMBER),
        ("close", "١٠", Refusal.NOT_A_NUMBER),
        ("close", "1" * 65, Refusal.NOT_A_NUMBER),
        ("volume", "true", Refusal.NOT_A_NUMBER),
        ("volume", "-1", Refusal.OUT_OF_RANGE),
        ("low", "0", Refusal.OUT_OF_RANGE),
        ("high", "8", Refusal.BROKEN_PRICES),
        ("low", "10.2", Refusal.BROKEN_PRICES),
    ],
)
def test_a_row_at_fault_is_refused_alone_with_its_column(bar, batch, day, column, text, code):
    bad = bar("2020-01-07", **{column: text})
    sifted = sift(batch(bar(), bad, bar("2020-01-08")), "XNYS")
    assert sifted.bars.time.tolist() == [day("2020-01-06"), day("2020-01-08")]
    (refused,) = sifted.refused
    assert (refused.row, refused.code, refused.column) == (bad, code, column)
    assert refused.reason


def test_a_row_with_several_faults_is_told_once(bar, batch):
    sifted = sift(batch(bar("2020-01-11", open="nan", high="-1")), "XNYS")
    assert codes(sifted) == [(Refusal.NOT_FINITE, "open")]


@pytest.mark.parametrize("time", [-(2**63), 2**63 - 1, 2**80, -(2**80)])
def test_a_time_beyond_all_dates_is_refused(bar, batch, time):
    assert codes(sift(batch(bar(time=time)), "XNYS")) == [(Refusal.OUT_OF_RANGE, "time")]


def test_times_off_the_grid_are_refused(bar, batch, day):
    weekend, late = bar("2020-01-11"), bar(time=day("2020-01-06") + HOUR)
    assert codes(sift(batch(weekend, late), "XNYS")) == [(Refusal.OFF_GRID, "time")] * 2
    assert codes(sift(batch(weekend), "24/7")) == []


def test_a_bar_of_today_is_unclosed_until_its_session_closes(bar, batch, day):
    close = day("2020-01-06") + 21 * HOUR
    assert codes(sift(batch(bar(), fetched_at=close - 1), "XNYS")) == [(Refusal.UNCLOSED, "time")]
    assert len(sift(batch(bar(), fetched_at=close), "XNYS").bars) == 1


def test_a_bar_fetched_unclosed_stays_unclosed_whenever_it_is_sifted(bar, batch, day):
    early = batch(bar(), fetched_at=day("2020-01-06") + 20 * HOUR)
    assert codes(sift(early, "XNYS", now=day("2020-02-01"))) == [(Refusal.UNCLOSED, "time")]


def test_a_clock_that_stamped_ahead_closes_nothing_early(bar, batch, day):
    ahead = batch(bar(), fetched_at=day("2020-01-06") + 22 * HOUR)
    early = sift(ahead, "XNYS", now=day("2020-01-06") + 20 * HOUR)
    assert codes(early) == [(Refusal.UNCLOSED, "time")]


def test_a_source_with_a_delay_closes_its_bars_later(bar, batch, day):
    close = day("2020-01-06") + 21 * HOUR
    late = {"delay": 15 * MINUTE, "fetched_at": close + 15 * MINUTE}
    assert len(sift(batch(bar(), **late), "XNYS").bars) == 1
    early = late | {"fetched_at": close + 15 * MINUTE - 1}
    assert codes(sift(batch(bar(), **early), "XNYS")) == [(Refusal.UNCLOSED, "time")]


def test_an_open_bar_of_a_delayed_source_is_none_of_the_future(bar, batch, day):
    noon = day("2020-01-06") + 12 * HOUR
    hour = batch(bar(time=noon), interval=ONE_HOUR, fetched_at=noon + 1, delay=HOUR)
    assert codes(sift(hour, "24/7")) == [(Refusal.UNCLOSED, "time")]
    ahead = batch(bar(time=noon + HOUR), interval=ONE_HOUR, fetched_at=noon + 1, delay=HOUR)
    assert codes(sift(ahead, "24/7")) == [(Refusal.FUTURE, "time")]


def test_a_bar_told_twice_alike_counts_once_and_contradicted_not_at_all(bar, batch, day):
    assert len(sift(batch(bar(), bar()), "XNYS").bars) == 1
    sifted = sift(batch(bar(), bar(close="10.6"), bar("2020-01-07")), "XNYS")
    assert sifted.bars.time.tolist() == [day("2020-01-07")]
    assert codes(sifted) == [(Refusal.CONTRADICTED, "time")] * 2


def test_actions_are_told_once_and_in_order(batch, day):
    split = RawAction(day("2020-08-31"), ActionKind.SPLIT, "3/2")
    paid = RawAction(day("2020-02-07"), ActionKind.DIVIDEND, "0.22499999403953552")
    sifted = sift(batch(actions=[split, paid, split]), "XNYS")
    assert sifted.refused == ()
    assert sifted.actions == (
        CorporateAction(paid.ex_time, ActionKind.DIVIDEND, 0.22499999403953552),
        CorporateAction(split.ex_time, ActionKind.SPLIT, 1.5),
    )


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("0", ActionKind.SPLIT),
        ("1/0", ActionKind.SPLIT),
        ("-1/2", ActionKind.SPLIT),
        ("4:1", ActionKind.SPLIT),
        ("1/2/3", ActionKind.SPLIT),
        ("1e400/1e400", ActionKind.SPLIT),
        ("nan", ActionKind.DIVIDEND),
        ("-0.1", ActionKind.DIVIDEND),
    ],
)
def test_an_action_that_cannot_be_one_is_refused(batch, day, value, kind):
    bad = RawAction(day("2020-08-31"), kind, value)
    assert codes(sift(batch(actions=[bad]), "XNYS")) == [(Refusal.BAD_ACTION, "value")]


@pytest.mark.parametrize("ex_time", [DAY // 2, 2**80])
def test_an_action_at_no_date_is_refused(batch, ex_time):
    bad = RawAction(ex_time, ActionKind.DIVIDEND, "0.1")
    assert codes(sift(batch(actions=[bad]), "XNYS")) == [(Refusal.BAD_ACTION, "value")]


def test_actions_that_contradict_each_other_are_refused(batch, day):
    two = [RawAction(day("2020-08-31"), ActionKind.SPLIT, text) for text in ("2", "4")]
    assert codes(sift(batch(actions=two), "XNYS")) == [(Refusal.CONTRADICTED, "value")] * 2


def test_a_batch_is_named_by_what_it_says_and_not_by_when(bar, batch):
    one = batch(bar())
    assert one.identity == batch(bar(), fetched_at=one.fetched_at + 1).identity
    assert len({one.identity, batch(bar(close="10.50")).identity, batch().identity}) == 3
