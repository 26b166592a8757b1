"""The arithmetic of the limits, by numbers alone."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_api.guard.limits import (
    DAY,
    SECOND,
    Form,
    day_of,
    midnight_before,
    next_day_of,
    rate_of,
    seconds_until,
)
from graphql_api.guard.plans import PLANS

NOON = 1_795_262_400 * SECOND
MIDNIGHT = midnight_before(NOON)
BASIC = rate_of(per_second=100, burst=200)


@dataclass
class Item:
    """A day's item, as the store keeps it: the condition and the change are one step."""

    tat: int | None = None
    marks: tuple[int, ...] = ()
    used: int = 0
    granted: list = field(default_factory=list)

    def admit(self, rate, form, now, n, cost, daily, life=0, blind=False):
        band = rate.at(now, n, life)
        if self.used > daily - cost:
            return False
        here = form is Form.IDLE and band.slots[0] in self.marks and not blind
        if form is Form.BUSY or here:
            if self.tat is None or not band.lo <= self.tat <= band.hi:
                return False
            self.tat += band.step
        elif form is Form.IDLE:
            if self.tat is not None and self.tat > band.x:
                return False
            self.tat = band.x + band.step
        else:
            if self.tat is not None:
                return False
            self.tat = rate.opening(midnight_before(now)) + band.step
        self.marks = () if form is Form.NEW else band.slots
        self.used += cost
        self.granted.append((now, n))
        return True


def test_the_numbers_of_the_plans():
    rates = {name: rate_of(plan.per_second, plan.burst) for name, plan in PLANS.items()}
    assert {name: (r.spacing, r.tau, r.band) for name, r in rates.items()} == {
        "DEMO": (200_000, 2_000_000, 200_000),
        "BASIC": (10_000, 2_000_000, 200_000),
        "PREMIUM": (2_000, 2_000_000, 200_000),
        "ENTERPRISE": (500, 2_500_000, 250_000),
    }
    assert {name: rate.guaranteed for name, rate in rates.items()} == {
        "DEMO": 9,
        "BASIC": 190,
        "PREMIUM": 950,
        "ENTERPRISE": 4_750,
    }


def test_what_idle_may_add_is_a_slot_and_never_a_request_that_is_guaranteed():
    slots = {name: rate_of(plan.per_second, plan.burst).slack for name, plan in PLANS.items()}
    assert slots == {
        "DEMO": 200_000,
        "BASIC": 100_000,
        "PREMIUM": 100_000,
        "ENTERPRISE": 125_000,
    }


def test_idle_stands_at_the_end_of_the_slot_all_through_it():
    for number, at in ((0, NOON), (0, NOON + 99_999), (1, NOON + 100_000)):
        band = BASIC.at(at, n=2, life=7)
        end = NOON + (number + 1) * 100_000
        assert BASIC.slot_end(at) == end
        assert (band.x, band.step, band.slots) == (end + 7 - 200_000, 20_000, (number,))
        assert (band.lo, band.hi) == (at + 7 - 200_000, at + 1_780_000)
    assert BASIC.at(NOON + 32 * 100_000).slots == BASIC.at(NOON).slots  # the names come round


@pytest.mark.parametrize(("burst", "slots"), [(2, 2), (10, 2), (20, 2), (21, 1), (200, 1)])
def test_where_a_request_takes_a_whole_slot_the_next_one_is_marked_too(burst, slots):
    rate = rate_of(5, burst)
    assert rate.slots == slots
    last = NOON - NOON % (32 * rate.slack) + 31 * rate.slack
    assert rate.at(last).slots == (31, 0)[:slots]
    left = rate.at(last).x + rate.spacing
    assert (left >= rate.at(last + rate.slack).x) == (slots == 2)


def test_a_rate_that_does_not_divide_a_second_is_rounded_to_the_safe_side():
    assert rate_of(per_second=3, burst=10).spacing == 333_334


@pytest.mark.parametrize("burst", [0, 1])
def test_a_burst_that_admits_nothing_is_refused(burst):
    with pytest.raises(ValueError, match="would admit nothing"):
        rate_of(100, burst)


def test_no_more_requests_fit_at_once_than_are_guaranteed():
    assert BASIC.fits(BASIC.guaranteed)
    assert not BASIC.fits(BASIC.guaranteed + 1)


