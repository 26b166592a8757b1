"""What was known when: snapshots of the bitemporal series."""

import dataclasses
import hashlib
import threading

import numpy as np
import pytest

from engine.types import Interval
from market_data.adjust import Adjustment
from market_data.bars import Instrument, KnownAction, Series
from market_data.calendar import DAY, HOUR
from market_data.instruments import ActionKind, CorporateAction

ONE_DAY = Interval.ONE_DAY


@pytest.fixture
def series(daily, day):
    """Five days known from 1 February, the third restated on the 2nd, a split told on the 3rd."""
    bars = daily([100, 110, 50, 60, 70])
    again = daily([55], first=2)
    rows = np.array([0, 1, 2, 2, 3, 4])
    stack = {name: getattr(bars, name)[rows].copy() for name in ("open", "high", "low", "close")}
    for name, column in stack.items():
        column[3] = getattr(again, name)[0]
    known = np.full(6, day("2020-02-01"))
    known[3] = day("2020-02-02")
    split = CorporateAction(day("2020-01-08"), ActionKind.SPLIT, 2.0)
    return Series(
        Instrument("AAPL", calendar="XNAS", source="told"),
        ONE_DAY,
        1,
        bars.time[rows],
        known,
        **stack,
        volume=bars.volume[rows],
        actions=(KnownAction(split, day("2020-02-03")),),
        origins=("told",),
    )


NOW = 18_400 * DAY


def closes(snapshot):
    return snapshot.bars.close.tolist()


def test_each_moment_has_the_rows_and_actions_known_by_then(series, day):
    assert closes(series.snapshot(as_of=day("2020-02-01") - 1, now=NOW)) == []
    assert closes(series.snapshot(as_of=day("2020-02-01"), now=NOW)) == [100, 110, 50, 60, 70]
    assert closes(series.snapshot(as_of=day("2020-02-02"), now=NOW)) == [100, 110, 55, 60, 70]
    assert closes(series.snapshot(as_of=day("2020-02-03"), now=NOW)) == [50, 55, 55, 60, 70]


def test_both_times_default_to_now(series):
    snapshot = series.snapshot(now=NOW)
    assert (snapshot.as_of, snapshot.known, snapshot.source) == (NOW, 5, "told")


def test_only_bars_closed_by_the_moment_are_judged(series, day):
    close = day("2020-01-08") + 21 * HOUR
    assert series.snapshot(close - 1, now=NOW).known == 2
    assert series.snapshot(close, now=NOW).known == 3
    assert series.snapshot(day("1999-01-01"), now=NOW).known == 0


def test_a_moment_to_judge_beyond_what_was_known_is_that(series, day):
    known = day("2020-02-01")
    late = series.snapshot(day("2030-01-01"), known, now=NOW)
    assert closes(late) == closes(series.snapshot(as_of=known, now=NOW))
    assert late.stale == series.snapshot(as_of=known, now=NOW).stale


def test_an_answer_is_final_when_it_was_asked_for_a_moment_that_has_come(series):
    assert series.snapshot(as_of=NOW, now=NOW).final
    assert not series.snapshot(now=NOW).final
    ahead = series.snapshot(as_of=NOW + 1, now=NOW)
    assert (ahead.final, ahead.as_of) == (False, NOW)


def test_earlier_bars_are_the_first_of_later_ones_bit_for_bit(series, day):
    whole = series.snapshot(now=NOW, adjustment=Adjustment.SPLITS_AND_DIVIDENDS)
    part = series.snapshot(day("2020-01-08"), now=NOW, adjustment=Adjustment.SPLITS_AND_DIVIDENDS)
    assert part.known == 2
    for field in dataclasses.fields(part.bars):
        first = getattr(whole.bars, field.name)[:2]
        assert getattr(part.bars, field.name).tobytes() == first.tobytes()


def test_a_split_takes_effect_on_its_date_however_early_it_is_told(series, day):
    ahead = CorporateAction(day("2020-04-01"), ActionKind.SPLIT, 10.0)
    told = dataclasses.replace(series, actions=(KnownAction(ahead, day("2020-03-01")),))
    assert closes(told.snapshot(as_of=day("2020-04-01") - 1, now=NOW))[-1] == 70
    assert closes(told.snapshot(as_of=day("2020-04-01"), now=NOW))[-1] == 7


def test_an_action_told_anew_replaces_the_old_telling(series, day):
    wrong, right = (
        CorporateAction(day("2020-01-08"), ActionKind.SPLIT, value) for value in (3.0, 2.0)
    )
    told = dataclasses.replace(
        series,
        actions=(KnownAction(right, day("2020-02-04")), KnownAction(wrong, day("2020-02-03"))),
    )
    assert closes(told.snapshot(as_of=day("2020-02-03"), now=NOW))[1] == 110 / 3
    assert closes(told.snapshot(as_of=day("2020-02-04"), now=NOW))[1] == 55


def test_where_no_bar_is_answered_no_split_is_a_part_of_the_version(series, day):
    before, after = (
        series.snapshot(day("2020-01-01"), day(known), now=NOW)
        for known in ("2020-02-02", "2020-02-03")
    )
    assert (before.known, after.known) == (0, 0)
    assert before.data_version == after.data_version


def test_a_series_is_stale_when_a_day_that_is_due_is_missing(series, day):
    assert not series.snapshot(day("2020-01-10") + 22 * HOUR, now=NOW).stale
    assert not series.snapshot(day("2020-01-13"), now=NOW).stale
    assert series.snapshot(day("2020-01-13") + 23 * HOUR, now=NOW).stale
    assert series.snapshot(day("1999-01-01"), now=NOW).stale


