"""Panels: one object with all that a universe of symbols had at one moment, read in one round trip.

A panel holds the HEADs of its symbols as they were read, and every object that they name, byte for
byte: nothing is computed, so it cannot say otherwise than the series. The clock was read before the
HEADs were. So whatever is asked as of that moment or an earlier one has the answer that the series
themselves give, with the same data version, for ever; of later moments a panel does not speak.

    "IPPN"   4 bytes of length   index: JSON and its CRC-32   the objects, one after the other
"""

import re
import struct
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from itertools import accumulate, pairwise

from engine.types import Interval
from market_data.bars import Series
from market_data.calendar import DAY
from market_data.errors import Damaged, MarketDataError, NothingKept, StoreUnavailable
from market_data.stores.head import open_sealed, seal, unpack
from market_data.stores.objects import Backend, Kept, Name
from market_data.stores.reading import Reader, sound

__all__ = ["Panel", "pack_panel", "panel_name"]

MAGIC = b"IPPN"
FORMAT = 1
LENGTH = struct.Struct("<I")
HELD = 64 * 1024 * 1024
_UNIVERSE = re.compile(r"[A-Za-z0-9_-]{1,40}")


def panel_name(universe: str, interval: Interval, session: date) -> str:
    """The name of the panel of a universe and a session."""
    if not _UNIVERSE.fullmatch(universe):
        raise NothingKept(f"{universe[:60]!r} is no universe: 1 to 40 of letters, digits, - and _")
    return f"panels/{universe}/{interval}/{session.isoformat()}"


def pack_panel(
    backend: Backend, reader: Reader, symbols: Collection[str], interval: Interval, now: int
) -> bytes:
    """A panel of those symbols that are kept, as they are now.

    Parameters
    ----------
    now : int, microseconds UTC
        Read off the clock before this is called.

    Raises
    ------
    Damaged, StoreUnavailable
        When any object of any symbol cannot be had: there are no panels with holes.
    """
    kept = backend.heads(list(dict.fromkeys(symbols)))
    heads = {symbol: unpack(one.packed) for symbol, one in kept.items()}
    held = [head for head in heads.values() if interval in head.manifests]
    listed = reader.chunks([(head, interval) for head in held])
    names: dict[Name, None] = {}
    for head, chunks in zip(held, listed, strict=True):
        if isinstance(chunks, MarketDataError):
            raise chunks
        parts = [head.name(interval, part) for part in head.manifests[interval].parts]
        names |= dict.fromkeys((*parts, *chunks))
        names |= {head.actions_name: None} if head.actions_name else {}
    bodies = _bodies(backend, list(names))
    packed = {symbol: one.packed for symbol, one in kept.items()}
    index = seal(
        {
            "format": FORMAT,
            "as_of": now,
            "heads": [[symbol, len(body)] for symbol, body in packed.items()],
            "objects": [[*name, len(body)] for name, body in bodies.items()],
        }
    )
    return b"".join([MAGIC, LENGTH.pack(len(index)), index, *packed.values(), *bodies.values()])


def _bodies(backend: Backend, names: list[Name]) -> dict[Name, bytes]:
    """The bytes of objects, each as it was written, from another copy where that is needed."""
    found = backend.fetch(names) if names else {}
    bodies = {}
    for name in names:
        body = found.get(name)
        if isinstance(body, StoreUnavailable):
            raise body
        bodies[name] = sound(backend, name, body)
    return bodies


class Panel:
    """The series of a panel, each decoded when it is asked for.

    Parameters
    ----------
    packed : bytes

    Raises
    ------
    Damaged
        The bytes are no panel. Where those of one symbol alone are damaged, `load` says so of it.
    """

    def __init__(self, packed: bytes) -> None:
        backend = _Opened(packed)
        self.as_of: int = backend.as_of
        self._symbols = list(backend.packed)
        # The HEADs were read at that moment, and are not asked for again.
        self._reader = Reader(backend, lambda: backend.as_of, HELD, fresh_for=DAY)

    def __len__(self) -> int:
        return len(self._symbols)

    @property
    def symbols(self) -> list[str]:
        """The symbols that are in it, as they were listed when it was written."""
        return list(self._symbols)

    def load(
        self, wanted: Collection[tuple[str, Interval]]
    ) -> dict[tuple[str, Interval], Series | MarketDataError]:
        """Series of the panel, as `BarStore.load` gives them; they speak of no later moment."""
        return self._reader.load(wanted)


class _Opened:
    """The parts of a panel as a backend that is only read."""

    def __init__(self, packed: bytes) -> None:
        whole = memoryview(packed)
        if packed[:4] != MAGIC or len(packed) < 8:
            raise Damaged(f"{len(packed)} bytes are no panel")
        (length,) = LENGTH.unpack_from(packed, 4)
        index = open_sealed(bytes(whole[8 : 8 + length]))
        self.as_of = int(index["as_of"])
        lengths = [told[-1] for told in (*index["heads"], *index["objects"])]
        ends = list(accumulate(lengths, initial=8 + length))
        if ends[-1] != len(packed):
            raise Damaged("the panel is cut short, or longer than it says")
        parts: list[memoryview] = [whole[a:b] for a, b in pairwise(ends)]
        count = len(index["heads"])
        named = [Name(partition, sort) for partition, sort, _ in index["objects"]]
        self.packed = dict(zip((told[0] for told in index["heads"]), parts[:count], strict=True))
        self._objects: Mapping[Name, memoryview] = dict(zip(named, parts[count:], strict=True))

    def heads(self, symbols: Collection[str]) -> dict[str, Kept]:
        """See Backend.heads."""
        return {one: Kept(0, bytes(self.packed[one])) for one in symbols if one in self.packed}

    def fetch(self, names: Collection[Name]) -> dict[Name, bytes | StoreUnavailable]:
        """See Backend.fetch."""
        return {name: bytes(self._objects[name]) for name in names if name in self._objects}

    def refetch(self, name: Name) -> Iterator[bytes]:  # noqa: ARG002
        """See Backend.refetch: there is no other copy in a panel."""
        yield from ()
