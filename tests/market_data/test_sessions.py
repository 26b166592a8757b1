"""The table of sessions against the calendars it is made from, day by day."""

import json
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import exchange_calendars
import numpy as np
import pytest

from engine.types import Interval
from market_data.calendar import CALENDARS, closes_of, grid, known_until, time_zone
from market_data.sessions import DAY, MINUTE, days_of, exchange

# exchange_calendars calls parts of pandas that a later pandas will not have.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

EXCHANGES = [name for name in CALENDARS if name != "24/7"]
SPANS = [
    ("2023-12-18", "2024-01-05"),  # the turn of the year, with early closes
    ("2024-03-04", "2024-03-15"),  # New York's clocks go forward
    ("2024-03-25", "2024-04-05"),  # London's do, over Easter
    ("2024-10-21", "2024-11-08"),  # both go back, a week apart
    ("2024-11-25", "2024-12-06"),  # Thanksgiving
    ("2012-10-22", "2012-11-02"),  # closed by a storm
    ("2020-05-04", "2020-05-15"),  # London's holiday of Monday moved to Friday
    ("2022-09-12", "2022-09-23"),  # London closed for a funeral
]


def microseconds(column):
    plain = column.dt.tz_convert(None) if column.dt.tz is not None else column
    return plain.to_numpy().astype("datetime64[us]").astype(np.int64)


@pytest.mark.parametrize("name", EXCHANGES)
def test_every_session_of_the_table_opens_and_closes_as_exchange_calendars_says(name):
    table = json.loads((files("market_data") / "calendars.json").read_bytes())
    told = table[table[name].get("same_as", name)]
    held = exchange(name)
    peer = exchange_calendars.get_calendar(name, start=told["first"], end=told["last"])
    assert str(peer.tz) == held.zone == time_zone(name)
    schedule = peer.schedule
    np.testing.assert_array_equal(held.day, microseconds(schedule.index.to_series()))
    np.testing.assert_array_equal(held.open, microseconds(schedule["open"]))
    np.testing.assert_array_equal(held.close, microseconds(schedule["close"]))
    # Its own range, that of the calendar when nobody asks for another, lies within.
    alone = exchange_calendars.get_calendar(name)
    assert held.day[0] <= microseconds(alone.schedule.index.to_series())[0]
    assert held.day[-1] >= microseconds(alone.schedule.index.to_series())[-1]


@pytest.mark.parametrize("name", EXCHANGES)
@pytest.mark.parametrize(("first", "last"), SPANS)
@pytest.mark.parametrize(
    ("interval", "period"),
    [
        (Interval.FIFTEEN_MINUTES, "15min"),
        (Interval.ONE_HOUR, "1h"),
        (Interval.FOUR_HOURS, "4h"),
    ],
)
def test_bars_open_and_close_within_a_session_as_exchange_calendars_divides_it(
    name, first, last, interval, period
):
    peer = exchange_calendars.get_calendar(name, start=first, end=last)
    told = peer.trading_index(first, last, period, force_close=True)
    opens, closes = (microseconds(side.to_series()) for side in (told.left, told.right))
    times = grid(
        days_of(first.replace("-", "")) * DAY,
        (days_of(last.replace("-", "")) + 1) * DAY,
        interval,
        name,
    )
    np.testing.assert_array_equal(times, opens)
    np.testing.assert_array_equal(closes_of(times, interval, name), closes)


def test_a_market_that_never_rests_is_one_without_sessions():
    peer = exchange_calendars.get_calendar("24/7")
    length = (peer.schedule["close"] - peer.schedule["open"]).unique()
    assert (time_zone("24/7"), known_until("24/7"), str(length[0])) == (
        "UTC",
        None,
        "1 days 00:00:00",
    )


@pytest.mark.parametrize(
    ("name", "day", "opens", "closes"),
    [
        ("XNYS", "20240703", "13:30", "17:00"),  # the eve of a holiday, in summer
        ("XNYS", "20241129", "14:30", "18:00"),  # the day after Thanksgiving
        ("XNAS", "20240311", "13:30", "20:00"),  # the first session of summer time
        ("XNAS", "20241104", "14:30", "21:00"),  # the first after it
        ("XLON", "20241224", "08:00", "12:30"),
        ("XLON", "20240402", "07:00", "15:30"),
    ],
)
def test_what_exchanges_publish_stands_in_the_table(name, day, opens, closes):
    start = days_of(day) * DAY
    for moment, text in zip(exchange(name).hours(start), (opens, closes), strict=True):
        hours, minutes = text.split(":")
        assert moment == start + (int(hours) * 60 + int(minutes)) * MINUTE


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("XNYS", ["20241225", "20240619", "20250109", "20010911", "20121029"]),
        ("XLON", ["20241226", "20220919", "20230508", "20240401"]),
    ],
)
def test_holidays_and_closings_hold_no_session(name, days):
    for day in days:
        assert not exchange(name).holds(days_of(day) * DAY)


@pytest.mark.parametrize("name", EXCHANGES)
def test_a_day_without_a_session_still_has_the_hours_of_its_date(name):
    held = exchange(name)
    zone = ZoneInfo(held.zone)
    for text in ("20240704", "20241225", "20240706"):
        day = days_of(text)
        close = time(held.closes // 60, held.closes % 60)
        local = datetime.combine(date(1970, 1, 1) + timedelta(day), close, zone)
        assert held.hours(day * DAY)[1] == local.astimezone(UTC).timestamp() * 1_000_000


@pytest.mark.parametrize("name", EXCHANGES)
def test_beyond_the_table_are_weekdays_at_the_hours_of_winter(name):
    held = exchange(name)
    winter = -held.ahead[-1]
    for text in ("18500705", "20510703", "99991231"):
        day = days_of(text) * DAY
        assert not held.covers(day)
        assert held.holds(day)
        assert held.hours(day) == (
            day + (held.opens + winter) * MINUTE,
            day + (held.closes + winter) * MINUTE,
        )
    assert not held.holds(days_of("20510107") * DAY)
    assert known_until(name) == days_of("20501231") * DAY


def test_the_columns_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        exchange("XNYS").close[0] = 0
