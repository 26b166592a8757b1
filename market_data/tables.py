"""Rows of fields from files: CSV, plain or gzipped, and Parquet; bounded before they are read."""

import csv
import gzip
import itertools
import stat
import zlib
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast
from zoneinfo import ZoneInfo

from market_data.errors import BadCsv
from market_data.parquet_footer import unpacked_size

__all__ = ["MAX_BYTES", "lines", "rows_of"]

# A million bars, which is more than 40 years of 15-minute bars.
MAX_BYTES = 64 * 1024 * 1024
MAX_ROWS = 2_000_000

PARQUET = b"PAR1"
# Eight columns of two million numbers have half of it.
MAX_UNPACKED = 256 * 1024 * 1024
BATCH = 16_384  # rows of Parquet that are unpacked at once
# Numbers are as long as they are, but a text that is kept once may be told in every row: a file of
# 200 KB can be a gigabyte of texts.
TEXT_BATCH = 256
LONGEST_TEXT = 1_000  # characters


def rows_of(path: str | Path, max_bytes: int = MAX_BYTES) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table with their lines, the header first, every value as text.

    The fields of CSV are parted by commas, semicolons or tabs, whichever the first line has most
    of. In Parquet a line is a row, after one for the names.

    Raises
    ------
    BadCsv
        With the place, once it is reached.
    """
    name = str(path)
    with _opened(name, path, max_bytes) as file:
        parquet = file.read(len(PARQUET)) == PARQUET
    if parquet:
        yield from _parquet(name)
        return
    text = lines(path, max_bytes)
    first = next(text)
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(itertools.chain([first], text), delimiter=delimiter, strict=True)
    try:
        for fields in reader:
            yield reader.line_num, fields
    except csv.Error as error:
        raise BadCsv(name, reader.line_num, "", "", f"not CSV: {error}") from error


def lines(path: str | Path, max_bytes: int) -> Generator[str, None, None]:
    """The lines of a text file, plain or gzipped; BadCsv where it is no such thing or too large."""
    name = str(path)
    try:
        with _opened(name, path, max_bytes) as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            # GzipFile reads lines like any binary file, but is not declared as one.
            plain = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
            yield from _decoded(name, plain, max_bytes)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadCsv(name, 0, "", "", f"a damaged gzip file: {error}") from error
    except OSError as error:
        raise BadCsv(name, 0, "", "", f"cannot be read: {error.strerror}") from error


def _opened(name: str, path: str | Path, max_bytes: int) -> BinaryIO:
    """A file that is one and not too large, of which nothing is read yet."""
    try:
        mode = Path(path).stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            # Who opens a pipe waits for its writer, and a device may have no end.
            raise BadCsv(name, 0, "", "", "not a regular file; copy it into one")
        file = Path(path).open("rb")  # noqa: SIM115  # whoever asked closes it
    except OSError as error:
        raise BadCsv(name, 0, "", "", f"cannot be read: {error.strerror}") from error
    size = file.seek(0, 2)
    if size > max_bytes:
        file.close()
        raise BadCsv(name, 0, "", "", f"{size} bytes; the limit is {max_bytes}")
    file.seek(0)
    return file


def _decoded(name: str, file: BinaryIO, max_bytes: int) -> Iterator[str]:
    left, number = max_bytes, 0
    # A line without an end is read no further than the limit.
    while raw := file.readline(left + 1):
        number += 1
        left -= len(raw)
        if left < 0:
            raise BadCsv(
                name, number, "", "", f"unpacks to more than the limit of {max_bytes} bytes"
            )
        try:
            yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            shown = raw[error.start : error.start + 8].hex(" ")
            raise BadCsv(name, number, "", shown, "these bytes are not UTF-8 text") from error
    if not number:
        raise BadCsv(name, 0, "", "", "the file is empty")


def _parquet(name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a Parquet file, unpacked a part at a time."""
    line = 1
    try:
        if (size := unpacked_size(name)) > MAX_UNPACKED:
            reason = f"unpacks to {size} bytes; the limit is {MAX_UNPACKED}"
            raise BadCsv(name, 0, "", "", reason)
        batches = _batches(name)
        batch = next(batches, None)
        if batch is None:
            raise BadCsv(name, 0, "", "", "the file is empty")
        yield line, list(batch.schema.names)
        while batch is not None:
            columns = [_texts(batch.column(n)) for n in range(batch.num_columns)]
            for fields in zip(*columns, strict=True):
                line += 1
                yield line, list(fields)
            if line > MAX_ROWS:
                raise BadCsv(name, line, "", "", f"more than the limit of {MAX_ROWS} rows")
            batch = next(batches, None)
    except (BadCsv, GeneratorExit):
        raise
    except BaseException as error:
        # The library panics over some files, which is no Exception to Python.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise BadCsv(name, 0, "", "", f"no Parquet that can be read: {error}") from error


def _batches(name: str) -> Iterator[Any]:
    """Parts of a Parquet file, each of so many rows that it fits in memory whatever they hold."""
    # Only who brings Parquet waits for its reader.
    from arro3.core import DataType
    from arro3.io import read_parquet

    reader = read_parquet(name, batch_size=BATCH)
    if not all(map(DataType.is_primitive, reader.schema.types)):
        reader = read_parquet(name, batch_size=TEXT_BATCH)
    yield from reader


def _texts(column: Any) -> list[str]:
    """A column as texts: times in ISO 8601 as their zone tells them, nothing for nothing."""
    from arro3.core import DataType

    kind = column.type
    # Its declaration says `bool` in a class that has another one.
    is_time: Any = DataType.is_timestamp(kind)
    if not is_time:
        texts = ["" if one is None else str(one) for one in column.to_pylist()]
        if max(map(len, texts), default=0) > LONGEST_TEXT:
            raise ValueError(f"a text of more than {LONGEST_TEXT} characters")
        return texts
    zone = UTC if kind.tz in {None, "UTC", "+00:00"} else ZoneInfo(kind.tz)
    moments = column.cast(DataType.timestamp("us", tz=kind.tz)).cast(DataType.int64())
    start = datetime(1970, 1, 1, tzinfo=UTC)
    return [
        "" if one is None else (start + timedelta(microseconds=one)).astimezone(zone).isoformat()
        for one in moments.to_pylist()
    ]
