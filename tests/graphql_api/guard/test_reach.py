"""One deadline over the store calls of a request."""

import pytest

from graphql_api.errors import Unavailable
from graphql_api.guard.reach import Reach
from graphql_api.stores import StoreUnavailable


def test_an_answer_passes_through(clock):
    assert Reach(clock)(lambda a, b: a + b, 1, b=2) == 3


def test_no_call_is_begun_that_could_end_after_the_deadline(clock):
    reach = Reach(clock)
    reach(clock.move, 0.35)
    assert reach(lambda: "still in time") == "still in time"
    reach(clock.move, 0.000_001)
    asked = []
    with pytest.raises(Unavailable, match="in time") as refused:
        reach(asked.append, 1)
    assert asked == []
    assert refused.value.headers() == {"Retry-After": "1"}


def test_time_spent_elsewhere_is_not_the_store_s(clock):
    reach = Reach(clock)
    clock.move(60)
    assert reach(lambda: "still in time") == "still in time"


def test_a_clock_that_is_set_back_gives_no_time(clock):
    reach = Reach(clock)
    reach(clock.move, -60)
    reach(clock.move, 0.6)
    with pytest.raises(Unavailable):
        reach(clock.move, 0)


def test_an_unreachable_store_is_logged_with_its_cause_and_told_without(clock, caplog):
    def unreachable():
        raise StoreUnavailable("table accounts-production is away")

    with pytest.raises(Unavailable) as refused:
        Reach(clock)(unreachable)
    assert "accounts-production" in caplog.text
    assert "accounts-production" not in refused.value.message
    assert isinstance(refused.value.__cause__, StoreUnavailable)


def test_a_fault_of_ours_is_not_dressed_up_as_an_outage(clock):
    with pytest.raises(ZeroDivisionError):
        Reach(clock)(lambda: 1 / 0)


def test_what_can_be_done_without_is_left_undone_after_the_deadline(clock, caplog):
    reach = Reach(clock)
    reach(clock.move, 2)
    asked = []
    reach.if_possible(asked.append, 1)
    assert asked == []
    assert "left undone" in caplog.text
