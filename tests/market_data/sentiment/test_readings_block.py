"""Readings as bytes: what is packed comes back to the last bit, and damage is told."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_data.errors import Damaged
from market_data.readings import MOST, Readings
from market_data.readings_block import pack, unpack

moments = st.integers(0, 2**53)
rows = st.lists(
    st.tuples(moments, moments, moments, moments, st.floats(0, 1), st.integers(0, 2)), max_size=40
)


def readings(table):
    time, delay, known, fetched, value, origin = zip(*table, strict=True) if table else [()] * 6
    time = np.array(time, np.int64)
    return Readings(
        "AAPL",
        7,
        time=time,
        published=time + np.array(delay, np.int64),
        known=np.array(known, np.int64),
        fetched=np.array(fetched, np.int64),
        value=np.array(value, np.float64),
        origin=np.array(origin, np.int64),
        origins=("one", "zwei", "三"),
        pending=5,
    )


@given(rows)
@settings(max_examples=60)
def test_what_is_packed_comes_back_to_the_last_bit(table):
    kept = readings(table)
    again = unpack("AAPL", 7, pack(kept))
    for one in dataclasses.fields(Readings):
        before, after = getattr(kept, one.name), getattr(again, one.name)
        if isinstance(before, np.ndarray):
            assert (before.dtype, before.tobytes()) == (after.dtype, after.tobytes())
        else:
            assert before == after


def test_any_changed_byte_is_told_and_so_is_a_cut():
    packed = pack(readings([(10, 1, 20, 20, 0.25, 0), (30, 1, 40, 40, 0.5, 1)]))
    for place in range(len(packed)):
        changed = bytearray(packed)
        changed[place] ^= 0x10
        with pytest.raises(Damaged, match="AAPL"):
            unpack("AAPL", 7, bytes(changed))
        with pytest.raises(Damaged):
            unpack("AAPL", 7, packed[:place])


def test_a_sealed_lie_about_the_count_is_told():
    import zlib

    from market_data.readings_block import CHECKSUM, HEAD, MAGIC

    for count in (1, MOST + 1):
        body = HEAD.pack(MAGIC, count, 2, 0) + b"[]" + zlib.compress(b"")
        with pytest.raises(Damaged):
            unpack("AAPL", 1, body + CHECKSUM.pack(zlib.crc32(body)))


def test_the_most_that_is_kept_fits_an_item_of_dynamodb():
    chance = np.random.default_rng(5)
    time = np.sort(chance.integers(0, 2**51, MOST)) // 1_000_000 * 1_000_000
    kept = Readings(
        "AAPL",
        1,
        time=time,
        published=time,
        known=np.sort(chance.integers(0, 2**51, 500).repeat(MOST // 500)),
        fetched=np.sort(chance.integers(0, 2**51, 500).repeat(MOST // 500)),
        value=chance.random(MOST),
        origin=np.zeros(MOST, np.int64),
        origins=("headlines",),
    )
    assert len(pack(kept)) < 380_000
