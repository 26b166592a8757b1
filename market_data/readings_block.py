"""Readings of a symbol as bytes: what every home of them keeps.

    IPRS, a byte 1   rows uint32   length uint16   pending int64
    origins, JSON of that length   columns   CRC-32

Little-endian. The columns are deflated by zlib and follow one another: time, published less time,
known, fetched and origin as int64, each as differences from the row before; value as float64.
"""

import json
import struct
import zlib
from typing import Final

import numpy as np

from engine.types import Float64, Int64
from market_data.errors import Damaged
from market_data.readings import MOST, Readings

__all__ = ["pack", "unpack"]

MAGIC: Final = b"IPRS\x01"
HEAD: Final = struct.Struct("<5sIHq")
CHECKSUM: Final = struct.Struct("<I")
INTEGERS: Final = 5
ROW: Final = 8 * (INTEGERS + 1)


def pack(kept: Readings) -> bytes:
    """The bytes of all rows."""
    origins = json.dumps(kept.origins).encode()
    integers = (kept.time, kept.published - kept.time, kept.known, kept.fetched, kept.origin)
    columns = [np.diff(column, prepend=0).astype("<i8") for column in integers]
    plain = b"".join(column.tobytes() for column in (*columns, kept.value.astype("<f8")))
    body = (
        HEAD.pack(MAGIC, len(kept.time), len(origins), kept.pending)
        + origins
        + zlib.compress(plain, 9)
    )
    return body + CHECKSUM.pack(zlib.crc32(body))


def unpack(symbol: str, version: int, packed: bytes) -> Readings:
    """The rows of some bytes.

    Raises
    ------
    Damaged
        When they are not what was packed.
    """
    body, checksum = packed[: -CHECKSUM.size], packed[-CHECKSUM.size :]
    if len(body) < HEAD.size or CHECKSUM.pack(zlib.crc32(body)) != checksum:
        raise Damaged(f"the readings of sentiment of {symbol} are damaged: their checksum differs")
    magic, count, length, pending = HEAD.unpack_from(body)
    start = HEAD.size + length
    if magic != MAGIC or count > MOST:
        raise Damaged(f"the readings of sentiment of {symbol} are in a format not known here")
    plain = zlib.decompressobj().decompress(body[start:], max(1, count * ROW))
    if len(plain) != count * ROW:
        raise Damaged(f"the readings of sentiment of {symbol} are damaged: {count} were packed")
    steps = np.frombuffer(plain, "<i8", INTEGERS * count).reshape(INTEGERS, count)
    time, delay, known, fetched, origin = (column for column in _summed(steps))
    value: Float64 = np.frombuffer(plain, "<f8", count, 8 * INTEGERS * count).astype(np.float64)
    return Readings(
        symbol,
        version,
        time=time,
        published=time + delay,
        known=known,
        fetched=fetched,
        value=value,
        origin=origin,
        origins=tuple(json.loads(body[HEAD.size : start])),
        pending=pending,
    )


def _summed(steps: Int64) -> Int64:
    return np.cumsum(steps, axis=-1, dtype=np.int64)
