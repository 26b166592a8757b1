"""The clock, and waiting on it."""

import time

from market_data import clock as system
from market_data.clock import wait_until


def test_the_systems_clock_tells_microseconds():
    assert abs(system.now() - time.time() * 1e6) < 5e6


def test_waiting_goes_on_when_sleep_wakes_too_early(clock):
    slept = []

    def short(seconds):
        slept.append(seconds)
        clock.sleep(seconds / 2 if len(slept) < 3 else seconds)

    wait_until(clock.now + 1_000_000, clock, short)
    assert slept == [1.0, 0.5, 0.25]


def test_a_moment_that_has_passed_is_not_waited_for(clock):
    wait_until(clock.now, clock, clock.sleep)
    assert clock.now == clock()
