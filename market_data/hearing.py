"""Sentiment heard beside bars: what was public as each closed, told in the version of the data."""

from dataclasses import replace

from engine.types import Float64
from market_data.bars import Series, Snapshot
from market_data.calendar import closes_at, closes_of
from market_data.readings import Heard, Readings, joined

__all__ = ["beside", "column", "hear", "within"]


def within(series: Series, readings: Readings | None) -> Series:
    """The series, speaking of no moment of which the readings heard beside it cannot."""
    if readings is None:
        return series
    horizon = series.horizon if readings.horizon is None else readings.horizon
    return series.as_read(min(series.horizon, horizon), max(series.fresh_for, readings.fresh_for))


def hear(readings: Readings | None, snapshot: Snapshot, series: Series) -> Heard | None:
    """What was public when the last bar of a snapshot closed, of what was known as of it."""
    if readings is None or not len(snapshot.bars):
        return None
    calendar = series.instrument.calendar
    closed = closes_at(int(snapshot.bars.time[-1]), series.interval, calendar)
    return readings.heard(closed, snapshot.as_of)


def beside(snapshot: Snapshot, heard: Heard | None) -> Snapshot:
    """A snapshot with what was heard beside its bars in its version and its source."""
    if heard is None:
        return snapshot
    return replace(
        snapshot,
        data_version=joined((snapshot.data_version, heard.data_version)),
        source=" + ".join(filter(None, (snapshot.source, heard.source))),
    )


def column(heard: Heard | None, snapshot: Snapshot, series: Series) -> Float64 | None:
    """The reading that became public by each bar's close, NaN where none did; None without any."""
    if heard is None:
        return None
    closed = closes_of(snapshot.bars.time, series.interval, series.instrument.calendar)
    return heard.readings(closed)
