"""Sentiment from files: what is read, and what is refused, with its place."""

from datetime import UTC, datetime

import pytest

from market_data.errors import BadCsv
from market_data.headlines import vader
from market_data.readings_file import read_headlines, read_scores


@pytest.fixture
def file(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "mood.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def at(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


NOW = at("2020-03-02T12:00:00")


def test_scores_are_public_at_their_time_or_when_they_say_or_when_their_date_is_over(file):
    text = (
        "time,published,value\n2020-01-06,,0.25\n2020-01-07,2020-01-07T09:00:00Z,0.5\n"
        "2020-01-08T10:30:00-05:00,,1\n"
    )
    told = read_scores(file(text), NOW)
    assert told.time.tolist() == [at("2020-01-06"), at("2020-01-07"), at("2020-01-08T15:30:00")]
    assert told.published.tolist() == [
        at("2020-01-07"),
        at("2020-01-07T09:00:00"),
        at("2020-01-08T15:30:00"),
    ]
    assert (told.value.tolist(), told.source, told.fetched_at) == ([0.25, 0.5, 1.0], "file", NOW)


@pytest.mark.parametrize("day", ["2020-01-06", "20200106", "2020-W02-1", "2020W021", "2020-W02"])
def test_a_day_is_over_at_its_end_however_it_is_written(file, day):
    """ISO 8601 has three forms of a date; read as a midnight its value would be heard during it."""
    told = read_scores(file(f"time,value\n{day},0.5\n"), NOW)
    assert (told.time.tolist(), told.published.tolist()) == ([at("2020-01-06")], [at("2020-01-07")])


def test_the_first_moment_that_has_a_date_is_taken(file):
    told = read_scores(file("time,value\n0001-01-01T00:00:00Z,0.5\n"), NOW)
    assert told.time.tolist() == [at("0001-01-01")]


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("", 0, "", "empty"),
        ("time,value\n", 0, "", "nothing under it"),
        ("time,mood\n2020-01-06,0.5\n", 1, "", "time,value and perhaps published"),
        ("time,value,value\n2020-01-06,0.5,0.5\n", 1, "", "the header names"),
        ("time,value\n2020-01-06,0.5\n06.01.2020,0.5\n", 3, "time", "not a date such as"),
        ("time,value\n0001-01-01T00:00+10:00,0.5\n", 2, "time", "before the year 1"),
        ("time,value\n2020-01-06,good\n", 2, "value", "not a number"),
        ("time,value\n2020-01-06,\n", 2, "value", "not a number"),
        ("time,value\n2020-01-06,0_5\n", 2, "value", "not a number"),
        ("time,value\n2020-01-06,nan\n", 2, "value", "0 to 1"),
        ("time,value\n2020-01-06,-0.1\n", 2, "value", "0 to 1"),
        ("time,value\n2020-01-06,50\n", 2, "value", "0 to 1"),
        ("time,value\n2020-01-07,0.5\n2020-01-06,0.5\n", 3, "", "increase"),
        ("time,value\n2020-03-02,0.5\n", 2, "", "after it was fetched"),
        ("time,published,value\n2020-01-06,2020-01-04,0.5\n", 2, "", "before the moment"),
        ("time,value\n2020-01-06,0.5,1\n", 2, "", "3 fields"),
        ('time,value\n"2020-01-06,0.5\n', 2, "", "not CSV"),
    ],
)
def test_a_bad_row_refuses_the_file_and_says_where(file, text, line, column, said):
    with pytest.raises(BadCsv, match=said) as refused:
        read_scores(file(text), NOW)
    assert (refused.value.line, refused.value.column) == (line, column)


def test_bytes_that_are_no_text_are_refused(file):
    with pytest.raises(BadCsv, match="UTF-8"):
        read_scores(file("time,value\n2020-01-06,0.5é\n", "latin-1"), NOW)


def test_headlines_of_a_day_make_its_mean_and_are_heard_once_it_is_over(file):
    text = "time,headline\n2020-01-07,up\n2020-01-06,up\n2020-01-06,down\n\n2020-01-06,down\n"
    told = read_headlines(file(text), NOW, {"up": 1.0, "down": 0.25}.__getitem__)
    assert told.time.tolist() == [at("2020-01-07"), at("2020-01-08")]
    assert told.published.tolist() == told.time.tolist()
    assert (told.value.tolist(), told.source) == ([0.5, 1.0], "headlines")


def test_headlines_with_a_time_are_heard_from_it_with_those_of_the_day_before_it(file):
    text = (
        "time,headline\n2020-01-06T10:00:00,1\n2020-01-06T12:00:00,0\n"
        "2020-01-07T10:00:00,0.5\n2020-01-07T10:00:00,0.7\n"
    )
    told = read_headlines(file(text), NOW, float)
    assert told.time.tolist() == [
        at("2020-01-06T10:00:00"),
        at("2020-01-06T12:00:00"),
        at("2020-01-07T10:00:00"),
    ]
    assert told.value.tolist() == pytest.approx([1.0, 0.5, 0.4])


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("time,headline\n2020-01-06,\n", 2, "1 to 10,000"),
        (f"time,headline\n2020-01-06,{'a' * 10_001}\n", 2, "1 to 10,000"),
        ("time,headline\n2020-03-02T12:00:01,x\n", 2, "future"),
        ("time,headline\n2020-03-02,x\n", 2, "future"),
        ("date,headline\n2020-01-06,x\n", 1, "time,headline"),
        ("time,headline\nyesterday,x\n", 2, "not a date"),
    ],
)
def test_a_bad_headline_refuses_the_file(file, text, line, said):
    with pytest.raises(BadCsv, match=said) as refused:
        read_headlines(file(text), NOW, lambda _: 0.5)
    assert refused.value.line == line


def test_vader_tells_good_from_bad_as_its_authors_say(file):
    # Three examples of the package's own README, with the compound that it prints for each.
    score = vader()
    assert score("VADER is smart, handsome, and funny.") == pytest.approx((0.8316 + 1) / 2)
    assert score("VADER is smart, handsome, and funny!") == pytest.approx((0.8439 + 1) / 2)
    assert score("The book was only kind of good.") == pytest.approx((0.3832 + 1) / 2)
    assert score("The company files its report on Monday.") == 0.5
    text = "time,headline\n2020-01-06,Profits collapse in a terrible quarter\n"
    (value,) = read_headlines(file(text), NOW, score).value.tolist()
    assert 0.0 <= value < 0.3
