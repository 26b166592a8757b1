"""Rows as immutable chunks: how long each may get, and how a manifest lists them."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from engine.types import Int64, Interval
from market_data.block import encode
from market_data.rows import Rows
from market_data.stores.head import Chunk
from market_data.stores.objects import Name

__all__ = ["SEALED", "TAIL", "encode_chunks", "places_of"]

TAIL: Final = 500
"""Rows of the open tail; with more it is sealed, so that commits do not rewrite much."""
SEALED: Final = 2000
"""Rows of a sealed chunk, up to which a tail joins the one before it: some 20 KB of days."""
LONGEST: Final = SEALED + SEALED // 8
"""Rows with which restatements may leave a chunk before it is cut."""


def places_of(chunks: Sequence[Chunk], time: Int64) -> Int64:
    """Which chunk each time belongs to; one more than there are for a tail that is to be begun."""
    if not chunks:
        return np.zeros(len(time), np.int64)
    firsts = np.array([one.first for one in chunks], np.int64)
    places = np.maximum(np.searchsorted(firsts, time, side="right") - 1, 0)
    last = chunks[-1]
    if last.rows > TAIL:
        places = places + (time > last.last)
    found: Int64 = places.astype(np.int64)
    return found


def encode_chunks(
    symbol: str, interval: Interval, rows: Rows, salt: int
) -> tuple[list[Chunk], dict[Name, bytes]]:
    """Rows as chunks: how a manifest lists them, and their bytes."""
    chunks, objects = [], {}
    for part in _cut(rows):
        body, first = encode(part, salt), int(part.time[0])
        name = Name.chunk(symbol, interval, first, body, sealed=len(part) > TAIL)
        objects[name] = body
        bars = 1 + int((part.time[1:] != part.time[:-1]).sum())
        last, known = int(part.time[-1]), int(part.known.max())
        chunks.append(Chunk(name.sort, first, last, len(part), bars, known))
    return chunks, objects


def _cut(rows: Rows) -> list[Rows]:
    """Rows in pieces of SEALED, once they are too long, never between two rows of one time."""
    parts, begin = [], 0
    while len(rows) - begin > LONGEST:
        end = int(np.searchsorted(rows.time, rows.time[begin + SEALED]))
        if end <= begin:
            end = int(np.searchsorted(rows.time, rows.time[begin], side="right"))
        parts.append(rows.take(slice(begin, end)))
        begin = end
    return [*parts, rows.take(slice(begin, None))] if begin < len(rows) else parts
