"""A worker that is killed anywhere, and two that do the same at once: on each home of bars."""

import threading
import time

import pytest

from engine.types import Interval
from market_data.calendar import DAY
from market_data.fetching import Fetching
from market_data.ingest import Ingestion
from market_data.instruments import Instrument
from market_data.messages import FetchSeries
from market_data.stores.chunked import ChunkedBarStore
from market_data.stores.deliveries import SqliteDeliveries
from market_data.stores.sqlite_quarantine import SqliteQuarantine
from market_data.worker import Worker, due
from tests.market_data.ingestion.test_fetching import Told
from tests.market_data.stores.homes import HOMES

ONE_DAY = Interval.ONE_DAY
ACME = Instrument("ACME", source="told", calendar="24/7")
MESSAGE = {"messageId": "1", "body": FetchSeries("ACME", ONE_DAY).packed()}
DONE = {"batchItemFailures": []}


class Killed(BaseException):
    """The process has ended."""


class Dying:
    """A part of a worker whose process ends before or after so many calls of a method."""

    def __init__(self, part, method, calls, *, done):
        self._part, self._method, self._left, self._done = part, method, calls, done

    def __getattr__(self, name):
        whole = getattr(self._part, name)
        if name != self._method:
            return whole

        def call(*arguments):
            self._left -= 1
            if self._left == 0 and not self._done:
                raise Killed
            answer = whole(*arguments)
            if self._left == 0:
                raise Killed
            return answer

        return call


class Place:
    """What several workers share: bars, the quarantine, what came, and a source."""

    def __init__(self, store, folder, clock):
        self.clock = clock
        self.parts = {
            "bars": store._backend,
            "quarantine": SqliteQuarantine(folder / "quarantine.sqlite"),
            "deliveries": SqliteDeliveries(folder / "deliveries.sqlite", clock),
        }
        self.folder, self.source = folder, Told(clock)
        self.today = clock.now // DAY

    def worker(self, sleep=None, **others):
        """A worker of its own, some of whose parts are others."""
        parts = self.parts | others
        bars = ChunkedBarStore(parts["bars"], self.clock, sleep=sleep or self.clock.sleep)
        ingestion = Ingestion(bars, parts["quarantine"])
        fetching = Fetching(bars, ingestion, parts["deliveries"], lambda _: self.source)
        return Worker(bars, ingestion, fetching, parts["deliveries"], None, str(self.folder), None)

    def snapshot(self, as_of=None):
        bars = ChunkedBarStore(self.parts["bars"], self.clock)
        return bars.series("ACME", ONE_DAY).snapshot(as_of=as_of, now=self.clock.now)

    def closes(self, as_of=None):
        return self.snapshot(as_of).bars.close.tolist()


@pytest.fixture(params=sorted(HOMES))
def place(request, tmp_path, clock):
    """ACME is kept; its source has five days more, one of them broken."""
    with HOMES[request.param](clock) as store:
        place = Place(store, tmp_path, clock)
        days = {day: 100.0 + day - place.today for day in range(place.today - 20, place.today)}
        place.source.closes = dict(list(days.items())[:15])
        first = place.source.fetch("ACME", ONE_DAY, 0, clock.now)
        Ingestion(store, place.parts["quarantine"]).take(ACME, first)
        clock.sleep(10)
        place.source.closes = days | {place.today - 2: "NaN"}
        place.expected = [close for day, close in days.items() if day != place.today - 2]
        yield place


POINTS = [
    ("bars", "keep", 1, True),  # done: between chunk and HEAD
    ("bars", "swap", 1, True),  # between HEAD and confirmation
    ("bars", "swap", 2, False),
    ("bars", "swap", 2, True),  # between confirmation and letting go
    ("bars", "expire", 1, True),
    ("quarantine", "put", 1, False),
    ("quarantine", "put", 1, True),
    ("deliveries", "record", 1, False),
    ("deliveries", "record", 1, True),
]


# In a file these are no calls of their own: what they do is in the transactions of the two swaps.
APART = {"keep", "expire"}


@pytest.mark.parametrize(
    ("place", "point"),
    [
        pytest.param(home, point, id="-".join(map(str, (home, *point))))
        for home in sorted(HOMES)
        for point in POINTS
        if home != "sqlite" or point[1] not in APART
    ],
    indirect=["place"],
)
def test_what_a_killed_worker_began_the_next_one_finishes(place, clock, point):
    part, method, calls, done = point
    before = clock.now
    dying = Dying(place.parts[part], method, calls, done=done)
    with pytest.raises(Killed):
        place.worker(**{part: dying}).work([MESSAGE], lambda: 900.0)
    assert place.closes(before) == place.expected[:15]
    clock.sleep(30)
    meanwhile = place.snapshot(clock.now)

    # The queue brings the message again, and once more.
    assert place.worker().work([MESSAGE], lambda: 900.0) == DONE
    clock.sleep(30)
    assert place.closes() == place.expected
    assert [row.row.close for row in place.parts["quarantine"].listing()] == ["NaN"]
    assert place.closes(before) == place.expected[:15]
    if meanwhile.final:
        assert place.closes(meanwhile.as_of) == meanwhile.bars.close.tolist()
    settled = place.snapshot().data_version
    assert place.worker().work([MESSAGE], lambda: 900.0) == DONE
    clock.sleep(30)
    assert place.snapshot().data_version == settled


def test_what_a_killed_worker_left_unconfirmed_is_due(place, clock):
    def is_due():
        bars = ChunkedBarStore(place.parts["bars"], clock)
        return list(due(bars, ONE_DAY, {"told"}, clock.now, {}.setdefault))

    dying = Dying(place.parts["bars"], "swap", 1, done=True)
    with pytest.raises(Killed):
        place.worker(bars=dying).work([MESSAGE], lambda: 900.0)
    clock.sleep(30)
    assert len(place.closes()) == 15
    # Nobody but the schedule asks again, as where a laptop's watch was killed.
    assert is_due() == [FetchSeries("ACME", ONE_DAY)]
    assert place.worker().work([MESSAGE], lambda: 900.0) == DONE
    clock.sleep(30)
    assert place.closes() == place.expected
    assert is_due() == []


def test_two_workers_that_are_brought_one_message_do_its_work_once(place, clock):
    ready, answers = threading.Barrier(2), []

    def work():
        # Who waits for the other must not move its clock: it would come too late, by no fault.
        worker = place.worker(time.sleep)
        ready.wait(20)
        answers.append(worker.work([MESSAGE, MESSAGE], lambda: 900.0))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [DONE, DONE]
    clock.sleep(30)
    assert place.closes() == place.expected
    series = ChunkedBarStore(place.parts["bars"], clock).series("ACME", ONE_DAY)
    assert len(series.time) == len(set(series.time.tolist())) == 19
    assert len(place.parts["quarantine"].listing()) == 1
