"""No answer at a fixed moment ever changes, whatever is committed afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.types import Bars, Interval
from market_data.bars import Adjustment
from market_data.calendar import DAY, SECOND
from market_data.instruments import ActionKind, CorporateAction, Instrument
from market_data.stores import SqliteBarStore
from tests.fuzz import TIMES

ONE_DAY = Interval.ONE_DAY
MONDAY = 18_267 * DAY
NOW = MONDAY + 56 * DAY
BTC = Instrument("BTC-USD", calendar="24/7", source="told")

# Thousands of commits, each of which waits for the disk where the folder is on one.
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None

DAYS = st.integers(0, 7)
# Few values, so that the same is told twice and restatements go back and forth.
BARS = st.dictionaries(DAYS, st.sampled_from([10.0, 11.0, 70.0]), max_size=8)
ACTIONS = st.lists(
    st.builds(
        lambda day, kind, value: CorporateAction(MONDAY + day * DAY, kind, value),
        DAYS,
        st.sampled_from(ActionKind),
        st.sampled_from([1.0, 2.0, 7.0]),
    ),
    max_size=2,
    unique_by=lambda action: (action.ex_time, action.kind),
)


@dataclass
class Delivery:
    """Some bars and actions, fetched a while ago, on a machine that is sometimes slow."""

    bars: dict[int, float]
    actions: list[CorporateAction]
    fetched_ago: int
    pause: int
    delays: list[int] = field(default_factory=list)

    def columns(self) -> Bars:
        days = sorted(self.bars)
        close = np.array([self.bars[day] for day in days], np.float64)
        time = MONDAY + np.array(days, np.int64) * DAY
        return Bars(time, close, close, close, close, close)


DELIVERIES = st.lists(
    st.builds(
        Delivery,
        BARS,
        ACTIONS,
        st.integers(0, 20).map(lambda seconds: seconds * SECOND),
        st.sampled_from([0, 1, SECOND, 2 * SECOND, 5 * SECOND]),
        st.lists(st.sampled_from([0, 0, 0, 1_000, 400_000, 1_600_000]), max_size=5),
    ),
    min_size=1,
    max_size=8,
)


class Clock:
    def __init__(self) -> None:
        self.now = NOW
        self.delays: list[int] = []

    def __call__(self) -> int:
        if self.delays:
            self.now += self.delays.pop(0)
        return self.now


@contextmanager
def new_store() -> Iterator[tuple[SqliteBarStore, Clock]]:
    clock = Clock()
    with (
        tempfile.TemporaryDirectory(dir=MEMORY) as folder,
        closing(SqliteBarStore(Path(folder) / "bars.sqlite", clock)) as store,
    ):
        yield store, clock


def answer(store, as_of, now, adjustment, at=None):
    """Everything a caller could see of a final answer."""
    series = store.series("BTC-USD", ONE_DAY)
    if series is None:
        return None
    found = series.snapshot(at, as_of, now=now, adjustment=adjustment)
    assert found.final
    columns = (found.bars.time, found.bars.open, found.bars.close, found.bars.volume)
    seen = [column.tobytes() for column in columns]
    return (seen, found.as_of, found.data_version, found.source, found.stale) if seen[0] else None


@settings(max_examples=50 * TIMES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DELIVERIES, st.sampled_from(Adjustment), st.none() | DAYS.map(lambda d: MONDAY + d * DAY))
def test_no_answer_at_a_fixed_moment_ever_changes(deliveries, adjustment, at):
    answers = {}
    with new_store() as (store, clock):
        for delivery in deliveries:
            clock.delays = list(delivery.delays)
            store.commit(
                BTC,
                ONE_DAY,
                delivery.columns(),
                delivery.actions,
                fetched_at=clock.now - delivery.fetched_ago,
            )
            clock.delays = []
            for now in (clock.now, clock.now + delivery.pause):
                for as_of in (now, now - 1, now - SECOND, now - 3 * SECOND):
                    seen = answer(store, as_of, now, adjustment, at)
                    assert answers.setdefault(as_of, seen) == seen
            clock.now += delivery.pause
        later = clock.now + DAY
        for as_of, seen in answers.items():
            assert answer(store, as_of, later, adjustment, at) == seen


@settings(max_examples=50 * TIMES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DELIVERIES)
def test_an_answer_holds_the_newest_fetch_of_each_bar_known_by_then(deliveries):
    told: list[tuple[int, int, dict[int, float]]] = []
    with new_store() as (store, clock):
        for delivery in deliveries:
            fetched = clock.now - delivery.fetched_ago
            result = store.commit(BTC, ONE_DAY, delivery.columns(), fetched_at=fetched)
            # What changed nothing was known before; it still guards against older fetches.
            told.append((result.known or 0, fetched, delivery.bars))
            clock.now += delivery.pause
        series = store.series("BTC-USD", ONE_DAY)
        for moment in sorted({known for known, _, _ in told if known}):
            expected: dict[int, tuple[int, float]] = {}
            for known, fetched, bars in told:
                if known > moment:
                    break
                for day, close in bars.items():
                    if day not in expected or fetched > expected[day][0]:
                        expected[day] = fetched, close
            found = series.snapshot(as_of=moment, now=clock.now + DAY).bars
            days = ((found.time - MONDAY) // DAY).tolist()
            assert dict(zip(days, found.close.tolist(), strict=True)) == {
                day: close for day, (_, close) in expected.items()
            }


@settings(max_examples=50 * TIMES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DELIVERIES, st.randoms(use_true_random=False))
def test_the_order_of_delivery_does_not_matter_in_the_end(deliveries, random):
    for n, delivery in enumerate(deliveries):
        # No two fetches at the same instant: between those the first one wins.
        delivery.fetched_ago = 20 * SECOND - n
    shuffled = random.sample(deliveries, len(deliveries))
    ends = []
    for order in (deliveries, shuffled):
        with new_store() as (store, clock):
            for delivery in (*order, *order):
                store.commit(
                    BTC,
                    ONE_DAY,
                    delivery.columns(),
                    delivery.actions,
                    fetched_at=NOW - delivery.fetched_ago,
                )
            clock.now += DAY
            seen = answer(store, clock.now, clock.now, Adjustment.SPLITS_AND_DIVIDENDS)
            ends.append(seen)
    assert ends[0] == ends[1]
