"""Calls side by side: together, in order, and knowing of the request that they are made for."""

import threading
from contextlib import closing
from functools import partial

import pytest

from market_data.aws.patience import allows_another, within
from market_data.stores.dynamodb.threads import AT_ONCE, Threads


def test_calls_are_under_way_together_and_answer_in_their_order():
    meeting = threading.Barrier(5)

    def meet(number):
        meeting.wait(20)
        return number

    with closing(Threads("test")) as threads:
        assert threads.all([partial(meet, number) for number in range(5)]) == list(range(5))
        begun = threads.begin([partial(meet, number) for number in range(4)])
        assert meet(4) == 4
        assert [one.result(20) for one in begun] == list(range(4))


def test_a_single_call_needs_no_thread():
    with closing(Threads("test")) as threads:
        assert threads.all([threading.get_ident]) == [threading.get_ident()]
        assert threads.all([]) == []


def test_there_are_only_so_many_and_after_the_end_there_may_be_new_ones():
    with closing(Threads("test")) as threads:
        told = threads.all([threading.get_ident] * 100)
        assert len(set(told)) <= AT_ONCE
        threads.close()
        assert len(threads.all([threading.get_ident] * 2)) == 2


def test_a_failure_is_the_callers():
    def fail():
        raise ValueError("this one")

    with closing(Threads("test")) as threads, pytest.raises(ValueError, match="this one"):
        threads.all([fail, threading.get_ident])


def test_they_know_how_long_their_caller_waits():
    with closing(Threads("test")) as threads:
        assert threads.all([allows_another] * 2) == [True, True]
        with within(0.0):
            assert threads.all([allows_another] * 2) == [False, False]