@pytest.mark.parametrize(
    ("tat", "available"),
    [
        (None, 190),
        (NOON - 10 * SECOND, 190),
        (NOON - 200_001, 190),
        (NOON - 200_000, 190),  # on the band's edge 200 would fit, and 190 are promised
        (NOON - 100_000, 190),
        (NOON - 99_999, 189),
        (NOON, 180),
        (NOON + 1_790_000, 1),
        (NOON + 1_790_001, 0),
        (NOON + 1_800_000, 0),
        (NOON + 9 * SECOND, 0),
    ],
)
def test_what_is_available_is_read_off_the_arrival_time(tat, available):
    assert BASIC.available(NOON, tat) == available


@pytest.mark.parametrize("tat", [NOON - SECOND, NOON - 100_000, NOON, NOON + 1_795_000, None])
def test_a_request_fits_at_the_moment_it_is_told_to_come_back_and_not_before(tat):
    ready_at = BASIC.ready_at(NOON, tat)
    assert Item(tat).admit(BASIC, BASIC.form(ready_at, tat), ready_at, 1, 0, 0)
    if ready_at > NOON:
        early = ready_at - 1
        assert not Item(tat).admit(BASIC, BASIC.form(early, tat), early, 1, 0, 0)


def test_the_bucket_is_full_when_it_says_so():
    assert BASIC.full_at(NOON, None) == NOON
    full_at = BASIC.full_at(NOON, NOON + 1_800_000)
    assert full_at == NOON + 1_900_000
    assert BASIC.available(full_at, NOON + 1_800_000) == 190
    assert BASIC.available(full_at - 1, NOON + 1_800_000) == 189


@pytest.mark.parametrize(
    ("tat", "form"),
    [
        (None, Form.IDLE),
        (NOON - 200_001, Form.IDLE),
        (NOON - 200_000, Form.BUSY),
        (NOON, Form.BUSY),
        (NOON + 5 * SECOND, Form.BUSY),
    ],
)
def test_the_form_follows_from_the_arrival_time(tat, form):
    assert BASIC.form(NOON, tat) is form


def test_a_young_day_without_an_item_opens_with_new_and_an_empty_bucket():
    young = MIDNIGHT + 1_999_999
    assert BASIC.form(young, None) is Form.NEW
    assert BASIC.form(young + 1, None) is Form.IDLE
    assert [BASIC.available(MIDNIGHT + us, None) for us in (0, 9_999, 10_000, 500_000)] == [
        0,
        0,
        1,
        50,
    ]
    assert BASIC.ready_at(MIDNIGHT, None) == MIDNIGHT + 10_000
    assert BASIC.ready_at(MIDNIGHT, None, n=5) == MIDNIGHT + 50_000


def test_days_are_utc():
    assert (day_of(NOON), next_day_of(NOON)) == ("2026-11-21", "2026-11-22")
    assert day_of(MIDNIGHT) == "2026-11-21"
    assert day_of(MIDNIGHT - 1) == "2026-11-20"
    assert next_day_of(1_798_761_599 * SECOND) == "2027-01-01"
    assert midnight_before(MIDNIGHT) == midnight_before(MIDNIGHT + DAY - 1) == MIDNIGHT


@pytest.mark.parametrize(
    ("microseconds", "seconds"), [(-5, 1), (0, 1), (1, 1), (SECOND, 1), (SECOND + 1, 2)]
)
def test_a_retry_after_is_rounded_up_and_never_nothing(microseconds, seconds):
    assert seconds_until(NOON + microseconds, NOON) == seconds


# Properties: a schedule is what each environment decided by its clock, in the order in which the
# store came to apply it. The two orders differ as much as Hypothesis likes.

rates = st.builds(rate_of, per_second=st.integers(1, 3_000), burst=st.integers(2, 300))
forms = st.sampled_from(Form)
steps = st.tuples(
    st.integers(0, 5 * SECOND),  # when it was decided, after the start
    st.integers(1, 4),  # requests
    st.integers(0, 30),  # units
    st.one_of(st.none(), forms),  # a wrong guess, or the form that fits
    st.booleans(),  # whether the mark of a slot is overlooked
    st.just(0) | st.integers(0, SECOND),  # for how long they may be spent
    st.lists(st.floats(0, 1), min_size=4, max_size=4),  # when of that each is
)


