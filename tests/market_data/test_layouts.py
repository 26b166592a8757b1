"""The layouts in which people have bars, each read to the same ones; no guess is made."""

import os

import numpy as np
import pytest
from arro3.core import Array, DataType, Table
from arro3.io import write_parquet

from engine.types import Interval
from market_data import tables
from market_data.calendar import DAY, HOUR, MINUTE
from market_data.csv_file import read_csv
from market_data.errors import BadCsv, UnknownAtSource
from market_data.sources.base import RawBar, Source
from market_data.sources.files import FileSource
from market_data.sources.sifting import Refusal, sift
from market_data.tables import rows_of

FIFTEEN, ONE_HOUR, ONE_DAY = Interval.FIFTEEN_MINUTES, Interval.ONE_HOUR, Interval.ONE_DAY
PLAIN = (
    "Date,Open,High,Low,Close,Volume\n2020-01-06,10,11,9,10.5,1000\n2020-01-07,10.5,12,10,11,2000\n"
)

DAILY = {
    "yfinance, three lines": (
        "Price,Adj Close,Close,High,Low,Open,Volume\n"
        "Ticker,ACME,ACME,ACME,ACME,ACME,ACME\n"
        "Date,,,,,,\n"
        "2020-01-06,10.1,10.5,11,9,10,1000\n"
        "2020-01-07,10.9,11,12,10,10.5,2000\n"
    ),
    "Stooq": (
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
        "ACME.US,D,20200106,000000,10,11,9,10.5,1000,0\n"
        "ACME.US,D,20200107,000000,10.5,12,10,11,2000,0\n"
    ),
    "MetaTrader 5": (
        "<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n"
        "2020.01.06\t10\t11\t9\t10.5\t7\t1000\t1\n"
        "2020.01.07\t10.5\t12\t10\t11\t9\t2000\t1\n"
    ),
    "MetaTrader 4": ("2020.01.06,00:00,10,11,9,10.5,1000\n2020.01.07,00:00,10.5,12,10,11,2000\n"),
    "Binance's dump": (
        "1578268800000,10,11,9,10.5,1000,1578355199999,1,2,3,4,0\n"
        "1578355200000,10.5,12,10,11,2000,1578441599999,1,2,3,4,0\n"
    ),
    "Binance's dump, in microseconds": (
        "1578268800000000,10,11,9,10.5,1000,1578355199999999,1,2,3,4,0\n"
        "1578355200000000,10.5,12,10,11,2000,1578441599999999,1,2,3,4,0\n"
    ),
    "Binance's dump, with names": (
        "open_time,open,high,low,close,volume,close_time,count\n"
        "1578268800000,10,11,9,10.5,1000,1578355199999,1\n"
        "1578355200000,10.5,12,10,11,2000,1578441599999,1\n"
    ),
    "Alpaca": (
        "symbol,timestamp,open,high,low,close,volume,trade_count,vwap\n"
        "ACME,2020-01-06 05:00:00+00:00,10,11,9,10.5,1000,5,10.1\n"
        "ACME,2020-01-07 05:00:00+00:00,10.5,12,10,11,2000,5,10.1\n"
    ),
    "Alpaca's letters": (
        "c,h,l,n,o,t,v,vw\n"
        "10.5,11,9,5,10,2020-01-06T05:00:00Z,1000,10.1\n"
        "11,12,10,5,10.5,2020-01-07T05:00:00Z,2000,10.1\n"
    ),
    "Alpha Vantage, newest first": (
        "timestamp,open,high,low,close,volume\n"
        "2020-01-07,10.5,12,10,11,2000\n2020-01-06,10,11,9,10.5,1000\n"
    ),
    "semicolons": PLAIN.replace(",", ";"),
    "slashes, the year first": PLAIN.replace("2020-01-", "2020/01/"),
    "a date and a time of day": (
        "Date,Time,Open,High,Low,Close,Volume\n"
        "2020-01-06,00:00,10,11,9,10.5,1000\n2020-01-07,00:00,10.5,12,10,11,2000\n"
    ),
}


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "bars"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def read(write, clock):
    def read(content, interval=ONE_DAY, calendar="XNYS"):
        return read_csv(write(content), interval, calendar, clock())

    return read


