"""Sentiment kept like bars: readings with the time at which each became public, and known here.

A reading has three times. ``time`` is the moment of which it speaks. ``published`` is when anybody
could have known it: a bar hears of it only if it closed no earlier, so nothing of today is applied
to the past. ``known`` is when it was committed here, a little ahead as for bars (see `bars`): an
answer at ``as_of`` is made of the rows known by then and never changes.

A reading that is told anew with another value becomes a row of its own. It is taken to be public
no earlier than it is known, whatever its source says, since it was another number until then.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from engine.sentiment import Sentiment
from engine.types import Float64, Int64
from market_data.errors import BadReadings
from market_data.runs import distinct, span

__all__ = [
    "MOST",
    "Delivered",
    "Heard",
    "Readings",
    "confirmed",
    "joined",
    "merged",
    "postponed",
]

# Of one symbol: half a century of days, or two years of hours. All of them are read at once, and
# packed they fit an item of DynamoDB.
MOST = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Delivered:
    """Readings as a source gives them.

    Parameters
    ----------
    time : (m,) int64, microseconds UTC
        The moment of which each speaks; increasing.
    published : (m,) int64, microseconds UTC
        When it became public; no earlier than its time.
    value : (m,) float64 on 0..1
        0 is as bad as can be, 0.5 is neutral, 1 is as good as can be.
    source : str
        Who says so.
    fetched_at : int, microseconds UTC
        When it was fetched; nothing of it may be published later.

    Raises
    ------
    BadReadings
        Which reading breaks a rule, and which rule.
    """

    time: Int64
    published: Int64
    value: Float64
    source: str
    fetched_at: int

    def __post_init__(self) -> None:
        if not len(self.time) == len(self.published) == len(self.value):
            raise BadReadings("a reading has one time, one published and one value")
        faults = (
            (~np.isfinite(self.value), "a value is a finite number"),
            ((self.value < 0.0) | (self.value > 1.0), "a value lies between 0 and 1"),
            (np.append(False, self.time[1:] <= self.time[:-1])[: len(self.time)], "times increase"),
            (self.published < self.time, "nothing is published before the moment it speaks of"),
            (self.published > self.fetched_at, "nothing is published after it was fetched"),
        )
        for fault, rule in faults:
            if fault.any():
                i = int(np.argmax(fault))
                raise BadReadings(f"reading {i}, value {float(self.value[i])!r}: {rule}", i)


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """The readings of one question, and what makes the answer repeatable."""

    sentiment: Sentiment
    data_version: str
    source: str

    def readings(self, closed: Int64) -> Float64:
        """The reading that became public by each bar's close; see ``Sentiment.readings``."""
        return self.sentiment.readings(closed)


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Every reading of one symbol that was ever committed, sorted by time, then known.

    Parameters
    ----------
    symbol : str
    version : int
        Moves with every commit that changed something.
    time, published, known : (n,) int64, microseconds UTC
    value : (n,) float64 on 0..1
    origin : (n,) int64
        Which of `origins` a row comes from.
    fetched : (n,) int64, microseconds UTC
        When a row was fetched: an older fetch does not change it.
    origins : tuple of str
    pending : int, microseconds UTC
        The k of a commit whose writer has not confirmed yet that it was visible in time; 0 where
        there is none. Nothing is heard from there on: its rows may still be known later.
    content : str
        The name of the object that holds exactly these rows, where a home keeps them apart.
    read_at : int, microseconds UTC
        What the clock read before their home was asked for them.
    fresh_for : int, microseconds
        How long that home may go without being asked again.
    """

    symbol: str
    version: int = 0
    time: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    published: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    known: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    fetched: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    value: Float64 = field(default_factory=lambda: np.zeros(0, np.float64))
    origin: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    origins: tuple[str, ...] = ()
    pending: int = 0
    content: str = ""
    read_at: int = 0
    fresh_for: int = 0

    @property
    def size(self) -> int:
        """How many bytes its columns take."""
        columns = (self.time, self.published, self.known, self.fetched, self.value, self.origin)
        return sum(column.nbytes for column in columns)

    @property
    def last_known(self) -> int:
        """The k of the newest row; 0 where there is none."""
        return int(self.known.max(initial=0))

    @property
    def horizon(self) -> int | None:
        """The last moment of which these can speak, as of a series; None where there is none."""
        bounds = [self.pending - 1] if self.pending else []
        bounds += [self.read_at] if self.fresh_for else []
        return min(bounds, default=None)

    def heard(self, at: int, as_of: int) -> Heard | None:
        """What was public at ``at`` of what was known at ``as_of``; None where that is nothing.

        Parameters
        ----------
        as_of : int, microseconds UTC
            Not beyond the horizon: of later moments nobody knows yet what will have been known.
        """
        rows = np.flatnonzero((self.known <= as_of) & (self.published <= at))
        if not len(rows):
            return None
        which = span(rows)
        time, published, value = self.time[which], self.published[which], self.value[which]
        digest = hashlib.sha256(f"sentiment 1 {self.symbol} {len(rows)}\n".encode())
        for column, kind in ((time, "<i8"), (published, "<i8"), (value, "<f8")):
            digest.update(np.ascontiguousarray(column, kind).data)
        named = sorted(self.origins[i] for i in distinct(self.origin[which]).tolist())
        return Heard(
            Sentiment(time, published, value),
            digest.hexdigest()[:16],
            " + ".join(named),
        )


def merged(kept: Readings, told: Delivered, known: int) -> tuple[Readings, int, int]:
    """What is kept after a delivery that is known from ``known``, and what it changed.

    What another commit left unconfirmed is known from ``known`` as well.

    Returns
    -------
    Readings
        ``kept`` itself where nothing changed; else with ``known`` pending.
    int
        How many readings are new.
    int
        How many say otherwise than before, by a fetch that is newer. One that says the same by a
        newer fetch confirms its row against those that are older than this one; of that alone
        nothing becomes pending.

    Raises
    ------
    BadReadings
        When the symbol would have more than `MOST` rows.
    """
    before, kept = kept, _confirmed_by(kept, told)
    fresh, again = _new_and_restated(kept, told)
    if not fresh and not again:
        if kept.pending:
            return postponed(kept, kept.pending, known), 0, 0
        return (kept if kept is before else replace(kept, version=kept.version + 1)), 0, 0
    if kept.pending:
        kept = replace(postponed(kept, kept.pending, known), version=kept.version)
    if (count := len(kept.time) + len(fresh) + len(again)) > MOST:
        raise BadReadings(
            f"{kept.symbol} would have {count:,} readings of sentiment; at most {MOST:,} are kept "
            "of one symbol"
        )
    return _with_rows(kept, told, fresh, again, known), len(fresh), len(again)


def _new_and_restated(kept: Readings, told: Delivered) -> tuple[list[int], list[int]]:
    """Which of the readings told are new, and which say otherwise than before, by a newer fetch."""
    newest = {moment: i for i, moment in enumerate(kept.time.tolist())}
    moments = told.time.tolist()
    fresh = [i for i, moment in enumerate(moments) if moment not in newest]
    again = [
        i
        for i, moment in enumerate(moments)
        if (row := newest.get(moment)) is not None
        and told.value[i] != kept.value[row]
        and told.fetched_at > kept.fetched[row]
    ]
    return fresh, again


def _with_rows(
    kept: Readings, told: Delivered, fresh: list[int], again: list[int], known: int
) -> Readings:
    """What is kept and some of what is told, known from ``known``, which is pending."""
    rows = np.array(fresh + again, np.int64)
    published = told.published[rows].copy()
    published[len(fresh) :] = np.maximum(published[len(fresh) :], known)
    origins = tuple(dict.fromkeys((*kept.origins, told.source)))
    count = len(rows)
    time = np.append(kept.time, told.time[rows])
    since = np.append(kept.known, np.full(count, known))
    order = np.lexsort((since, time))
    return Readings(
        kept.symbol,
        kept.version + 1,
        time=time[order],
        published=np.append(kept.published, published)[order],
        known=since[order],
        fetched=np.append(kept.fetched, np.full(count, told.fetched_at))[order],
        value=np.append(kept.value, told.value[rows])[order],
        origin=np.append(kept.origin, np.full(count, origins.index(told.source)))[order],
        origins=origins,
        pending=known,
    )


def _confirmed_by(kept: Readings, told: Delivered) -> Readings:
    """The rows, those that a newer fetch says again fetched by that one; as they are if none is."""
    place = {moment: i for i, moment in enumerate(told.time.tolist())}
    rows = {moment: i for i, moment in enumerate(kept.time.tolist()) if moment in place}
    newer = [
        row
        for moment, row in rows.items()
        if told.value[place[moment]] == kept.value[row] and told.fetched_at > kept.fetched[row]
    ]
    if not newer:
        return kept
    fetched = kept.fetched.copy()
    fetched[newer] = told.fetched_at
    return replace(kept, fetched=fetched, content="")


def postponed(kept: Readings, known: int, later: int) -> Readings:
    """The same rows, those known from ``known`` being known from ``later``, which is pending.

    For a commit that became visible too near to its k. What was told anew is public from k on.
    """
    moved = kept.known == known
    anew = moved & (kept.published == known)
    return replace(
        kept,
        version=kept.version + 1,
        known=np.where(moved, later, kept.known),
        published=np.where(anew, later, kept.published),
        pending=later,
        content="",
    )


def confirmed(kept: Readings) -> Readings:
    """The same rows, none of them pending any more."""
    return replace(kept, version=kept.version + 1, pending=0)


def joined(versions: Iterable[str]) -> str:
    """One version, 16 hex digits, of data that has several."""
    return hashlib.sha256("\n".join(versions).encode()).hexdigest()[:16]
