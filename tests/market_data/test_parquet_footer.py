"""How large a file of Parquet is unpacked, by its own word; and footers that are none."""

import struct
from contextlib import suppress

import pytest
from arro3.core import Array, DataType, Table
from arro3.io import write_parquet

from market_data import tables
from market_data.errors import BadCsv
from market_data.parquet_footer import DEEPEST, unpacked_size
from market_data.tables import rows_of


@pytest.fixture
def file(tmp_path):
    def file(columns, **options):
        path = tmp_path / "bars.parquet"
        write_parquet(Table.from_pydict(columns), str(path), **options)
        return path

    return file


def numbers(count):
    return Array([1.5] * count, DataType.float64())


def footed(path, footer, length=None):
    length = len(footer) if length is None else length
    path.write_bytes(b"PAR1" + footer + struct.pack("<I", length) + b"PAR1")
    return path


@pytest.mark.parametrize("groups", [10_000, 700])
def test_the_size_is_that_of_all_columns_in_all_groups_unpacked(file, groups):
    columns = {"open": numbers(10_000), "close": numbers(10_000)}
    path = file(columns, compression="zstd(3)", dictionary_enabled=False, max_row_group_size=groups)
    assert path.stat().st_size < 20_000
    assert 160_000 < unpacked_size(path) < 170_000


def test_what_would_fill_the_memory_is_refused_before_it_is_unpacked(file, monkeypatch):
    monkeypatch.setattr(tables, "MAX_UNPACKED", 1_000_000)
    monkeypatch.setattr(tables, "_batches", None)
    path = file({"Date": Array(["x" * 2_000_000], DataType.string())}, compression="gzip(9)")
    assert path.stat().st_size < 100_000
    with pytest.raises(BadCsv, match=r"unpacks to 200\d{4} bytes; the limit is 1000000"):
        list(rows_of(path))


def test_as_much_as_may_be_is_read(file, monkeypatch):
    path = file({"close": numbers(3)})
    monkeypatch.setattr(tables, "MAX_UNPACKED", unpacked_size(path))
    assert [fields for _, fields in rows_of(path)] == [["close"], ["1.5"], ["1.5"], ["1.5"]]


@pytest.mark.parametrize(
    "footer",
    [
        b"",
        b"\x00",
        b"\x19",
        b"\x49\xfc\xff\xff\xff\xff\x0f",  # a list of two thousand million structs
        b"\x49\xf7\xff\xff\xff\xff\x0f",  # of as many numbers
        b"\x49\xf1\xff\xff\xff\xff\x0f",
        b"\x1c" * (DEEPEST + 1),
        b"\x19" * 5_000,
        b"\x16" + b"\xff" * 20,
        b"\x18\xff\xff\xff\x0f",
        b"\x1b\x00",
        b"\x45\x02\x00",
        b"\x49\x1c\x19\x1c\x3c\x00\x00\x00\x00",  # a column without a size
    ],
)
def test_a_footer_that_is_none_is_refused(tmp_path, footer):
    path = footed(tmp_path / "bad", footer)
    with pytest.raises(BadCsv, match="no Parquet that can be read: "):
        list(rows_of(path))


def test_a_footer_that_is_nested_for_ever_ends_soon(tmp_path):
    with pytest.raises(ValueError, match="its footer is nested too deeply"):
        unpacked_size(footed(tmp_path / "bad", b"\x1c" * 100_000))


@pytest.mark.parametrize("length", [1, 2**31, 2**32 - 1])
def test_a_footer_longer_than_its_file_is_refused(tmp_path, length):
    with pytest.raises(ValueError, match="its footer is none"):
        unpacked_size(footed(tmp_path / "bad", b"", length))


def test_a_footer_that_is_damaged_anywhere_is_no_accident(file, tmp_path):
    whole = file({"Date": Array(["2020-01-06"], DataType.string()), "Open": numbers(1)})
    data = whole.read_bytes()
    length = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - length : -8]
    for place in range(length):
        for changed in (footer[:place], footer[:place] + b"\xff" + footer[place + 1 :]):
            with suppress(ValueError):
                assert isinstance(unpacked_size(footed(tmp_path / "bad", changed)), int)