@pytest.mark.parametrize("name", sorted(DAILY))
def test_each_layout_gives_the_same_bars(read, write, clock, name, day):
    plain = read(PLAIN).bars
    bars = read(DAILY[name]).bars
    for column in ("time", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(bars, column), getattr(plain, column))
    batch = FileSource(write(DAILY[name]), clock).fetch(
        "ACME.US" if name == "Stooq" else "ACME", ONE_DAY, 0, clock()
    )
    sifted = sift(batch, "XNYS")
    assert (sifted.bars.close.tolist(), sifted.refused) == ([10.5, 11.0], ())


def test_hours_of_yfinance_and_alpaca_keep_their_moments(read, day):
    opened = day("2020-01-06") + 14 * HOUR + 30 * MINUTE
    yahoo = (
        "Price,Close,High,Low,Open,Volume\nTicker,ACME,ACME,ACME,ACME,ACME\nDatetime,,,,,\n"
        "2020-01-06 14:30:00+00:00,10.5,11,9,10,1000\n"
    )
    table = read(yahoo, ONE_HOUR)
    assert table.bars.time.tolist() == [opened]
    assert table.notes[0].startswith("yfinance works dividends into such prices unless")
    alpaca = (
        "symbol,timestamp,open,high,low,close,volume,trade_count,vwap\n"
        "ACME,2020-01-06 14:30:00+00:00,10,11,9,10.5,1000,5,10.1\n"
    )
    assert read(alpaca, FIFTEEN).bars.time.tolist() == [opened]


def test_metatrader_without_real_volume_has_that_of_ticks(read):
    text = DAILY["MetaTrader 5"].replace("\t<VOL>", "").replace("\t1000\t", "\t")
    assert read(text.replace("\t2000\t", "\t")).bars.volume.tolist() == [7, 9]


def test_what_is_not_read_is_noted(read):
    notes = read(DAILY["yfinance, three lines"]).notes
    assert notes == (
        "Column Adj Close is not read, for prices are kept raw, beside their splits and dividends.",
    )
    assert read(DAILY["Stooq"]).notes == ("Column <OPENINT> is not read.",)


@pytest.mark.parametrize(
    ("text", "interval", "where", "reason"),
    [
        (
            "Price,Close,Close\nTicker,ACME,BETA\nDate,,\n",
            ONE_DAY,
            "line 2, column Ticker",
            "several symbols; give each a file of its own",
        ),
        ("Price,Close\nDate,\n", ONE_DAY, "line 2", "after Price comes a line of Ticker"),
        ("Price,Close\nTicker,A\n1,2\n", ONE_DAY, "line 3", "after Ticker comes a line of Date"),
        ("Price,Close\n", ONE_DAY, "line 2", "after Price comes a line of Ticker"),
        ("Price,Close\nTicker,A\n", ONE_DAY, "line 3", "after Ticker comes a line of Date"),
        (
            DAILY["Stooq"].replace("ACME.US,D,20200107", "BETA.US,D,20200107"),
            ONE_DAY,
            "line 3, column <TICKER>",
            "another symbol than ACME.US above",
        ),
        (DAILY["Stooq"].replace(",D,", ",5,"), ONE_DAY, "column <PER>", "not a bar of ONE_DAY"),
        (DAILY["Stooq"], ONE_HOUR, "column <TIME>", "a clock that the file does not name"),
        (DAILY["MetaTrader 4"], ONE_HOUR, "column time", "give them in one column with their"),
        (
            PLAIN.replace("2020-01-06", "01/06/2020"),
            ONE_DAY,
            "line 2, column Date",
            "which of its numbers is the month; write 2020-01-31",
        ),
        (
            PLAIN.replace("2020-01-06", "06.01.2020"),
            ONE_DAY,
            "line 2, column Date",
            "which of its numbers is the month",
        ),
        (
            PLAIN.replace(",", ";").replace("10.5;1000", "10,5;1000"),
            ONE_DAY,
            "line 2, column Close",
            "write it with a point and without separators, as 1234.5",
        ),
        (
            "Date,Datetime,Open,High,Low,Close,Volume\n",
            ONE_DAY,
            "column Datetime",
            "a second time, after column Date",
        ),
        (
            "Date,Time,Time,Open,High,Low,Close,Volume\n",
            ONE_DAY,
            "column Time",
            "a second time of day",
        ),
        (
            PLAIN + "2020-01-03,10,11,9,10.5,1000\n",
            ONE_DAY,
            "line 4, column Date",
            "times must increase",
        ),
        ("1,2,3,4,5,6,7\n", ONE_DAY, "line 1, column time", "the header lacks this column"),
    ],
)
def test_what_may_mean_two_things_is_refused_with_what_would_be_right(
    read, text, interval, where, reason
):
    with pytest.raises(BadCsv) as refused:
        read(text, interval)
    assert where in str(refused.value)
    assert reason in str(refused.value)


