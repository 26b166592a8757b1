"""Files of splits and dividends."""

import pytest

from market_data.actions_file import read_actions
from market_data.errors import BadCsv
from market_data.instruments import ActionKind, CorporateAction

HEADER = "date,kind,value\n"


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "a.csv").write_text(text)
        return read_actions(tmp_path / "a.csv")

    return read


def test_splits_and_dividends_are_read(read, day):
    assert read(HEADER + "2005-02-28, split ,2\n\n2012-08-09,DIVIDEND,2.65\n") == [
        CorporateAction(day("2005-02-28"), ActionKind.SPLIT, 2.0),
        CorporateAction(day("2012-08-09"), ActionKind.DIVIDEND, 2.65),
    ]


def test_a_header_alone_is_no_action(read):
    assert read(HEADER) == []


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("2005-02-28,SPLIT", "", "2 fields and not 3"),
        ("28.02.2005,SPLIT,2", "date", "not a date"),
        ("2005-02-28,MERGER,2", "kind", "neither SPLIT nor DIVIDEND"),
        ("2005-02-28,SPLIT,two", "value", "not a number"),
        ("2005-02-28,SPLIT,0", "value", "is no split"),
        ("2005-02-28,DIVIDEND,nan", "value", "is no dividend"),
        ('2005-02-28,SPLIT,"2', "", "not CSV"),
    ],
)
def test_a_bad_row_refuses_the_file(read, row, column, reason):
    with pytest.raises(BadCsv, match=reason) as refused:
        read(HEADER + "2000-06-21,SPLIT,2\n" + row)
    assert (refused.value.line, refused.value.column) == (3, column)


def test_another_header_is_refused(read):
    with pytest.raises(BadCsv, match="the header is date,kind,value"):
        read("when,what,how\n")
