"""Forked columns: what they allow, and what they refuse instead of answering wrongly."""

import numpy as np
import pytest

from engine.fork import Fork, last_of, past_of
from engine.smoothing import exponential_mean, resting_mean, varying_mean


@pytest.fixture
def fork():
    return Fork(np.array([1.0, 2.0, 3.0]), np.array([4.0, 40.0]))


def test_a_cut_without_the_last_bar_is_a_plain_column(fork):
    assert fork[..., :-1].tolist() == [1.0, 2.0, 3.0]
    assert fork[..., 4:].shape == (0,)
    assert fork[1:].past.tolist() == [2.0, 3.0]
    assert len(fork[1:]) == 3


@pytest.mark.parametrize("key", [0, (..., -1), slice(None, None, 2), slice(None, None, -1)])
def test_other_cuts_are_refused(fork, key):
    with pytest.raises(TypeError, match="a forked column is cut"):
        fork[key]


def test_what_looks_at_several_bars_at_once_is_refused(fork):
    with pytest.raises(TypeError):
        np.add.reduce(fork)
    with pytest.raises(TypeError):
        np.sort(fork)
    with pytest.raises(TypeError):
        np.add(fork, 1.0, where=np.array([True]))


def test_sums_along_the_bars_end_in_one_value_a_candidate(fork):
    assert np.cumsum(fork).last.tolist() == [10.0, 46.0]
    assert np.maximum.accumulate(fork).last.tolist() == [4.0, 40.0]
    assert np.cumsum(Fork(np.empty(0), np.array([4.0]))).last.tolist() == [4.0]


def test_a_column_written_in_place_holds_the_answer(fork):
    column = np.zeros_like(fork)
    np.add(fork, 1.0, out=column)
    np.copyto(column, 0.0, where=fork > 5.0)
    assert column.past.tolist() == [2.0, 3.0, 4.0]
    assert column.last.tolist() == [5.0, 0.0]


def test_questions_about_all_bars_hear_every_candidate(fork):
    assert (fork > 5.0).any()
    assert not (fork > 50.0).any()
    assert (fork > 0.0).all()
    assert not (fork < 5.0).all()


def test_parts_of_a_plain_column_are_its_bars_and_of_a_number_itself():
    assert past_of(np.array([1.0, 2.0])).tolist() == [1.0]
    assert last_of(np.array([1.0, 2.0])).tolist() == [2.0]
    assert (past_of(3.0), last_of(3.0)) == (3.0, 3.0)


@pytest.mark.parametrize("length", [2, 3, 4, 9])
def test_recursions_fork_at_their_seed_and_after_it(length):
    values = np.random.default_rng(length).normal(size=length)
    candidates = np.array([0.5, -2.0])
    known, gain = np.arange(length) != 3, np.linspace(0.1, 0.9, length)
    forks = [
        exponential_mean(Fork(values[:-1], candidates), 2),
        resting_mean(Fork(values[:-1], candidates), known, 2),
        varying_mean(Fork(values[:-1], candidates), Fork(gain[:-1], gain[-1:]), np.zeros(1)),
    ]
    for index, candidate in enumerate(candidates):
        fed = np.append(values[:-1], candidate)
        plain = [
            exponential_mean(fed, 2),
            resting_mean(fed, known, 2),
            varying_mean(fed, gain, np.zeros(1)),
        ]
        for forked, column in zip(forks, plain, strict=True):
            assert np.broadcast_to(forked.last, 2)[index] == column[-1]
