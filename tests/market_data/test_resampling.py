"""Longer bars made of shorter ones, against a slow reference and against themselves in parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.types import Bars, Interval
from market_data.calendar import DAY, HOUR, LENGTH, MINUTE, closes_at, grid
from market_data.errors import BadBar
from market_data.resampling import resample
from market_data.rules import check

FIFTEEN, ONE_HOUR, FOUR_HOURS, ONE_DAY, ONE_WEEK = Interval
COLUMNS = ("time", "open", "high", "low", "close", "volume")


def made_up(times, seed=0):
    """Bars with whole numbers, so that sums are exact in any order."""
    random = np.random.default_rng(seed)
    body = random.integers(50, 150, (2, len(times)))
    spread = random.integers(0, 9, (2, len(times)))
    return Bars(
        np.asarray(times, np.int64),
        body[0],
        body.max(axis=0) + spread[0],
        body.min(axis=0) - spread[1],
        body[1],
        random.integers(0, 1000, len(times)),
    )


def slowly(bars, interval, longer, calendar):
    """Each longer bar by itself, made of the shorter ones that open before it closes."""
    rows = []
    if len(bars):
        for opened in grid(
            int(bars.time[0]) - 8 * DAY, int(bars.time[-1]) + 1, longer, calendar
        ).tolist():
            closed = closes_at(opened, longer, calendar)
            due = grid(opened, closed, interval, calendar).tolist()
            held = [i for i, t in enumerate(bars.time.tolist()) if opened <= t < closed]
            if [int(bars.time[i]) for i in held] == due:
                rows.append(
                    (
                        opened,
                        bars.open[held[0]],
                        max(bars.high[i] for i in held),
                        min(bars.low[i] for i in held),
                        bars.close[held[-1]],
                        sum(bars.volume[i] for i in held),
                    )
                )
    return rows


def rows_of(bars):
    return list(zip(*(getattr(bars, name).tolist() for name in COLUMNS), strict=True))


pairs = st.sampled_from(
    [(a, b) for a in (FIFTEEN, ONE_HOUR, FOUR_HOURS, ONE_DAY) for b in Interval]
).filter(lambda pair: LENGTH[pair[0]] < LENGTH[pair[1]])


@st.composite
def histories(draw):
    """Bars of some days of a calendar between 2010 and 2030, with holes now and then."""
    calendar = draw(st.sampled_from(["XNYS", "XLON", "24/7"]))
    interval, longer = draw(pairs)
    start = draw(st.integers(14_610, 21_915)) * DAY + draw(st.integers(0, 95)) * 15 * MINUTE
    days = draw(st.integers(0, 4 if longer is not ONE_WEEK else 16))
    times = grid(start, start + days * DAY + HOUR, interval, calendar)
    holes = draw(st.sets(st.integers(0, max(len(times) - 1, 0)), max_size=2))
    kept = [t for i, t in enumerate(times.tolist()) if i not in holes]
    return made_up(kept, draw(st.integers(0, 99))), interval, longer, calendar


@given(histories())
@settings(max_examples=150, deadline=None)
def test_longer_bars_are_those_of_the_slow_way(history):
    bars, interval, longer, calendar = history
    made = resample(bars, interval, longer, calendar)
    assert rows_of(made) == slowly(bars, interval, longer, calendar)
    check(made, longer, calendar, 30_000 * DAY)


@given(histories(), st.data())
@settings(max_examples=100, deadline=None)
def test_both_parts_of_a_cut_make_what_the_whole_makes(history, data):
    bars, interval, longer, calendar = history
    if not len(bars):
        return
    opens = grid(int(bars.time[0]) - 8 * DAY, int(bars.time[-1]) + 8 * DAY, longer, calendar)
    cut = int(np.searchsorted(bars.time, data.draw(st.sampled_from(opens.tolist()))))
    parts = [resample(part, interval, longer, calendar) for part in (bars[:cut], bars[cut:])]
    whole = resample(bars, interval, longer, calendar)
    assert rows_of(parts[0]) + rows_of(parts[1]) == rows_of(whole)


@given(histories())
@settings(max_examples=100, deadline=None)
def test_nothing_that_was_made_changes_when_more_bars_come(history):
    bars, interval, longer, calendar = history
    whole = rows_of(resample(bars, interval, longer, calendar))
    for cut in range(0, len(bars), max(1, len(bars) // 5)):
        made = rows_of(resample(bars[:cut], interval, longer, calendar))
        assert made == whole[: len(made)]


@pytest.mark.parametrize("calendar", ["XNYS", "24/7"])
def test_steps_on_the_way_change_nothing(calendar, day):
    times = grid(day("2024-11-25"), day("2024-12-02"), FIFTEEN, calendar)
    bars = made_up(times)
    hours = resample(bars, FIFTEEN, ONE_HOUR, calendar)
    straight = resample(bars, FIFTEEN, ONE_WEEK, calendar)
    assert rows_of(resample(hours, ONE_HOUR, ONE_WEEK, calendar)) == rows_of(straight)
    assert len(straight) == 1


def test_the_last_hour_of_a_session_has_what_is_left_of_it(day):
    bars = made_up(grid(day("2024-11-29"), day("2024-11-30"), FIFTEEN, "XNYS"))
    hours = resample(bars, FIFTEEN, ONE_HOUR, "XNYS")
    opened = day("2024-11-29") + 14 * HOUR + 30 * MINUTE
    assert hours.time.tolist() == [opened + n * HOUR for n in range(4)]
    assert hours.volume[-1] == bars.volume[-2:].sum()
    days = resample(bars, FIFTEEN, ONE_DAY, "XNYS")
    assert rows_of(days)[0][0] == day("2024-11-29")


def test_a_hole_leaves_its_bar_out_unless_the_source_tells_no_empty_ones(day):
    times = grid(day("2024-06-03"), day("2024-06-03") + 3 * HOUR, FIFTEEN, "24/7")
    bars = made_up([t for i, t in enumerate(times.tolist()) if i != 6])
    assert resample(bars, FIFTEEN, ONE_HOUR, "24/7").time.tolist() == [times[0], times[8]]
    sparse = resample(bars, FIFTEEN, ONE_HOUR, "24/7", sparse=True)
    assert sparse.time.tolist() == [times[0], times[4], times[8]]
    assert sparse.volume[1] == bars.volume[4:7].sum()


def test_the_ends_are_whole_also_where_bars_are_sparse(day):
    times = grid(day("2024-06-03"), day("2024-06-03") + 3 * HOUR, FIFTEEN, "24/7")
    inner = made_up(times[1:-1])
    made = resample(inner, FIFTEEN, ONE_HOUR, "24/7", sparse=True)
    assert made.time.tolist() == [times[4]]


def test_only_longer_bars_are_made():
    with pytest.raises(ValueError, match="bars of ONE_HOUR cannot be made of bars of ONE_HOUR"):
        resample(made_up([]), ONE_HOUR, ONE_HOUR, "24/7")


def test_a_bar_off_the_grid_is_refused(day):
    with pytest.raises(BadBar, match="bar 0, time 2024-06-03T00:05:00: a bar of FIFTEEN_MINUTES"):
        resample(made_up([day("2024-06-03") + 5 * MINUTE]), FIFTEEN, ONE_HOUR, "24/7")
