"""What stands in front of a block's columns, and the numbers that writer and reader share."""

import struct
from typing import NamedTuple

from isal import isal_zlib

from market_data.errors import Damaged, UnknownFormat

__all__ = [
    "AGE_STEPS",
    "BITS",
    "CHECKSUM",
    "HEADER",
    "KNOWN_STEPS",
    "MAGIC",
    "MAX_ROWS",
    "SCALES",
    "VALUES",
    "VERSION",
    "Header",
    "opened",
]

MAGIC = b"IPBK"
VERSION = 1
MAX_ROWS = 65_536
"""The most rows of one block: what bounds the memory that any bytes can make a reader take."""

HEADER = struct.Struct("<4sBbbBIIqqqqq5BB")
CHECKSUM = struct.Struct("<I")

# Decimal scales that are tried: values are integers / 10**scale. Others are kept as their bits.
SCALES = range(-9, 16)
BITS = 127
_KNOWN_SCALES = frozenset({*SCALES, BITS})
# Columns of prices and volume, which share a width; all others have one of their own.
VALUES = 5
# Modes of the columns known and age: their differences from row to row, not from the first row.
KNOWN_STEPS, AGE_STEPS = 1, 2


class Header(NamedTuple):
    """The fields in front of the columns, but for the magic."""

    version: int
    price_scale: int
    volume_scale: int
    modes: int
    rows: int
    salt: int
    unit: int
    time: int
    known: int
    age: int
    open: int
    time_width: int
    known_width: int
    age_width: int
    origin_width: int
    value_width: int
    origins: int

    @property
    def inflated(self) -> int:
        """How many bytes all columns take."""
        widths = self.time_width + self.known_width + self.age_width + self.origin_width
        return self.rows * (widths + VALUES * self.value_width)


def opened(block: bytes) -> tuple[Header, tuple[str, ...], int]:
    """The header, the names of the origins, and where the columns begin.

    Raises
    ------
    Damaged
        The bytes are no block, or not what was written.
    UnknownFormat
        A whole block of a newer format.
    """
    end = len(block) - CHECKSUM.size
    if end < HEADER.size or not block.startswith(MAGIC):
        raise Damaged(f"{len(block)} bytes are no block of bars")
    if isal_zlib.crc32(memoryview(block)[:end]) != CHECKSUM.unpack_from(block, end)[0]:
        raise Damaged("the block's checksum does not agree with its bytes")
    head = Header(*HEADER.unpack_from(block)[1:])
    if head.version != VERSION:
        raise UnknownFormat(f"a block of format {head.version}; this software knows {VERSION}")
    if (
        head.rows > MAX_ROWS
        or max(head[-6:-1]) > 8
        or head.unit < 1
        or head.modes > KNOWN_STEPS | AGE_STEPS
        or head.price_scale not in _KNOWN_SCALES
        or head.volume_scale not in _KNOWN_SCALES
    ):
        raise Damaged("the block's header holds what no block holds")
    names, at = _names(block, head.origins, end)
    return head, names, at


def _names(block: bytes, number: int, end: int) -> tuple[tuple[str, ...], int]:
    names, at = [], HEADER.size
    try:
        for _ in range(number):
            begin = at + 1
            at = begin + block[at]
            if at > end:
                raise Damaged("the block ends inside its header")
            names.append(block[begin:at].decode())
    except UnicodeDecodeError as error:
        raise Damaged("the block names an origin that is no text") from error
    return tuple(names), at
