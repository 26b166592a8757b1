"""The compact binary block in which rows are kept; docs/block-format.md has it to the byte.

A column becomes small integers (differences of what repeats), zigzagged so that small negative
ones are small as well, cut to the narrowest width, laid out byte plane by byte plane, and deflated.
Prices become integers by the smallest decimal scale that gives every one of them back to the last
bit; where there is none, the bits of the float64 themselves are the integers.
"""

import struct
import zlib
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.types import Float64, Int64
from market_data.errors import BadBar, Damaged, UnknownFormat
from market_data.rows import Rows

__all__ = ["MAX_ROWS", "VERSION", "decode", "encode"]

MAGIC = b"IPBK"
VERSION = 1
MAX_ROWS = 65_536
"""The most rows of one block: what bounds the memory that any bytes can make a reader take."""

HEADER = struct.Struct("<4sBbbBIIqqqqq5BB")
CHECKSUM = struct.Struct("<I")

# Decimal scales that are tried: values are integers / 10**scale. Others are kept as their bits.
SCALES = range(-9, 16)
BITS = 127
KNOWN_SCALES = frozenset({*SCALES, BITS})
# Integers and their differences are then exact in float64, in which they are added up.
LARGEST = 2.0**52
# How many columns share a width: time, known, age, origin, and then prices and volume together.
NUMBERS = (1, 1, 1, 1, 5)
# Rows up to which the times of a block are held for others.
SHARED_ROWS = 4096
# Modes of the columns known and age: their differences from row to row, not from the first row.
KNOWN_STEPS, AGE_STEPS = 1, 2

WORDS: tuple[Any, ...] = (np.uint8, np.uint8, np.uint16, *[np.uint32] * 2, *[np.uint64] * 4)
SIGNED: dict[int, Any] = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}
UNZIGZAG = np.array([n >> 1 ^ -(n & 1) for n in range(256)], np.int64)
_accumulate = np.add.accumulate


class _Header(NamedTuple):
    """The fields in front of the columns, but for the first and the last."""

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

    @property
    def widths(self) -> tuple[int, ...]:
        """Bytes of the integers of each group of columns."""
        return self[-5:]


# -- writing ---------------------------------------------------------------------------------


