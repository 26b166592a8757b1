"""The bars of one question, and the version that names exactly them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.types import Bars, Interval
from market_data.adjust import Adjustment, WorkedIn

__all__ = ["Snapshot", "data_version"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The bars of one question, and what makes the answer repeatable.

    Attributes
    ----------
    bars : Bars
        Closed bars up to the moment judged, adjusted as asked.
    as_of : int, microseconds UTC
        What was known: the moment asked for, or now, or the horizon, whichever is first.
    final : bool
        Whether the same question has the same answer for ever.
    data_version : str
        16 hex digits of a hash over exactly the rows and actions used; see `data_version`.
    source : str
        Where the rows come from.
    stale : bool
        Whether the newest bar that ought to be there by the moment judged is missing.
    fresh_for : int, microseconds
        How old what was read of the store may be: the setting, not the age.
    origins : tuple of str
        The sources of all bars that were known at ``as_of``, also of those after the moment
        judged.
    """

    bars: Bars
    as_of: int
    final: bool
    data_version: str
    source: str
    stale: bool
    fresh_for: int = 0
    origins: tuple[str, ...] = ()

    @property
    def known(self) -> int:
        """How many bars are known."""
        return len(self.bars)


def data_version(
    symbol: str,
    interval: Interval,
    adjustment: Adjustment,
    raw: Bars,
    worked_in: Iterable[WorkedIn] = (),
) -> str:
    """16 hex digits that name exactly these rows and actions, on every machine.

    The first 16 of the SHA-256 over, in this order: the line ``bars 1 SYMBOL INTERVAL ADJUSTMENT
    ROWS``; one line ``EX_TIME KIND VALUE FACTOR`` for each action worked in, oldest first,
    floats as Python's shortest repr; then the columns time (int64), open, high, low, close,
    volume (float64), raw and little-endian, one after the other. When a row became known is not
    in it: the same rows, known elsewhere at another time, have the same version.
    """
    digest = hashlib.sha256(f"bars 1 {symbol} {interval} {adjustment} {len(raw)}\n".encode())
    for ex_time, kind, value, factor in worked_in:
        digest.update(f"{ex_time} {kind} {value!r} {factor!r}\n".encode())
    digest.update(np.ascontiguousarray(raw.time, "<i8").data)
    for column in (raw.open, raw.high, raw.low, raw.close, raw.volume):
        digest.update(np.ascontiguousarray(column, "<f8").data)
    return digest.hexdigest()[:16]
