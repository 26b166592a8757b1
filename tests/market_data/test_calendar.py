"""When bars close, where they may open, which one is due, and how many a year has."""

import hashlib
import json
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import ENGINE_VERSION
from engine.types import Interval
from market_data.bars import Series
from market_data.calendar import (
    CALENDARS,
    DAY,
    HOUR,
    LENGTH,
    MINUTE,
    bars_per_year,
    closes_at,
    closes_of,
    grid,
    in_session,
    last_expected,
    misses_grid,
    off_grid,
    time_zone,
)
from market_data.instruments import Instrument
from market_data.stores import SqliteBarStore

FIFTEEN, ONE_HOUR, FOUR_HOURS, ONE_DAY, ONE_WEEK = Interval
INTRADAY = (FIFTEEN, ONE_HOUR, FOUR_HOURS)

calendars = st.sampled_from(CALENDARS)
intervals = st.sampled_from(list(Interval))
# From 1985 to 2045, with moments beyond both ends of the table now and then.
moments = st.integers(5_479 * DAY, 27_394 * DAY) | st.integers(-60_000 * DAY, 60_000 * DAY)


@pytest.mark.parametrize(
    ("date", "hour"),
    [
        ("2013-03-08", 21),
        ("2013-03-11", 20),
        ("2013-11-01", 20),
        ("2013-11-04", 21),
        ("2006-04-03", 20),
        ("2006-03-31", 21),
        ("2024-11-29", 18),
        ("2024-07-03", 17),
    ],
)
def test_a_daily_bar_closes_with_its_session(day, date, hour):
    for exchange in ("XNYS", "XNAS"):
        assert closes_at(day(date), ONE_DAY, exchange) == day(date) + hour * HOUR


def test_london_closes_at_half_past_four_and_early_on_christmas_eve(day):
    assert closes_at(day("2024-06-03"), ONE_DAY, "XLON") == day("2024-06-03") + 15 * HOUR + HOUR / 2
    assert closes_at(day("2024-12-24"), ONE_DAY, "XLON") == day("2024-12-24") + 12 * HOUR + HOUR / 2


def test_no_day_is_too_far_away_for_a_close():
    for number in (-1_000_000, 5_000_000):
        assert closes_at(number * DAY, ONE_DAY, "XNYS") == number * DAY + 21 * HOUR


def test_a_bar_of_a_market_that_never_rests_closes_after_its_length(day):
    start = day("2020-02-29")
    assert closes_at(start, ONE_DAY, "24/7") == start + DAY
    assert closes_at(start, ONE_WEEK, "24/7") == start + 7 * DAY
    assert closes_at(start, FIFTEEN, "24/7") == start + 15 * MINUTE


@pytest.mark.parametrize(
    ("monday", "last", "hour"),
    [
        ("2013-02-25", "2013-03-01", 21),
        ("2013-03-25", "2013-03-28", 20),  # Good Friday
        ("2024-11-25", "2024-11-29", 18),  # Friday closes early
        ("1933-03-06", "1933-03-10", 21),  # no session in all of the week
    ],
)
def test_a_weekly_bar_closes_with_the_last_session_of_its_week(day, monday, last, hour):
    assert closes_at(day(monday), ONE_WEEK, "XNYS") == day(last) + hour * HOUR


def test_the_last_hour_of_a_session_closes_with_the_session(day):
    half_past_three = day("2013-03-01") + 20 * HOUR + 30 * MINUTE
    assert closes_at(half_past_three, ONE_HOUR, "XNYS") == day("2013-03-01") + 21 * HOUR
    assert closes_at(half_past_three - HOUR, ONE_HOUR, "XNYS") == half_past_three


@pytest.mark.parametrize("hour", [21, 22])
def test_an_hour_from_the_close_on_closes_after_its_length(day, hour):
    evening = day("2013-03-01") + hour * HOUR
    assert closes_at(evening, ONE_HOUR, "XNYS") == evening + HOUR
    assert closes_of(np.array([evening]), ONE_HOUR, "XNYS").tolist() == [evening + HOUR]


