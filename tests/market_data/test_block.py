"""The binary block: exact for every float64, small, and safe whatever bytes it is given."""

import hashlib
import re
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.types import Interval
from market_data.block import HEADER, MAX_ROWS, decode, encode
from market_data.block.integers import unzigzag, words
from market_data.calendar import DAY
from market_data.csv_file import read_csv
from market_data.errors import BadBar, Damaged, UnknownFormat
from market_data.rows import COLUMNS, Rows

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "block-format.md").read_text()
SAMPLES = sorted((ROOT / "market_data" / "sample").glob("*.csv.gz"))
K = 1_795_003_200_000_000

REALS = st.floats(allow_nan=False, width=64)
WHOLE = st.integers(-(2**50), 2**50)
LATE = st.integers(0, 10**12)


def same(one: Rows, other: Rows) -> bool:
    """Whether two have the same rows, to the last bit."""
    return one.origins == other.origins and all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in COLUMNS
    )


def sample(path: Path) -> Rows:
    bars = read_csv(path, Interval.ONE_DAY, "XNYS", K).bars
    return Rows.of(bars, K, K - 1_234_567, "told")


@st.composite
def rows(draw, prices=REALS):
    """Rows of any numbers whatever, in order."""
    n = draw(st.integers(0, 12))
    keys = draw(st.lists(st.tuples(WHOLE, WHOLE), min_size=n, max_size=n, unique=True).map(sorted))
    time, known = (np.array([key[i] for key in keys], np.int64) for i in (0, 1))
    columns = [np.array(draw(st.lists(prices, min_size=n, max_size=n))) for _ in range(5)]
    age = np.array(draw(st.lists(LATE, min_size=n, max_size=n)), np.int64)
    origin = np.array(draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)), np.int64)
    return Rows(time, known, known - age, origin, *columns, origins=("told", "", "Börse"))


@given(rows())
@settings(max_examples=200, deadline=None)
def test_any_float64_comes_back_to_the_last_bit(told):
    assert same(decode(encode(told)), told)


@given(rows(st.decimals(-(10**9), 10**9, places=4).map(float)))
@settings(deadline=None)
def test_decimals_come_back_to_the_last_bit(told):
    assert same(decode(encode(told)), told)


def well_formed(path_or_close):
    close = np.asarray(path_or_close, np.float64)
    n = len(close)
    bars = [close, close, close, close, close]
    time = np.arange(n, dtype=np.int64) * DAY
    return Rows(time, time + K, time + K, np.zeros(n, np.int64), *bars, origins=("told",))


@pytest.mark.parametrize(
    "value",
    [-0.0, 0.0, 5e-324, -2.2e-308, 1.7976931348623157e308, float("inf"), 2.0**53 + 2, 1 / 3, 1e22],
)
def test_odd_numbers_come_back_to_the_last_bit(value):
    told = well_formed([value, 1.25, value])
    assert same(decode(encode(told)), told)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name.split(".")[0])
def test_real_days_come_back_to_the_last_bit_in_twelve_bytes_a_bar(path):
    told = sample(path)
    block = encode(told)
    assert same(decode(block), told)
    assert len(block) <= 12 * len(told)


def test_the_smallest_exact_scale_is_chosen_and_else_the_bits_are_kept():
    def scales(close):
        return HEADER.unpack_from(encode(well_formed(close)))[2:4]

    assert scales([1.5, 2.25]) == (2, 2)
    assert scales([1200.0, 300.0]) == (-2, -2)
    assert scales([33.5501, 7.0]) == (4, 4)
    assert scales([1.5] * 500 + [2.25] + [1.5] * 500) == (2, 2)
    assert scales([1.5] * 500 + [1 / 3] + [1.5] * 500) == (127, 127)
    assert scales([1 / 3]) == scales([1e300]) == scales([2.0**52]) == (127, 127)


