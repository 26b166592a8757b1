"""The bitemporal series: rows with the time at which they became known, and what was known when.

Why an answer at a past ``as_of`` never changes
-----------------------------------------------
A row enters an answer when it was known by then, ``known <= as_of``, and the answer at ``as_of``
is a function of exactly those rows and actions. So it is final once no commit can add a row at
or before ``as_of`` any more. A commit takes k at least 2 s ahead of its own clock, and counts
only if its clock still reads less than k - 0.5 s when it is confirmed, that is, visible to every
reader; else it is redone with a later k. Clocks differ by less than 0.5 s, so a reader who reads
before the commit is visible sees a clock below k, and asks for an ``as_of`` below k: the row
belongs to no answer given before it was visible. That holds for a reader who takes ``now`` first
and reads the store after.

So far for a writer who lives to see its answer in time. Where it does not, the rows stay *pending*
in the HEAD, and nobody knows whether they were visible before their k: they may have been, or their
writer may move them to a later one. A reader who meets a pending k therefore speaks of no moment
from there on: what it is asked as of later moments it answers as of the one before k, and says so.
In the same way a reader who may use a HEAD for some seconds speaks of no moment after the one at
which that was read. `Series.horizon` is the last moment of which a series can speak.

Hence ``as_of <= now``, and not beyond the horizon, is final at once. An ``as_of`` beyond now is
now, and is not final: asked again a second later it means a later moment. The same is true where
none is given.
"""

from copy import copy
from dataclasses import dataclass, field
from typing import Self, TypeVar

import numpy as np

from engine.types import Bars, Float64, Int64, Interval
from market_data.adjust import Adjustment, WorkedIn, adjust
from market_data.calendar import closes_at, last_expected
from market_data.instruments import ActionKind, CorporateAction, Instrument
from market_data.runs import distinct, ends, span
from market_data.snapshot import Snapshot, data_version

FOREVER = 2**63 - 1
"""The horizon of a series that was read after ``now`` was, with nothing pending."""

K = TypeVar("K")
V = TypeVar("V")

__all__ = [
    "BY_HAND",
    "CONFIRMED",
    "FOREVER",
    "RELEASED",
    "WITHDRAWN",
    "Adjustment",
    "Instrument",
    "KnownAction",
    "Series",
    "Snapshot",
]

# Origins of rows that no source told: a bar that is taken back, and one that is put back, by hand
# or because another source has it too.
WITHDRAWN = "withdrawn"
RELEASED = "released by hand"
CONFIRMED = "confirmed by another source"
# Of splits and dividends that somebody told in place of the source.
BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class KnownAction:
    """A corporate action and the time from which it is known.

    Parameters
    ----------
    action : CorporateAction
    known : int, microseconds UTC
    overruled : float or None
        What the source says instead, where somebody has told it by hand.
    """

    action: CorporateAction
    known: int
    overruled: float | None = None


@dataclass(frozen=True, slots=True)
class _View:
    """All that was known at some moment: raw rows, the same adjusted, and the actions worked in."""

    raw: Bars
    adjusted: Bars
    worked_in: tuple[WorkedIn, ...]
    origin: Int64
    origins: tuple[str, ...]
    versions: dict[int, tuple[str, str]] = field(default_factory=dict)


