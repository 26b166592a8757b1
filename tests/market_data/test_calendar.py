"""When bars close, where they may open, and which one is due."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.types import Interval
from market_data.calendar import DAY, HOUR, MINUTE, closes_at, last_expected, off_grid, time_zone

EPOCH = date(1970, 1, 1)
ONE_DAY, ONE_WEEK, ONE_HOUR = Interval.ONE_DAY, Interval.ONE_WEEK, Interval.ONE_HOUR


@pytest.mark.parametrize(
    ("date", "hour"),
    [
        ("2013-03-08", 21),
        ("2013-03-11", 20),
        ("2013-11-01", 20),
        ("2013-11-04", 21),
        ("2006-04-03", 20),
        ("2006-03-31", 21),
    ],
)
def test_a_daily_bar_closes_at_four_in_new_york_summer_and_winter(day, date, hour):
    for exchange in ("XNYS", "XNAS"):
        assert closes_at(day(date), ONE_DAY, exchange) == day(date) + hour * HOUR


def test_new_york_is_where_the_time_zone_database_puts_it():
    zone = ZoneInfo("America/New_York")
    for number in range((date(1955, 1, 1) - EPOCH).days, (date(2037, 12, 31) - EPOCH).days):
        four = datetime.combine(EPOCH + timedelta(number), time(16), zone)
        expected = int(four.astimezone(UTC).timestamp()) * 1_000_000
        assert closes_at(number * DAY, ONE_DAY, "XNYS") == expected


def test_no_day_is_too_far_away_for_a_close():
    for number in (-1_000_000, 5_000_000):
        assert closes_at(number * DAY, ONE_DAY, "XNYS") == number * DAY + 21 * HOUR


def test_a_bar_of_a_market_that_never_rests_closes_after_its_length(day):
    start = day("2020-02-29")
    assert closes_at(start, ONE_DAY, "24/7") == start + DAY
    assert closes_at(start, ONE_WEEK, "24/7") == start + 7 * DAY
    assert closes_at(start, Interval.FIFTEEN_MINUTES, "24/7") == start + 15 * MINUTE


def test_a_weekly_bar_of_an_exchange_closes_with_friday(day):
    assert closes_at(day("2013-02-25"), ONE_WEEK, "XNYS") == day("2013-03-01") + 21 * HOUR


def test_the_last_hour_of_a_session_closes_with_the_session(day):
    half_past_three = day("2013-03-01") + 20 * HOUR + 30 * MINUTE
    assert closes_at(half_past_three, ONE_HOUR, "XNYS") == day("2013-03-01") + 21 * HOUR
    assert closes_at(half_past_three - HOUR, ONE_HOUR, "XNYS") == half_past_three


def test_an_hour_after_the_session_closes_after_its_length(day):
    evening = day("2013-03-01") + 22 * HOUR
    assert closes_at(evening, ONE_HOUR, "XNYS") == evening + HOUR


@pytest.mark.parametrize(
    ("date", "add", "interval", "calendar", "reason"),
    [
        ("2013-03-01", 0, ONE_DAY, "XNYS", None),
        ("2013-03-02", 0, ONE_DAY, "24/7", None),
        ("2013-03-02", 0, ONE_DAY, "XNYS", "no session on a weekend"),
        ("2013-03-01", HOUR, ONE_DAY, "XNYS", "date at 00:00Z"),
        ("2013-02-25", 0, ONE_WEEK, "XNYS", None),
        ("2013-02-26", 0, ONE_WEEK, "24/7", "opens on Monday"),
        ("2013-03-01", 14 * HOUR + 30 * MINUTE, ONE_HOUR, "XNYS", None),
        ("2013-03-01", 14 * HOUR + 31 * MINUTE, ONE_HOUR, "XNYS", "whole 15 minutes"),
        ("2013-03-01", HOUR + 30 * MINUTE, ONE_HOUR, "24/7", "whole 60 minutes"),
        ("2013-03-01", 8 * HOUR, Interval.FOUR_HOURS, "24/7", None),
    ],
)
def test_a_bar_opens_on_the_grid_of_its_interval(day, date, add, interval, calendar, reason):
    found = off_grid(day(date) + add, interval, calendar)
    assert found is None if reason is None else reason in found


def test_the_day_is_due_an_hour_after_its_close_and_over_the_weekend(day):
    friday, thursday = day("2013-03-01"), day("2013-02-28")
    assert last_expected(friday + 22 * HOUR - 1, ONE_DAY, "XNYS") == thursday
    assert last_expected(friday + 22 * HOUR, ONE_DAY, "XNYS") == friday
    assert last_expected(day("2013-03-04") + 12 * HOUR, ONE_DAY, "XNYS") == friday


def test_where_there_are_no_sessions_the_last_whole_interval_is_due(day):
    noon = day("2020-02-29") + 12 * HOUR
    assert last_expected(noon, ONE_DAY, "24/7") == day("2020-02-28")
    assert last_expected(noon + HOUR // 4, ONE_HOUR, "24/7") == noon - HOUR
    assert last_expected(noon, ONE_HOUR, "24/7") == noon - 2 * HOUR


def test_a_week_is_due_after_its_friday(day):
    monday = day("2013-02-25")
    assert last_expected(day("2013-03-01") + 22 * HOUR, ONE_WEEK, "XNYS") == monday
    assert last_expected(day("2013-03-01") + 20 * HOUR, ONE_WEEK, "XNYS") == monday - 7 * DAY
    assert last_expected(day("2013-03-04") + HOUR, ONE_WEEK, "24/7") == monday


def test_within_a_day_the_last_session_is_due(day):
    friday_close = day("2013-03-01") + 21 * HOUR
    saturday = day("2013-03-02") + 12 * HOUR
    assert last_expected(saturday, ONE_HOUR, "XNYS") == friday_close - HOUR


def test_a_calendar_knows_its_time_zone():
    assert time_zone("XNAS") == "America/New_York"
    assert time_zone("24/7") == "UTC"
