"""Rows to a block."""

import zlib

import numpy as np
from numpy.typing import NDArray

from engine.types import Float64, Int64
from market_data.block.layout import (
    AGE_STEPS,
    BITS,
    CHECKSUM,
    HEADER,
    KNOWN_STEPS,
    MAGIC,
    MAX_ROWS,
    SCALES,
    VERSION,
)
from market_data.errors import BadBar
from market_data.rows import Rows

__all__ = ["encode"]

# Integers and their differences are then exact in float64, in which they are added up.
LARGEST = 2.0**52

# By how many values a scale is tried before it is by all.
_SOME = 32


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
    packed = _deflated(b"".join(column.tobytes() for column in columns))
    block = header + listed + packed
    return block + CHECKSUM.pack(zlib.crc32(block))


def _deflated(planes: bytes) -> bytes:
    """The byte planes of all columns as a zlib stream.

    By the strategy for what differences leave: as small as the hardest level makes it without, in a
    third of the time.
    """
    deflater = zlib.compressobj(strategy=zlib.Z_FILTERED)
    return deflater.compress(planes) + deflater.flush()


def _refuse_nan(rows: Rows) -> None:
    for name in ("open", "high", "low", "close", "volume"):
        missing = np.isnan(getattr(rows, name))
        if missing.any():
            raise BadBar(int(np.argmax(missing)), name, "nan", "not a number")


def _integers(values: Float64, decimal: bool) -> tuple[int, Int64]:
    """The scale and the integers that give all values back to the last bit."""
    some = values.ravel()[:: max(1, values.size // _SOME)]
    with np.errstate(over="ignore", invalid="ignore"):
        for scale in SCALES if decimal else ():
            # Most scales do not even suit some of the values.
            if _whole(some, scale) is None:
                continue
            whole = _whole(values, scale)
            if whole is not None:
                return scale, whole.astype(np.int64)
    return BITS, values.view(np.int64)


def _whole(values: Float64, scale: int) -> Float64 | None:
    """Whole numbers that give all values back at a scale, if there are such."""
    # An integer has no -0, so whatever needs one needs its bits.
    whole: Float64 = np.rint(_divided(values, -scale)) + 0.0
    small = (np.abs(whole) < LARGEST).all()
    exact = small and (_divided(whole, scale).view(np.int64) == values.view(np.int64)).all()
    return whole if exact else None


def _divided(values: Float64, scale: int) -> Float64:
    """Values / 10**scale, by a power of ten that float64 holds exactly."""
    found: Float64 = values / 10.0**scale if scale >= 0 else values * 10.0**-scale
    return found


def _smaller(level: Int64, changing: Int64) -> tuple[bool, NDArray[np.uint8]]:
    """Whether steps from row to row take less than distances from the first one; the planes."""
    distances = _planes(_zigzag(level - level[:1]))
    steps = _planes(_zigzag(np.diff(changing, prepend=changing[:1])))
    sizes = [column.size for column in (steps, distances)]
    if all(sizes):  # else one takes nothing at all, which needs no trial
        sizes = [len(zlib.compress(column.tobytes(), 1)) for column in (steps, distances)]
    by_steps = sizes[0] < sizes[1]
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
