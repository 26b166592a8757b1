"""What a commit would write: the next HEAD of a symbol, and the objects that it names anew."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import numpy as np

from engine.types import Bars, Int64, Interval
from market_data.bars import BY_HAND
from market_data.clock import Clock
from market_data.errors import BadInstrument, MarketDataError
from market_data.instruments import CorporateAction, Instrument
from market_data.rows import Rows
from market_data.stores.base import AHEAD, CommitResult
from market_data.stores.chunking import SEALED, TAIL, encode_chunks, places_of
from market_data.stores.head import Actions, Chunk, Head, Manifest, pack
from market_data.stores.merging import (
    ActionRow,
    Merged,
    merge,
    merge_actions,
    pack_actions,
    postponed,
)
from market_data.stores.objects import Name
from market_data.stores.reading import Object, Reader

__all__ = ["Delivery", "Draft", "Drafter"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one commit brings."""

    instrument: Instrument
    interval: Interval
    bars: Bars
    actions: tuple[CorporateAction, ...]
    fetched_at: int
    origin: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a commit would write.

    Parameters
    ----------
    head : Head
        With its next version.
    packed : bytes
    objects : dict
        What must be there before the HEAD is.
    superseded : set
        What the HEAD before names, and this one does not.
    result : CommitResult
        Its k is None where no answer changes.
    writes : bool
        Whether there is anything to write.
    since : int, microseconds UTC
        The newest k of what is delivered and kept already; 0 where nothing is.
    """

    head: Head
    packed: bytes
    objects: dict[Name, bytes]
    superseded: set[Name]
    result: CommitResult
    writes: bool
    since: int


class _Listed(NamedTuple):
    """An interval as it is: its chunks and their names, and which of them the commit looks into."""

    interval: Interval
    chunks: list[Chunk]
    names: list[Name]
    places: Int64
    looked_into: list[int]


class Drafter:
    """Makes drafts from what is kept and what is delivered.

    Parameters
    ----------
    reader : Reader
    clock : Clock
        Read once all that is needed has been fetched: k is taken off it.
    """

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    def draft(self, head: Head, delivery: Delivery) -> Draft:
        """What is to be written for a delivery, on top of a HEAD.

        Where the HEAD has rows pending, they are moved to the new k: their writer is gone, or has
        been too slow, and no reader has spoken of a moment from their old k on.

        Raises
        ------
        BadInstrument
            The symbol is kept from another source or with another calendar.
        """
        _require_same(head.instrument, delivery.instrument)
        listed = self._look(head, delivery)
        names = {one.names[i] for one in listed for i in one.looked_into}
        names |= {head.actions_name} if head.actions_name else set()
        objects = self._require(names)
        known = max(self._clock() + AHEAD, head.last_known + 1)
        work = _Work(head, delivery, known, random.getrandbits(32))
        manifests = dict(head.manifests)
        for one in listed:
            entries = work.entries(one, objects)
            self._seal(one, entries)
            manifests[one.interval] = work.manifest(one.interval, entries)
        actions = work.actions(objects)
        return work.finish(listed, manifests, actions)

    def _look(self, head: Head, delivery: Delivery) -> list[_Listed]:
        """The intervals that are concerned: the one delivered, and any that has rows pending."""
        wanted = [
            interval
            for interval in head.manifests
            if head.pending or (interval is delivery.interval and len(delivery.bars))
        ]
        found = self._reader.chunks([(head, interval) for interval in wanted])
        listed = dict(zip(wanted, found, strict=True))
        if len(delivery.bars):
            listed.setdefault(delivery.interval, {})
        looked = []
        for interval, chunks in listed.items():
            if isinstance(chunks, MarketDataError):
                raise chunks
            rows, names = list(chunks.values()), list(chunks)
            time = delivery.bars.time if interval is delivery.interval else np.zeros(0, np.int64)
            places = places_of(rows, time)
            concerned = {i for i, one in enumerate(rows) if head.pending == one.known}
            concerned |= set(np.unique(places[places < len(rows)]).tolist())
            looked.append(_Listed(interval, rows, names, places, sorted(concerned)))
        return looked

    def _require(self, names: set[Name]) -> dict[Name, Object]:
        found = self._reader.objects(names) if names else {}
        for one in found.values():
            if isinstance(one, MarketDataError):
                raise one
        return cast("dict[Name, Object]", found)

    def _seal(self, listed: _Listed, entries: "list[Chunk | Rows]") -> None:
        """Join a tail that is full with the chunk before it, where that has room."""
        if len(entries) < 2 or not isinstance(entries[-1], Rows) or len(entries[-1]) <= TAIL:
            return
        before = entries[-2]
        if isinstance(before, Chunk):
            if before.rows + len(entries[-1]) > SEALED:
                return
            [name] = [n for n in listed.names if n.sort == before.name]
            before = cast("Rows", self._require({name})[name])
        if len(before) + len(entries[-1]) <= SEALED:
            entries[-2:] = [Rows.concatenate([before, entries[-1]])]


class _Work:
    """One draft in the making."""

    def __init__(self, head: Head, delivery: Delivery, known: int, salt: int) -> None:
        self._head = head
        self._delivery = delivery
        self._known = known
        self._salt = salt
        self._objects: dict[Name, bytes] = {}
        self._counts = Merged(Rows.none())
        self._touched = False

    def entries(self, listed: _Listed, objects: dict[Name, Object]) -> "list[Chunk | Rows]":
        """The chunks of an interval, those that change as the rows that they will have."""
        entries: list[Chunk | Rows] = list(listed.chunks)
        for i in listed.looked_into:
            entries[i] = (
                self._changed(cast("Rows", objects[listed.names[i]]), listed, i) or entries[i]
            )
        if (listed.places == len(listed.chunks)).any():
            entries.append(self._changed(Rows.none(), listed, len(listed.chunks)) or Rows.none())
        return entries

    def _changed(self, rows: Rows, listed: _Listed, place: int) -> Rows | None:
        """The rows of a chunk after the commit; None where they stay as they are."""
        touched = bool(self._head.pending) and bool((rows.known == self._head.pending).any())
        if touched:
            rows = postponed(rows, self._head.pending, self._known)
        mine = np.flatnonzero(listed.places == place)
        if len(mine):
            told = self._delivery.bars[mine[0] : mine[-1] + 1]
            merged = merge(
                rows,
                Rows.of(told, self._known, self._delivery.fetched_at, self._delivery.origin),
                self._known,
            )
            rows, touched = merged.rows, touched or merged.touched
            self._count(merged)
        self._touched = self._touched or touched
        return rows if touched else None

    def _count(self, merged: Merged) -> None:
        so_far = self._counts
        self._counts = merged._replace(
            added=so_far.added + merged.added,
            restated=so_far.restated + merged.restated,
            unchanged=so_far.unchanged + merged.unchanged,
            outdated=so_far.outdated + merged.outdated,
            since=max(so_far.since, merged.since),
        )

    def manifest(self, interval: Interval, entries: "Sequence[Chunk | Rows]") -> Manifest:
        """Every chunk, those that change encoded."""
        chunks: list[Chunk] = []
        for one in entries:
            if isinstance(one, Chunk):
                chunks.append(one)
                continue
            symbol = self._head.instrument.symbol
            encoded, objects = encode_chunks(symbol, interval, one, self._salt)
            chunks += encoded
            self._objects |= objects
        return Manifest((), tuple(chunks))

    def actions(self, objects: dict[Name, Object]) -> tuple[Actions | None, int, int]:
        """The splits and dividends, how many are new, and the newest k of those told again."""
        head, name = self._head, self._head.actions_name
        kept = cast("list[ActionRow]", objects[name]) if name else []
        before = [
            row._replace(known=self._known) if head.pending and row.known == head.pending else row
            for row in kept
        ]
        told = self._delivery
        rows, added, since = merge_actions(
            before, told.actions, self._known, told.fetched_at, by_hand=told.origin == BY_HAND
        )
        if rows == kept:
            return head.actions, added, since
        self._touched = True
        body = pack_actions(rows, self._salt)
        name = Name.actions(head.instrument.symbol, body)
        self._objects[name] = body
        return Actions(name.sort, max(row.known for row in rows)), added, since

    def finish(
        self,
        listed: list[_Listed],
        manifests: dict[Interval, Manifest],
        actions: tuple[Actions | None, int, int],
    ) -> Draft:
        """The draft, once every part of it is made."""
        head, counts, (told, acted, since) = self._head, self._counts, actions
        changed = bool(head.pending or counts.added or counts.restated or acted)
        whole = replace(
            head,
            version=head.version + 1,
            changes=head.changes + changed,
            last_known=self._known if changed else head.last_known,
            pending=self._known if changed else 0,
            commit=f"{random.getrandbits(64):016x}",
            actions=told,
            manifests=manifests,
        )
        split, packed, parts = pack(whole)
        before = head.names() | {name for one in listed for name in one.names}
        return Draft(
            split,
            packed,
            self._objects | {name: body for name, body in parts.items() if name not in before},
            before - whole.names() - split.names(),
            CommitResult(
                self._known if changed else None,
                counts.added,
                counts.restated,
                counts.unchanged,
                counts.outdated,
                acted,
            ),
            changed or self._touched or not head.version,
            max(counts.since, since),
        )


def _require_same(kept: Instrument, told: Instrument) -> None:
    if (kept.source, kept.calendar) != (told.source, told.calendar):
        raise BadInstrument(
            f"{told.symbol} is kept from {kept.source!r} on the calendar {kept.calendar},"
            f" not from {told.source!r} on {told.calendar}"
        )
