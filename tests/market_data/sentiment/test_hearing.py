"""What a bar hears beside it: all that was public by its close, and nothing that came after it."""

import numpy as np
import pytest

from engine.types import Interval
from market_data.bars import Series
from market_data.calendar import DAY, HOUR, MINUTE
from market_data.hearing import beside, column, hear
from market_data.instruments import Instrument
from market_data.readings import Delivered, Readings, confirmed, merged

EVE, AFTER = 15_889 * DAY, 15_891 * DAY  # 2013-07-03, which closed early, and 2013-07-05
EARLY, REGULAR = EVE + 17 * HOUR, AFTER + 20 * HOUR
NOW = 20_000 * DAY


def series(interval, *times):
    """Bars of XNYS, all of one price."""
    prices = [np.full(len(times), 10.0)] * 5
    known = np.full(len(times), NOW - DAY)
    return Series(Instrument("ACME", calendar="XNYS"), interval, 1, np.array(times), known, *prices)


def told(*published):
    """Readings that became public then: 0.1, 0.2, ..."""
    public = np.array(published, np.int64)
    value = np.arange(1, len(public) + 1) / 10
    given = Delivered(public, public, value, "told", NOW - DAY)
    return confirmed(merged(Readings("ACME"), given, NOW - DAY)[0])


def listened(readings, kept):
    """What each bar hears, and the version of all the data."""
    known = kept.snapshot(now=NOW)
    heard = hear(readings, known, kept)
    return column(heard, known, kept).tolist(), beside(known, heard).data_version


@pytest.mark.parametrize(
    ("interval", "times", "closes"),
    [
        (Interval.ONE_DAY, (EVE, AFTER), (EARLY, REGULAR)),
        # The last hour of an early close has half an hour, that of a whole session likewise.
        (Interval.ONE_HOUR, (EARLY - 30 * MINUTE, REGULAR - 30 * MINUTE), (EARLY, REGULAR)),
        (Interval.ONE_WEEK, (EVE - 9 * DAY, EVE - 2 * DAY), (EVE - 5 * DAY + 20 * HOUR, REGULAR)),
    ],
)
def test_what_is_public_at_the_close_is_heard_and_a_microsecond_later_it_is_not(
    interval, times, closes
):
    kept = series(interval, *times)
    heard, version = listened(told(closes[0], closes[1]), kept)
    assert heard == [0.1, 0.2]
    assert listened(told(closes[0] + 1, closes[1]), kept)[0][0] != 0.1
    # What comes after the last close is neither heard nor a part of the version.
    assert listened(told(closes[0], closes[1], closes[1] + 1), kept) == (heard, version)
    assert listened(told(closes[0], closes[1] - 1), kept)[1] != version


def test_without_readings_nothing_is_heard_and_the_version_is_that_of_the_bars():
    kept = series(Interval.ONE_DAY, EVE, AFTER)
    known = kept.snapshot(now=NOW)
    for readings in (None, Readings("ACME"), told(REGULAR + 1)):
        heard = hear(readings, known, kept)
        assert heard is None
        assert column(heard, known, kept) is None
        assert beside(known, heard) is known
