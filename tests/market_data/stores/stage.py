"""A stage on which committers and readers take turns: every call is a step, and all may happen.

Between any two calls of any committer time passes, others act, readers read, and writes that were
given up for lost arrive after all. Who acts, when, and what goes wrong is drawn from one seed.
"""

import random
import threading
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from engine.types import Bars, Interval
from market_data.bars import Adjustment
from market_data.calendar import DAY, SECOND
from market_data.errors import StoreUnavailable
from market_data.instruments import ActionKind, CorporateAction, Instrument
from market_data.stores.chunked import ChunkedBarStore

ONE_DAY = Interval.ONE_DAY
MONDAY = 18_267 * DAY
NOW = MONDAY + 56 * DAY
SKEW = 400_000
COMMITTERS = 8
READERS = 3
WRITES = {"keep", "swap", "expire"}
READS = {"heads", "fetch", "refetch", "profiles", "names", "lasting"}


class Killed(BaseException):
    """The process of a committer has ended."""


@dataclass(frozen=True)
class Delivery:
    """Some bars and actions, told with others at a time of their own."""

    closes: dict[int, float]
    actions: tuple[CorporateAction, ...]
    fetched_at: int

    def bars(self) -> Bars:
        days = sorted(self.closes)
        close = np.array([self.closes[day] for day in days], np.float64)
        time = MONDAY + np.array(days, np.int64) * DAY
        return Bars(time, close, close, close, close, close)


def deliveries(rng: random.Random) -> list[Delivery]:
    """What sources tell: late, out of order, twice, and restated; no two at the same instant."""
    found = []
    for n in range(rng.randint(COMMITTERS, 2 * COMMITTERS)):
        days = rng.sample(range(10), rng.randint(0, 5))
        closes = {day: rng.choice([10.0, 11.0, 70.0, 1 / 3]) for day in days}
        actions = ()
        if rng.random() < 0.25:
            kind, value = rng.choice(list(ActionKind)), rng.choice([1.0, 2.0, 5.0])
            actions = (CorporateAction(MONDAY + rng.randrange(10) * DAY, kind, value),)
        found.append(Delivery(closes, actions, NOW - rng.randrange(10) * SECOND * 100 + n))
    twice = rng.sample(found, 2)
    return found + twice


class Committer(threading.Thread):
    """A worker with a clock of its own that acts only when it is given its turn."""

    def __init__(self, stage: "Stage", work: list[Delivery]) -> None:
        super().__init__(daemon=True)
        self.stage = stage
        self.transactional = stage.backend.transactional
        self.work = work
        self.offset = stage.rng.randrange(SKEW + 1)
        self.turn = threading.Semaphore(0)
        self.failed: list[Delivery] = []
        self.error: BaseException | None = None
        self.finished = False

    def run(self) -> None:
        store = ChunkedBarStore(self, self.clock, sleep=lambda seconds: self.wait())
        self.turn.acquire()
        try:
            for one in self.work:
                try:
                    store.commit(
                        self.stage.instrument,
                        ONE_DAY,
                        one.bars(),
                        one.actions,
                        fetched_at=one.fetched_at,
                    )
                except (StoreUnavailable, Killed):
                    self.failed.append(one)  # a queue would deliver it again
        except BaseException as error:
            self.error = error
        finally:
            self.finished = True
            self.stage.back.release()

    def clock(self) -> int:
        return self.stage.now + self.offset

    def wait(self) -> None:
        """Let others act."""
        self.stage.back.release()
        self.turn.acquire()

    def __getattr__(self, name):
        """A call of the backend, in steps."""
        if name.startswith("_") or name not in WRITES | READS:
            raise AttributeError(name)

        def call(*arguments):
            stage, rng = self.stage, self.stage.rng
            self.wait()
            chance = rng.random() if stage.faults else 1.0
            if chance < 0.01:
                raise Killed
            if chance < 0.03:
                raise StoreUnavailable("nothing was done")
            if chance < 0.06 and name in WRITES:
                stage.under_way.append((name, arguments))
                raise StoreUnavailable("nothing was heard, and it will be done")
            answer = getattr(stage.backend, name)(*arguments)
            self.wait()
            chance = rng.random() if stage.faults else 1.0
            if chance < 0.01:
                raise Killed
            if chance < 0.04:
                raise StoreUnavailable("it was done, and nothing was heard")
            return answer

        return call


