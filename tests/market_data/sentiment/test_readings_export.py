"""An export of sentiment: exact to the last bit, and what is none."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_data.errors import BadCsv
from market_data.readings import Readings
from market_data.readings_export import read_readings, write_readings

moments = st.integers(-(2**50), 2**52)


@given(st.lists(st.tuples(moments, moments, moments, st.floats(0, 1), st.integers(0, 1))))
@settings(max_examples=40)
def test_what_is_written_is_read_back_to_the_last_bit(tmp_path_factory, table):
    time, published, known, value, origin = zip(*table, strict=True) if table else [()] * 5
    kept = Readings(
        "AAPL",
        1,
        time=np.array(time, np.int64),
        published=np.array(published, np.int64),
        known=np.array(known, np.int64),
        value=np.array(value, np.float64),
        origin=np.array(origin, np.int64),
        origins=("one", 'two, "quoted"'),
    )
    text = io.StringIO()
    write_readings(kept, text)
    path = tmp_path_factory.mktemp("export") / "sentiment.csv"
    path.write_text(text.getvalue())
    again = read_readings(path)
    assert list(again) == (["AAPL"] if table else [])
    if table:
        for name in ("time", "published", "known", "value"):
            assert getattr(again["AAPL"], name).tobytes() == getattr(kept, name).tobytes()
        told = [kept.origins[i] for i in kept.origin]
        assert [again["AAPL"].origins[i] for i in again["AAPL"].origin] == told


GOOD = "AAPL,2020-01-06T00:00:00Z,2020-01-07T00:00:00Z,2026-01-01T00:00:00.5Z,0.5,file"
HEADER = "symbol,time,published,known,value,source"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("time,value\n2020-01-06,0.5\n", 1, "header of an export"),
        (f"{HEADER}\n{GOOD},more\n", 2, "7 fields"),
        (f"{HEADER}\n{GOOD}\n{GOOD.replace('2020-01-07T00:00:00Z', 'soon')}\n", 3, "no time"),
        (f"{HEADER}\n{GOOD.replace('2020-01-06T00:00:00Z', '2020-01-06')}\n", 2, "no time"),
        (f"{HEADER}\n{GOOD.replace('0.5,file', 'good,file')}\n", 2, "not a number"),
        (f"{HEADER}\n{GOOD.replace('0.5,file', '1.5,file')}\n", 2, "0 to 1"),
        (f"{HEADER}\n{GOOD.replace('0.5,file', 'nan,file')}\n", 2, "0 to 1"),
        (f'{HEADER}\n"{GOOD}\n', 2, "not CSV"),
    ],
)
def test_what_is_no_export_is_refused_with_its_place(tmp_path, text, line, said):
    path = tmp_path / "sentiment.csv"
    path.write_text(text)
    with pytest.raises(BadCsv, match=said) as refused:
        read_readings(path)
    assert refused.value.line == line
