"""The circuit breaker: five failures in a row open it, one answer closes it."""

import random
import threading

import pytest

from graphql_api.errors import Unavailable
from graphql_api.guard.breaker import Breaker
from graphql_api.guard.reach import Reach
from graphql_api.stores import StoreThrottled, StoreUnavailable


@pytest.fixture
def breaker(clock):
    return Breaker(clock)


def broken():
    raise StoreUnavailable("gone")


def fail(breaker, times):
    for _ in range(times):
        breaker.failed()


def test_four_failures_in_a_row_leave_it_closed(breaker):
    fail(breaker, 4)
    assert breaker.allows()
    breaker.succeeded()
    fail(breaker, 4)
    assert breaker.closed


def test_the_fifth_failure_in_a_row_opens_it(breaker):
    fail(breaker, 5)
    assert not breaker.closed
    assert not breaker.allows()


def test_one_probe_a_second_goes_through_until_one_is_answered(breaker, clock):
    fail(breaker, 5)
    probes = 0
    for _ in range(400):
        clock.move(0.01)
        probes += breaker.allows()
        breaker.failed()
    assert probes == 5  # at the least pause, three quarters of a second
    clock.move(1.25)
    assert breaker.allows()
    breaker.succeeded()
    assert breaker.closed
    assert breaker.allows()


def test_probes_of_many_processes_are_spread(clock, monkeypatch):
    monkeypatch.undo()
    random.seed(5)
    breakers = [Breaker(clock) for _ in range(200)]
    for one in breakers:
        fail(one, 5)
    probing = []
    for _ in range(14):
        probing.append(sum(one.allows() for one in breakers))
        clock.move(0.1)
    assert sum(probing) == 200
    assert max(probing) < 80


def test_of_many_threads_one_probes(breaker, clock):
    fail(breaker, 5)
    clock.move(2)
    allowed = []
    start = threading.Barrier(8)

    def ask():
        start.wait()
        allowed.append(breaker.allows())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(allowed) == 1


def test_a_clock_that_is_set_back_does_not_keep_it_open(breaker, clock):
    fail(breaker, 5)
    clock.move(-3_600)
    assert breaker.allows()
    assert not breaker.allows()


def test_an_open_circuit_refuses_without_a_call(breaker, clock):
    for _ in range(5):
        with pytest.raises(Unavailable):
            Reach(clock, breaker)(broken)
    asked = []
    with pytest.raises(Unavailable) as refused:
        Reach(clock, breaker)(asked.append, 1)
    assert asked == []
    assert refused.value.__cause__ is None
    clock.move(1.25)
    Reach(clock, breaker)(asked.append, 2)
    Reach(clock, breaker)(asked.append, 3)
    assert asked == [2, 3]


def test_a_throttled_store_is_no_dead_store(breaker, clock):
    def throttled():
        raise StoreThrottled("slowly")

    for _ in range(20):
        with pytest.raises(Unavailable, match="more than they can take") as refused:
            Reach(clock, breaker)(throttled)
    assert breaker.closed
    assert isinstance(refused.value.__cause__, StoreThrottled)


def test_whoever_waits_for_another_s_call_waits_within_the_second(clock):
    lock = threading.Lock()
    Reach(clock).wait(lock)
    assert lock.locked()
    reach = Reach(clock)
    reach(clock.move, 0.999)
    with pytest.raises(Unavailable, match="in time"):
        reach.wait(lock)
    lock.release()
