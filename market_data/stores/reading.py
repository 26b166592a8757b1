"""Reading series: the HEADs in one round of calls, in another what the process does not hold."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeAlias, cast

from engine.types import Interval
from market_data.bars import FOREVER, Series
from market_data.block import decode
from market_data.clock import Clock
from market_data.errors import Damaged, MarketDataError, StoreUnavailable
from market_data.rows import Rows
from market_data.stores.head import Chunk, Head, unpack, unpack_part
from market_data.stores.held import Held
from market_data.stores.merging import ActionRow, known_actions, unpack_actions
from market_data.stores.objects import Name, Source, verified

__all__ = ["Reader", "Seen", "sound"]

Key = tuple[str, Interval]
Object: TypeAlias = Rows | list[ActionRow] | list[Chunk]
# What Python itself takes for an object of no length.
OVERHEAD = 2_000


class Seen(NamedTuple):
    """A HEAD, and what the clock read before it was asked for."""

    head: Head
    at: int


class Reader:
    """Series out of a backend, and what is held of them.

    Parameters
    ----------
    backend : Source
    clock : Clock
    held : int, bytes
        For decoded objects, by their hashes, and as much again for series put together of them.
    fresh_for : int, microseconds
        How long a HEAD that was read answers further questions; 0 asks each time.
    """

    def __init__(self, backend: Source, clock: Clock, held: int, fresh_for: int) -> None:
        self._backend = backend
        self._clock = clock
        self.fresh_for = fresh_for
        self._objects: Held[Name, Object] = Held(held // 2)
        self._series: Held[Key, Series] = Held(held // 2)
        self._heads: Held[str, Seen] = Held(held // 8 if fresh_for else 0)

    # -- heads --------------------------------------------------------------------------------

    def heads(self, symbols: Iterable[str]) -> dict[str, Seen]:
        """The HEADs of those symbols that have one, no older than the bound of freshness.

        Raises
        ------
        Damaged, UnknownFormat
            When one of them cannot be read.
        """
        found = {}
        for symbol, seen in self.seen(symbols).items():
            if isinstance(seen, MarketDataError):
                raise seen
            found[symbol] = seen
        return found

    def seen(self, symbols: Iterable[str]) -> dict[str, Seen | MarketDataError]:
        """The HEADs of those symbols that have one; where one cannot be read, why."""
        now = self._clock()
        found: dict[str, Seen | MarketDataError] = {}
        missing = []
        for symbol in dict.fromkeys(symbols):
            seen = self._heads.get(symbol)
            if seen is not None and 0 <= now - seen.at < self.fresh_for:
                found[symbol] = seen
            else:
                missing.append(symbol)
        for symbol, kept in (self._backend.heads(missing) if missing else {}).items():
            try:
                seen = found[symbol] = Seen(unpack(kept.packed), now)
            except MarketDataError as error:
                found[symbol] = error
            else:
                self._heads.put(symbol, seen, len(kept.packed) + OVERHEAD)
        return found

    def forget(self, symbol: str) -> None:
        """Ask for a HEAD anew, because it has just been written."""
        self._heads.drop(symbol)

    # -- objects ------------------------------------------------------------------------------

    def objects(self, names: Collection[Name]) -> dict[Name, Object | MarketDataError]:
        """Objects, each decoded, or held already; where one cannot be had, why."""
        found: dict[Name, Object | MarketDataError] = {}
        missing = []
        for name in names:
            held = self._objects.get(name)
            if held is None:
                missing.append(name)
            else:
                found[name] = held
        fetched = self._backend.fetch(missing) if missing else {}
        for name in missing:
            found[name] = self._opened(name, fetched.get(name))
        return found

    def _opened(self, name: Name, body: bytes | MarketDataError | None) -> Object | MarketDataError:
        if isinstance(body, MarketDataError):
            return body
        try:
            opened = _decoded(name, sound(self._backend, name, body))
        except MarketDataError as error:
            return error
        size = opened.size if isinstance(opened, Rows) else 200 * len(opened)
        self._objects.put(name, opened, size + OVERHEAD)
        return opened

    # -- series -------------------------------------------------------------------------------

    def load(self, wanted: Collection[Key]) -> dict[Key, Series | MarketDataError]:
        """Series of symbols that are kept; where one alone cannot be read, why.

        Two rounds of calls at most: HEADs, then chunks. A split manifest takes one between them,
        and one chunk that has expired since its HEAD was read takes both again.
        """
        found = self._load(wanted)
        gone = [key for key, series in found.items() if isinstance(series, _Gone)]
        if gone:
            for symbol, _ in gone:
                self.forget(symbol)
            found |= self._load(gone)
        return found

    def _load(self, wanted: Collection[Key]) -> dict[Key, Series | MarketDataError]:
        found: dict[Key, Series | MarketDataError] = {}
        kept: dict[Key, Seen] = {}
        unread = []
        seen = self.seen(symbol for symbol, _ in wanted)
        for key in dict.fromkeys(wanted):
            one = seen.get(key[0])
            if one is None:
                continue
            if isinstance(one, MarketDataError):
                found[key] = one
                continue
            kept[key], held = one, self._series.get(key)
            if held is not None and held.version == one.head.changes:
                found[key] = held
            elif key[1] in one.head.manifests:
                unread.append(key)
            else:
                found[key] = Series.empty(one.head.instrument, key[1])
        found |= self._read([(key, kept[key].head) for key in unread])
        return {
            key: self._dated(found[key], kept[key]) if key in kept else found[key]
            for key in wanted
            if key in found
        }

    def _read(self, unread: list[tuple[Key, Head]]) -> dict[Key, Series | MarketDataError]:
        """Series put together of what is held and of what is fetched in one round of calls."""
        listed = self.chunks([(head, key[1]) for key, head in unread])
        names = {
            name
            for (_, head), chunks in zip(unread, listed, strict=True)
            if not isinstance(chunks, MarketDataError)
            for name in (*chunks, *([head.actions_name] if head.actions_name else []))
        }
        objects = self.objects(names)
        return {
            key: self._put_together(key, head, chunks, objects)
            for (key, head), chunks in zip(unread, listed, strict=True)
        }

    def chunks(
        self, wanted: Sequence[tuple[Head, Interval]]
    ) -> list[dict[Name, Chunk] | MarketDataError]:
        """What each manifest lists, oldest first; only split ones take a round of calls."""
        parts = [
            [head.name(interval, part) for part in head.manifests[interval].parts]
            for head, interval in wanted
        ]
        opened = self.objects([name for names in parts for name in names])
        found: list[dict[Name, Chunk] | MarketDataError] = []
        for (head, interval), names in zip(wanted, parts, strict=True):
            chunks, error = [], None
            for name in names:
                part = opened[name]
                if isinstance(part, MarketDataError):
                    error = part
                else:
                    chunks += cast("list[Chunk]", part)
            chunks += head.manifests[interval].chunks
            found.append(error or {head.name(interval, chunk): chunk for chunk in chunks})
        return found

    def _put_together(
        self,
        key: Key,
        head: Head,
        chunks: dict[Name, Chunk] | MarketDataError,
        objects: dict[Name, Object | MarketDataError],
    ) -> Series | MarketDataError:
        if isinstance(chunks, MarketDataError):
            return chunks
        needed = [objects[name] for name in chunks]
        actions = objects[head.actions_name] if head.actions_name else []
        for one in (*needed, actions):
            if isinstance(one, MarketDataError):
                return one
        rows = Rows.concatenate(cast("list[Rows]", needed))
        series = _series(head, key[1], rows, cast("list[ActionRow]", actions))
        self._series.put(key, series, rows.size + OVERHEAD)
        return series

    def _dated(self, series: Series | MarketDataError, seen: Seen) -> Series | MarketDataError:
        """The series, and the last moment of which it can speak."""
        if isinstance(series, MarketDataError):
            return series
        horizon = seen.at if self.fresh_for else FOREVER
        if seen.head.pending:
            horizon = min(horizon, seen.head.pending - 1)
        if horizon == FOREVER:
            return series
        return series.as_read(horizon, self.fresh_for)


class _Gone(Damaged):
    """An object that a HEAD names is not there."""


def sound(source: Source, name: Name, body: bytes | None) -> bytes:
    """The bytes of an object as they were written, those of another copy where these are not.

    Parameters
    ----------
    body : bytes or None
        As it was fetched; None where it is gone.

    Raises
    ------
    Damaged
        There is no sound copy that can be reached.
    """
    try:
        if body is not None:
            return verified(name, body)
        damage: Damaged = _Gone(f"{name.path} is gone")
    except Damaged as error:
        damage = error
    with suppress(StoreUnavailable):
        for other in source.refetch(name):
            with suppress(Damaged):
                return verified(name, other)
    raise damage


def _decoded(name: Name, body: bytes) -> Object:
    if name.kind == "A":
        return unpack_actions(body)
    return unpack_part(body) if name.kind == "M" else decode(body)


def _series(head: Head, interval: Interval, rows: Rows, actions: list[ActionRow]) -> Series:
    """Rows as a series; the symbol's own source is the first of its origins."""
    origins = tuple(dict.fromkeys([head.instrument.source, *rows.origins]))
    return Series(
        head.instrument,
        interval,
        head.changes,
        rows.time,
        rows.known,
        rows.open,
        rows.high,
        rows.low,
        rows.close,
        rows.volume,
        actions=known_actions(actions),
        origins=origins,
        origin=rows.origin_in(origins),
    )
