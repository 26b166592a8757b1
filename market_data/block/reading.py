"""A block to rows.

Inflating takes most of the time, and ISA-L does it in half of zlib's. After it each pass over a
column counts: integers are as narrow as they may be, what can be done in place is, and prices turn
real all at once.
"""

from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from engine.types import Float64, Int64
from market_data.block.integers import apart, levels, same, signed, unzigzag, words
from market_data.block.layout import (
    AGE_STEPS,
    BITS,
    CHECKSUM,
    KNOWN_STEPS,
    SCALES,
    VALUES,
    Header,
    opened,
)
from market_data.errors import Damaged
from market_data.rows import Rows

__all__ = ["decode", "forget_times"]

# Rows up to which the times of a block are held for others.
_SHARED_ROWS = 4096

_Values: TypeAlias = tuple[Float64, Float64, Float64, Float64, Float64]

_accumulate = np.add.accumulate
_POWERS = {scale: np.array(10.0**scale) for scale in range(max(SCALES) + 1)}


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
    head, origins, start = opened(block)
    rows, inflated = head.rows, _inflated(block, start, head)
    known_at = head.time_width * rows
    age_at = known_at + head.known_width * rows
    origin_at = age_at + head.age_width * rows
    values_at = origin_at + head.origin_width * rows
    time, in_order = _times(head, inflated[:known_at])
    known = _since(head, _column(inflated, known_at, head.known_width, rows), time)
    if not in_order:
        _check_order(time, known)
    fetched = _fetched(head, _column(inflated, age_at, head.age_width, rows), known)
    origin = _origin(_column(inflated, origin_at, head.origin_width, rows), rows, len(origins))
    values = _values(head, _column(inflated, values_at, head.value_width, VALUES * rows))
    return Rows(time, known, fetched, origin, *values, origins)


def _inflated(block: bytes, start: int, head: Header) -> bytes:
    """The byte planes of all columns; never more bytes than the header speaks of."""
    expected = head.inflated
    inflater = isal_zlib.decompressobj()
    try:
        planes = inflater.decompress(memoryview(block)[start : -CHECKSUM.size], expected + 1)
    except isal_zlib.IsalError as error:  # type: ignore[misc]  # its stub takes a class for an object
        raise Damaged(f"the block does not inflate: {error}") from error
    if len(planes) != expected or not inflater.eof or inflater.unused_data:
        raise Damaged("the block holds other columns than its header speaks of")
    return planes


def _column(inflated: bytes, at: int, width: int, number: int) -> NDArray[Any] | None:
    """The unsigned integers of a column, or of several that share a width; None for zeros."""
    if not width:
        return None
    planes = np.frombuffer(inflated, np.uint8, width * number, at)
    return words(planes.reshape(width, number))


# -- times and origins -----------------------------------------------------------------------


def _times(head: Header, planes: bytes) -> tuple[Int64, bool]:
    """Times from the differences of their differences; whether each is later than the one before.

    Symbols of one exchange have the same days, so these are worked out once, and shared.
    """
    made = _shared_times if head.rows <= _SHARED_ROWS else _shared_times.__wrapped__
    return made(planes, head.rows, head.unit, head.time)


@lru_cache(maxsize=64)
def _shared_times(planes: bytes, rows: int, unit: int, first: int) -> tuple[Int64, bool]:
    steps = apart(signed(planes, rows), rows)
    _accumulate(steps, 0, None, steps)
    steps *= unit
    steps[:1] = first
    time: Int64 = _accumulate(steps)
    time.setflags(write=False)
    # numpy takes three times as long to tell whether all are true.
    return time, b"\0" not in (time[1:] > time[:-1]).tobytes()


def forget_times() -> None:
    """Hold no times any more, as in a process that has read nothing yet."""
    _shared_times.cache_clear()


def _since(head: Header, known: NDArray[Any] | None, time: Int64) -> Int64:
    """The times from which rows are known."""
    if head.modes & KNOWN_STEPS:
        return same(head.known, head.rows) if known is None else levels(known, True, head.known)
    since: Int64 = time + same(head.known - head.time, head.rows)
    if known is not None:
        since += levels(known, False, 0)
    return since


def _check_order(time: Int64, since: Int64) -> None:
    """Refuse what a checksum cannot: bytes made on purpose."""
    alike = (time[1:] == time[:-1]) & (since[1:] > since[:-1])
    if not (alike | (time[1:] > time[:-1])).all():
        raise Damaged("the block's rows are not in order")


def _fetched(head: Header, age: NDArray[Any] | None, known: Int64) -> Int64:
    """The times at which sources told rows."""
    if age is not None:
        return known - levels(age, bool(head.modes & AGE_STEPS), head.age)
    one_known = not known.strides[0]
    return same(head.known - head.age, head.rows) if one_known else known - head.age


def _origin(named: NDArray[Any] | None, rows: int, origins: int) -> Int64:
    """Which of the origins rows come from."""
    if (rows and not origins) or (named is not None and (named >= origins).any()):
        raise Damaged("the block's rows name an origin that it does not list")
    return same(0, rows) if named is None else named.astype(np.int64)


# -- prices and volume -----------------------------------------------------------------------


def _values(head: Header, found: NDArray[Any] | None) -> _Values:
    """Open, high, low, close and volume."""
    bits = BITS in (head.price_scale, head.volume_scale)
    columns = _integers(head, found, np.int64 if bits else np.float64)
    close, opens, high, low, volume = columns  # as yet gap, body, above, below
    close[:1] = head.open
    close += opens
    _accumulate(close, 0, None, close)
    np.subtract(close, opens, opens)
    high += np.maximum(opens, close)
    np.subtract(np.minimum(opens, close), low, low)
    prices = columns[:4]
    if bits:
        close, opens, high, low = prices = _real(prices, head.price_scale)
        volume = _real(volume, head.volume_scale)
        if np.isnan(prices).any() or np.isnan(volume).any():
            raise Damaged("the block holds what is not a number")
    else:
        _scale(prices, head.price_scale)
        _scale(volume, head.volume_scale)
    return opens, high, low, close, volume


def _integers(head: Header, found: NDArray[Any] | None, kind: Any) -> NDArray[Any]:
    """(5, rows): the columns of the values, in the type in which they are added up."""
    rows = head.rows
    if found is None:
        return np.zeros((VALUES, rows), kind)
    moves = unzigzag(found[: 2 * rows])
    if head.value_width < found.itemsize:  # the topmost bit is free: all are signed, at one go
        return found.view(moves.dtype).astype(kind).reshape(VALUES, rows)
    plain = found[2 * rows :]
    return np.concatenate([moves.astype(kind), plain.astype(kind)]).reshape(VALUES, rows)


def _real(whole: Int64, scale: int) -> Float64:
    """The float64 of integers at a scale, or of their bits."""
    if scale == BITS:
        return whole.view(np.float64)
    real = whole.astype(np.float64)
    _scale(real, scale)
    return real


def _scale(whole: Float64, scale: int) -> None:
    """Whole numbers to what they mean, in their place."""
    if scale >= 0:
        whole /= _POWERS[scale]
    else:
        whole *= _POWERS[-scale]
