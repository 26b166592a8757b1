"""Memory at hand: well aligned, taken again when nobody holds it, and never while somebody does."""

import threading

import numpy as np
import pytest

from engine import _heap, indicators
from engine._heap import room


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch):
    monkeypatch.setattr(_heap._KEPT, "blocks", [])
    monkeypatch.setattr(_heap, "_SHORT", 0)


def place(column):
    return column.__array_interface__["data"][0]


@pytest.mark.parametrize("shape", [(1,), (7,), (2520,), (3, 5), (2, 3, 1001), (4, 8)])
def test_each_row_begins_at_a_cache_line(shape):
    column = room(shape)
    assert column.shape == shape
    assert all(place(column[row]) % 64 == 0 for row in np.ndindex(shape[:-1]))


def test_what_nobody_holds_is_taken_again():
    first = room((2520,))
    where = place(first)
    del first
    assert place(room((2519,))) == where


@pytest.mark.parametrize(
    "kept",
    [
        lambda column: column,
        lambda column: column[5:9],
        lambda column: column[::2].reshape(2, -1)[1],
        memoryview,
        lambda column: np.asarray(memoryview(column))[3:],
    ],
)
def test_what_somebody_holds_any_part_of_is_left_alone(kept):
    held = kept(room((12,)))
    np.asarray(held)[...] = 7.0
    for _ in range(2 * _heap._BLOCKS):
        room((12,))[...] = 8.0
    assert (np.asarray(held) == 7.0).all()


def test_columns_that_stay_make_room_for_others_and_keep_their_values():
    held = [room((12,)) for _ in range(3 * _heap._BLOCKS)]
    for number, column in enumerate(held):
        column[...] = number
    assert len(_heap._KEPT.blocks) == _heap._BLOCKS
    assert [set(column) for column in held] == [{float(n)} for n in range(len(held))]


def test_a_column_that_no_cache_holds_is_not_kept():
    assert room((_heap._LARGEST + 1,)).shape == (_heap._LARGEST + 1,)
    assert _heap._KEPT.blocks == []


def test_threads_do_not_write_over_one_another(real):
    spec, close = indicators()["Z_SCORE"], real["IBM"].close
    alone = {window: spec.function(close, window=window) for window in range(2, 42)}
    wrong = []

    def work(windows):
        for window in windows:
            said = spec.function(close, window=window)
            if not np.array_equal(said, alone[window], equal_nan=True):
                wrong.append(window)

    threads = [threading.Thread(target=work, args=(range(2 + n, 42, 4),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("spec", indicators().values(), ids=lambda spec: spec.name)
def test_answers_stay_what_they_were_when_others_are_asked(spec, real):
    bars = real["IBM"][:400]
    first = spec.compute(bars)
    before = {name: column.copy() for name, column in first.items()}
    for other in ("AAPL", "MSFT"):
        for asked in (spec, indicators()["BOLLINGER_BANDS"], indicators()["MFI"]):
            asked.compute(real[other][:400])
    for name, column in first.items():
        np.testing.assert_array_equal(column, before[name])
