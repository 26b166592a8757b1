"""CSV files: the layouts that are read, and the first fault of those that are refused."""

import gzip

import pytest

from engine.types import Interval
from market_data.calendar import DAY, HOUR, MINUTE
from market_data.csv_file import parse_time, read_csv
from market_data.errors import BadCsv

ONE_DAY, ONE_HOUR = Interval.ONE_DAY, Interval.ONE_HOUR
HEADER = "Date,Open,High,Low,Close,Volume\n"
GOOD = HEADER + "2020-01-06,10,11,9,10.5,1000\n2020-01-07,10.5,12,10,11.25,2000\n"


@pytest.fixture
def read(tmp_path, clock):
    """Read a text as a file."""

    def read(text, interval=ONE_DAY, calendar="XNYS", **options):
        path = tmp_path / "bars.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_csv(path, interval, calendar, clock(), **options)

    return read


def test_a_plain_file_is_read_in_the_order_of_its_rows(read, day):
    table = read(GOOD)
    assert table.bars.time.tolist() == [day("2020-01-06"), day("2020-01-07")]
    assert table.bars.close.tolist() == [10.5, 11.25]
    assert table.bars.volume.tolist() == [1000, 2000]
    assert (table.calendar, table.notes) == ("XNYS", ())


@pytest.mark.parametrize(
    "text",
    [
        GOOD.upper().replace("DATE", "tImE"),
        GOOD.replace("Date", "timestamp").replace("Volume", "VOL."),
        "\ufeff" + GOOD.replace("\n", "\r\n"),
        GOOD.replace(",", " , ") + "\n\n,,,,,\n",
        GOOD.replace("2020-01-06", '"20200106"'),
        GOOD.replace("2020-01-06", "2020-01-06 00:00:00-05:00"),
        GOOD.replace("2020-01-06", "2020-01-06T00:00:00Z"),
        GOOD.replace("2020-01-06", "1578268800"),
        GOOD.replace("2020-01-06", "1578268800000"),
        GOOD.replace("2020-01-06", "1578268800000000"),
        GOOD.replace("2020-01-06", "1578268800000000000"),
    ],
)
def test_common_layouts_give_the_same_bars(read, text):
    assert read(text).bars.time.tolist() == read(GOOD).bars.time.tolist()
    assert read(text).bars.close.tolist() == read(GOOD).bars.close.tolist()


def test_columns_may_stand_in_any_order_and_others_are_noted(read):
    table = read(
        "Volume,Adj Close,Close,Low,High,Open,Date,Dividends\n1000,5.25,10.5,9,11,10,2020-01-06,0\n"
    )
    assert table.bars.open.tolist() == [10]
    assert table.bars.close.tolist() == [10.5]
    assert table.notes == (
        "Column Adj Close is not read, for prices are kept raw, beside their splits and dividends.",
        "Column Dividends is not read.",
    )


def test_a_gzipped_file_is_read_like_a_plain_one(read):
    assert read(gzip.compress(GOOD.encode())).bars.close.tolist() == [10.5, 11.25]


def test_an_hour_with_an_offset_is_told_in_utc(read, day):
    text = HEADER + "2020-01-06T09:30:00-05:00,10,11,9,10,1\n"
    bars = read(text, ONE_HOUR).bars
    assert bars.time[0] == day("2020-01-06") + 14 * HOUR + 30 * MINUTE


def test_a_file_that_trades_on_weekends_never_rests(read):
    days = "".join(f"2020-01-{n:02},10,11,9,10,1\n" for n in range(6, 20))
    assert read(HEADER + days, calendar=None).calendar == "24/7"
    assert read(GOOD, calendar=None).calendar == "XNYS"


def test_one_weekend_day_among_many_is_a_slip(read):
    days = [f"2020-01-{n:02},10,11,9,10,1\n" for n in (6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17)]
    with pytest.raises(BadCsv, match=r"line 7, column Date: .*2020-01-11.*on a weekend"):
        read(HEADER + "".join(days), calendar=None)


@pytest.mark.parametrize(
    ("row", "column", "value", "reason"),
    [
        ("2020-01-08,nan,12,10,11,1", "Open", "nan", "not a finite number"),
        ("2020-01-08,1e999,12,10,11,1", "Open", "inf", "not a finite number"),
        ("2020-01-08,11,12,10,11,-inf", "Volume", "-inf", "not a finite number"),
        ("2020-01-08,11,12,-10,11,1", "Low", "-10", "a price is above zero"),
        ("2020-01-08,11,12,10,11,-1", "Volume", "-1", "a volume is not negative"),
        ("2020-01-08,11,9,10,11,1", "High", "9", "high is below low"),
        ("2020-01-08,11,12,10,13,1", "High", "12", "high is below open or close"),
        ("2020-01-08,9,12,10,11,1", "Low", "10", "low is above open or close"),
        ("2020-01-08,x,12,10,11,1", "Open", "x", "not a number"),
        ("2020-01-08,null,12,10,11,1", "Open", "null", "not a number"),
        ("2020-01-08,1_1,12,10,11,1", "Open", "1_1", "not a number"),
        ('2020-01-08,"1,100",12,10,11,1', "Open", "1,100", "not a number"),
        ("2020-01-08,11,12,10,11,", "Volume", "", "empty, where a number belongs"),
        (",11,12,10,11,1", "Date", "", "empty, where a time in ISO 8601"),
        ("01/08/2020,11,12,10,11,1", "Date", "01/08/2020", "not a time in ISO 8601 or an epoch"),
        ("2020-02-30,11,12,10,11,1", "Date", "2020-02-30", "not a time in ISO 8601 or an epoch"),
        ("2020-01-07,11,12,10,11,1", "Date", "2020-01-07", "the same time twice"),
        ("2020-01-03,11,12,10,11,1", "Date", "2020-01-03", "times must increase"),
        ("2020-01-08T10:00Z,11,12,10,11,1", "Date", "2020-01-08 10:00", "date at 00:00Z"),
        ("2020-01-11,11,12,10,11,1", "Date", "2020-01-11", "no session on a weekend"),
        ("2020-03-02,11,12,10,11,1", "Date", "2020-03-02", "the bar is not closed yet"),
        ("2020-03-03,11,12,10,11,1", "Date", "2020-03-03", "lies in the future"),
        ("9999-12-31,11,12,10,11,1", "Date", "9999-12-31", "lies in the future"),
        ("2020-01-08,11,12,10,11", "", "2020-01-08,11,12,10,11", "5 fields under a header of 6"),
    ],
)
def test_a_bad_row_refuses_the_file_with_its_place(read, tmp_path, row, column, value, reason):
    with pytest.raises(BadCsv) as refused:
        read(GOOD + row + "\n")
    fault = refused.value
    assert (fault.file, fault.line, fault.column) == (str(tmp_path / "bars.csv"), 4, column)
    assert fault.value.startswith(value)
    assert reason in fault.reason
    assert "line 4" in str(fault)
    assert reason in str(fault)