@pytest.mark.parametrize(
    ("date", "add", "interval", "calendar", "reason"),
    [
        ("2013-03-01", 0, ONE_DAY, "XNYS", None),
        ("2013-03-02", 0, ONE_DAY, "24/7", None),
        ("2013-03-02", 0, ONE_DAY, "XNYS", "no session on a weekend"),
        ("2024-12-25", 0, ONE_DAY, "XNYS", "XNYS holds no session on 2024-12-25"),
        ("2024-12-26", 0, ONE_DAY, "XNYS", None),
        ("2024-12-26", 0, ONE_DAY, "XLON", "XLON holds no session on 2024-12-26"),
        ("2013-03-01", HOUR, ONE_DAY, "XNYS", "date at 00:00Z"),
        ("2013-02-25", 0, ONE_WEEK, "XNYS", None),
        ("2013-02-26", 0, ONE_WEEK, "24/7", "opens on Monday"),
        ("1933-03-06", 0, ONE_WEEK, "XNYS", "no session in the week of 1933-03-06"),
        ("2013-03-01", 14 * HOUR + 30 * MINUTE, ONE_HOUR, "XNYS", None),
        (
            "2013-03-01",
            15 * HOUR,
            ONE_HOUR,
            "XNYS",
            "every 60 minutes from 14:30Z on, before 21:00Z",
        ),
        ("2013-03-01", 15 * HOUR, FIFTEEN, "XNYS", None),
        ("2013-03-01", 14 * HOUR + 31 * MINUTE, FIFTEEN, "XNYS", "every 15 minutes from 14:30Z"),
        ("2013-03-01", 21 * HOUR, FIFTEEN, "XNYS", "before 21:00Z"),
        ("2013-03-01", 14 * HOUR + 15 * MINUTE, FIFTEEN, "XNYS", "from 14:30Z on"),
        ("2024-11-29", 18 * HOUR, FIFTEEN, "XNYS", "before 18:00Z"),
        ("2013-03-01", HOUR + 30 * MINUTE, ONE_HOUR, "24/7", "whole 60 minutes"),
        ("2013-03-01", 8 * HOUR, FOUR_HOURS, "24/7", None),
        ("2013-03-01", 18 * HOUR + 30 * MINUTE, FOUR_HOURS, "XNYS", None),
    ],
)
def test_a_bar_opens_on_the_grid_of_its_interval(day, date, add, interval, calendar, reason):
    found = off_grid(day(date) + add, interval, calendar)
    assert found is None if reason is None else reason in found
    missed = misses_grid(np.array([day(date) + add]), interval, calendar)
    assert missed.tolist() == [reason is not None]


@given(calendars, intervals, moments, st.integers(0, 40))
@settings(max_examples=300, deadline=None)
def test_the_grid_is_all_that_is_not_off_it_and_closes_in_order(calendar, interval, start, days):
    end = start + days * DAY
    times = grid(start, end, interval, calendar)
    assert all(off_grid(one, interval, calendar) is None for one in times.tolist())
    assert not misses_grid(times, interval, calendar).any()
    closes = closes_of(times, interval, calendar)
    assert closes.tolist() == [closes_at(one, interval, calendar) for one in times.tolist()]
    assert (closes > times).all()
    assert (np.diff(closes) > 0).all()
    if interval in INTRADAY:
        assert (closes[:-1] <= times[1:]).all()


@given(calendars, st.sampled_from(INTRADAY), st.integers(10_957, 29_219))
@settings(max_examples=100, deadline=None)
def test_no_quarter_of_an_hour_of_a_day_is_left_out_of_the_grid(calendar, interval, number):
    day, step = number * DAY, 15 * MINUTE
    every = [t for t in range(day, day + DAY, step) if off_grid(t, interval, calendar) is None]
    assert grid(day, day + DAY, interval, calendar).tolist() == every
    # Bars of a session touch each other, and together they last as long as it.
    open_for = sum(closes_at(t, interval, calendar) - t for t in every)
    quarters = sum(in_session(t, calendar) for t in range(day, day + DAY, step))
    assert open_for == quarters * step


