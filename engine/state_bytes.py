"""States as bytes: a description in JSON, then columns of float64, then a checksum.

    magic "IPST", version (1 byte), length of the description (4), the description,
    time, open, high, low, close, volume, readings if any, recursions, CRC-32 of all before it (4)

all little-endian. Bytes may come from anywhere: a checksum that fits proves nothing, so all that
they say is checked.
"""

import json
import struct
import zlib
from typing import Any

import numpy as np

from engine.catalog import named, strategies
from engine.entries import Strategy
from engine.errors import BadState, EngineError
from engine.tail import COLUMNS, Tail
from engine.types import Bars, Float64
from engine.version import ENGINE_VERSION

__all__ = ["restored", "written"]

_MAGIC, _VERSION = b"IPST", 1
_HEAD = struct.Struct("<4sBI")  # magic, version, length of the description that follows
_CHECK = struct.Struct("<I")  # CRC-32 of all before it
_NONE = "these bytes are no state of a strategy"


def written(tail: Tail, seen: int) -> bytes:
    """A tail and the number of bars that were seen until then, as bytes."""
    described = {
        "engine": ENGINE_VERSION,
        "strategy": tail.strategy.name,
        "parameters": tail.values,
        "hash": tail.strategy.hash(**tail.values),
        "seen": seen,
        "bars": len(tail.bars),
        "readings": tail.readings is not None,
        "recursions": None if tail.before is None else len(tail.before),
    }
    head = json.dumps(described, sort_keys=True).encode()
    columns = [getattr(tail.bars, name) for name in COLUMNS]
    columns += [] if tail.readings is None else [tail.readings]
    columns += [] if tail.before is None else [np.array(tail.before, dtype=np.float64)]
    body = b"".join(c.astype(c.dtype.newbyteorder("<")).tobytes() for c in columns)
    whole = _HEAD.pack(_MAGIC, _VERSION, len(head)) + head + body
    return whole + _CHECK.pack(zlib.crc32(whole))


def restored(data: bytes) -> tuple[Tail, int]:
    """What ``written`` was given.

    Raises
    ------
    BadState
        When the bytes are no state, are damaged, or come from another version of the engine or of
        the strategy.
    """
    described, body = _opened(data)
    try:
        strategy, values = _strategy(described)
        seen, count = (_count(described[name]) for name in ("seen", "bars"))
        recursions = described["recursions"]
        lengths = [count] * (len(COLUMNS) + bool(described["readings"]))
        lengths.append(0 if recursions is None else _count(recursions))
        if len(body) != 8 * sum(lengths):
            raise BadState("this state is cut short")
        columns = np.split(np.frombuffer(body, dtype="<f8"), np.cumsum(lengths)[:-1])
        bars = Bars(columns[0].view("<i8"), *columns[1 : len(COLUMNS)])
    except BadState:
        raise
    except (EngineError, KeyError, TypeError, ValueError) as error:
        raise BadState(f"{_NONE}: {error}") from error
    before = None if recursions is None else columns[-1].tolist()
    readings = columns[len(COLUMNS)] if described["readings"] else None
    if seen < count or not _sound(strategy, bars, readings, columns[-1]):
        raise BadState(_NONE)
    return Tail(strategy, values, bars, readings, before), seen


def _opened(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The description and the columns of a state in bytes, whole and of this engine."""
    end = len(data) - _CHECK.size
    if end < _HEAD.size or not data.startswith(_MAGIC):
        raise BadState(_NONE)
    _, version, length = _HEAD.unpack_from(data)
    if version != _VERSION:
        raise BadState(f"this state has version {version}, and only {_VERSION} can be read")
    if _CHECK.unpack_from(data, end)[0] != zlib.crc32(data[:end]):
        raise BadState("this state is damaged")
    start = _HEAD.size + length
    try:
        described = json.loads(data[_HEAD.size : start])
    except (ValueError, RecursionError) as error:
        raise BadState(_NONE) from error
    if not isinstance(described, dict):
        raise BadState(_NONE)
    engine = str(described.get("engine"))[:40]
    if engine != ENGINE_VERSION:
        raise BadState(f"this state was made by engine {engine}, and this one is {ENGINE_VERSION}")
    return described, data[start:end]


def _strategy(described: dict[str, Any]) -> tuple[Strategy, dict[str, int | float]]:
    """Who judged, with which parameters, if it is still the same."""
    strategy = named(strategies(), described["strategy"], "strategy")
    values = strategy.resolved(described["parameters"])
    if described["hash"] != strategy.hash(**values):
        raise BadState(f"this state is of another version of {strategy.name}")
    return strategy, values


def _count(value: object) -> int:
    """A number of values, if it is one."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 48:
        raise BadState(_NONE)
    return value


def _sound(strategy: Strategy, bars: Bars, readings: Float64 | None, recursions: Float64) -> bool:
    """Whether the columns hold numbers, and readings only where the strategy takes them."""
    prices = (getattr(bars, name) for name in COLUMNS[1:])
    if not all(np.isfinite(column).all() for column in (*prices, recursions)):
        return False
    if readings is None:
        return True
    known = readings[~np.isnan(readings)]
    return "sentiment" in strategy.beside and bool(((known >= 0.0) & (known <= 1.0)).all())