def test_rows_that_arrive_day_by_day_are_kept_by_their_lateness():
    days = np.arange(400) * DAY
    noise = np.random.default_rng(1).integers(0, 3_000_000, 400)
    told = well_formed(np.full(400, 10.0)).replace(time=days, known=days + DAY + noise)
    told = told.replace(fetched=told.known - 2_000_000)
    block = encode(told)
    assert same(decode(block), told)
    assert block[7] & 1 == 0
    assert len(block) < 4 * 400


@pytest.mark.parametrize("width", range(1, 9))
def test_planes_of_any_width_are_integers_as_narrow_as_they_may_be(width):
    planes = np.random.default_rng(width).integers(0, 256, (width, 50), np.uint8)
    planes[:, :2] = [[0, 255]] * width
    found = words(planes)
    assert found.itemsize == min(size for size in (1, 2, 4, 8) if size >= width)
    expected = [int.from_bytes(bytes(column), "little") for column in planes.T]
    assert found.tolist() == expected
    assert unzigzag(found).tolist() == [z // 2 if z % 2 == 0 else -(z + 1) // 2 for z in expected]


def test_rows_that_are_not_in_order_are_damage_each_time_they_are_read():
    backwards = made(b"\x00\x01", widths=(1, 0, 0, 0, 0))
    for _ in range(2):
        with pytest.raises(Damaged, match="not in order"):
            decode(backwards)


def test_nan_is_refused_with_its_place():
    for name in ("open", "high", "low", "close", "volume"):
        broken = well_formed([1.0, 2.0]).replace(**{name: np.array([1.0, np.nan])})
        with pytest.raises(BadBar, match=f"bar 1, {name} nan: not a number"):
            encode(broken)


def test_a_block_has_a_largest_size():
    assert len(decode(encode(well_formed(np.ones(MAX_ROWS))))) == MAX_ROWS
    with pytest.raises(ValueError, match="65537 rows; a block holds at most 65536"):
        encode(well_formed(np.ones(MAX_ROWS + 1)))


def test_a_salt_changes_the_bytes_and_not_the_rows():
    told = well_formed([1.0, 2.0])
    plain, salted = encode(told), encode(told, salt=2**32 - 1)
    assert hashlib.sha256(plain).digest() != hashlib.sha256(salted).digest()
    assert same(decode(plain), decode(salted))


# -- hostile bytes ---------------------------------------------------------------------------

BLOCK = encode(sample(SAMPLES[0]).take(slice(0, 60)))


def signed(body: bytes) -> bytes:
    """Bytes with a checksum that agrees: only what is inside can be wrong."""
    return body + struct.pack("<I", zlib.crc32(body))


def made(columns: bytes = b"", names=b"\x04told", **fields) -> bytes:
    """A block made by hand of any header."""
    values = {
        "magic": b"IPBK",
        "version": 1,
        "price": 2,
        "volume": 0,
        "modes": 1,
        "rows": 2,
        "salt": 0,
        "unit": 1,
        "time": 0,
        "known": 0,
        "age": 0,
        "open": 0,
        "widths": (0, 1, 0, 0, 0),
        "origins": 1,
        **fields,
    }
    *others, widths, origins = values.values()
    head = HEADER.pack(*others, *widths, origins)
    return signed(head + names + zlib.compress(columns))


def test_a_block_made_by_hand_is_read():
    assert decode(made(b"\x00\x02")).known.tolist() == [0, 1]


@pytest.mark.parametrize("length", [0, 1, 4, 62, 66, len(BLOCK) // 2, len(BLOCK) - 1])
def test_a_block_cut_short_is_damaged(length):
    with pytest.raises(Damaged):
        decode(BLOCK[:length])


def test_every_flipped_bit_is_found():
    for bit in range(8 * len(BLOCK)):
        flipped = bytearray(BLOCK)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Damaged):
            decode(bytes(flipped))


def test_a_newer_format_is_told_from_damage():
    with pytest.raises(UnknownFormat, match="format 2; this software knows 1"):
        decode(made(version=2))


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (made(rows=MAX_ROWS + 1), "header holds"),
        (made(widths=(0, 9, 0, 0, 0)), "header holds"),
        (made(unit=0), "header holds"),
        (made(unit=-5), "header holds"),
        (made(modes=4), "header holds"),
        (made(price=16), "header holds"),
        (made(volume=-10), "header holds"),
        (made(b"\x00\x02", names=b"\xff"), "ends inside its header"),
        (made(b"\x00\x02", names=b"", origins=200), "its header"),
        (made(b"\x00\x02", names=b"\x01\xff"), "no text"),
        (made(b"\x00"), "other columns"),
        (made(b"\x00\x02\x04"), "other columns"),
        (signed(made(b"\x00\x02")[:-4] + b"more"), "other columns"),
        (signed(made(b"\x00\x02")[:-8]), "inflate|other columns"),
        (signed(made()[:68] + b"\x00" * 40), "does not inflate"),
        (signed(made()[:67] + b"\x78\xbb" + made()[69:-4]), "does not inflate"),
        (signed(made()[:69] + b"\x00" * 40), "does not inflate"),
        (made(b"\x00\x00"), "not in order"),
        (made(b"\x00\x01", widths=(1, 0, 0, 0, 0)), "not in order"),
        (made(b"\x00\x02\x00\x01", widths=(0, 1, 0, 1, 0)), "an origin that it does not list"),
        (made(b"\x00\x02", names=b"", origins=0), "an origin that it does not list"),
        (made(b"\x00\x02" + b"\xff" * 80, widths=(0, 1, 0, 0, 8), volume=127), "not a number"),
    ],
)  # fmt: skip
def test_bytes_made_to_harm_are_damaged_and_nothing_else(block, said):
    with pytest.raises(Damaged, match=said):
        decode(block)