@given(calendars, intervals, st.lists(moments, max_size=30))
@settings(max_examples=200, deadline=None)
def test_many_bars_are_judged_as_one_by_one(calendar, interval, times):
    found = misses_grid(np.array(times, np.int64), interval, calendar).tolist()
    assert found == [off_grid(one, interval, calendar) is not None for one in times]
    closes = closes_of(np.array(times, np.int64), interval, calendar).tolist()
    rounded = [one - (one - 4 * DAY) % (7 * DAY) for one in times]
    if interval is ONE_WEEK:
        closes = closes_of(np.array(rounded, np.int64), interval, calendar).tolist()
    expected = rounded if interval is ONE_WEEK else times
    assert closes == [closes_at(one, interval, calendar) for one in expected]


@given(calendars, intervals, st.integers(10_957 * DAY, 29_000 * DAY))
@settings(max_examples=300, deadline=None)
def test_the_bar_that_is_due_is_the_newest_closed_by_then(calendar, interval, moment):
    due = moment - min(LENGTH[interval] // 4, HOUR)
    times = grid(moment - 40 * DAY, moment + 8 * DAY, interval, calendar)
    closed = times[closes_of(times, interval, calendar) <= due]
    assert last_expected(moment, interval, calendar) == closed[-1]


def test_the_day_is_due_an_hour_after_its_close_and_over_weekends_and_holidays(day):
    friday, thursday = day("2013-03-01"), day("2013-02-28")
    assert last_expected(friday + 22 * HOUR - 1, ONE_DAY, "XNYS") == thursday
    assert last_expected(friday + 22 * HOUR, ONE_DAY, "XNYS") == friday
    assert last_expected(day("2013-03-04") + 12 * HOUR, ONE_DAY, "XNYS") == friday
    assert last_expected(day("2024-12-26") + 12 * HOUR, ONE_DAY, "XNYS") == day("2024-12-24")
    assert last_expected(day("2024-11-29") + 19 * HOUR, ONE_DAY, "XNYS") == day("2024-11-29")


def test_where_there_are_no_sessions_the_last_whole_interval_is_due(day):
    noon = day("2020-02-29") + 12 * HOUR
    assert last_expected(noon, ONE_DAY, "24/7") == day("2020-02-28")
    assert last_expected(noon + HOUR // 4, ONE_HOUR, "24/7") == noon - HOUR
    assert last_expected(noon, ONE_HOUR, "24/7") == noon - 2 * HOUR


def test_a_week_is_due_after_its_last_session(day):
    monday = day("2013-02-25")
    assert last_expected(day("2013-03-01") + 22 * HOUR, ONE_WEEK, "XNYS") == monday
    assert last_expected(day("2013-03-01") + 20 * HOUR, ONE_WEEK, "XNYS") == monday - 7 * DAY
    assert last_expected(day("2013-03-28") + 21 * HOUR, ONE_WEEK, "XNYS") == day("2013-03-25")
    assert last_expected(day("2013-03-04") + HOUR, ONE_WEEK, "24/7") == monday


def test_within_a_session_the_last_whole_bar_is_due(day):
    friday = day("2013-03-01")
    assert last_expected(friday + 17 * HOUR, ONE_HOUR, "XNYS") == friday + 15 * HOUR + HOUR // 2
    assert last_expected(day("2013-03-02"), ONE_HOUR, "XNYS") == friday + 20 * HOUR + HOUR // 2
    assert last_expected(day("2013-03-02"), FOUR_HOURS, "XNYS") == friday + 18 * HOUR + HOUR // 2
    early = friday + 15 * HOUR
    assert last_expected(early, ONE_HOUR, "XNYS") == day("2013-02-28") + 20 * HOUR + HOUR // 2


def test_a_bar_longer_than_its_session_is_due_after_the_session(day):
    """On an early close four hours have three and a half, and are told an hour later at most."""
    friday = day("2024-11-29")
    opened, closed = friday + 14 * HOUR + 30 * MINUTE, friday + 18 * HOUR
    assert last_expected(closed + HOUR, FOUR_HOURS, "XNYS") == opened
    before = day("2024-11-27") + 18 * HOUR + 30 * MINUTE
    assert last_expected(closed + HOUR - 1, FOUR_HOURS, "XNYS") == before


def test_beyond_the_table_a_bar_is_due_all_the_same(day):
    monday = day("2060-07-05")
    assert last_expected(monday + 23 * HOUR, ONE_DAY, "XNYS") == monday
    assert last_expected(monday + HOUR, ONE_WEEK, "XNYS") == monday - 7 * DAY
    assert off_grid(monday, ONE_DAY, "XNYS") is None
    assert grid(monday, monday + DAY, ONE_DAY, "XNYS").tolist() == []


@pytest.mark.parametrize("calendar", CALENDARS)
@pytest.mark.parametrize("interval", Interval)
def test_no_bar_opens_before_moments_have_a_date(day, calendar, interval):
    """Kept, it could not be listed: neither could whatever is listed beside it."""
    first = day("0001-01-01")  # a Monday
    times = np.arange(first - 8 * DAY, first + 8 * DAY, 15 * MINUTE)
    taken = times[~misses_grid(times, interval, calendar)]
    assert len(taken) > 1
    assert taken[0] >= first
    assert off_grid(int(first) - 7 * DAY, interval, calendar) == "no bar opens before the year 1"
    if calendar == "24/7":
        assert taken[0] == first


def test_a_market_is_open_in_its_session_only(day):
    friday = day("2013-03-01")
    assert in_session(friday + 14 * HOUR + 30 * MINUTE, "XNYS")
    assert not in_session(friday + 14 * HOUR + 30 * MINUTE - 1, "XNYS")
    assert not in_session(friday + 21 * HOUR, "XNYS")
    assert not in_session(day("2024-12-25") + 16 * HOUR, "XNYS")
    assert in_session(day("2024-12-25") + 16 * HOUR, "24/7")


def test_a_calendar_knows_its_time_zone():
    assert time_zone("XNAS") == "America/New_York"
    assert time_zone("XLON") == "Europe/London"
    assert time_zone("24/7") == "UTC"


@pytest.mark.parametrize(
    ("calendar", "interval", "least", "most"),
    [
        ("XNYS", ONE_DAY, 251, 252),
        ("XNYS", FIFTEEN, 25.8 * 251, 26 * 252),
        ("XNYS", ONE_HOUR, 6.9 * 251, 7 * 252),
        ("XNYS", FOUR_HOURS, 1.98 * 251, 2 * 252),
        ("XLON", ONE_DAY, 252, 254),
        ("24/7", ONE_DAY, 365.25, 365.25),
        ("24/7", FIFTEEN, 96 * 365.25, 96 * 365.25),
        ("XNYS", ONE_WEEK, 52.1, 52.2),
        ("24/7", ONE_WEEK, 52.1, 52.2),
    ],
)
def test_a_year_has_as_many_bars_as_its_sessions_hold(calendar, interval, least, most):
    assert least <= bars_per_year(interval, calendar) <= most


def test_a_series_is_not_stale_over_a_holiday(day):
    """Christmas of 2024 was a Wednesday: what is known up to its eve is all there is."""
    eve = day("2024-12-24")
    series = Series(
        Instrument("ACME", calendar="XNYS"),
        ONE_DAY,
        1,
        np.array([eve]),
        np.array([eve + 22 * HOUR]),
        *[np.array([10.0])] * 5,
    )
    for moment, stale in [
        (day("2024-12-25") + 23 * HOUR, False),
        (day("2024-12-26") + 21 * HOUR, False),
        (day("2024-12-26") + 22 * HOUR, True),
    ]:
        assert series.snapshot(now=moment).stale is stale


def test_every_bar_of_the_sample_stays_on_the_grid(sample_bars):
    store = SqliteBarStore(sample_bars, read_only=True)
    for instrument in store.instruments():
        time = store.series(instrument.symbol, ONE_DAY).time
        assert not misses_grid(time, ONE_DAY, instrument.calendar).any()
        # And no session of its years is missing from it.
        sessions = grid(int(time[0]), int(time[-1]) + 1, ONE_DAY, instrument.calendar)
        assert len(np.setdiff1d(sessions, time)) <= 1
    store.close()


def test_sessions_are_those_of_this_engine_version():
    # They decide which bar a moment judges, what is stale, and all measures a year: whoever bakes
    # another table moves ENGINE_VERSION, by which clients know that old answers may be told anew.
    table = json.loads(files("market_data").joinpath("calendars.json").read_text("ascii"))
    del table["made"]
    digest = hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[:16]
    assert (ENGINE_VERSION, digest) == ("1.0.0", "b6c53ee37c4c7081")