def run(rate, start, schedule, daily):
    """When each request is spent, over as many days as it takes, by the rules before each call."""
    items, spent = {}, []
    for after, n, cost, guess, blind, longest, when in schedule:
        now = start + after
        item = items.setdefault(day_of(now), Item())
        midnight = midnight_before(now)
        life = min(longest, midnight + DAY - now)
        form = guess or rate.form(now, item.tat, life)
        if not rate.fits(n, life) or cost > daily:
            continue
        if form is Form.NEW and (rate.settled(now, life) or now < midnight + n * rate.spacing):
            continue
        if form is Form.IDLE and item.tat is None and not rate.settled(now, life):
            continue
        blind = blind and form is Form.IDLE
        before = item.tat
        if item.admit(rate, form, now, n, cost, daily, life, blind):
            assert now + life - rate.band <= item.tat <= now - rate.band + rate.tau
            assert before is None or item.tat >= before + n * rate.spacing
            spent += [now + int(part * life) for part in when[:n]]
        assert 0 <= item.used <= daily
    return sorted(spent)


def assert_never_over(rate, grants, skew=0):
    for i, first in enumerate(grants):
        for n, last in enumerate(grants[i:], start=1):
            assert n * rate.spacing <= last - first + rate.tau + skew


@settings(max_examples=150, deadline=None)
@given(rate=rates, schedule=st.lists(steps, max_size=120), daily=st.integers(0, 400))
def test_grants_in_any_interval_are_at_most_burst_and_rate_times_interval(rate, schedule, daily):
    assert_never_over(rate, run(rate, NOON, schedule, daily))


@settings(max_examples=150, deadline=None)
@given(rate=rates, schedule=st.lists(steps, max_size=120), before=st.integers(0, 5 * SECOND))
def test_the_bound_holds_across_midnight(rate, schedule, before):
    assert_never_over(rate, run(rate, MIDNIGHT - before, schedule, daily=10_000))


def test_a_flood_over_midnight_is_granted_what_is_allowed():
    """The bound is no empty promise: nearly all of it is granted."""
    start = MIDNIGHT - 3 * SECOND
    schedule = [(after, 1, 1, None, False, 0, [0]) for after in range(0, 6 * SECOND, 1_000)]
    grants = run(BASIC, start, schedule, daily=10_000)
    assert_never_over(BASIC, grants)
    assert 190 + 600 - 2 <= len(grants) <= 200 + 600


def test_leases_in_steady_traffic_are_granted_what_is_allowed():
    """The life of a lease costs room only while the bucket stands below it."""
    schedule = [
        (after, 4, 4, None, False, SECOND, [0, 0.3, 0.6, 1]) for after in range(0, 6 * SECOND, 999)
    ]
    grants = run(BASIC, NOON, schedule, daily=10_000)
    assert_never_over(BASIC, grants)
    assert 95 + 600 - 10 <= len(grants) <= 200 + 700


def test_the_life_that_is_free_costs_no_room():
    for tat in (NOON - 150_000, NOON, NOON + 300_000):
        life = BASIC.free_life(NOON, tat)
        assert BASIC.room(NOON, tat, life) == BASIC.room(NOON, tat)
        assert BASIC.room(NOON, tat, life + 2 * BASIC.spacing + BASIC.band) < BASIC.room(NOON, tat)
    assert BASIC.free_life(NOON, None) == BASIC.free_life(NOON, NOON - 10 * SECOND) == 0
    young = MIDNIGHT + SECOND
    assert BASIC.free_life(young, None) == SECOND


@given(
    rate=rates,
    now=st.integers(MIDNIGHT, MIDNIGHT + 10 * SECOND),
    ahead=st.integers(-5 * SECOND, 5 * SECOND) | st.none(),
)
def test_what_is_reported_agrees_with_what_is_admitted(rate, now, ahead):
    tat = None if ahead is None else now + ahead
    item, available = Item(tat), rate.available(now, tat)
    assert 0 <= available <= rate.guaranteed
    assert (available > 0) == (rate.ready_at(now, tat) == now)
    assert rate.full_at(now, tat) >= rate.ready_at(now, tat) >= now
    for _ in range(available):
        assert item.admit(rate, rate.form(now, item.tat), now, 1, 0, 0)