def test_the_first_fault_of_the_file_is_told(read):
    with pytest.raises(BadCsv, match="line 2, column High"):
        read(HEADER + "2020-01-06,10,1,9,10,1\n2020-01-07,x,1,9,10,1\n")


def test_a_bad_first_row_is_told_too(read):
    with pytest.raises(BadCsv, match="line 2, column Open"):
        read(HEADER + "2020-01-06,x,1,9,10,1\n")


def test_an_epoch_far_away_is_refused_as_any_other_time(read):
    with pytest.raises(BadCsv, match="line 2, column Date") as refused:
        read(HEADER + "9999999999999999999,10,11,9,10,1\n")
    assert refused.value.value.startswith("2286")


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        (b"", 0, "", "the file is empty"),
        (HEADER, 0, "", "a header and no bars"),
        ("Date,Open,High,Low,Close\n", 1, "volume", "the header lacks this column"),
        ("\n", 1, "time", "the header lacks this column"),
        ("2020-01-06,10,11,9,10,1\n", 1, "time", "the header lacks this column"),
        ("Date,Timestamp,Open,High,Low,Close,Volume\n", 1, "Timestamp", "a second time, after"),
        (GOOD.encode("utf-16"), 1, "", "not UTF-8 text"),
        (GOOD.encode() + b"2020-01-08,\xe9", 4, "", "not UTF-8 text"),
        (gzip.compress(GOOD.encode(), mtime=0)[:-9], 0, "", "a damaged gzip file"),
        (b"\x1f\x8b" + b"\x00" * 50, 0, "", "a damaged gzip file"),
        (GOOD + '2020-01-08,"11', 4, "", "not CSV"),
    ],
)
def test_what_is_no_file_of_bars_is_refused(read, text, line, column, reason):
    with pytest.raises(BadCsv, match=reason) as refused:
        read(text)
    assert (refused.value.line, refused.value.column) == (line, column)


def test_a_missing_file_and_a_folder_are_refused_in_a_sentence(tmp_path, clock):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(BadCsv, match="cannot be read: "):
            read_csv(path, ONE_DAY, "XNYS", clock())


def test_a_large_file_is_refused_before_it_is_read(tmp_path, clock):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        # Sparse: a gigabyte that takes no room and is not read.
        file.truncate(1024**3)
    with pytest.raises(BadCsv, match="1073741824 bytes; the limit is 67108864"):
        read_csv(path, ONE_DAY, "XNYS", clock())


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(read):
    bomb = gzip.compress(GOOD.encode() + b"0" * 10_000_000)
    with pytest.raises(BadCsv, match="line 4: unpacks to more than the limit of 20000 bytes"):
        read(bomb, max_bytes=20_000)


def test_a_very_long_value_is_shortened(read):
    with pytest.raises(BadCsv) as refused:
        read(HEADER + "2020-01-06," + "x" * 10_000 + ",11,9,10,1\n")
    assert refused.value.value == "x" * 77 + "..."


def test_numbers_are_read_to_the_last_bit(read):
    text = HEADER + "2020-01-06,0.1,0.30000000000000004,0.1,0.30000000000000004,1e-300\n"
    bars = read(text).bars
    assert bars.close[0] == 0.1 + 0.2
    assert bars.volume[0] == 1e-300


def test_times_before_1970_are_times(day):
    assert parse_time("1962-01-02", ONE_DAY) == day("1962-01-02") < 0
    assert parse_time("1962-01-02T12:00", ONE_HOUR) == day("1962-01-02") + DAY // 2


def test_a_bar_before_the_year_1_is_refused_and_not_kept_where_nobody_can_list_it(tmp_path):
    """An offset carries it there, out of the years that a date can tell."""
    path = tmp_path / "bars.csv"
    path.write_text("time,open,high,low,close,volume\n0001-01-01T00:00:00+10:00,1,1,1,1,1\n")
    with pytest.raises(BadCsv, match="no bar opens before the year 1") as refused:
        read_csv(path, Interval.ONE_HOUR, "24/7", now=1_800_000_000_000_000)
    assert (refused.value.line, refused.value.column) == (2, "time")
    assert "0000-12-31T14:00:00" in str(refused.value)
