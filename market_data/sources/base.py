"""What a source of bars is: what it answers, what it allows, and how it is asked."""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from engine.types import Interval
from market_data.calendar import LENGTH
from market_data.instruments import ActionKind

__all__ = ["Limit", "RawAction", "RawBar", "RawBatch", "Source", "Terms"]


class RawBar(NamedTuple):
    """One bar, its numbers as the source wrote them.

    Attributes
    ----------
    time : int, microseconds UTC
        When it opened. A daily bar's time is its session's date at 00:00Z, a weekly one's its
        Monday's, whatever moment of it the source names.
    open, high, low, close, volume : str
        Decimal numbers, or whatever stood in their place.
    """

    time: int
    open: str
    high: str
    low: str
    close: str
    volume: str


class RawAction(NamedTuple):
    """A split or a dividend, its number as the source wrote it.

    Attributes
    ----------
    ex_time : int, microseconds UTC
        00:00Z of the first session's date that trades without it.
    kind : ActionKind
    value : str
        New shares for one old, as a decimal number or as ``3/2``; or the amount a share.
    """

    ex_time: int
    kind: ActionKind
    value: str


@dataclass(frozen=True, slots=True)
class RawBatch:
    """What one fetch brought, before any rule was held against it.

    Attributes
    ----------
    source : str
        The name of the source.
    symbol : str
        In the source's own spelling.
    interval : Interval
    fetched_at : int, microseconds UTC
        Read before the first request was sent: what had closed by then is closed in the answer.
    bars : tuple of RawBar
        In the source's order; raw prices.
    actions : tuple of RawAction
        Splits and dividends, where the source tells them.
    delay : int, microseconds
        How long after its close the source may still change a bar.
    notes : tuple of str
        What is worth knowing, one sentence each.
    """

    source: str
    symbol: str
    interval: Interval
    fetched_at: int
    bars: tuple[RawBar, ...]
    actions: tuple[RawAction, ...] = ()
    delay: int = 0
    notes: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """32 hex digits that name what the batch says, whenever it was fetched."""
        digest = hashlib.sha256(f"{self.source}\t{self.symbol}\t{self.interval}\n".encode())
        for row in (*self.bars, *self.actions):
            digest.update("\t".join(str(value) for value in row).encode() + b"\n")
        return digest.hexdigest()[:32]


class Limit(NamedTuple):
    """How often a source may be asked: so many requests in so many seconds, and so far apart."""

    requests: int
    seconds: float
    apart: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a source gives, what it asks for, and what may be done with it.

    Attributes
    ----------
    name : str
        As it is named on the command line and in profiles.
    title : str
    intervals : tuple of Interval
    limit : Limit
        As published, for the plan that costs nothing.
    page : int
        The most bars that one request brings.
    reason : str
        Why it is flagged so, in a sentence.
    terms_page, documentation : str
        Where its terms and its interface are published.
    credentials : tuple of str
        The secrets without which it does not answer, by their names.
    redistributable : bool
        Whether its prices may be passed on to others. Where not, callers get signals, but no bars.
    personal_use : bool
        Whether it may be used by a person for themselves only.
    calendar : str
        That of its symbols, where nobody names another.
    delay : int, microseconds
        How long after its close a bar may still change.
    sparse : bool
        Whether it tells no bar of an interval in which nothing was traded.
    """

    name: str
    title: str
    intervals: tuple[Interval, ...]
    limit: Limit
    page: int
    reason: str
    terms_page: str
    documentation: str
    credentials: tuple[str, ...] = ()
    redistributable: bool = False
    personal_use: bool = False
    calendar: str = "XNYS"
    delay: int = 0
    sparse: bool = False

    def made_of(self, interval: Interval) -> Interval:
        """The interval whose bars are asked for to have those of another: itself where it is given.

        Else the longest shorter one; itself again where there is none, which is not offered then.
        """
        shorter = [one for one in self.intervals if LENGTH[one] < LENGTH[interval]]
        return (
            interval
            if interval in self.intervals
            else max(shorter, key=LENGTH.__getitem__, default=interval)
        )


class Source(Protocol):
    """A provider of bars."""

    @property
    def terms(self) -> Terms:
        """What it gives and allows."""
        ...

    def fetch(self, symbol: str, interval: Interval, start: int, end: int) -> RawBatch:
        """The bars that opened from ``start`` up to, and not at, ``end``.

        The range may hold no bars: then the batch is empty. Bars that have not closed may be
        among them; `market_data.sources.sifting.sift` tells them apart.

        Parameters
        ----------
        symbol : str
            In the source's own spelling.
        start, end : int, microseconds UTC

        Raises
        ------
        SourceUnavailable, RateLimited
            Now; ask again after ``retry_after``.
        UnknownAtSource, NotOffered, NotPermitted, BadAnswer
            Asking the same again would not help.
        """
        ...
