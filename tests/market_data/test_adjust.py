"""Splits and dividends worked into the bars before them."""

import numpy as np
import pytest

from engine.types import Interval
from market_data.adjust import Adjustment, adjust
from market_data.instruments import ActionKind, CorporateAction

ONE_DAY, ONE_WEEK = Interval.ONE_DAY, Interval.ONE_WEEK
SPLITS, BOTH = Adjustment.SPLITS, Adjustment.SPLITS_AND_DIVIDENDS


@pytest.fixture
def split(day):
    return CorporateAction(day("2020-01-08"), ActionKind.SPLIT, 2.0)


@pytest.fixture
def dividend(day):
    return CorporateAction(day("2020-01-09"), ActionKind.DIVIDEND, 1.0)


def test_a_split_halves_what_was_before_its_date_and_doubles_the_volume(daily, split):
    raw = daily([100, 110, 50, 60])
    bars, worked_in = adjust(raw, ONE_DAY, [split], SPLITS)
    assert bars.close.tolist() == [50, 55, 50, 60]
    assert bars.high.tolist() == [50.5, 55.5, 51, 61]
    assert bars.volume.tolist() == [2000, 2000, 1000, 1000]
    assert worked_in == ((split.ex_time, "SPLIT", 2.0, 0.5),)
    assert raw.close[0] == 100


def test_splits_multiply(daily, day, split):
    later = CorporateAction(day("2020-01-09"), ActionKind.SPLIT, 7.0)
    bars, _ = adjust(daily([140, 140, 70, 10]), ONE_DAY, [split, later], SPLITS)
    assert bars.close.tolist() == [10, 10, 10, 10]
    assert bars.volume.tolist() == [14_000, 14_000, 7_000, 1_000]


def test_a_dividend_makes_closes_earn_what_a_holder_earned(daily, dividend):
    raw = daily([100, 110, 50, 60, 61])
    bars, worked_in = adjust(raw, ONE_DAY, [dividend], BOTH)
    earned = (raw.close[3] + dividend.value) / raw.close[2]
    assert bars.close[3] / bars.close[2] == pytest.approx(earned, rel=1e-15)
    assert bars.close[3:].tolist() == [60, 61]
    assert np.array_equal(bars.volume, raw.volume)
    assert worked_in[0].factor == 60 / 61


def test_dividends_are_left_out_unless_asked_for(daily, split, dividend):
    raw = daily([100, 110, 50, 60])
    assert adjust(raw, ONE_DAY, [split, dividend], Adjustment.RAW) == (raw, ())
    only_split, _ = adjust(raw, ONE_DAY, [split, dividend], SPLITS)
    assert only_split.close.tolist() == [50, 55, 50, 60]


def test_a_dividend_waits_for_the_close_it_is_reinvested_at(daily, dividend):
    raw = daily([100, 110, 50])
    assert adjust(raw, ONE_DAY, [dividend], BOTH) == (raw, ())


def test_a_split_after_the_last_bar_is_worked_in_at_once(daily, split):
    bars, _ = adjust(daily([100, 110]), ONE_DAY, [split], SPLITS)
    assert bars.close.tolist() == [50, 55]


def test_an_action_before_the_first_bar_changes_nothing(daily, day):
    early = CorporateAction(day("2020-01-06"), ActionKind.SPLIT, 2.0)
    raw = daily([100, 110])
    assert adjust(raw, ONE_DAY, [early], SPLITS) == (raw, ())


def test_an_action_taken_back_changes_nothing(daily, day):
    raw = daily([100, 110, 50, 60])
    none = [
        CorporateAction(day("2020-01-08"), ActionKind.SPLIT, 1.0),
        CorporateAction(day("2020-01-09"), ActionKind.DIVIDEND, 0.0),
    ]
    assert adjust(raw, ONE_DAY, none, BOTH) == (raw, ())


def test_the_week_that_holds_the_date_stays_as_it_closed(daily, day, split):
    raw = daily([100, 110, 120, 50])
    weeks = raw.replace(time=day("2019-12-30") + np.arange(4) * 7 * 86_400_000_000)
    bars, _ = adjust(weeks, ONE_WEEK, [split], SPLITS)
    assert bars.close.tolist() == [50, 110, 120, 50]
