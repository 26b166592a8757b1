"""What all sources over HTTP share: the checks before asking, and the batch that comes of it."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import ClassVar, NamedTuple

from engine.types import Interval
from market_data.clock import Clock
from market_data.errors import NotOffered, UnknownAtSource
from market_data.instruments import ActionKind
from market_data.sources.base import RawAction, RawBar, RawBatch, Terms
from market_data.sources.http import Http
from market_data.sources.reading import Reader

__all__ = ["MAX_PAGES", "Asked", "Found", "RemoteSource"]

# No fetch asks more often: 1,000 pages of 300 bars are eight years of 15 minutes at Coinbase.
MAX_PAGES = 1_000

# Begins with a letter or digit, so that it can be no step in a path.
_SYMBOL = re.compile(r"[A-Za-z0-9^][A-Za-z0-9.^=_:/-]{0,39}")


class Asked(NamedTuple):
    """What a source is asked for: bars of a range that is not empty.

    Attributes
    ----------
    symbol : str
        In the source's own spelling.
    interval : Interval
    start, end : int, microseconds UTC
        Bars that opened from the one up to, and not at, the other.
    now : int, microseconds UTC
        When it is asked.
    """

    symbol: str
    interval: Interval
    start: int
    end: int
    now: int


@dataclass(slots=True)
class Found:
    """What a source told so far."""

    bars: list[RawBar] = field(default_factory=list)
    actions: list[RawAction] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class RemoteSource(ABC):
    """A source over HTTP; what each one adds is how it is asked and how its answer reads.

    Parameters
    ----------
    terms : Terms
    http : Http
    clock : Clock
        From which ``fetched_at`` is taken.
    credentials : mapping
        All that the terms name.
    """

    base: ClassVar[str]
    """Where it is asked."""

    names: ClassVar[dict[Interval, str]]
    """How it calls the intervals."""

    def __init__(
        self, terms: Terms, http: Http, clock: Clock, credentials: Mapping[str, str]
    ) -> None:
        self._terms = terms
        self._http = http
        self._clock = clock
        self._credentials = credentials
        self._reader = Reader(terms.name, http.told)

    @property
    def terms(self) -> Terms:
        """What it gives and allows."""
        return self._terms

    @classmethod
    def headers(cls, credentials: Mapping[str, str]) -> dict[str, str]:  # noqa: ARG003
        """The headers in which its keys travel, where it takes them there."""
        return {}

    def close(self) -> None:
        """Let go of open connections."""
        self._http.close()

    def fetch(self, symbol: str, interval: Interval, start: int, end: int) -> RawBatch:
        """The bars that opened from ``start`` up to, and not at, ``end``; see `Source.fetch`."""
        name = self._terms.name
        if not _SYMBOL.fullmatch(symbol):
            raise UnknownAtSource(name, f"has no symbol {symbol[:40]!r}")
        if interval not in self._terms.intervals:
            there = ", ".join(self._terms.intervals)
            raise NotOffered(name, f"gives no bars of {interval}; it gives {there}")
        # Read before anything is asked: what had closed by then is closed in the answer.
        fetched_at = self._clock()
        found = Found()
        if start < end:
            self._ask(found, Asked(symbol, interval, start, end, fetched_at))
        return RawBatch(
            name,
            symbol,
            interval,
            fetched_at,
            tuple(one for one in found.bars if start <= one.time < end),
            tuple(_together(found.actions)),
            self._terms.delay,
            tuple(found.notes),
        )

    @abstractmethod
    def _ask(self, found: Found, asked: Asked) -> None:
        """Ask, and put what is told into ``found``."""

    def _pages(self) -> Iterator[int]:
        """As many pages as may be asked for; more are refused, for nobody waits for them."""
        yield from range(MAX_PAGES)
        most = MAX_PAGES * self._terms.page
        raise NotOffered(
            self._terms.name, f"gives at most {most} bars in one fetch; ask for a shorter range"
        )


def _together(actions: Iterable[RawAction]) -> list[RawAction]:
    """The actions, each once, and what is paid on one date in one sum.

    A special dividend may fall on the date of a regular one.
    """
    distinct = list(dict.fromkeys(actions))
    paid: dict[int, list[RawAction]] = {}
    for one in distinct:
        if one.kind is ActionKind.DIVIDEND:
            paid.setdefault(one.ex_time, []).append(one)
    kept = [one for one in distinct if one.kind is not ActionKind.DIVIDEND]
    for several in paid.values():
        try:
            total = str(sum(Decimal(one.value) for one in several))
        except InvalidOperation:
            kept += several
        else:
            kept.append(several[0] if len(several) == 1 else several[0]._replace(value=total))
    return kept