def parquet(path, times, kind=None, **changed):
    """A Parquet file of one column of times and five of numbers."""
    n = len(times)
    columns = {"Open": [10.0] * n, "High": [12.0] * n, "Low": [9.0] * n, "Close": [10.5] * n}
    columns |= {"Volume": [1000.0] * n} | changed
    arrays = {name: Array(values, type=DataType.float64()) for name, values in columns.items()}
    time = Array(times, type=DataType.int64() if kind else DataType.string())
    if kind is not None:
        time = time.cast(kind)
    write_parquet(Table.from_pydict({"Date": time} | arrays), str(path))
    return path


@pytest.mark.parametrize(
    ("unit", "zone", "add"),
    [
        ("ns", None, 0),
        ("us", "UTC", 0),
        ("ms", "UTC", 0),
        ("s", None, 0),
        ("ns", "America/New_York", 5 * HOUR),
    ],
)
def test_parquet_gives_its_days_in_any_unit_and_zone(tmp_path, clock, day, unit, zone, add):
    per = {"s": 1_000_000, "ms": 1000, "us": 1}
    days = [day("2020-01-06"), day("2020-01-07")]
    times = [(t + add) * 1000 if unit == "ns" else (t + add) // per[unit] for t in days]
    path = parquet(tmp_path / "bars.parquet", times, DataType.timestamp(unit, tz=zone))
    table = read_csv(path, ONE_DAY, "XNYS", clock())
    assert table.bars.time.tolist() == days
    assert table.bars.close.tolist() == [10.5, 10.5]


def test_parquet_of_texts_and_of_epochs_is_read_too(tmp_path, clock, day):
    texts = parquet(tmp_path / "texts", ["2020-01-06", "2020-01-07"])
    assert read_csv(texts, ONE_DAY, "XNYS", clock()).bars.time[0] == day("2020-01-06")
    epochs = parquet(tmp_path / "epochs", [1578268800, 1578355200], DataType.int64())
    assert read_csv(epochs, ONE_DAY, "XNYS", clock()).bars.time[0] == day("2020-01-06")


def test_numbers_of_parquet_are_kept_to_the_last_bit(tmp_path, clock):
    path = parquet(tmp_path / "bars", ["2020-01-06"], Close=[0.1 + 0.2 + 10])
    assert read_csv(path, ONE_DAY, "XNYS", clock()).bars.close[0] == 0.1 + 0.2 + 10


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Close": [None]}, "line 2, column Close: empty, where a number belongs"),
        ({"High": [float("nan")]}, "line 2, column High: 'nan': not a finite number"),
        ({"Low": [11.0]}, "line 2, column Low: '11': low is above open or close"),
    ],
)
def test_a_bad_row_of_parquet_is_told_with_its_place(tmp_path, clock, changed, reason):
    path = parquet(tmp_path / "bars", ["2020-01-06"], **changed)
    with pytest.raises(BadCsv) as refused:
        read_csv(path, ONE_DAY, "XNYS", clock())
    assert reason in str(refused.value)


def test_what_is_no_parquet_is_refused(tmp_path, clock, write):
    whole = parquet(tmp_path / "whole", ["2020-01-06"] * 200).read_bytes()
    for content in (
        b"PAR1",
        b"PAR1" + bytes(100) + b"PAR1",
        whole[:-30],
        whole[:100] + whole[160:],
    ):
        with pytest.raises(BadCsv):
            read_csv(write(content), ONE_DAY, "XNYS", clock())


