"""The rules every bar meets before it is kept."""

import numpy as np
import pytest

from engine.types import Bars, Interval
from market_data.calendar import DAY, HOUR
from market_data.errors import BadBar
from market_data.rules import check, first_fault, jumps

ONE_DAY = Interval.ONE_DAY


def faulty(bars: Bars, column: str, value: float, at: int = 2) -> Bars:
    values = getattr(bars, column).copy()
    values[at] = value
    return bars.replace(**{column: values})


def test_good_bars_pass(daily, clock):
    check(daily([10, 11, 12, 13, 14, 15]), ONE_DAY, "XNYS", clock())
    check(daily([]), ONE_DAY, "XNYS", clock())


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("open", float("nan"), "not a finite number"),
        ("high", float("inf"), "not a finite number"),
        ("low", float("-inf"), "not a finite number"),
        ("close", float("nan"), "not a finite number"),
        ("volume", float("nan"), "not a finite number"),
        ("open", 0.0, "a price is above zero"),
        ("low", -1.0, "a price is above zero"),
        ("volume", -1.0, "a volume is not negative"),
        ("high", 1.0, "high is below low"),
        ("high", 11.9, "high is below open or close"),
        ("low", 12.1, "low is above open or close"),
    ],
)
def test_a_bar_that_cannot_be_is_refused_with_its_place(daily, clock, column, value, reason):
    with pytest.raises(BadBar, match=reason) as refused:
        check(faulty(daily([10, 11, 12, 13]), column, value), ONE_DAY, "XNYS", clock())
    assert (refused.value.index, refused.value.column) == (2, column)
    assert refused.value.reason == reason


def test_the_first_fault_is_told_whatever_its_kind(daily, clock):
    bars = faulty(faulty(daily([10, 11, 12, 13]), "volume", -1.0, 1), "open", 0.0, 3)
    with pytest.raises(BadBar, match=r"bar 1, volume -1\.0: a volume is not negative"):
        check(bars, ONE_DAY, "XNYS", clock())


def test_a_time_off_the_grid_is_refused_as_a_time(daily, clock):
    bars = daily([10, 11, 12])
    moved = bars.replace(time=bars.time + np.array([0, HOUR, 0]))
    with pytest.raises(BadBar, match="bar 1, time 2020-01-07T01:00:00: a daily bar's time"):
        check(moved, ONE_DAY, "XNYS", clock())


def test_a_bar_is_refused_until_its_session_has_closed(daily, day):
    bars, close = daily([10, 11, 12]), day("2020-01-08") + 21 * HOUR
    with pytest.raises(BadBar, match="the bar is not closed yet"):
        check(bars, ONE_DAY, "XNYS", close - 1)
    check(bars, ONE_DAY, "XNYS", close)


def test_a_bar_of_the_future_is_refused_however_far(daily, clock):
    bars = daily([10, 11])
    for ahead in (400_000 * DAY, 100_000_000 * DAY):
        late = bars.replace(time=np.array([bars.time[0], bars.time[1] + ahead]))
        with pytest.raises(BadBar, match=r"bar 1, .*lies in the future"):
            check(late, ONE_DAY, "24/7", clock())


def test_times_that_do_not_increase_are_told_apart(daily, clock):
    bars = daily([10, 11, 12])
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    t = bars.time
    twice = first_fault(np.array([t[0], t[1], t[1]]), columns, ONE_DAY, "XNYS", clock())
    assert twice == (2, "time", "the same time twice")
    back = first_fault(np.array([t[1], t[0], t[2]]), columns, ONE_DAY, "XNYS", clock())
    assert back == (1, "time", "times must increase")


def test_jumps_are_beyond_forty_percent_either_way(daily):
    bars = daily([100, 139, 83, 120, 169])
    assert jumps(bars.time, bars.close) == (bars.time[2], bars.time[3], bars.time[4])
    assert jumps(bars.time[:1], bars.close[:1]) == ()
