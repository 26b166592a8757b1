"""What was known and public when: readings in their three times."""

from dataclasses import replace

import numpy as np
import pytest

from market_data.calendar import DAY, SECOND
from market_data.errors import BadReadings
from market_data.readings import MOST, Delivered, Readings, confirmed, joined, merged, postponed

FIRST_K = 19_000 * DAY
EVER = 30_000 * DAY


def values(heard):
    return [] if heard is None else heard.sentiment.value.tolist()


def take(kept, told, known):
    """A delivery merged and confirmed."""
    after, added, restated = merged(kept, told, known)
    return (after if after is kept else confirmed(after)), added, restated


@pytest.fixture
def kept(told):
    return take(Readings("AAPL"), told([0.2, 0.4, 0.9]), FIRST_K)[0]


def test_nothing_is_heard_before_it_is_known_here(kept):
    assert kept.heard(EVER, FIRST_K - 1) is None
    assert values(kept.heard(EVER, FIRST_K)) == [0.2, 0.4, 0.9]


def test_nothing_is_heard_before_it_was_public(kept):
    second = int(kept.published[1])
    assert values(kept.heard(second - 1, FIRST_K)) == [0.2]
    assert values(kept.heard(second, FIRST_K)) == [0.2, 0.4]


def test_a_bar_hears_what_was_public_by_its_close(kept):
    closes = kept.published + np.array([-1, 0, 5 * SECOND])
    heard = kept.heard(EVER, FIRST_K)
    np.testing.assert_array_equal(heard.readings(closes), [np.nan, 0.4, 0.9])


def test_a_value_told_anew_is_not_applied_to_the_past(kept, told, clock):
    later = FIRST_K + DAY
    after, added, restated = take(kept, told([0.7], fetched_at=clock.now + DAY), later)
    assert (added, restated) == (0, 1)
    before, now = after.heard(EVER, FIRST_K), after.heard(EVER, later)
    assert values(before) == values(kept.heard(EVER, FIRST_K))
    assert before.data_version == kept.heard(EVER, FIRST_K).data_version != now.data_version
    # A bar of long ago still hears what was public then.
    assert now.readings(np.array([int(kept.published[0])])).tolist() == [0.2]
    assert values(after.heard(later - 1, later)) == [0.2, 0.4, 0.9]


def test_the_same_again_or_an_older_fetch_changes_nothing(kept, told, clock):
    assert merged(kept, told([0.2, 0.4, 0.9]), EVER) == (kept, 0, 0)
    outdated = told([0.3], fetched_at=clock.now - SECOND)
    assert merged(kept, outdated, EVER) == (kept, 0, 0)


def test_what_a_newer_fetch_says_again_is_not_changed_by_an_older_one_that_comes_late(
    kept, told, clock
):
    again, *counts = merged(kept, told([0.2], fetched_at=clock.now + 2 * DAY), FIRST_K + DAY)
    assert (counts, again.pending, again.version) == ([0, 0], 0, kept.version + 1)
    assert again.heard(EVER, EVER).data_version == kept.heard(EVER, EVER).data_version
    late = told([0.7, 0.8], fetched_at=clock.now + DAY)
    after, added, restated = merged(again, late, FIRST_K + 2 * DAY)
    assert (added, restated) == (0, 1)  # the second, which nobody has confirmed
    # In the other order the same holds in the end.
    other = take(kept, late, FIRST_K + DAY)[0]
    newer = told([0.2], fetched_at=clock.now + 2 * DAY)
    other = take(other, newer, FIRST_K + 2 * DAY)[0]
    last = [dict(zip(one.time.tolist(), one.value.tolist(), strict=True)) for one in (after, other)]
    assert last[0] == last[1]