class Sweeper(Committer):
    """Looks for what no HEAD names, now and then, while others commit."""

    def run(self) -> None:
        store = ChunkedBarStore(self, self.clock)
        self.turn.acquire()
        try:
            for _ in range(2):
                with suppress(StoreUnavailable, Killed):
                    self.stage.swept += [one for one in store.sweep(apply=True) if not one.left]
                self.wait()
        except BaseException as error:
            self.error = error
        finally:
            self.finished = True
            self.stage.back.release()


class Stage:
    """One history on one backend, from a seed."""

    symbol = "S"

    def __init__(self, backend, seed: int) -> None:
        self.backend = backend
        self.instrument = Instrument(self.symbol, calendar="24/7", source="told")
        self.rng = random.Random(seed)
        self.now = NOW
        self.back = threading.Semaphore(0)
        self.faults = True
        self.under_way: list = []
        self.swept: list = []
        self.answers: dict = {}
        self.told = deliveries(self.rng)
        self.readers = [self._reader() for _ in range(READERS)]

    def _reader(self) -> ChunkedBarStore:
        offset, fresh_for = self.rng.randrange(SKEW + 1), self.rng.choice([0, 0, 3 * SECOND])
        return ChunkedBarStore(self.backend, lambda: self.now + offset, fresh_for=fresh_for)

    def play(self) -> None:
        """Everything, until each delivery has been committed."""
        waiting = list(self.told)
        while waiting:
            self.rng.shuffle(waiting)
            workers = [Committer(self, waiting[n::COMMITTERS]) for n in range(COMMITTERS)]
            workers.append(Sweeper(self, []))
            for worker in workers:
                worker.start()
            self._take_turns(workers)
            waiting = [one for worker in workers for one in worker.failed]
            self.faults = self.rng.random() < 0.5
        while self.under_way:
            self._arrive()
        self.now += DAY
        reader = self.readers[0]
        series = reader.series(self.symbol, ONE_DAY)
        for question in list(self.answers):
            self._hold(series, reader.clock(), *question)

    def _take_turns(self, workers: list[Committer]) -> None:
        while acting := [worker for worker in workers if not worker.finished]:
            self.now += self.rng.choice([0, 0, 0, 1, 1000, 30_000, 300_000, 900_000, 2_100_000])
            if self.under_way and self.rng.random() < 0.2:
                self._arrive()
            self._read()
            worker = self.rng.choice(acting)
            worker.turn.release()
            self.back.acquire()
            if worker.error is not None:
                raise worker.error

    def _arrive(self) -> None:
        """A write that was given up for lost is done after all."""
        name, arguments = self.under_way.pop(self.rng.randrange(len(self.under_way)))
        getattr(self.backend, name)(*arguments)

    def _read(self) -> None:
        reader = self.rng.choice(self.readers)
        now = reader.clock()
        at = self.rng.choice([None, None, MONDAY + 5 * DAY])
        adjustment = self.rng.choice([Adjustment.RAW, Adjustment.SPLITS_AND_DIVIDENDS])
        back = self.rng.choice([0, 0, 1, 1000, SECOND, 3 * SECOND])
        self._ask(reader, now - back, at, adjustment)
        if self.answers:
            asked = self.rng.choice(list(self.answers))
            if asked[0] <= now:
                self._ask(reader, *asked)

    def _ask(self, reader, as_of, at, adjustment) -> None:
        now = reader.clock()
        series = reader.series(self.symbol, ONE_DAY)
        if series is not None or not reader._reader.fresh_for:
            self._hold(series, now, as_of, at, adjustment)

    def _hold(self, series, now, as_of, at, adjustment) -> None:
        """Hold an answer against whatever was answered to the same question before."""
        answer, final = None, True
        if series is not None:
            found = series.snapshot(at, as_of, now=now, adjustment=adjustment)
            answer, final = (found.data_version, found.source, found.stale), found.final
            if not len(found.bars):
                answer = None
        if final:
            before = self.answers.setdefault((as_of, at, adjustment), answer)
            assert before == answer, (
                f"as of {as_of} at {at} it was {before}, and now it is {answer}"
            )

    def expected(self) -> dict[int, float]:
        """The close of each day as the newest fetch told it."""
        newest: dict[int, tuple[int, float]] = {}
        for one in self.told:
            for day, close in one.closes.items():
                newest[day] = max(newest.get(day, (0, 0.0)), (one.fetched_at, close))
        return {MONDAY + day * DAY: close for day, (_, close) in sorted(newest.items())}
