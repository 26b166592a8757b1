"""Which form is tried first, by numbers alone."""

import pytest

from graphql_api.guard.guess import Flow, Seen, expected_tat, likely, misled, sharers
from graphql_api.guard.limits import SECOND, Form, rate_of
from graphql_api.stores import Outcome, UsageDay

NOON = 1_795_262_400 * SECOND  # a slot of time begins, in all plans
BASIC = rate_of(100, 200)
SLOT = BASIC.slack
DEMO = rate_of(5, 10)
TODAY = "2026-11-21"


def flow(*answers):
    """What is known after answers: when, requests of the day, and how many of these are ours."""
    known = Flow()
    for at, requests, own in answers:
        known.learn(BASIC, Outcome(True, UsageDay(TODAY, requests=requests)), own, at)
    return known


def seen(tat, at=NOON - 2 * SLOT, known=None, mark=None, shared=True):
    return Seen(UsageDay(TODAY, tat), at, shared, known or Flow(), at, 0, mark)


def test_others_are_those_requests_of_the_day_that_are_not_ours():
    known = flow((NOON, 1, 1), (NOON + SECOND, 52, 1), (NOON + 2 * SECOND, 102, 50))
    assert known.others == pytest.approx(50 / 200)
    assert known.sharers == pytest.approx(1 + 50 / 51)


def test_a_process_alone_has_no_others():
    known = flow(*((NOON + number * 10_000, number + 1, 1) for number in range(500)))
    assert (known.others, known.sharers) == (0, 1)


def test_what_was_before_the_last_seconds_does_not_count():
    busy = [(NOON + number * SECOND, 101 * number, 1) for number in range(10)]
    alone = [(NOON + (10 + number) * SECOND, 910 + number, 1) for number in range(5)]
    assert flow(*busy).others == pytest.approx(1)
    assert flow(*busy, *alone).others == 0


def test_requests_that_are_given_back_make_no_others():
    assert flow((NOON, 60, 50), (NOON + SECOND, 31, 1)).others == 0


def test_a_clock_that_is_set_back_begins_to_count_anew():
    known = flow((NOON, 1, 1), (NOON + SECOND, 102, 1), (NOON - SECOND, 103, 1))
    assert known._older[0] == NOON - SECOND


@pytest.mark.parametrize(
    ("ahead", "others", "form"),
    [
        (-SLOT, 0, Form.IDLE),
        (SLOT // 2, 0, Form.IDLE),  # within the slot that begins
        (SLOT * 2, 0, Form.BUSY),
        (0, 0.3, Form.IDLE),  # others move it, and not so far
        (SLOT * 3 // 4, 0.3, Form.BUSY),
    ],
)
def test_busy_is_tried_where_the_bucket_is_expected_more_than_a_slot_ahead(ahead, others, form):
    known = Flow()
    known.others = others
    last = seen(NOON - BASIC.band + ahead, known=known)
    for now in (NOON, NOON + SLOT - 1):
        assert likely(BASIC, last, now, life=0) is form
    far = last.usage.tat + SECOND // 2
    assert likely(BASIC, seen(far, known=known), NOON, life=SECOND // 2) is form


def test_others_are_expected_to_have_moved_the_bucket_and_never_by_more_than_the_rate():
    known = flow((NOON, 1, 1), (NOON + SECOND, 52, 1))
    assert expected_tat(seen(NOON, at=NOON, known=known), NOON + SECOND) == NOON + SECOND // 2
    assert expected_tat(seen(NOON, at=NOON, known=known), NOON - SECOND) == NOON
    flood = flow((NOON, 1, 1), (NOON + SECOND, 900, 1))
    assert expected_tat(seen(NOON, at=NOON, known=flood), NOON + SECOND) == NOON + SECOND
    assert expected_tat(seen(None), NOON) is expected_tat(None, NOON) is None


@pytest.mark.parametrize(("ahead", "form"), [(1, Form.IDLE), (1.8, Form.IDLE), (2, Form.BUSY)])
def test_where_a_request_takes_a_whole_slot_the_one_before_counts_as_well(ahead, form):
    """Whoever came in it has left a mark; and if nobody did, the bucket stands as it began."""
    now = NOON + DEMO.slack
    last = seen(NOON - DEMO.band + round(ahead * DEMO.slack), at=NOON - SECOND)
    assert likely(DEMO, last, now, life=0) is form


def test_what_was_seen_in_this_slot_is_believed():
    last = seen(NOON - BASIC.band + 20_000, at=NOON + 5_000)
    assert likely(BASIC, last, NOON + 19_000, life=0) is Form.BUSY
    assert likely(BASIC, last, NOON + 21_000, life=0) is Form.IDLE


def test_whoever_knows_nothing_tries_idle():
    assert likely(BASIC, None, NOON, life=0) is Form.IDLE


@pytest.mark.parametrize(
    ("last", "fresh", "so"),
    [
        (None, False, False),
        (seen(NOON, mark=0), False, False),  # it stands high enough for the mark
        (seen(NOON - SECOND, mark=1), False, False),  # the mark of another slot
        (seen(NOON - SECOND, mark=0), False, True),  # of this one, 3.2 s ago
        (seen(NOON - SECOND, mark=0, at=NOON), False, False),  # others have moved it by now
        (seen(NOON - SECOND, mark=0, at=NOON, shared=False), False, True),
        (seen(NOON - SECOND, mark=0, at=NOON), True, True),
    ],
)
def test_a_mark_is_not_heeded_where_it_is_of_no_use(last, fresh, so):
    assert misled(BASIC, last, BASIC.at(NOON + 1), NOON + 1, fresh) is so


def test_a_mark_of_the_slot_before_misleads_too_where_it_is_looked_at():
    for number, so in ((-1, True), (0, True), (1, False), (-2, False)):
        last = seen(NOON - 9 * SECOND, mark=DEMO.at(NOON + number * DEMO.slack).slots[0])
        assert misled(DEMO, last, DEMO.at(NOON), NOON, fresh=False) is so, number


def test_who_shares_is_as_was_measured_and_four_where_that_is_not_known():
    assert sharers(BASIC, None, NOON) == 4
    assert sharers(BASIC, seen(NOON), NOON) == 4
    assert sharers(BASIC, seen(NOON, shared=False), NOON) == 1
    assert sharers(BASIC, seen(NOON), NOON + 2 * SECOND) == 1
    measured = flow((NOON, 1, 1), (NOON + SECOND, 92, 10))
    assert sharers(BASIC, seen(NOON, known=measured), NOON) == pytest.approx(9.1)
