"""Quarantine: rows that a source gave and that were not taken, kept until somebody decides."""

import enum
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.types import Interval
from market_data.sources.base import RawAction, RawBar, RawBatch
from market_data.sources.sifting import Refusal, Refused

__all__ = ["QuarantineStore", "Quarantined", "State", "of_batch"]


class State(enum.StrEnum):
    """What was decided of a row."""

    HELD = "HELD"
    RELEASED = "RELEASED"
    DROPPED = "DROPPED"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One row in quarantine.

    Parameters
    ----------
    symbol : str
    interval : Interval
    source : str
    row : RawBar or RawAction
        As the source gave it.
    code : Refusal
    column : str
        The column at fault.
    reason : str
        Why it was not taken, in words.
    fetched_at : int, microseconds UTC
        When the source gave it, the last time that it did.
    state : State
    decided_at : int, microseconds UTC, or None
    """

    symbol: str
    interval: Interval
    source: str
    row: RawBar | RawAction
    code: Refusal
    column: str
    reason: str
    fetched_at: int
    state: State = State.HELD
    decided_at: int | None = None
    id: str = field(init=False)

    def __post_init__(self) -> None:
        told = (self.symbol, self.interval, self.source, *self.row)
        digest = hashlib.sha256("\t".join(str(part) for part in told).encode())
        object.__setattr__(self, "id", digest.hexdigest()[:16])

    @property
    def time(self) -> int:
        """The bar's time, or the action's, microseconds UTC."""
        return self.row[0]


def of_batch(symbol: str, batch: RawBatch, refused: Sequence[Refused]) -> list[Quarantined]:
    """The rows of a batch that were not taken."""
    return [
        Quarantined(
            symbol,
            batch.interval,
            batch.source,
            one.row,
            one.code,
            one.column,
            one.reason,
            batch.fetched_at,
        )
        for one in refused
    ]


class QuarantineStore(Protocol):
    """Where rows are held; safe for any number of threads and processes.

    Every method raises StoreUnavailable where the store cannot be reached.
    """

    def put(self, rows: Sequence[Quarantined]) -> int:
        """Hold rows; how many of them were not there.

        A row that was there stays as it was decided. One that is held of the same source and time,
        by an older fetch, is gone: an unclosed bar has other numbers at each fetch.
        """
        ...

    def find(self, row_id: str) -> Quarantined | None:
        """The row with that id."""
        ...

    def listing(
        self,
        *,
        symbol: str | None = None,
        state: State | None = State.HELD,
        after: str | None = None,
        limit: int = 50,
    ) -> list[Quarantined]:
        """Rows by symbol, interval and time, from behind the one with the id ``after``."""
        ...

    def of_series(self, symbol: str, interval: Interval) -> list[Quarantined]:
        """All rows of one series, whatever was decided of them."""
        ...

    def decide(self, row_id: str, state: State, at: int) -> bool:
        """Set the state of a row that is held; whether one was."""
        ...

    def settle(
        self, symbol: str, interval: Interval, times: Collection[int], fetched_at: int
    ) -> int:
        """Let go of held rows of those times that an older fetch brought: they were told anew."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...