def test_a_stream_is_read_where_zlib_reads_it_and_nowhere_else():
    """Every bit of the stream flipped, under a checksum of the block that agrees."""
    start = HEADER.size + 1 + len(decode(BLOCK).origins[0])
    assert zlib.decompress(BLOCK[start:-4])
    for bit in range(8 * start, 8 * (len(BLOCK) - 4)):
        flipped = bytearray(BLOCK[:-4])
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            zlib.decompress(flipped[start:])
        except zlib.error:
            with pytest.raises(Damaged):
                decode(signed(bytes(flipped)))
        else:
            assert same(decode(signed(bytes(flipped))), decode(BLOCK))


@pytest.mark.parametrize("level", range(10))
def test_columns_deflated_by_any_level_are_read(level):
    start = HEADER.size + 1 + len(decode(BLOCK).origins[0])
    columns = zlib.compress(zlib.decompress(BLOCK[start:-4]), level)
    assert same(decode(signed(BLOCK[:start] + columns)), decode(BLOCK))


def test_a_bomb_is_not_inflated():
    bomb = made(b"\x00" * 200_000_000)
    assert len(bomb) < 250_000
    tracemalloc.start()
    try:
        with pytest.raises(Damaged):
            decode(bomb)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        tracemalloc.reset_peak()
        largest = made(b"\x00" * (9 * 8 * MAX_ROWS), rows=MAX_ROWS, widths=(8,) * 5)
        with pytest.raises(Damaged):
            decode(largest)
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


@given(
    st.binary(max_size=200),
    st.integers(0, 2**60),
    st.lists(st.integers(0, 8), min_size=5, max_size=5),
)
@settings(max_examples=300, deadline=None)
def test_any_columns_under_any_numbers_are_rows_or_damage(columns, number, widths):
    rows = number % 7
    size = rows * (sum(widths) + 4 * widths[4])
    scale = (number >> 8) % 25 - 9
    block = made(
        columns.ljust(size, b"\x7f")[:size],
        rows=rows,
        widths=tuple(widths),
        unit=number + 1,
        time=-number * 8,
        known=2**63 - 1 - number,
        age=-(2**63) + number,
        open=2**63 - 1 - number,
        modes=number % 4,
        price=scale if scale < 16 else 127,
        volume=127 if scale < 16 else 0,
    )
    try:
        told = decode(block)
    except Damaged:
        return
    assert len(told) == rows
    assert not any(np.isnan(getattr(told, name)).any() for name in COLUMNS[4:])


