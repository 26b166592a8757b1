"""How symbols, moments and days are read and written."""

import datetime as dt

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from graphql_api.schema.scalars import SCALARS, Date, DateTime, Symbol, micros, rfc3339


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1969-12-31T23:59:59Z", -1_000_000),
        ("2013-03-01T00:00:00+00:00", 1_362_096_000_000_000),
        ("2013-03-01T02:00:00+02:00", 1_362_096_000_000_000),
        ("2013-03-01t00:00:00.5z", 1_362_096_000_500_000),
        ("2013-03-01T00:00:00.1234567Z", 1_362_096_000_123_456),
        ("2013-03-01T00:00:00.123456789012345Z", 1_362_096_000_123_456),
        ("2013-03-01T00:00:00-00:00", 1_362_096_000_000_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ],
)
def test_a_time_of_rfc_3339_is_read_to_the_microsecond(text: str, moment: int) -> None:
    assert micros(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "2013-03-01",
        "2013-03-01T00:00:00",  # no offset: whose midnight?
        "2013-02-30T00:00:00Z",
        "2013-03-01T25:00:00Z",
        "2013-03-01 00:00:00Z",
        "1362096000",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",  # in UTC a year before, and a year later
        "9999-12-31T23:59:59-14:00",
        "10000-01-01T00:00:00Z",
        "2013-03-01T00:00:00.Z",
        "2013-03-01T00:00:00+24:00",
        "٢٠١٣-03-01T00:00:00Z",
        "",
    ],
)
def test_what_is_no_moment_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(GraphQLError, match=r"2026-01-31T16:00:00Z") as refused:
        SCALARS[DateTime].parse_value(text)
    assert refused.value.extensions == {"code": "BAD_USER_INPUT"}


@given(
    st.datetimes(
        min_value=dt.datetime(1900, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone
        max_value=dt.datetime(2200, 1, 1),  # noqa: DTZ001
        timezones=st.just(dt.UTC),
    )
)
def test_a_moment_that_is_written_reads_as_itself(moment: dt.datetime) -> None:
    told = rfc3339(micros(moment.isoformat()))
    assert dt.datetime.fromisoformat(told) == moment
    assert micros(told) == micros(moment.isoformat())


@pytest.mark.parametrize("symbol", ["A", "AAPL", "BTC-USD", "^GSPC", "EURUSD=X", "BRK.B", "A" * 20])
def test_symbols_of_the_field_are_read(symbol: str) -> None:
    assert SCALARS[Symbol].parse_value(symbol) == symbol


@pytest.mark.parametrize("value", ["", "A" * 21, "A" * 10_000, "AA PL", "ÄPL", "AAPL\n", 5, None])
def test_what_is_no_symbol_is_refused_in_one_short_sentence(value: object) -> None:
    with pytest.raises(GraphQLError, match="1 to 20") as refused:
        SCALARS[Symbol].parse_value(value)
    assert len(refused.value.message) < 150


def test_a_leap_second_is_refused_as_such() -> None:
    with pytest.raises(GraphQLError, match="leap seconds are not counted; write the second after"):
        SCALARS[DateTime].parse_value("2016-12-31T23:59:60Z")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(True, "true"), (None, "null"), ({"a": [1, "b"]}, '{"a": [1, "b"]}'), (1.5, "1.5")],
)
@pytest.mark.parametrize("scalar", [Symbol, DateTime, Date])
def test_what_is_no_string_is_shown_as_json_has_it(
    scalar: object, value: object, shown: str
) -> None:
    with pytest.raises(GraphQLError) as refused:
        SCALARS[scalar].parse_value(value)
    assert refused.value.message.startswith(f"{shown} is no ")


def test_a_symbol_in_small_letters_is_told_how_to_write_it() -> None:
    with pytest.raises(GraphQLError, match=r"'aapl' is no Symbol: write AAPL\."):
        SCALARS[Symbol].parse_value("aapl")


def test_days_are_read_as_they_are_written() -> None:
    assert SCALARS[Date].parse_value("2026-01-31") == "2026-01-31"
    with pytest.raises(GraphQLError, match="2026-01-31"):
        SCALARS[Date].parse_value("2026-02-30")
    with pytest.raises(GraphQLError, match="2026-01-31"):
        SCALARS[Date].parse_value(20260131)


@given(st.dates())
def test_a_midnight_reads_as_any_other_moment(day) -> None:
    assert rfc3339(micros(f"{day.isoformat()}T00:00:00Z")) == f"{day.isoformat()}T00:00:00Z"
