"""What a delivery changes: rows merged with rows, actions with actions; no store, no clock."""

import json
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.types import Int64
from market_data.bars import KnownAction
from market_data.errors import Damaged
from market_data.instruments import ActionKind, CorporateAction
from market_data.rows import Rows
from market_data.stores.base import withdrawal

__all__ = [
    "ActionRow",
    "Merged",
    "known_actions",
    "merge",
    "merge_actions",
    "pack_actions",
    "postponed",
    "unpack_actions",
]

VALUES = ("open", "high", "low", "close", "volume")


class Merged(NamedTuple):
    """Rows after a delivery.

    Parameters
    ----------
    rows : Rows
    added, restated, unchanged, outdated : int
        See CommitResult.
    since : int, microseconds UTC
        The newest k of those bars that say the same; 0 where there are none.
    touched : bool
        Whether any column of the rows is another one.
    """

    rows: Rows
    added: int = 0
    restated: int = 0
    unchanged: int = 0
    outdated: int = 0
    since: int = 0
    touched: bool = False


def postponed(rows: Rows, known: int, later: int) -> Rows:
    """The rows, with what was to be known from one moment known from a later one."""
    return rows.replace(known=np.where(rows.known == known, later, rows.known))


def merge(rows: Rows, told: Rows, known: int) -> Merged:
    """Work a delivery in.

    A bar that differs from the newest row of its time, and was fetched later than that, becomes a
    row of its own; the old one stays for those who ask what was known before. Only a row that was
    to be known from the same moment was never known, and is replaced. A bar that says the same
    confirms its row against fetches that are older than this one.

    Parameters
    ----------
    told : Rows
        Of one delivery: each time once, all known from ``known``.
    """
    at = np.searchsorted(rows.time, told.time, side="right") - 1
    near = np.maximum(at, 0)
    if len(rows):
        there = (at >= 0) & (rows.time[near] == told.time)
        same = there.copy()
        for name in VALUES:
            same &= getattr(rows, name)[near] == getattr(told, name)
        same &= ~_withdrawals(rows, near, told)
        newer = told.fetched > rows.fetched[near]
        since = rows.known[near]
    else:
        there = same = newer = np.zeros(len(told), bool)
        since = np.zeros(len(told), np.int64)
    restated = there & ~same & newer
    confirmed = same & newer
    new = told.take(~there | restated)
    fetched = rows.fetched.copy()
    fetched[near[confirmed]] = told.fetched[confirmed]
    never_known = near[restated & (since == known)]
    kept = rows.replace(fetched=fetched).take(np.delete(np.arange(len(rows)), never_known))
    return Merged(
        Rows.concatenate([kept, new]).sorted() if len(rows) else new,
        int((~there).sum()),
        int(restated.sum()),
        int(same.sum()),
        int((there & ~same & ~newer).sum()),
        int(since[same].max(initial=0)),
        bool(len(new) or confirmed.any()),
    )


def _withdrawals(rows: Rows, near: Int64, told: Rows) -> NDArray[np.bool_]:
    """Where rows of the same numbers take a bar back, or put one back."""
    changes = np.array([withdrawal(before, told.origins[0]) for before in rows.origins], bool)
    found: NDArray[np.bool_] = changes[rows.origin[near]]
    return found


class ActionRow(NamedTuple):
    """A split or dividend as it is kept.

    Parameters
    ----------
    overruled : float or None
        What its source said when somebody told it by hand: as long as it says so, the hand's holds.
    """

    ex_time: int
    kind: str
    value: float
    known: int
    fetched: int
    overruled: float | None = None

    def says(self, value: float, *, by_hand: bool) -> bool:
        """Whether what is told of it is nothing new."""
        return value == self.value or (not by_hand and value == self.overruled)


def merge_actions(
    rows: Sequence[ActionRow],
    told: Sequence[CorporateAction],
    known: int,
    fetched: int,
    *,
    by_hand: bool = False,
) -> tuple[list[ActionRow], int, int]:
    """The rows after a delivery, how many are new, and the newest k of those that say the same.

    By the rules of `merge`; and what somebody told by hand stands until the source says something
    else than what it said by then.
    """
    newest = {(row.ex_time, row.kind): row for row in sorted(rows, key=lambda row: row.known)}
    kept, added, since = list(rows), 0, 0
    for action in told:
        key = action.ex_time, str(action.kind)
        row = newest.get(key)
        same = row is not None and row.says(action.value, by_hand=by_hand)
        if row is not None and same:
            since = max(since, row.known)
        if row is not None and fetched <= row.fetched:
            continue
        if row is not None and same:
            changed = row._replace(fetched=fetched)
        else:
            overruled = _overruled(row, action.value) if by_hand else None
            changed, added = ActionRow(*key, action.value, known, fetched, overruled), added + 1
        if row is not None and row.known == changed.known:
            kept.remove(row)
        kept.append(changed)
        newest[key] = changed
    return sorted(kept, key=lambda row: (row.known, row.ex_time, row.kind)), added, since


def _overruled(row: ActionRow | None, value: float) -> float | None:
    """What the source says, where it is not what somebody tells by hand."""
    if row is None:
        return None
    said = row.value if row.overruled is None else row.overruled
    return None if said == value else said


def known_actions(rows: Sequence[ActionRow]) -> tuple[KnownAction, ...]:
    """The actions as a series has them."""
    return tuple(
        KnownAction(
            CorporateAction(row.ex_time, ActionKind(row.kind), row.value), row.known, row.overruled
        )
        for row in rows
    )


def pack_actions(rows: Sequence[ActionRow], salt: int) -> bytes:
    """Actions as bytes: deflated JSON, whose stream carries a checksum of its own.

    What is overruled stands beside the salt, at which 0.1.0 does not look.
    """
    overruled = [row.overruled for row in rows]
    first = [salt, *overruled] if any(one is not None for one in overruled) else salt
    told = [first, *(row[:-1] for row in rows)]
    return zlib.compress(json.dumps(told, separators=(",", ":")).encode(), 9)


def unpack_actions(packed: bytes) -> list[ActionRow]:
    """The actions in these bytes."""
    try:
        first, *rows = json.loads(zlib.decompress(packed))
        overruled = first[1:] if isinstance(first, list) else [None] * len(rows)
        return [
            ActionRow(*row)._replace(overruled=one)
            for row, one in zip(rows, overruled, strict=True)
        ]
    except (ValueError, TypeError, zlib.error) as error:
        raise Damaged(f"splits and dividends cannot be read any more: {error}") from error
