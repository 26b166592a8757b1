"""A value that is kept elsewhere: who fetches it, who waits, and how long it is used."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from graphql_api.guard.kept import Away, Kept

SECOND = 1_000_000


class Source:
    """Where a value is kept; it can be away, or take its time."""

    def __init__(self):
        self.value = "one"
        self.error = None
        self.fetches = 0
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self):
        self.fetches += 1
        assert self.gate.wait(60)
        if self.error is not None:
            raise self.error
        return self.value


@pytest.fixture
def source():
    source = Source()
    yield source
    source.gate.set()


@pytest.fixture
def kept(source, clock):
    return Kept(
        "the value",
        source,
        clock,
        fresh_for=600 * SECOND,
        stale_for=3_600 * SECOND,
        retry_every=60 * SECOND,
        patience=60,
    )


def anything(_):
    return True


def test_a_value_is_fetched_when_it_is_first_needed_and_then_kept(kept, source, clock):
    assert source.fetches == 0
    assert kept.at_hand(anything) is None
    for seconds in (0, 1, 598):
        clock.move(seconds)
        assert kept.get(anything) == "one"
    assert source.fetches == 1
    assert kept.at_hand(anything) == "one"
    assert kept.at_hand(lambda value: value == "two") is None


def test_an_old_value_is_fetched_anew(kept, source, clock):
    kept.get(anything)
    source.value = "two"
    clock.move(600)
    assert kept.get(anything) == "two"
    assert source.fetches == 2


def test_a_value_that_lacks_what_is_wanted_is_fetched_anew_once_a_minute(kept, source, clock):
    kept.get(anything)
    for _ in range(5):
        assert kept.get(lambda value: value == "two") == "one"
    assert source.fetches == 1  # the first was less than a minute ago
    clock.move(60)
    source.value = "two"
    for _ in range(5):
        assert kept.get(lambda value: value == "two") == "two"
    assert source.fetches == 2


def test_a_stale_value_serves_while_its_source_is_away_but_not_for_ever(
    kept, source, clock, caplog
):
    kept.get(anything)
    source.error = Away("the cable is cut")
    for _ in range(59):
        clock.move(61)
        assert kept.get(anything) == "one"
    assert kept.failed
    assert "the value cannot be fetched: the cable is cut" in caplog.text
    clock.move(1)
    with pytest.raises(Away, match="the value cannot be had"):
        kept.get(anything)
    source.error = None
    clock.move(1)
    assert kept.get(anything) == "one"
    assert not kept.failed


def test_while_there_is_none_it_is_tried_once_a_second(kept, source, clock):
    source.error = Away("nobody is there")
    for _ in range(3):
        with pytest.raises(Away):
            kept.get(anything)
    assert source.fetches == 1
    clock.move(1)
    source.error = None
    assert kept.get(anything) == "one"


def test_a_clock_that_is_set_back_keeps_nothing_waiting(kept, source, clock):
    source.error = Away("nobody is there")
    with pytest.raises(Away):
        kept.get(anything)
    clock.move(-3_600)
    source.error = None
    assert kept.get(anything) == "one"


def test_an_error_that_nobody_expected_is_logged_by_its_kind_alone(kept, source, caplog):
    source.error = RuntimeError("holds a secret")
    with pytest.raises(Away):
        kept.get(anything)
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_many_at_once_make_one_fetch(kept, source):
    source.gate.clear()
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(kept.get, anything) for _ in range(8)]
        source.gate.set()
        assert {answer.result() for answer in answers} == {"one"}
    assert source.fetches == 1


def test_nobody_waits_longer_than_a_request_can_and_the_fetch_goes_on(source, clock):
    kept = Kept(
        "the value",
        source,
        clock,
        fresh_for=SECOND,
        stale_for=SECOND,
        retry_every=SECOND,
        patience=0.05,
    )
    source.gate.clear()
    with pytest.raises(Away):
        kept.get(anything)
    clock.move(5)
    with pytest.raises(Away):  # and no second fetch is begun beside the first
        kept.get(anything)
    assert source.fetches == 1
    clock.move(-5)
    source.gate.set()
    for _ in range(6_000):
        if kept.at_hand(anything):
            break
        threading.Event().wait(0.01)
    assert kept.at_hand(anything) == "one"


def test_whoever_has_what_is_wanted_does_not_wait_for_another_s_fetch(kept, source, clock):
    kept.get(anything)
    clock.move(601)
    source.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(kept.get, anything)
        while source.fetches == 1:
            threading.Event().wait(0.001)
        assert kept.get(anything) == "one"  # at once: the gate is still closed
        source.value = "two"
        source.gate.set()
        assert first.result() == "two"
