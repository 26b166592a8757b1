"""An export holds everything that is known of a series, and reads back to the last bit."""

import gzip
import io

import numpy as np
import pytest

from engine.types import Interval
from market_data.bars import Adjustment
from market_data.errors import BadCsv
from market_data.export import HEADER, read_export, write_csv, write_parquet
from market_data.instruments import ActionKind, CorporateAction, Instrument

ONE_DAY = Interval.ONE_DAY
AAPL = Instrument("AAPL", "Apple Inc.", 0.01, "XNAS", "told")


@pytest.fixture
def series(store, daily, clock, day):
    """Three days, one told anew by a file, one split, and numbers that no decimal is."""
    split = CorporateAction(day("2020-01-08"), ActionKind.SPLIT, 2.0)
    bars = daily([1 / 3, 1e-300, 12.5], volume=0.1)
    store.commit(AAPL, ONE_DAY, bars.replace(low=bars.close), [split])
    clock.sleep(10)
    store.commit(AAPL, ONE_DAY, daily([99.0], first=1), origin="file")
    return store.series("AAPL", ONE_DAY)


def written(series, path):
    if path.suffix == ".parquet":
        write_parquet(series, path)
    else:
        with (gzip.open if path.suffix == ".gz" else open)(path, "wt", newline="") as file:
            write_csv(series, file)
    return path


@pytest.mark.parametrize("name", ["bars.csv", "bars.csv.gz", "bars.parquet"])
def test_what_is_exported_reads_back_to_the_last_bit(series, tmp_path, clock, name):
    [back] = read_export(written(series, tmp_path / name))
    for column in ("time", "known", "open", "high", "low", "close", "volume"):
        assert getattr(back, column).tobytes() == getattr(series, column).tobytes()
    assert back.actions == series.actions
    assert [back.origins[i] for i in back.origin] == ["told", "told", "file", "told"]
    clock.sleep(10)
    for as_of in (series.known.min(), clock.now):
        for adjustment in Adjustment:
            told, found = (
                one.snapshot(as_of=int(as_of), now=clock.now, adjustment=adjustment)
                for one in (series, back)
            )
            assert (told.data_version, told.source) == (found.data_version, found.source)


def test_several_exports_in_one_file_are_several_series(series, store, daily, tmp_path):
    store.commit(Instrument("IBM", source="told"), ONE_DAY, daily([7.0]))
    text = io.StringIO()
    write_csv(series, text)
    other = io.StringIO()
    write_csv(store.series("IBM", ONE_DAY), other)
    path = tmp_path / "both.csv"
    path.write_text(text.getvalue() + other.getvalue().partition("\n")[2])
    assert [one.instrument.symbol for one in read_export(path)] == ["AAPL", "IBM"]


LINE = "AAPL,ONE_DAY,XNAS,told,BAR,2020-01-06T00:00:00Z,2020-01-07T00:00:00Z,told,1,1,1,1,5,"
SPLIT = "AAPL,ONE_DAY,XNAS,told,SPLIT,2020-01-06T00:00:00Z,2020-01-07T00:00:00Z,,,,,,,2"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1,2,3", "line 2: '1,2,3': 3 fields, not 14"),
        (LINE.replace("AAPL", ""), "line 2: .* is no symbol"),
        (LINE.replace("2020-01-06T00:00:00Z", "monday"), "column time: 'monday': not a time"),
        (LINE.replace("2020-01-07T00:00:00Z", "2020-01-07"), "column known"),
        (LINE.replace(",1,1,1,1,", ",one,1,1,1,"), "column open: 'one': not a number"),
        (LINE.replace(",1,1,1,1,", ",,1,1,1,"), "line 2, column open: a bar needs it"),
        (LINE.replace("BAR", "BAT"), "line 2: 'BAT' is not a valid ActionKind"),
        (LINE.replace("ONE_DAY", "DAILY"), "line 2: 'DAILY' is not a valid Interval"),
        (LINE.replace("XNAS", "MARS"), "line 2: 'MARS' is no calendar"),
        (LINE.replace("AAPL", "aapl"), "line 2: 'aapl' is no symbol"),
        (SPLIT.replace("06T00:00", "06T07:00"), "line 2: an ex-date starts at 00:00Z"),
        (SPLIT.removesuffix("2"), "line 2: 0.0 is no split"),
        ('"' + LINE, "not CSV"),
        ("", "a header and no rows"),
    ],
)
def test_a_bad_export_is_refused_with_place_and_reason(tmp_path, line, said):
    path = tmp_path / "bars.csv"
    path.write_text(",".join(HEADER) + "\n" + line + ("\n" if line else ""))
    with pytest.raises(BadCsv, match=said):
        read_export(path)


def test_what_is_no_export_is_refused(tmp_path, series):
    path = tmp_path / "bars.csv"
    with pytest.raises(BadCsv, match="cannot be read: No such file"):
        read_export(path)
    path.write_text("Date,Open\n")
    with pytest.raises(BadCsv, match="the header is symbol,interval"):
        read_export(path)
    with pytest.raises(BadCsv, match="10 bytes; the limit is 9"):
        read_export(path, max_bytes=9)
    for body in (b"PAR1 and nothing of it", b"PAR1" + b"\xff" * 20 + b"\x10\0\0\0PAR1"):
        path.write_bytes(body)
        with pytest.raises(BadCsv, match="no Parquet that can be read"):
            read_export(path)


def test_a_parquet_of_something_else_is_refused(tmp_path):
    from arro3.core import Array, Table
    from arro3.io import write_parquet as write

    path = tmp_path / "other.parquet"
    write(Table.from_pydict({"a": Array.from_numpy(np.arange(3))}), str(path))
    with pytest.raises(BadCsv, match="line 1: 'a': the header is symbol,interval"):
        read_export(path)