def test_a_parquet_of_texts_is_unpacked_few_rows_at_once_and_of_long_ones_not_at_all(
    tmp_path, clock, monkeypatch
):
    """What is kept once may be told in every row: a small file can be a gigabyte of texts."""
    seen, texts = [], tables._texts

    def watched(column):
        seen.append(len(column))
        return texts(column)

    monkeypatch.setattr(tables, "_texts", watched)
    read_csv(parquet(tmp_path / "whole", ["2020-01-06", "2020-01-07"]), ONE_DAY, "XNYS", clock())
    assert set(seen) == {2}
    seen.clear()
    path = parquet(tmp_path / "bomb", ["2020-01-06 " + " " * 1_000] * 3_000)
    with pytest.raises(BadCsv, match="a text of more than 1000 characters"):
        read_csv(path, ONE_DAY, "XNYS", clock())
    assert seen == [tables.TEXT_BATCH]


def test_a_parquet_of_too_many_rows_is_refused_before_they_are_all_unpacked(
    tmp_path, clock, monkeypatch
):
    monkeypatch.setattr("market_data.tables.MAX_ROWS", 1_000)
    monkeypatch.setattr("market_data.tables.TEXT_BATCH", 500)
    path = parquet(tmp_path / "bars", ["1990-01-01"] * 5_000)
    with pytest.raises(BadCsv, match="line 1001: more than the limit of 1000 rows"):
        list(rows_of(path))


@pytest.mark.parametrize("magic", [b"", b"PAR1", b"\x1f\x8b"])
def test_a_gigabyte_is_refused_before_it_is_read(tmp_path, clock, magic):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.write(magic)
        # Sparse: it takes no room and is not read.
        file.truncate(1024**3)
    for read in (
        lambda: read_csv(path, ONE_DAY, "XNYS", clock()),
        lambda: FileSource(path, clock).fetch("ACME", ONE_DAY, 0, clock()),
    ):
        with pytest.raises(BadCsv, match="1073741824 bytes; the limit is 67108864"):
            read()


def test_a_pipe_and_a_device_are_refused_and_not_waited_for(tmp_path, clock):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(BadCsv, match="not a regular file; copy it into one"):
            read_csv(path, ONE_DAY, "XNYS", clock())


def test_a_file_is_a_source_like_others(write, clock, day):
    source: Source = FileSource(write(PLAIN), clock)
    batch = source.fetch("ACME", ONE_DAY, day("2020-01-07"), day("2020-01-08"))
    assert batch.bars == (RawBar(day("2020-01-07"), "10.5", "12", "10", "11", "2000"),)
    assert (batch.source, batch.fetched_at, source.terms.redistributable) == ("file", clock(), True)


def test_a_bad_number_costs_a_source_of_a_file_its_row_alone(write, clock):
    text = PLAIN.replace("11,2000", "null,2000") + "\n2020-01-08,10,11,9,10,5\n"
    sifted = sift(FileSource(write(text), clock).fetch("ACME", ONE_DAY, 0, clock()), "XNYS")
    assert len(sifted.bars) == 2
    assert [one.code for one in sifted.refused] == [Refusal.NOT_A_NUMBER]


def test_of_many_symbols_a_source_gives_the_one_that_is_asked_for(write, clock, day):
    text = (
        "symbol,timestamp,open,high,low,close,volume\n"
        "ACME,2020-01-06,10,11,9,10.5,1\nBETA,2020-01-06,20,21,19,20.5,2\n"
    )
    source = FileSource(write(text), clock)
    assert [bar.open for bar in source.fetch("BETA", ONE_DAY, 0, clock()).bars] == ["20"]
    assert source.fetch("BETA", ONE_DAY, 0, DAY).bars == ()
    with pytest.raises(UnknownAtSource, match="has no symbol GAMMA"):
        source.fetch("GAMMA", ONE_DAY, 0, clock())


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("soon,1,1,1,1,1\n", "'soon': not a time in ISO 8601"),
        ("1,2\n", "2 fields under a header of 6"),
    ],
)
def test_a_row_without_its_time_or_fields_refuses_the_file(write, clock, row, reason):
    with pytest.raises(BadCsv, match=reason):
        FileSource(write(PLAIN + row), clock).fetch("ACME", ONE_DAY, 0, clock())


def test_a_bar_before_the_year_1_is_told_and_not_passed_over(write, clock):
    """It lies before all that can be asked for, so nobody else would tell of it."""
    early = write("time,open,high,low,close,volume\n0001-01-01T00:00:00+10:00,1,1,1,1,1\n")
    with pytest.raises(BadCsv, match="no bar opens before the year 1") as refused:
        FileSource(early, clock).fetch("ACME", ONE_HOUR, 0, clock())
    assert (refused.value.line, refused.value.column) == (2, "time")