def test_the_data_version_names_the_rows_used_and_nothing_else(series, day):
    versions = {
        moment: series.snapshot(as_of=day(moment), now=NOW).data_version
        for moment in ("2020-01-31", "2020-02-01", "2020-02-02", "2020-02-03", "2020-02-04")
    }
    assert versions["2020-02-03"] == versions["2020-02-04"]
    assert len(set(versions.values())) == 4
    # A restatement after the moment judged is no part of the answer.
    early = [
        series.snapshot(day("2020-01-08"), day(moment), now=NOW).data_version
        for moment in ("2020-02-01", "2020-02-02")
    ]
    assert early[0] == early[1]
    raw = series.snapshot(now=NOW, adjustment=Adjustment.RAW)
    assert raw.data_version != series.snapshot(now=NOW).data_version


def test_the_data_version_can_be_computed_elsewhere(series, day):
    raw = series.snapshot(now=NOW, adjustment=Adjustment.RAW).bars
    told = b"bars 1 AAPL ONE_DAY SPLITS 5\n" + f"{day('2020-01-08')} SPLIT 2.0 0.5\n".encode()
    columns = (raw.time, raw.open, raw.high, raw.low, raw.close, raw.volume)
    expected = hashlib.sha256(told + b"".join(column.tobytes() for column in columns))
    assert series.snapshot(now=NOW).data_version == expected.hexdigest()[:16]


def test_when_rows_became_known_is_no_part_of_their_version(series):
    elsewhere = dataclasses.replace(series, known=series.known + 9)
    assert elsewhere.snapshot(now=NOW).data_version == series.snapshot(now=NOW).data_version


def test_the_source_names_every_origin_of_the_rows_used(series, day):
    mixed = dataclasses.replace(
        series, origins=("told", "file"), origin=np.array([0, 0, 0, 1, 0, 0])
    )
    assert mixed.snapshot(as_of=day("2020-02-01"), now=NOW).source == "told"
    assert mixed.snapshot(now=NOW).source == "told + file"
    assert mixed.snapshot(day("1999-01-01"), now=NOW).source == "told"


def test_a_source_is_told_the_same_in_whichever_order_a_store_tells_of_origins(series, day):
    from_three = np.array([0, 1, 2, 2, 1, 0])
    told = [
        dataclasses.replace(
            series,
            origins=origins,
            origin=np.array([origins.index(name) for name in np.array(names)[from_three]]),
        ).snapshot(as_of=NOW, now=NOW)
        for names in [("told", "zeta", "alpha")]
        for origins in [("told", "zeta", "alpha"), ("told", "alpha", "later", "zeta")]
    ]
    assert {one.source for one in told} == {"told + alpha + zeta"}
    assert {one.origins for one in told} == {("told", "alpha", "zeta")}


def test_no_rows_are_an_answer_too(daily):
    none = daily([])
    empty = Series(
        Instrument("NONE"),
        ONE_DAY,
        0,
        none.time,
        none.time,
        none.open,
        none.high,
        none.low,
        none.close,
        none.volume,
    )
    snapshot = empty.snapshot(now=NOW)
    assert (snapshot.known, snapshot.stale, empty.last_known) == (0, True, 0)
    assert len(snapshot.data_version) == 16


def test_no_moment_is_too_far_away_to_be_asked_about(series):
    for at in (-62_135_596_800_000_000, 253_402_300_799_999_999):
        for as_of in (-62_135_596_800_000_000, 253_402_300_799_999_999):
            assert series.snapshot(at, as_of, now=NOW).known in (0, 5)


def test_the_same_moment_is_answered_from_memory_and_memory_is_bounded(series, day):
    first = series.snapshot(now=NOW)
    assert series.snapshot(now=NOW + HOUR).bars.close.base is first.bars.close.base
    many = dataclasses.replace(
        series,
        actions=tuple(
            KnownAction(CorporateAction(n * DAY, ActionKind.DIVIDEND, 1.0), day("2020-02-03") + n)
            for n in range(100)
        ),
    )
    expected = [
        dataclasses.replace(many).snapshot(as_of=day("2020-02-03") + n, now=NOW) for n in (3, 90)
    ]
    for n in range(100):
        many.snapshot(day("2020-01-07") + n * DAY, day("2020-02-03") + n, now=NOW)
    assert len(many._views) == 3
    again = [many.snapshot(as_of=day("2020-02-03") + n, now=NOW) for n in (3, 90)]
    assert [one.data_version for one in again] == [one.data_version for one in expected]
    for n in range(20):
        many.snapshot(day("2020-01-01") + n * DAY // 2, now=NOW)
    assert all(len(view.versions) <= 8 for view in many._views.values())


def test_what_is_known_whole_is_looked_at_and_not_copied(series, day):
    plain = dataclasses.replace(
        series,
        **{name: getattr(series, name)[3:] for name in ("time", "known", "origin")},
        **{name: getattr(series, name)[3:] for name in ("open", "high", "low", "close", "volume")},
    )
    raw = plain.snapshot(now=NOW, adjustment=Adjustment.RAW).bars
    assert raw.close.tolist() == [55, 60, 70]
    assert np.shares_memory(raw.close, plain.close)
    restated = series.snapshot(now=NOW, adjustment=Adjustment.RAW).bars
    assert not np.shares_memory(restated.close, series.close)


def test_threads_get_the_same_answer(series, day):
    answers = []

    def ask(n):
        for moment in range(50):
            as_of = day("2020-02-01") + (moment + n) % 4 * DAY
            answers.append((as_of, series.snapshot(as_of=as_of, now=NOW).data_version))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 400
    assert len(set(answers)) == 4


def test_nobody_downstream_can_change_the_past(series):
    bars = series.snapshot(now=NOW).bars
    with pytest.raises(ValueError, match="read-only"):
        bars.close[0] = 1.0
