"""The look-ahead audit: it catches cheats that were planted, and passes what is honest."""

import numpy as np
import pytest

import engine
from engine import BadBars, BadParameter, NotEnoughHistory, UnknownName
from engine.audit import audit

NAMES = [spec.name for spec in engine.strategies().values()]


def trailing_mean(values, window):
    """Means over the last ``window`` values; NaN before there are so many."""
    sums = np.cumsum(np.insert(values, 0, 0.0))
    means = (sums[window:] - sums[:-window]) / window
    return np.concatenate([np.full(min(window - 1, len(values)), np.nan), means])


def entries(close):
    """1 on and after a close above the highest of the 20 before, honestly."""
    highest = [np.max(close[max(i - 20, 0) : i], initial=0.0) for i in range(len(close))]
    return close > np.array(highest)


def honest_breakout(bars):
    """Bought at a new high, sold at a close below the mean of 20."""
    mean, position, held = trailing_mean(bars.close, 20), np.zeros(len(bars), dtype=int), 0
    for bar, enters in enumerate(entries(bars.close)):
        held = 1 if enters else 0 if bars.close[bar] < mean[bar] else held
        position[bar] = held
    return position


def whole_history_z_score(bars):
    """The mean and deviation of all bars, those to come included."""
    return np.sign((bars.close - bars.close.mean()) / bars.close.std()).astype(int)


def centred_mean(bars):
    """A mean of five bars around each, so of two that are still to come."""
    padded = np.pad(bars.close, 2, mode="edge")
    return np.sign(bars.close - np.convolve(padded, np.full(5, 0.2), "valid")).astype(int)


def unshifted_exit(bars):
    """Sold the bar before a close falls below the mean of 20: its exit is one bar early."""
    below = bars.close < trailing_mean(bars.close, 20)
    leaves = np.append(below[1:], False)
    position, held = np.zeros(len(bars), dtype=int), 0
    for bar, enters in enumerate(entries(bars.close)):
        held = 0 if leaves[bar] else 1 if enters else held
        position[bar] = held
    return position


def rare_peek(bars):
    """Buys and sells by yesterday's close, but never holds over a fall of 5 %."""
    change = np.diff(bars.close, prepend=bars.close[:1]) / bars.close
    action = np.where(change > 0, 1, -1)
    action[:-1][change[1:] < -0.05] = 0
    return action


def tomorrow(bars):
    """Says what tomorrow's bar will do."""
    return np.sign(np.diff(bars.close, append=bars.close[-1:])).astype(int)


CHEATS = [whole_history_z_score, centred_mean, unshifted_exit, rare_peek, tomorrow]


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.__name__)
def test_planted_cheats_are_caught(cheat, bars):
    report = audit(cheat, bars)
    assert not report.passed
    first = report.difference
    assert first.bar < first.known < len(bars)
    assert first.time == bars.time[first.bar]
    assert cheat(bars)[first.bar] == first.whole
    assert cheat(bars[: first.known])[first.bar] == first.truncated
    assert first.whole != first.truncated


@pytest.mark.parametrize("name", NAMES)
def test_every_strategy_of_the_catalogue_passes_on_real_bars(name, bars):
    decision = engine.decide(name, bars)
    assert audit(decision) == audit(name, bars)
    report = audit(decision, histories=48)
    assert report.passed, report.difference
    assert report.difference is None
    assert 32 < report.histories <= 48
    assert report.bars == len(bars)


def test_an_honest_function_passes(bars):
    assert audit(honest_breakout, bars).passed


def test_scores_may_differ_in_their_last_digits_only(bars):
    def rounded(bars):
        return bars.close * (1.0 + 1e-14 * len(bars))

    def drifting(bars):
        return bars.close * (1.0 + 1e-7 * len(bars))

    assert audit(rounded, bars).passed
    assert not audit(drifting, bars).passed


def test_a_function_may_answer_in_several_columns(bars):
    def two(bars):
        return {"mean": trailing_mean(bars.close, 20), "peek": tomorrow(bars)}

    assert audit(two, bars).difference.what == "peek"
    assert audit(lambda bars: tuple(two(bars).values()), bars).difference.what == "answer 2"
    assert audit(lambda bars: engine.decide("PRICE_AND_RSI", bars), bars).passed


