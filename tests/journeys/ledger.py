"""What was ever told of one symbol, kept naively, and every answer worked out from it by looking.

It knows nothing of how anything is stored: rows are never merged, packed, hashed or cut, and each
question goes through all of them. The sessions of New York are written down by hand.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
NOVEMBER_3 = 20_395 * DAY  # 2025-11-03, a Monday
HOLIDAYS = {NOVEMBER_3 + 24 * DAY, NOVEMBER_3 + 52 * DAY}  # Thanksgiving and Christmas
EARLY = {NOVEMBER_3 + 25 * DAY, NOVEMBER_3 + 51 * DAY}  # over at 13:00, which is 18:00Z
SESSIONS = [
    day
    for day in range(NOVEMBER_3, NOVEMBER_3 + 59 * DAY, DAY)
    if (day - NOVEMBER_3) // DAY % 7 < 5 and day not in HOLIDAYS
]
LATE = HOUR  # what a daily bar may take to arrive before its absence is told

Prices = tuple[float, float, float, float, float]


def close_of(day: int) -> int:
    """When New York is over: 16:00 in winter, 21:00Z."""
    return day + (18 if day in EARLY else 21) * HOUR


class Row(NamedTuple):
    """One thing that was told, and since when it is known; None takes it back."""

    known: int
    what: Prices | float | None


class Mood(NamedTuple):
    """One reading, when anybody could know of it, and since when it is known here."""

    known: int
    time: int
    public: int
    value: float


@dataclass
class Told:
    """All that was told of one thing: a bar, or a split; what was fetched last holds."""

    rows: list[Row] = field(default_factory=list)
    fetched: int = 0

    def tell(self, known: int, fetched: int, what: Prices | float | None) -> bool:
        """Whether it says anything new."""
        if self.rows and fetched <= self.fetched:
            return False
        self.fetched = fetched
        if self.rows and self.rows[-1].what == what:
            return False
        self.rows.append(Row(known, what))
        return True

    def at(self, as_of: int) -> Prices | float | None:
        """What held at a moment."""
        held = [row.what for row in self.rows if row.known <= as_of]
        return held[-1] if held else None


@dataclass
class Ledger:
    """All that was ever told of one symbol."""

    bars: dict[int, Told] = field(default_factory=dict)
    splits: dict[int, Told] = field(default_factory=dict)
    dividends: dict[int, Told] = field(default_factory=dict)
    moods: list[Mood] = field(default_factory=list)
    mood_fetched: dict[int, int] = field(default_factory=dict)

    def tell_mood(self, known: int, fetched: int, time: int, public: int, value: float) -> bool:
        """A reading; one that is told anew is public no earlier than it is known."""
        before = [mood for mood in self.moods if mood.time == time]
        if before and fetched <= self.mood_fetched[time]:
            return False
        self.mood_fetched[time] = fetched
        if before and before[-1].value == value:
            return False
        self.moods.append(Mood(known, time, max(public, known) if before else public, value))
        return True

    def moments(self) -> list[int]:
        """Every moment from which anything is known."""
        told = [*self.bars.values(), *self.splits.values(), *self.dividends.values()]
        rows = [row.known for one in told for row in one.rows]
        return sorted({*rows, *(mood.known for mood in self.moods)})

    # -- answers ------------------------------------------------------------------------------

    def raw(self, as_of: int, at: int | None = None) -> list[tuple[int, Prices]]:
        """The bars as they were traded, as known at one moment and closed by another."""
        judged = as_of if at is None else min(at, as_of)
        found = [(day, self.bars[day].at(as_of)) for day in sorted(self.bars)]
        return [(day, row) for day, row in found if row is not None and close_of(day) <= judged]

    def events(self, as_of: int, kinds: str) -> list[tuple[int, str, float]]:
        """Splits and dividends that were known, and in effect, oldest first."""
        told = {"SPLIT": self.splits, "DIVIDEND": self.dividends}
        return sorted(
            (day, kind, value)
            for kind in kinds.split()
            for day, one in told[kind].items()
            if day <= as_of and (value := one.at(as_of)) is not None
        )

    def adjusted(
        self, as_of: int, at: int | None = None, kinds: str = "SPLIT"
    ) -> list[tuple[int, Prices]]:
        """The same bars, with each split and dividend worked into every bar before its day."""
        everything = self.raw(as_of)
        found = []
        for day, (*prices, volume) in self.raw(as_of, at):
            for ex_day, kind, value in self.events(as_of, kinds):
                if day >= ex_day:
                    continue
                after = [row for other, row in everything if other >= ex_day]
                if kind == "SPLIT":
                    prices, volume = [price / value for price in prices], volume * value
                elif after:
                    close = after[0][3]
                    prices = [price * close / (close + value) for price in prices]
            found.append((day, (*prices, volume)))
        return found

    def made_of(self, as_of: int, at: int | None, kinds: str) -> object:
        """All that bars depend on: two answers have one data version where this is one."""
        raw, everything = self.raw(as_of, at), self.raw(as_of)
        if not raw:
            return ()
        first, last = raw[0][0], everything[-1][0]
        used = [
            event
            for event in self.events(as_of, kinds)
            if event[0] > first
            and event[1:] not in {("SPLIT", 1.0), ("DIVIDEND", 0.0)}
            and (event[1] == "SPLIT" or event[0] <= last)
        ]
        closes = {
            event[0]: next(row[3] for day, row in everything if day >= event[0])
            for event in used
            if event[1] == "DIVIDEND"
        }
        return tuple(raw), tuple(used), tuple(closes.items())

    def heard(self, as_of: int, closed: int) -> list[Mood]:
        """The readings that were known, and public by a close."""
        return [one for one in self.moods if one.known <= as_of and one.public <= closed]

    def mood_on(self, as_of: int, days: list[int]) -> list[float | None]:
        """What each bar heard first: of what became public since the bar before, the newest."""
        found: list[float | None] = []
        for i, day in enumerate(days):
            before = close_of(days[i - 1]) if i else 0
            newest = None
            for one in sorted(self.heard(as_of, close_of(day)), key=lambda m: (m.public, m.time)):
                earlier = [other for other in self.moods if other.known <= as_of]
                late = any(
                    (other.public, other.time) < (one.public, one.time) and other.time > one.time
                    for other in earlier
                )
                if one.public > before and not late:
                    newest = one.value
            found.append(newest)
        return found

    def stale(self, as_of: int, at: int | None = None) -> bool:
        """Whether a session was over for long enough whose bar is not there."""
        judged = as_of if at is None else min(at, as_of)
        due = [day for day in SESSIONS if close_of(day) + LATE <= judged]
        there = [day for day, _ in self.raw(as_of, at)]
        return not there or there[-1] < due[-1]
