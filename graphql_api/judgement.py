"""From a question about a symbol to a decision: bars as they were known, judged once and shared."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import numpy as np

import engine
from engine.errors import NotEnoughHistory
from engine.types import Interval
from graphql_api.decisions import Decisions, Question
from graphql_api.loader import Loader, Wanted
from market_data.bars import Adjustment, Instrument, Series, Snapshot
from market_data.calendar import closes_at
from market_data.hearing import beside, hear, within
from market_data.instruments import similar
from market_data.readings import Readings
from market_data.sources.registry import may_redistribute
from market_data.stores import BarStore, ReadingStore

_Found = TypeVar("_Found")

__all__ = ["Judge", "Judgement", "PricesWithheld", "SymbolUnknown"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A decision over a whole history, the bars it was made on, and the bar that is read of it."""

    question: Question
    instrument: Instrument
    series: Series
    snapshot: Snapshot
    decision: engine.Decision
    now: int
    readings: Readings | None = None  # of sentiment, where the strategy hears any
    bar: int = -1
    withheld: bool = False  # whether its prices may not be passed on
    found: dict[Hashable, Any] = field(default_factory=dict)  # of the newest bar, for all requests

    def at(self, bar: int) -> "Judgement":
        """The same judgement, read at another of its bars."""
        return replace(self, bar=bar)

    @property
    def bar_time(self) -> int:
        """When the bar that is read opened."""
        return int(self.snapshot.bars.time[self.bar])

    @property
    def is_newest(self) -> bool:
        """Whether the bar that is read is the last one."""
        return self.bar in {-1, len(self.snapshot.bars) - 1}

    def flips(self) -> list[engine.FlipPrice | None]:
        """The flip prices of the bar that is read, down and up."""
        tick = self.instrument.tick
        return self._once(("flips", tick), lambda: engine.flips(self.decision, self.bar, tick))

    def next_flips(self) -> list[engine.FlipPrice | None]:
        """Those of the bar to come after it."""
        tick = self.instrument.tick
        return self._once(
            ("next flips", tick), lambda: engine.next_flips(self.decision, tick, self.bar)
        )

    def explanation(self) -> engine.Explanation:
        """The reasons of the bar that is read."""
        prices = not self.withheld
        return self._once(
            ("explanation", prices), lambda: engine.explain(self.decision, self.bar, prices=prices)
        )

    def _once(self, what: Hashable, find: Callable[[], _Found]) -> _Found:
        """What follows from the decision: of its newest bar, which most ask for, found once."""
        if not self.is_newest:
            return find()
        if what not in self.found:
            self.found[what] = find()
        return cast("_Found", self.found[what])

    def find(self, bar_time: int) -> int | None:
        """The bar that opened then; None where none did, or where it could not be judged."""
        bar = int(np.searchsorted(self.snapshot.bars.time, bar_time))
        found = bar < len(self.snapshot.bars) and self.snapshot.bars.time[bar] == bar_time
        return bar if found and bar >= self.decision.first else None

    def adjusted(self, adjustment: Adjustment) -> Snapshot:
        """The same bars, adjusted otherwise."""
        question = self.question
        return self._heard(
            self.series.snapshot(question.at, question.as_of, now=self.now, adjustment=adjustment)
        )

    def snapshot_then(self) -> Snapshot:
        """The bars up to the one that is read: what a question about its moment is answered by."""
        if self.is_newest:
            return self.snapshot
        closed = closes_at(self.bar_time, self.question.interval, self.instrument.calendar)
        return self._heard(self.series.snapshot(closed, self.question.as_of, now=self.now))

    def _heard(self, snapshot: Snapshot) -> Snapshot:
        """A snapshot whose version and source tell of the sentiment that was heard beside it."""
        return beside(snapshot, hear(self.readings, snapshot, self.series))


class PricesWithheld(Exception):
    """A source whose terms do not let its prices be passed on."""

    def __init__(self, symbol: str, source: str) -> None:
        super().__init__(symbol, source)
        self.symbol = symbol
        self.source = source


class SymbolUnknown(Exception):
    """No bars are kept under that name."""

    def __init__(self, symbol: str) -> None:
        super().__init__(symbol)
        self.symbol = symbol