def test_late_readings_find_their_place(told):
    first = take(Readings("AAPL"), told([0.9], first=2), FIRST_K)[0]
    after, added, _ = take(first, told([0.1, 0.2], source="other"), FIRST_K + 1)
    assert added == 2
    assert after.time.tolist() == sorted(after.time.tolist())
    assert values(after.heard(EVER, FIRST_K)) == [0.9]
    heard = after.heard(EVER, FIRST_K + 1)
    assert (values(heard), heard.source) == ([0.1, 0.2, 0.9], "other + told")


def test_what_is_postponed_is_known_and_public_later_and_what_came_before_stays(kept, told, clock):
    again = told([0.7], fetched_at=clock.now + DAY)
    after = take(kept, again, FIRST_K + 1)[0]
    moved = postponed(after, FIRST_K + 1, FIRST_K + 9)
    assert moved.version == after.version + 1
    assert sorted(moved.known.tolist()) == [FIRST_K] * 3 + [FIRST_K + 9]
    assert moved.published[moved.known == FIRST_K + 9].tolist() == [FIRST_K + 9]


def test_what_is_pending_is_heard_by_nobody_and_bounds_what_can_be_spoken_of(kept, told, clock):
    known = FIRST_K + DAY
    pending = merged(kept, told([0.1], first=5), known)[0]
    assert (pending.pending, pending.horizon) == (known, known - 1)
    assert values(pending.heard(EVER, pending.horizon)) == [0.2, 0.4, 0.9]
    after = confirmed(pending)
    assert (after.horizon, values(after.heard(EVER, known))) == (None, [0.2, 0.4, 0.9, 0.1])
    # Read for a while, they speak of no moment after that either.
    read = replace(pending, read_at=known - 5, fresh_for=1)
    assert read.horizon == known - 5
    assert replace(read, read_at=known + 5).horizon == known - 1
    assert replace(after, read_at=known + 5, fresh_for=1).horizon == known + 5


def test_what_was_left_pending_is_taken_along(kept, told, clock):
    left = merged(kept, told([0.1], first=5), FIRST_K + 1)[0]
    after, added, _ = take(left, told([0.3], first=6), FIRST_K + 9)
    assert added == 1
    assert sorted(set(after.known.tolist())) == [FIRST_K, FIRST_K + 9]
    again, added, _ = take(left, told([0.1], first=5), FIRST_K + 9)
    assert (added, again.pending, again.last_known) == (0, 0, FIRST_K + 9)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"value": [0.1, np.nan]}, "finite"),
        ({"value": [0.1, np.inf]}, "finite"),
        ({"value": [0.1, 1.0000001]}, "between 0 and 1"),
        ({"value": [-1e-9, 0.5]}, "between 0 and 1"),
        ({"time": [10, 10]}, "increase"),
        ({"published": [9, 20]}, "before the moment"),
        ({"published": [10, 31]}, "after it was fetched"),
        ({"published": [10]}, "one time, one published"),
    ],
)
def test_a_delivery_that_breaks_a_rule_is_refused_and_says_which(change, rule):
    columns = {"time": [10, 20], "published": [10, 20], "value": [0.1, 0.5]} | change
    kinds = {"time": np.int64, "published": np.int64, "value": np.float64}
    with pytest.raises(BadReadings, match=rule):
        Delivered(
            **{name: np.array(column, kinds[name]) for name, column in columns.items()},
            source="told",
            fetched_at=30,
        )


def test_no_symbol_has_more_readings_than_are_read_at_once(kept, told):
    time = np.arange(MOST, dtype=np.int64) + 10
    many = Delivered(time, time, np.full(MOST, 0.5), "told", MOST + 10)
    with pytest.raises(BadReadings, match=f"at most {MOST:,}"):
        merged(kept, many, EVER)
    assert merged(Readings("AAPL"), many, EVER)[1] == MOST


def test_joined_versions_are_one_of_sixteen_digits_and_depend_on_each():
    one = joined(["a", "b"])
    assert len(one) == 16
    assert len({one, joined(["a", "c"]), joined(["ab"]), joined(["b", "a"])}) == 4
