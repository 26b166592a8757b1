"""No answer to a fixed moment ever changes: random histories with everything that can go wrong."""

import os
import random
from dataclasses import replace

import pytest

from graphql_api.decisions import Decisions, Question
from graphql_api.judgement import Judge
from market_data.bars import Adjustment
from market_data.stores import SqliteReadingStore, reading
from tests.market_data.stores.homes import HOMES
from tests.market_data.stores.stage import ONE_DAY, Stage

HISTORIES = int(os.environ.get("HISTORIES", "0"))
# `make histories` plays 300 on each home, in groups, so that it can be seen how far it is.
GROUP = 15
SEEDS = (
    dict.fromkeys(HOMES, HISTORIES)
    if HISTORIES
    else {"sqlite": 10, "dynamodb": 6, "dynamodb_and_s3": 4}
)
GROUPS = [
    pytest.param(home, range(first, min(first + GROUP, seeds)), id=f"{home}-from-{first}")
    for first in range(0, max(SEEDS.values()), GROUP)
    for home, seeds in SEEDS.items()
    if first < seeds
]
# Of the first sixty the one with the fewest steps: a call over a wire takes its time.
SHORT = 46
CROSS = ("MOVING_AVERAGE_CROSS", (("fast", 1.0), ("slow", 2.0)))


def play(store, seed):
    stage = Stage(store._backend, seed)
    stage.play()
    return stage


@pytest.mark.parametrize(("home", "seeds"), GROUPS)
def test_no_answer_to_a_fixed_moment_ever_changes(home, seeds, tmp_path):
    for seed in seeds:
        with HOMES[home]() as store:
            stage = play(store, seed)
            assert len(stage.answers) > 20
            series = store.series(stage.symbol, ONE_DAY)
            found = series.snapshot(now=stage.now, adjustment=Adjustment.RAW).bars
            # What was killed on its way and came again is all there, as its newest fetch told it.
            assert dict(zip(found.time.tolist(), found.close.tolist(), strict=True)) == (
                stage.expected()
            )
            nothing_that_is_named_expires(store, stage)
            a_signal_is_its_history_at_that_bar(store, stage, tmp_path)


def test_a_history_goes_the_same_way_over_a_wire(dynamodb):
    """So what is left out where a home is reached without a wire changes nothing."""
    over_a_wire = play(dynamodb, SHORT).answers
    for home in ("dynamodb", "dynamodb_and_s3"):
        with HOMES[home]() as store:
            assert play(store, SHORT).answers == over_a_wire


def nothing_that_is_named_expires(store, stage):
    """Whatever was superseded, discarded, swept or done late: what the last HEAD names stays."""
    named = store._reader.heads([stage.symbol])[stage.symbol].head.names()
    assert store._backend.lasting(named) == named, "what a HEAD names is let go of"


def a_signal_is_its_history_at_that_bar(store, stage, tmp_path):
    """signal(at: t, asOf: k) equals signalHistory(asOf: k) at t."""
    readings = SqliteReadingStore(tmp_path / "none.sqlite")
    judge = Judge(store, readings, Decisions(), stage.now)
    moments = random.Random(0).sample(list(stage.answers), 12)
    judged = 0
    for as_of, _, _ in moments:
        known = store.series(stage.symbol, ONE_DAY).snapshot(as_of=as_of, now=stage.now).known
        if known < 3:
            continue
        history = judge.ask(Question(stage.symbol, ONE_DAY, *CROSS, None, as_of))
        for time in history.snapshot.bars.time.tolist():
            bar = history.find(time)
            if bar is None or bar < 2:
                continue
            then = history.at(bar)
            alone = judge.ask(Question(stage.symbol, ONE_DAY, *CROSS, then_closed(time), as_of))
            assert alone.bar_time == time
            assert alone.decision.action[-1] == then.decision.action[bar]
            assert alone.decision.score[-1] == then.decision.score[bar]
            assert alone.snapshot.data_version == then.snapshot_then().data_version
            judged += 1
    assert judged or len(stage.expected()) < 3 or all(not stage.answers[m] for m in moments)


def then_closed(time):
    """When a daily bar of a market that never rests is closed."""
    return time + 86_400_000_000


def play_some():
    for seed in range(20):
        with HOMES["sqlite"]() as store:
            play(store, seed)


def test_readers_who_speak_of_moments_that_are_pending_are_found_out(monkeypatch):
    """The histories above can fail: one rule less, and an answer changes."""
    honest = reading.Reader._dated

    def rash(self, series, seen):
        return honest(self, series, seen._replace(head=replace(seen.head, pending=0)))

    monkeypatch.setattr(reading.Reader, "_dated", rash)
    with pytest.raises(AssertionError, match="and now it is"):
        play_some()


def test_writers_who_never_look_at_the_clock_again_are_found_out(monkeypatch):
    monkeypatch.setattr("market_data.stores.committing.Commit._too_late", lambda self, draft: False)
    with pytest.raises(AssertionError, match="and now it is"):
        play_some()