# -- the page --------------------------------------------------------------------------------


def read_by_the_page(block: bytes):
    """A reader written from docs/block-format.md alone: plain Python, one integer at a time."""
    assert block[:4] == b"IPBK"
    assert block[4] == 1
    assert zlib.crc32(block[:-4]) == int.from_bytes(block[-4:], "little")
    price_scale, volume_scale = struct.unpack_from("<bb", block, 5)
    modes = block[7]
    rows = int.from_bytes(block[8:12], "little")
    unit, time, known, age, first_open = struct.unpack_from("<5q", block, 16)
    widths, names, at = block[56:61], [], 62
    for _ in range(block[61]):
        names.append(block[at + 1 : at + 1 + block[at]].decode())
        at += 1 + block[at]
    stream = zlib.decompress(block[at:-4])

    def column(width, count=rows):
        nonlocal stream
        planes = [stream[i * count : (i + 1) * count] for i in range(width)]
        stream = stream[width * count :]
        return [sum(planes[j][i] << 8 * j for j in range(width)) for i in range(count)]

    def unzigzag(column):
        return [(z >> 1) ^ -(z & 1) for z in column]

    steps, lateness, ages = (unzigzag(column(width)) for width in widths[:3])
    origin, values = column(widths[3]), column(widths[4], 5 * rows)
    gap, body, above, below, volume = (values[i * rows : (i + 1) * rows] for i in range(5))
    gap, body = unzigzag(gap), unzigzag(body)
    assert stream == b""

    def value(whole, scale):
        if scale == 127:
            return struct.unpack("<d", (whole % 2**64).to_bytes(8, "little"))[0]
        return whole / 10.0**scale if scale >= 0 else whole * 10.0**-scale

    found, step, t, k, a, close = [], 0, time, known, age, None
    for i in range(rows):
        step += steps[i]
        t += unit * step
        k = k + lateness[i] if modes & 1 else t + lateness[i] + known - time
        a = a + ages[i] if modes & 2 else age + ages[i]
        opened = first_open if close is None else close + gap[i]
        close = opened + body[i]
        high, low = max(opened, close) + above[i], min(opened, close) - below[i]
        prices = [value(one, price_scale) for one in (opened, high, low, close)]
        found.append((t, k, k - a, names[origin[i]], *prices, value(volume[i], volume_scale)))
    return found


def told_by(rows: Rows):
    columns = [getattr(rows, name).tolist() for name in COLUMNS]
    columns[3] = [rows.origins[i] for i in columns[3]]
    return list(zip(*columns, strict=True))


def test_the_example_of_the_page_is_what_the_page_says():
    [hexadecimal] = re.findall(r"```\n((?:[0-9a-f]{8,64}\n)+)```", PAGE)
    block = bytes.fromhex(hexadecimal)
    table = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in PAGE.rpartition("|---|")[2].splitlines()[1:]
    ]
    expected = [(*map(int, row[:3]), row[3], *map(float, row[4:])) for row in table]
    assert len(expected) == 4
    assert read_by_the_page(block) == expected
    assert told_by(decode(block)) == expected


@pytest.mark.parametrize("path", SAMPLES[:1], ids=lambda path: path.name.split(".")[0])
def test_a_reader_written_from_the_page_reads_real_blocks(path):
    told = sample(path).take(slice(-300, None))
    jitter = np.arange(300) % 7 * 1000
    told = told.replace(fetched=told.fetched - jitter, known=told.time + 2 * DAY + jitter)
    block = encode(told)
    assert read_by_the_page(block) == told_by(told) == told_by(decode(block))


def test_a_reader_written_from_the_page_reads_bits():
    told = well_formed([1 / 3, 2 / 3, -0.0])
    assert read_by_the_page(encode(told)) == told_by(told)
