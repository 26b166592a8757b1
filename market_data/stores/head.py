"""The HEAD of a symbol: its profile, its newest k, and the manifests of its chunks."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, NamedTuple

from engine.types import Interval
from market_data.calendar import DAY, LENGTH
from market_data.errors import Damaged, UnknownFormat
from market_data.instruments import Instrument
from market_data.stores.objects import Name

__all__ = [
    "LARGEST",
    "Actions",
    "Chunk",
    "Head",
    "Manifest",
    "Part",
    "open_sealed",
    "pack",
    "seal",
    "unpack",
    "unpack_part",
]

FORMAT = 1
LARGEST = 4096
"""Bytes of a HEAD beyond which its manifests are split: what one read unit of DynamoDB holds."""
# The open tail and the chunk it will be sealed into stay in the HEAD: they change most.
STAY = 2
# 3,653 days are ten years and their leap days to the day, which is near enough to group by.
DECADE = 3653 * DAY


class Chunk(NamedTuple):
    """A block of rows as a manifest lists it.

    Parameters
    ----------
    name : str
        The sort key.
    first, last : int, microseconds UTC
        The times of its first and last bar.
    rows, bars : int
        Bars that were told anew count once as bars.
    known : int, microseconds UTC
        The newest k in it.
    """

    name: str
    first: int
    last: int
    rows: int
    bars: int
    known: int


class Part(NamedTuple):
    """A decade of a manifest that is kept apart."""

    name: str
    first: int
    last: int
    bars: int


class Actions(NamedTuple):
    """The splits and dividends of a symbol as its HEAD lists them."""

    name: str
    known: int


class Manifest(NamedTuple):
    """The chunks of one interval, oldest first: decades that are kept apart, and those listed."""

    parts: tuple[Part, ...] = ()
    chunks: tuple[Chunk, ...] = ()

    @property
    def bars(self) -> int:
        """How many bars there are."""
        return sum(one.bars for one in self.parts) + sum(one.bars for one in self.chunks)

    @property
    def span(self) -> tuple[int, int]:
        """The times of the first and the last bar."""
        listed: list[Part | Chunk] = [*self.parts, *self.chunks]
        return listed[0].first, listed[-1].last


@dataclass(frozen=True, slots=True)
class Head:
    """What a symbol has.

    Parameters
    ----------
    version : int
        Moves with every write of the HEAD; 0 where there is none yet.
    changes : int
        Moves with every commit that changed an answer.
    last_known : int, microseconds UTC
        The newest k that was ever given.
    pending : int, microseconds UTC
        The k of a commit whose writer has not confirmed yet that it was visible in time; 0 where
        there is none. Nothing is known of any moment from there on.
    commit : str
        Who wrote this version: what a writer looks for whose answer was lost.
    """

    instrument: Instrument
    version: int = 0
    changes: int = 0
    last_known: int = 0
    pending: int = 0
    commit: str = ""
    actions: Actions | None = None
    manifests: Mapping[Interval, Manifest] = field(default_factory=dict)

    def name(self, interval: Interval, listed: Chunk | Part) -> Name:
        """The name of an object that one of the manifests lists."""
        return Name(f"B#{self.instrument.symbol}#{interval}", listed.name)

    @property
    def actions_name(self) -> Name | None:
        """The name of the splits and dividends."""
        return self.actions and Name(f"B#{self.instrument.symbol}", self.actions.name)

    def names(self) -> set[Name]:
        """Everything that the HEAD itself lists."""
        found = set() if self.actions_name is None else {self.actions_name}
        for interval, manifest in self.manifests.items():
            found |= {self.name(interval, one) for one in manifest.parts}
            found |= {self.name(interval, one) for one in manifest.chunks}
        return found


def pack(head: Head, largest: int = LARGEST) -> tuple[Head, bytes, dict[Name, bytes]]:
    """A HEAD with its long manifests split, its bytes, and the parts that were split off.

    It is deflated first, and split only where that is not enough: a split manifest costs another
    round trip. 80 chunks or so are left whole, which is 24 years of a stock's 15-minute bars.
    """
    packed, parts = _packed(head, largest), dict[Name, bytes]()
    longest = sorted(head.manifests, key=lambda one: -len(head.manifests[one].chunks))
    for interval in longest:
        if len(packed) <= largest:
            break
        manifest, split = _split(head.instrument.symbol, interval, head.manifests[interval])
        head = _replaced(head, interval, manifest)
        parts |= split
        packed = _packed(head, largest)
    return head, packed, parts


def _split(symbol: str, interval: Interval, whole: Manifest) -> tuple[Manifest, dict[Name, bytes]]:
    parts, bodies = [], {}
    for decade, group in groupby(whole.chunks[:-STAY], lambda one: one.first // DECADE):
        chunks = list(group)
        body = seal(chunks)
        name = Name.part(symbol, interval, decade, body)
        bars = sum(one.bars for one in chunks)
        parts.append(Part(name.sort, chunks[0].first, chunks[-1].last, bars))
        bodies[name] = body
    return Manifest((*whole.parts, *parts), whole.chunks[-STAY:]), bodies


def _replaced(head: Head, interval: Interval, manifest: Manifest) -> Head:
    return replace(head, manifests={**head.manifests, interval: manifest})


def _packed(head: Head, largest: int) -> bytes:
    one = head.instrument
    plain = seal(
        {
            "format": FORMAT,
            "version": head.version,
            "changes": head.changes,
            "last_known": head.last_known,
            "pending": head.pending,
            "commit": head.commit,
            "profile": [
                one.symbol,
                one.name,
                one.tick,
                one.calendar,
                one.source,
                one.source_symbol,
            ],
            "actions": head.actions,
            "manifests": head.manifests,
        }
    )
    return plain if len(plain) <= largest else zlib.compress(plain, 9)


def seal(content: Any) -> bytes:
    """JSON in one line, and its CRC-32 in the next."""
    line = json.dumps(content, separators=(",", ":")).encode()
    return line + b"\n%08x" % zlib.crc32(line)


def open_sealed(packed: bytes) -> Any:
    """What was sealed; Damaged where the bytes are others."""
    line, _, checksum = packed.rpartition(b"\n")
    if checksum != b"%08x" % zlib.crc32(line):
        raise Damaged(
            "the checksum of a HEAD, a manifest or an index does not agree with its bytes"
        )
    return json.loads(line)


def unpack(packed: bytes) -> Head:
    """The HEAD in these bytes; Damaged where they are not what was written."""
    told = open_sealed(_inflated(packed))
    if told["format"] > FORMAT:
        raise UnknownFormat(f"a HEAD of format {told['format']}; this software knows {FORMAT}")
    manifests = {
        Interval(interval): Manifest(
            tuple(Part(*p) for p in parts), tuple(Chunk(*c) for c in chunks)
        )
        for interval, (parts, chunks) in told["manifests"].items()
    }
    ordered = sorted(manifests, key=LENGTH.__getitem__)
    return Head(
        Instrument(*told["profile"]),
        told["version"],
        told["changes"],
        told["last_known"],
        told["pending"],
        told["commit"],
        told["actions"] and Actions(*told["actions"]),
        {interval: manifests[interval] for interval in ordered},
    )


def _inflated(packed: bytes) -> bytes:
    """The line of a HEAD that may be deflated, which no line of JSON looks like."""
    if packed.startswith(b"{"):
        return packed
    try:
        return zlib.decompress(packed)
    except zlib.error as error:
        raise Damaged(f"a HEAD does not inflate: {error}") from error


def unpack_part(packed: bytes) -> list[Chunk]:
    """The chunks that a part of a manifest lists."""
    return [Chunk(*one) for one in open_sealed(packed)]
