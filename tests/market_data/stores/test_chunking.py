"""Where rows are cut into chunks, and which chunk a time belongs to."""

from itertools import pairwise

import numpy as np
import pytest

from engine.types import Interval
from market_data.block import decode
from market_data.calendar import DAY
from market_data.rows import Rows
from market_data.stores.chunking import LONGEST, SEALED, TAIL, encode_chunks, places_of

ONE_DAY = Interval.ONE_DAY


def rows_at(days):
    """Rows of the days given, each known one microsecond after the one before it."""
    time = np.array(days, np.int64) * DAY
    number = np.arange(len(time))
    price = 10.0 + number
    rest = np.zeros(len(time), np.int64)
    return Rows(time, 1 + number, rest, rest, price, price, price, price, price, ("told",))


def cut(rows):
    """The chunks of rows, and their rows as they come back."""
    chunks, objects = encode_chunks("S", ONE_DAY, rows, 7)
    return chunks, [decode(body) for body in objects.values()]


@pytest.mark.parametrize(
    ("days", "lengths"),
    [
        (range(LONGEST), [LONGEST]),
        (range(LONGEST + 1), [SEALED, LONGEST + 1 - SEALED]),
        # One bar that was told anew more often than a chunk has rows stays in one piece.
        ([0] * 3000, [3000]),
        ([0] * 3000 + [1] * 10, [3000, 10]),
        # So does one at which a cut would fall.
        ([*range(1999), *[1999] * 300], [1999, 300]),
        ([], []),
    ],
)
def test_rows_are_cut_where_they_are_too_long_and_never_within_a_bar(days, lengths):
    rows = rows_at(days)
    chunks, parts = cut(rows)
    assert [chunk.rows for chunk in chunks] == lengths
    assert [row for part in parts for row in part.known.tolist()] == rows.known.tolist()
    assert all(one.last < other.first for one, other in pairwise(chunks))
    assert [chunk.known for chunk in chunks] == [int(part.known[-1]) for part in parts]


def test_only_what_comes_after_a_full_tail_begins_another():
    times = np.array([-5, 0, 1, TAIL, TAIL + 1]) * DAY
    [full], _ = cut(rows_at(range(TAIL + 1)))
    assert places_of([full], times).tolist() == [0, 0, 0, 0, 1]
    [tail], _ = cut(rows_at(range(TAIL)))
    assert places_of([tail], times).tolist() == [0, 0, 0, 0, 0]
    assert places_of([], times).tolist() == [0] * 5
    chunks, _ = cut(rows_at(range(2 * SEALED)))
    assert places_of(chunks, np.array([-1, SEALED - 1, SEALED, 2 * SEALED]) * DAY).tolist() == (
        [0, 0, 1, 2]
    )