# A view costs some 0.3 MB: the one at "now" and two moments of the past are kept, and of each view
# the versions of a few moments judged.
_VIEWS = 3
_VERSIONS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Every row and action of one symbol and interval that was ever committed.

    Parameters
    ----------
    instrument : Instrument
    interval : Interval
    version : int
        Moves with every commit that changed something.
    time, known : (n,) int64, microseconds UTC
        When a bar opened, and since when this row of it is known; sorted by time, then known.
    open, high, low, close, volume : (n,) float64
        As traded, nothing worked in.
    actions : sequence of KnownAction
    origins : sequence of str
        Where rows come from; the first is the instrument's own source.
    origin : (n,) int64
        Which of `origins` a row comes from.
    horizon : int, microseconds UTC
        The last moment of which this can speak; see the head of this module.
    fresh_for : int, microseconds
        How long the store that it was read from may go without asking again.
    """

    instrument: Instrument
    interval: Interval
    version: int
    time: Int64
    known: Int64
    open: Float64
    high: Float64
    low: Float64
    close: Float64
    volume: Float64
    actions: tuple[KnownAction, ...] = ()
    origins: tuple[str, ...] = ("file",)
    origin: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    horizon: int = FOREVER
    fresh_for: int = 0
    _views: dict[tuple[int, int, Adjustment], _View] = field(
        default_factory=dict, init=False, repr=False
    )
    _moments: tuple[Int64, Int64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not len(self.origin):
            object.__setattr__(self, "origin", np.zeros(len(self.time), np.int64))
        known = [a.known for a in self.actions]
        effective = [max(a.known, a.action.ex_time) for a in self.actions]
        object.__setattr__(
            self,
            "_moments",
            (distinct(self.known), distinct(np.array(known + effective, np.int64))),
        )

    @classmethod
    def empty(cls, instrument: Instrument, interval: Interval) -> Self:
        """The series of which nothing was ever committed."""
        moments, prices = np.zeros(0, np.int64), np.zeros(0, np.float64)
        columns = (prices, prices, prices, prices, prices)
        return cls(
            instrument, interval, 0, moments, moments, *columns, origins=(instrument.source,)
        )

    @property
    def last_known(self) -> int:
        """The k of the newest row or action; 0 where there is none."""
        rows = int(self.known.max(initial=0))
        return max([rows, *(action.known for action in self.actions)])

    def as_read(self, horizon: int, fresh_for: int) -> Self:
        """The same series, read so that it can speak of no moment after ``horizon``.

        It shares what the series has worked out already.
        """
        read = copy(self)
        object.__setattr__(read, "horizon", horizon)
        object.__setattr__(read, "fresh_for", fresh_for)
        return read

    def snapshot(
        self,
        at: int | None = None,
        as_of: int | None = None,
        *,
        now: int,
        adjustment: Adjustment = Adjustment.SPLITS,
    ) -> Snapshot:
        """What was known at ``as_of`` of the bars that were closed by ``at``.

        Parameters
        ----------
        at : int, microseconds UTC, or None
            The moment judged; the moment of ``as_of`` where it is later or none.
        as_of : int, microseconds UTC, or None
            What was known; now where it is later or none.
        now : int, microseconds UTC
            Read off the clock before the series was read from its store.
        adjustment : Adjustment

        Notes
        -----
        Prices are adjusted by all splits (and dividends) that were known and in effect at
        ``as_of``, whatever ``at`` is: the bars at an earlier ``at`` are the first of the bars at a
        later one, bit for bit, so a signal equals the history at its bar.
        """
        latest = min(now, self.horizon)
        resolved = latest if as_of is None else min(as_of, latest)
        judged = resolved if at is None else min(at, resolved)
        view = self._view(resolved, adjustment)
        count = self._closed(view.raw.time, judged)
        version, source = self._version(view, count, adjustment)
        return Snapshot(
            bars=view.adjusted[:count],
            as_of=resolved,
            final=as_of is not None and as_of <= latest,
            data_version=version,
            source=source,
            stale=not count or self._stale(int(view.raw.time[count - 1]), judged),
            fresh_for=self.fresh_for,
            origins=view.origins,
        )

    def _stale(self, newest: int, moment: int) -> bool:
        """Whether a bar newer than the newest known was due by ``moment``."""
        return newest < last_expected(moment, self.interval, self.instrument.calendar)

    def _closed(self, time: Int64, moment: int) -> int:
        """How many bars are closed by ``moment``; closes follow in the order of opens."""
        count = int(np.searchsorted(time, moment, side="right"))
        calendar = self.instrument.calendar
        while count and closes_at(int(time[count - 1]), self.interval, calendar) > moment:
            count -= 1
        return count

    def _view(self, as_of: int, adjustment: Adjustment) -> _View:
        """The view at ``as_of``, from the cache where nothing became known or effective since."""
        rows, actions = (int(np.searchsorted(m, as_of, side="right")) for m in self._moments)
        key = rows, actions, adjustment
        view = self._views.get(key)
        if view is None:
            view = self._look(as_of, adjustment)
            _keep(self._views, key, view, _VIEWS)
        return view

    def _look(self, as_of: int, adjustment: Adjustment) -> _View:
        rows = np.flatnonzero(self.known <= as_of)
        time = self.time[span(rows)]
        rows = rows[ends(time)]
        if WITHDRAWN in self.origins:
            rows = rows[self.origin[rows] != self.origins.index(WITHDRAWN)]
        which = span(rows)
        columns = (self.open, self.high, self.low, self.close, self.volume)
        raw = Bars(self.time[which], *(column[which] for column in columns))
        adjusted, worked_in = adjust(raw, self.interval, self._known_actions(as_of), adjustment)
        return _View(raw, adjusted, worked_in, self.origin[which], self._sources(which))

    def _sources(self, rows: Int64 | slice) -> tuple[str, ...]:
        """Whose bars some rows are: also those that were put back have a source."""
        own = self.instrument.source
        names = self._named(self.origin[rows]) or [self.origins[0]]
        return tuple(dict.fromkeys(own if one in {RELEASED, CONFIRMED} else one for one in names))

    def _named(self, origin: Int64) -> list[str]:
        """The origins of some rows, the symbol's own first and the others by name.

        In whichever order a store tells of them: that is decided by rows that come later, too.
        """
        used = distinct(origin).tolist() if len(self.origins) > 1 else [0] * bool(len(origin))
        return sorted(
            (self.origins[i] for i in used), key=lambda one: (one != self.origins[0], one)
        )

    def _known_actions(self, as_of: int) -> list[CorporateAction]:
        """The actions in effect at ``as_of``, each as last told by then, oldest first."""
        latest: dict[tuple[int, ActionKind], CorporateAction] = {}
        for known in sorted(self.actions, key=lambda a: a.known):
            action = known.action
            if known.known <= as_of and action.ex_time <= as_of:
                latest[action.ex_time, action.kind] = action
        return sorted(latest.values())

    def _version(self, view: _View, count: int, adjustment: Adjustment) -> tuple[str, str]:
        """The data version and the source of the first ``count`` bars of a view."""
        found = view.versions.get(count)
        if found is None:
            symbol = self.instrument.symbol
            # Whatever is worked in touches the first bar, so every part of a view has all of it.
            applied = view.worked_in if count else ()
            version = data_version(symbol, self.interval, adjustment, view.raw[:count], applied)
            source = " + ".join(self._named(view.origin[:count])) or self.origins[0]
            found = version, source
            _keep(view.versions, count, found, _VERSIONS)
        return found


def _keep(cache: dict[K, V], key: K, value: V, most: int) -> None:
    """Put into a small cache, dropping the oldest.

    Two threads may both put the same; what they put is equal, and each step of a dict is atomic.
    """
    for old in list(cache)[: max(0, len(cache) - most + 1)]:
        cache.pop(old, None)
    cache[key] = value