def test_a_number_that_was_none_is_a_difference(bars):
    def centred(bars):
        return np.append(bars.close[1:], np.nan)

    first = audit(centred, bars).difference
    assert first.truncated is None
    assert first.whole == bars.close[first.known]


def test_parameters_reach_the_strategy(bars):
    report = audit("MOVING_AVERAGE_CROSS", bars, 8, fast=5, slow=200)
    assert report.passed
    with pytest.raises(BadParameter, match="shorter"):
        audit("MOVING_AVERAGE_CROSS", bars, fast=50, slow=20)
    with pytest.raises(UnknownName):
        audit("NOTHING", bars)


def test_a_decision_cheats_when_it_was_made_with_more_than_its_own_bars(bars):
    longer = engine.decide("PRICE_AND_RSI", bars)
    shifted = bars.replace(close=np.append(bars.close[1:], bars.close[-1]))
    peeked = engine.Decision(
        **{
            name: getattr(engine.decide("PRICE_AND_RSI", shifted), name)
            for name in engine.Decision.__dataclass_fields__
        }
        | {"bars": longer.bars}
    )
    assert not audit(peeked).passed


def test_sentiment_is_heard_again_as_far_as_the_bars_go(bars):
    rng = np.random.default_rng(6)
    known = np.sort(rng.choice(bars.time, 300, replace=False))
    mood = engine.Sentiment(known - 1, known, rng.random(300))
    decision = engine.decide("COMBINED", bars, mood)
    assert (decision.action != engine.decide("COMBINED", bars).action).any()
    assert audit(decision).passed
    assert audit(lambda bars: engine.decide("COMBINED", bars, mood), bars).passed

    def applies_the_latest_to_all(bars):
        latest = np.where(known <= bars.time[-1])[0]
        heard = np.full(len(bars), 0.5 if len(latest) == 0 else mood.value[latest[-1]])
        return engine.decide("COMBINED", bars, heard)

    assert not audit(applies_the_latest_to_all, bars).passed


def test_short_histories_are_all_run(bars):
    report = audit(centred_mean, bars[:10])
    assert not report.passed
    assert audit(lambda bars: bars.close, bars[:10]).histories == 8


def test_a_function_is_not_asked_about_histories_shorter_than_it_can_judge(bars):
    lengths = []

    def watched(bars):
        lengths.append(len(bars))
        return bars.close

    audit(watched, bars)
    assert min(lengths) == len(bars) // 10
    audit(watched, bars, least=5)
    assert min(lengths) == 5


def test_histories_that_the_strategy_finds_too_short_are_left_out(bars):
    def choosy(bars):
        if len(bars) < 2000:
            raise NotEnoughHistory(2000, len(bars))
        return bars.close

    report = audit(choosy, bars)
    assert report.passed
    assert 0 < report.histories < 32
    assert not audit(lambda bars: bars.close, bars[:1]).passed


def test_the_same_histories_are_run_each_time(bars):
    seen = []
    for _ in range(2):
        lengths = []

        def watched(bars, lengths=lengths):
            lengths.append(len(bars))
            return honest_breakout(bars)

        audit(watched, bars, 20)
        seen.append(lengths)
    assert seen[0] == seen[1]
    assert 10 <= len(seen[0]) <= 21


@pytest.mark.parametrize("histories", [0, -1, 10_001, 1.5])
def test_histories_out_of_range_are_refused(histories, bars):
    with pytest.raises(BadParameter, match="histories"):
        audit("PRICE_AND_RSI", bars, histories)


@pytest.mark.parametrize(
    "answer", [lambda bars: bars.close[1:], lambda bars: 1.0, lambda bars: ["BUY"] * len(bars)]
)
def test_what_is_not_one_number_for_each_bar_is_refused(answer, bars):
    with pytest.raises(BadParameter, match="one number for each bar"):
        audit(answer, bars)


def test_answers_that_change_their_names_are_refused(bars):
    with pytest.raises(BadParameter, match="other names"):
        audit(lambda bars: {f"of {len(bars)}": bars.close}, bars)


def test_bars_are_needed_once(bars):
    with pytest.raises(BadBars, match="give them"):
        audit("PRICE_AND_RSI")
    with pytest.raises(BadBars, match="its own"):
        audit(engine.decide("PRICE_AND_RSI", bars), bars[1:])
