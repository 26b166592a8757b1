"""What a home of bars can do, whatever it is built on."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

from engine.types import Bars, Interval
from market_data.bars import CONFIRMED, RELEASED, WITHDRAWN, Series
from market_data.calendar import SECOND
from market_data.clock import Clock
from market_data.errors import MarketDataError
from market_data.instruments import CorporateAction, Instrument

if TYPE_CHECKING:
    from market_data.stores.panels import Panel
    from market_data.stores.sweeping import Swept

__all__ = ["AHEAD", "CONFIRM", "BarStore", "CommitResult", "StoredInterval", "withdrawal"]

# How far ahead of the commit k lies, and how long before it the commit must be confirmed.
AHEAD = 2 * SECOND
CONFIRM = SECOND // 2


@dataclass(frozen=True, slots=True)
class StoredInterval:
    """One series as a list shows it.

    Attributes
    ----------
    settled : bool
        Whether no commit to the symbol is on its way, or was left there by one that died: its rows
        are counted, and not answered until the next commit.
    """

    interval: Interval
    first_time: int
    last_time: int
    count: int
    settled: bool = True


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What a commit changed.

    Attributes
    ----------
    known : int, microseconds UTC, or None
        The k of the new rows and actions: from then on they are answered. None where nothing
        changed.
    added, restated, unchanged, outdated : int
        Bars that are new; that differ from what was kept; that say the same; and that differ but
        were fetched no later than what is kept, and so are left out.
    actions : int
        Corporate actions that are new or told anew.
    """

    known: int | None
    added: int = 0
    restated: int = 0
    unchanged: int = 0
    outdated: int = 0
    actions: int = 0

    def plus(self, later: "CommitResult") -> "CommitResult":
        """What both changed, known from the later k on."""
        return CommitResult(
            self.known if later.known is None else later.known,
            self.added + later.added,
            self.restated + later.restated,
            self.unchanged + later.unchanged,
            self.outdated + later.outdated,
            self.actions + later.actions,
        )


def withdrawal(before: str, told: str) -> bool:
    """Whether a row of the same numbers takes a bar back, or puts back one that was taken back.

    A source that goes on saying what was taken back does not put it back.

    Parameters
    ----------
    before, told : str
        The origins of the newest row of a bar, and of a row that is told of it.
    """
    decides = told in {WITHDRAWN, RELEASED, CONFIRMED}
    return decides and (told == WITHDRAWN) != (before == WITHDRAWN)


class BarStore(Protocol):
    """A home of bitemporal bars; safe for any number of threads and processes.

    Every method raises StoreUnavailable where the store cannot be reached.
    """

    @property
    def clock(self) -> Clock:
        """The clock from which k is taken."""
        ...

    def instruments(self) -> list[Instrument]:
        """Every symbol that has ever been committed, in order of symbol."""
        ...

    def instrument(self, symbol: str) -> Instrument | None:
        """The profile of one symbol."""
        ...

    def intervals(self, symbol: str) -> list[StoredInterval]:
        """The series of one symbol, shortest interval first."""
        ...

    def listed(self, symbols: Collection[str]) -> dict[str, list[StoredInterval] | MarketDataError]:
        """What `intervals` says of several symbols, in one round of calls; empty lists too.

        Where one symbol alone cannot be read, its list's place is taken by the error that says why.
        """
        ...

    def series(self, symbol: str, interval: Interval) -> Series | None:
        """Every row of one series, also those not known yet; None where there is none.

        Read the clock for `Series.snapshot` before calling this, never after: what is committed
        between the two may belong to answers at the later time.
        """
        ...

    def load(
        self, wanted: Collection[tuple[str, Interval]]
    ) -> dict[tuple[str, Interval], Series | MarketDataError]:
        """Many series at once, in at most two rounds of calls, however many are wanted.

        A symbol that was never committed is left out; an interval that was not is an empty series,
        which has the symbol's profile. Where one series alone cannot be read, its place is taken by
        the error that says why, and the others are there. Read the clock first, as for `series`.
        """
        ...

    def commit(
        self,
        instrument: Instrument,
        interval: Interval,
        bars: Bars,
        actions: Sequence[CorporateAction] = (),
        *,
        fetched_at: int | None = None,
        origin: str | None = None,
    ) -> CommitResult:
        """Keep what is new of a delivery, known from a moment 2 s ahead.

        k = max(now + 2 s, last k + 1) is taken inside the commit, and a commit that is not
        confirmed before k - 0.5 s is redone with a new one. The same delivery again changes
        nothing. A bar or action that differs from what is kept becomes a row of its own, and the
        old one stays for those who ask what was known before.

        Parameters
        ----------
        instrument : Instrument
            Kept with the first commit; afterwards its source and calendar must be the same.
        bars : Bars
            Raw, closed, on the grid; may be empty.
        actions : CorporateAction
        fetched_at : int, microseconds UTC, or None
            When the delivery was fetched from its source; None is now. It changes only what was
            fetched before.
        origin : str or None
            Where the rows come from, where that is not the instrument's source. `bars.WITHDRAWN`
            takes the bars back: from k on they are not answered, whatever their source goes on
            saying; `bars.RELEASED` and `bars.CONFIRMED` put them back. Actions of `bars.BY_HAND`
            stand until the source says something else than what it said when they were told.

        Raises
        ------
        BadBar
            A bar breaks a rule; nothing is kept.
        BadInstrument
            The symbol is kept from another source or with another calendar.
        """
        ...

    def write_panel(
        self, universe: str, session: date, symbols: Collection[str], interval: Interval
    ) -> "Panel":
        """Keep in one object all that some symbols have, for whoever screens hundreds of them.

        Written by whoever ingests, once a session is in; written again, it takes the place of the
        one before. A symbol that is not kept is left out.

        Raises
        ------
        Damaged
            A chunk of any of the symbols cannot be read: there are no panels with holes.
        """
        ...

    def panel(self, universe: str, session: date, interval: Interval) -> "Panel | None":
        """The panel of a universe and a session, in one round trip; None where there is none."""
        ...

    def sweep(self, *, apply: bool = False) -> Iterator["Swept"]:
        """Look, symbol by symbol, for what no HEAD names: commits that died on their way leave it.

        Where ``apply`` is set it is let go of, as what a commit supersedes: it is deleted 7 days
        later. Safe at any time beside any number of commits.
        """
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...