def encode(rows: Rows, salt: int = 0) -> bytes:
    """A block of some rows.

    Parameters
    ----------
    rows : Rows
        Sorted by time, then known; no two alike in both; at most `MAX_ROWS`.
    salt : int, 32 bits
        Read by nobody: two blocks of the same rows with different salts have different hashes.

    Raises
    ------
    BadBar
        A price or volume is NaN.
    """
    count = len(rows)
    if count > MAX_ROWS:
        raise ValueError(f"{count} rows; a block holds at most {MAX_ROWS}")
    _refuse_nan(rows)
    first_time, first_known = (int(c[0]) if count else 0 for c in (rows.time, rows.known))
    steps = np.diff(rows.time, prepend=first_time)
    unit = int(np.gcd.reduce(steps)) or 1 if count else 1
    known_mode, known = _smaller(rows.known - rows.time, rows.known)
    age = rows.known - rows.fetched
    age_mode, ages = _smaller(age, age)
    told = np.stack([rows.open, rows.close, rows.high, rows.low])
    ordered = bool((told[2] >= told.max(axis=0)).all() and (told[3] <= told.min(axis=0)).all())
    price_scale, prices = _integers(told, ordered)
    volume_scale, volume = _integers(rows.volume, bool((rows.volume >= 0).all()))
    opens, close, high, low = prices
    first_open = int(opens[0]) if count else 0
    before = np.concatenate([prices[0, :1], close[:-1]])
    moves = [opens - before, close - opens]
    plain = [high - np.maximum(opens, close), np.minimum(opens, close) - low, volume]
    columns = [
        _planes(_zigzag(np.diff(steps // unit, prepend=0))),
        known,
        ages,
        _planes(rows.origin.view(np.uint64)),
        _planes(np.stack([*map(_zigzag, moves), *(one.view(np.uint64) for one in plain)])),
    ]
    names = [name.encode() for name in rows.origins]
    header = HEADER.pack(
        MAGIC,
        VERSION,
        price_scale,
        volume_scale,
        KNOWN_STEPS * known_mode | AGE_STEPS * age_mode,
        count,
        salt,
        unit,
        first_time,
        first_known,
        int(age[0]) if count else 0,
        first_open,
        *(len(column) for column in columns),
        len(names),
    )
    listed = b"".join(bytes([len(name)]) + name for name in names)
    packed = zlib.compress(b"".join(column.tobytes() for column in columns), 9)
    block = header + listed + packed
    return block + CHECKSUM.pack(zlib.crc32(block))


def _refuse_nan(rows: Rows) -> None:
    for name in ("open", "high", "low", "close", "volume"):
        missing = np.isnan(getattr(rows, name))
        if missing.any():
            raise BadBar(int(np.argmax(missing)), name, "nan", "not a number")


def _integers(values: Float64, decimal: bool) -> tuple[int, Int64]:
    """The scale and the integers that give all values back to the last bit."""
    for scale in SCALES if decimal else ():
        with np.errstate(over="ignore", invalid="ignore"):
            # An integer has no -0, so whatever needs one needs its bits.
            scaled = np.rint(_divided(values, -scale)) + 0.0
        if not (np.abs(scaled) < LARGEST).all():
            break
        if (_divided(scaled, scale).view(np.int64) == values.view(np.int64)).all():
            return scale, scaled.astype(np.int64)
    return BITS, values.view(np.int64)


def _divided(values: Float64, scale: int) -> Float64:
    """Values / 10**scale, by a power of ten that float64 holds exactly."""
    found: Float64 = values / 10.0**scale if scale >= 0 else values * 10.0**-scale
    return found


def _smaller(level: Int64, changing: Int64) -> tuple[bool, NDArray[np.uint8]]:
    """Whether steps from row to row take less than distances from the first one; the planes."""
    distances = _planes(_zigzag(level - level[:1]))
    steps = _planes(_zigzag(np.diff(changing, prepend=changing[:1])))
    by_steps = len(zlib.compress(steps.tobytes(), 1)) < len(zlib.compress(distances.tobytes(), 1))
    return by_steps, steps if by_steps else distances


def _zigzag(values: Int64) -> NDArray[np.uint64]:
    """0, -1, 1, -2, 2 ... as 0, 1, 2, 3, 4 ..."""
    found: NDArray[np.uint64] = (values << 1 ^ values >> 63).view(np.uint64)
    return found


def _planes(values: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """(width, ...): the bytes of unsigned integers, least significant plane first."""
    width = (int(values.max(initial=0)).bit_length() + 7) // 8
    words = np.ascontiguousarray(values, "<u8").view(np.uint8).reshape(*values.shape, 8)
    planes: NDArray[np.uint8] = np.moveaxis(words[..., :width], -1, 0)
    return planes


# -- reading ---------------------------------------------------------------------------------


def decode(block: bytes) -> Rows:
    """The rows of a block.

    Raises
    ------
    Damaged
        The bytes are no block that `encode` could have made: cut short, flipped, or made to harm.
        Memory stays below some 20 MB whatever they claim.
    UnknownFormat
        A whole block of a newer format.
    """
    head, origins, start = _opened(block)
    planes, at = _inflated(block, start, head), head.time_width * head.rows
    time = _times(head, planes[:at])
    columns: list[Any] = []
    for width, number in zip(head.widths[1:], NUMBERS[1:], strict=True):
        end = at + number * width * head.rows
        columns.append(_words(planes[at:end], width, number * head.rows) if width else None)
        at = end
    known, age, origin, values = columns
    by_steps = bool(head.modes & AGE_STEPS)
    since = _since(head, known, time)
    opens, high, low, close, volume = _values(head, values)
    rows = Rows(
        time,
        since,
        since - (head.age if age is None else _levels(age, by_steps, head.rows, head.age)),
        np.zeros(head.rows, np.int64) if origin is None else origin.astype(np.int64),
        opens,
        high,
        low,
        close,
        volume,
        origins,
    )
    _check(rows, head)
    return rows


def _opened(block: bytes) -> tuple[_Header, tuple[str, ...], int]:
    """The header, the names of the origins, and where the columns begin."""
    if len(block) < HEADER.size + CHECKSUM.size or block[:4] != MAGIC:
        raise Damaged(f"{len(block)} bytes are no block of bars")
    (told,) = CHECKSUM.unpack_from(block, len(block) - CHECKSUM.size)
    if zlib.crc32(memoryview(block)[: -CHECKSUM.size]) != told:
        raise Damaged("the block's checksum does not agree with its bytes")
    fields = HEADER.unpack_from(block)
    if fields[1] != VERSION:
        raise UnknownFormat(f"a block of format {fields[1]}; this software knows {VERSION}")
    head = _Header._make(fields[1:17])
    if (
        head.rows > MAX_ROWS
        or max(head.widths) > 8
        or head.unit < 1
        or head.modes > KNOWN_STEPS | AGE_STEPS
        or head.price_scale not in KNOWN_SCALES
        or head.volume_scale not in KNOWN_SCALES
    ):
        raise Damaged("the block's header holds what no block holds")
    names, at = [], HEADER.size
    for _ in range(fields[17]):
        length = block[at]
        names.append(block[at + 1 : at + 1 + length])
        at += 1 + length
        if at > len(block) - CHECKSUM.size:
            raise Damaged("the block ends inside its header")
    try:
        return head, tuple(name.decode() for name in names), at
    except UnicodeDecodeError as error:
        raise Damaged("the block names an origin that is no text") from error


def _inflated(block: bytes, start: int, head: _Header) -> NDArray[np.uint8]:
    """The byte planes of all columns; never more bytes than the header speaks of."""
    expected = head.rows * (sum(head.widths) + 4 * head.value_width)
    inflater = zlib.decompressobj()
    try:
        planes = inflater.decompress(memoryview(block)[start : -CHECKSUM.size], expected + 1)
    except zlib.error as error:
        raise Damaged(f"the block does not inflate: {error}") from error
    if len(planes) != expected or not inflater.eof or inflater.unused_data:
        raise Damaged("the block holds other columns than its header speaks of")
    return np.frombuffer(planes, np.uint8)


def _words(part: NDArray[np.uint8], width: int, number: int) -> NDArray[Any]:
    """So many unsigned integers of the narrowest machine type."""
    planes = part.reshape(width, number)
    # From the top, in the type that holds what there is so far: two bytes cost half of four.
    words: NDArray[Any] = planes[-1].astype(WORDS[min(width, 2)])
    for plane in range(width - 2, -1, -1):
        kind = WORDS[width - plane]
        words = words.astype(kind, copy=False)
        words <<= 8
        words |= planes[plane]
    return words


def _unzigzag(words: NDArray[Any]) -> NDArray[Any]:
    """The signed integers behind zigzagged ones."""
    if words.itemsize == 1:
        return UNZIGZAG.take(words)
    sign = words & 1
    np.negative(sign, sign)
    half = words >> 1
    half ^= sign
    return half.view(SIGNED[half.itemsize])


def _times(head: _Header, planes: NDArray[np.uint8]) -> Int64:
    """Times from the differences of their differences.

    Symbols of one exchange have the same days, so these are worked out once, and shared.
    """
    made = _shared_times if head.rows <= SHARED_ROWS else _shared_times.__wrapped__
    return made(planes.tobytes(), head.time_width, head.rows, head.unit, head.time)


@lru_cache(maxsize=64)
def _shared_times(planes: bytes, width: int, rows: int, unit: int, first: int) -> Int64:
    words = _words(np.frombuffer(planes, np.uint8), width, rows) if width else None
    time = _levels(words, True, rows, 0)
    if unit != 1:
        time *= unit
    _accumulate(time, out=time)
    time += first
    time.flags.writeable = False
    return time


def _since(head: _Header, words: NDArray[Any] | None, time: Int64) -> Int64:
    """The times from which rows are known."""
    by_steps = bool(head.modes & KNOWN_STEPS)
    since = _levels(words, by_steps, head.rows, head.known)
    if not by_steps:
        since -= head.time
        since += time
    return since


def _levels(words: NDArray[Any] | None, by_steps: bool, rows: int, first: int) -> Int64:
    """A column of which the first row and the distances from it, or from row to row, are kept."""
    if words is None:
        return np.full(rows, first)
    level: Int64 = _unzigzag(words).astype(np.int64, copy=False)
    if by_steps:
        _accumulate(level, out=level)
    if first:
        level += first
    return level


def _values(head: _Header, words: NDArray[Any] | None) -> tuple[Float64, ...]:
    """Open, high, low, close and volume."""
    count = head.rows
    if words is None:
        words = np.zeros(5 * count, np.uint8)
    whole = BITS in (head.price_scale, head.volume_scale)
    columns: NDArray[Any] = np.empty((5, count), np.int64 if whole else np.float64)
    flat = columns.reshape(-1)
    flat[: 2 * count] = _unzigzag(words[: 2 * count])
    flat[2 * count :] = words[2 * count :]
    close, opens, high, low, volume = columns  # as yet gap, body, above, below
    close += opens
    close[:1] += head.open
    _accumulate(close, out=close)
    np.subtract(close, opens, out=opens)
    high += np.maximum(opens, close)
    np.subtract(np.minimum(opens, close), low, out=low)
    close, opens, high, low = _real(columns[:4], head.price_scale)
    return opens, high, low, close, _real(volume, head.volume_scale)


def _real(whole: NDArray[Any], scale: int) -> Float64:
    """The float64 of integers at a scale."""
    if scale == BITS:
        return whole.astype(np.int64, copy=False).view(np.float64)
    real: Float64 = whole.astype(np.float64, copy=False)
    if scale >= 0:
        real /= 10.0**scale
    else:
        real *= 10.0**-scale
    return real


def _check(rows: Rows, head: _Header) -> None:
    """Refuse what a checksum cannot: bytes made on purpose."""
    count, time = len(rows), rows.time
    later = time[1:] > time[:-1]
    if (
        not later.all()
        and not (later | ((time[1:] == time[:-1]) & (rows.known[1:] > rows.known[:-1]))).all()
    ):
        raise Damaged("the block's rows are not in order")
    if head.origin_width or not rows.origins:
        named = (rows.origin >= 0) & (rows.origin < len(rows.origins))
        if not named.all():
            raise Damaged("the block's rows name an origin that it does not list")
    if BITS in (head.price_scale, head.volume_scale) and count:
        values = (rows.open, rows.high, rows.low, rows.close, rows.volume)
        if any(np.isnan(column).any() for column in values):
            raise Damaged("the block holds what is not a number")