class Judge:
    """Answers the questions of one request, each once.

    A series is loaded once, and what is prepared together is loaded together. ``now`` is read
    before any bars are: what is committed meanwhile belongs to a later answer.
    """

    def __init__(
        self,
        bars: BarStore,
        readings: ReadingStore,
        decisions: Decisions,
        now: int,
        licensed: Iterable[str] = (),
    ) -> None:
        self._licensed = frozenset(licensed)
        self._bars = bars
        self._loader = Loader(bars, readings)
        self._decisions = decisions
        self._now = now
        self._symbols: list[str] | None = None
        self._answered: dict[Question, Judgement] = {}
        self._settled = True
        self._versions: set[str] = set()

    def versions(self) -> list[str] | None:
        """What all that was told was made of: data versions and strategy hashes, sorted.

        None where a part of it may be told otherwise later, because it was asked as of now or of a
        symbol that is not known yet.
        """
        return sorted(self._versions) if self._settled else None

    def prepare(self, wanted: Iterable[Wanted]) -> None:
        """Load, all at once, what will be asked about and is not loaded yet."""
        self._loader.load(wanted)

    def ask(self, question: Question) -> Judgement:
        """The judgement of a question.

        Raises
        ------
        SymbolUnknown
            When no instrument has that symbol.
        NotEnoughHistory
            When too few bars had closed by then, or were known.
        BadParameter
            When the strategy has no such parameter, or not with that value.
        """
        if question not in self._answered:
            self._answered[question] = self._judge(question)
        return self._answered[question]

    def history(
        self, symbol: str, interval: Interval, as_of: int | None, adjustment: Adjustment
    ) -> Snapshot:
        """The closed bars of a symbol; none of them where that interval is not kept.

        Raises
        ------
        SymbolUnknown
            When no instrument has that symbol.
        PricesWithheld
            When a source's terms do not let its prices be passed on.
        """
        series = self._series(symbol, interval)
        snapshot = self._used(series.snapshot(None, as_of, now=self._now, adjustment=adjustment))
        for source in self.withheld_by(snapshot.origins):
            raise PricesWithheld(symbol, source)
        return snapshot

    def withheld_by(self, origins: Iterable[str]) -> list[str]:
        """Those of some sources whose prices may not be passed on.

        What a licence withholds is a part of what an answer was made of: once the operator has
        bought one, no copy of the answer before it holds.
        """
        found = [one for one in origins if not may_redistribute([one], self._licensed)]
        self._versions.update(f"withheld:{one}" for one in found)
        return found

    def similar(self, symbol: str) -> list[str]:
        """Symbols that are known and read like one that is not."""
        if self._symbols is None:
            self._symbols = [one.symbol for one in self._bars.instruments()]
        return similar(symbol, self._symbols)

    def _used(self, snapshot: Snapshot) -> Snapshot:
        """A snapshot, remembered as a part of what is told."""
        self._settled = self._settled and snapshot.final
        self._versions.add(snapshot.data_version)
        return snapshot

    def _series(self, symbol: str, interval: Interval) -> Series:
        series = self._loader.series(symbol, interval)
        if series is None:
            self._settled = False
            raise SymbolUnknown(symbol)
        return series

    def _judge(self, question: Question) -> Judgement:
        wants = question.wants
        self.prepare([wants])
        series = self._series(question.symbol, question.interval)
        readings = self._loader.readings(question.symbol) if wants.hears else None
        series = within(series, readings)
        strategy = engine.strategies()[question.strategy]
        needed = strategy.lookback(**dict(question.parameters)) + 1
        snapshot = series.snapshot(question.at, question.as_of, now=self._now)
        heard = hear(readings, snapshot, series)
        snapshot = self._used(beside(snapshot, heard))
        if len(snapshot.bars) < needed:
            raise NotEnoughHistory(needed, len(snapshot.bars))
        decision, found = self._decisions.decide(question, snapshot, heard, series)
        self._versions.add(decision.hash)
        return Judgement(
            question,
            series.instrument,
            series,
            snapshot,
            decision,
            self._now,
            readings,
            withheld=bool(self.withheld_by(snapshot.origins)),
            found=found,
        )
