"""States: what they say is what the whole history says, also after a night as bytes."""

import json
import struct
import zlib

import numpy as np
import pytest

import engine
from engine import BadBars, BadParameter, BadSentiment, BadState, NotEnoughHistory, State

STRATEGIES = list(engine.strategies().values())
CASES = [(spec, False) for spec in STRATEGIES] + [(engine.strategies()["COMBINED"], True)]
each_case = pytest.mark.parametrize(
    ("spec", "mood"), CASES, ids=[f"{spec.name}{' with sentiment' * mood}" for spec, mood in CASES]
)


def readings(bars, mood):
    """A reading of sentiment on every fifth bar or so, or none at all."""
    rng = np.random.default_rng(6)
    said = np.where(rng.random(len(bars)) < 0.2, rng.random(len(bars)), np.nan)
    return said if mood else None


def opened(spec, bars, known, end):
    return engine.open(spec.name, bars[:end], None if known is None else known[:end])


def reading(known, bar):
    return None if known is None or np.isnan(known[bar]) else known[bar]


@each_case
def test_an_update_says_what_the_whole_history_says_bit_for_bit(spec, mood, bars):
    known = readings(bars, mood)
    decision = engine.decide(spec.name, bars, known)
    for start in (0, 7, spec.reach(), spec.reach() + 1, spec.reach() + 2, 1000):
        state = opened(spec, bars, known, start)
        for bar in range(start, start + 60):
            action = state.update(bars[bar : bar + 1], reading(known, bar))
            assert action == state.action == decision.action[bar]
            assert state.rating == decision.rating[bar]
            assert state.score == decision.score[bar]
            assert state.bars == bar + 1
        if state.bars > decision.first:
            assert state.explain() == engine.explain(decision, bar)


@each_case
def test_a_state_goes_on_from_its_bytes_as_if_nothing_had_been(spec, mood, real):
    bars = real["IBM"]
    known = readings(bars, mood)
    for length in (0, 3, spec.reach() + 1, 900):
        state = opened(spec, bars, known, length)
        again = State.from_bytes(state.to_bytes())
        assert again.to_bytes() == state.to_bytes()
        for one in (state, again):
            one.update(bars[length : length + 1])
            one.update(bars[length + 1 : length + 40])
        assert (again.strategy, again.parameters) == (state.strategy, state.parameters)
        assert (again.score, again.action, again.rating) == (
            state.score,
            state.action,
            state.rating,
        )
        assert again.bars == length + 40


@each_case
def test_many_bars_at_once_come_to_the_same_as_one_by_one(spec, mood, real):
    bars = real["GOOG"]
    at_once = engine.open(spec.name, bars[:700])
    at_once.update(bars[700:1400])
    assert at_once.to_bytes() == engine.open(spec.name, bars[:1400]).to_bytes()


@each_case
def test_a_peek_says_what_the_bar_to_come_will_say(spec, mood, bars):
    known = readings(bars, mood)
    for length in (spec.lookback() + 1, spec.reach() + 5, 1500):
        state = opened(spec, bars, known, length)
        close = bars.close[length - 1]
        outlook = state.peek(close * np.linspace(0.8, 1.2, 9))
        for index, price in enumerate(outlook.close):
            ahead = State.from_bytes(state.to_bytes())
            ahead.update(
                engine.Bars(
                    2 * bars.time[length - 1 : length] - bars.time[length - 2 : length - 1],
                    [close],
                    [max(close, price)],
                    [min(close, price)],
                    [price],
                    bars.volume[length - 1 : length],
                )
            )
            assert outlook.action[index] == ahead.action
            assert outlook.rating[index] == ahead.rating
            assert outlook.score[index] == ahead.score


@pytest.mark.parametrize("spec", STRATEGIES, ids=lambda spec: spec.name)
def test_a_state_is_as_small_as_the_longest_window(spec, real):
    longest = 8 * 7 * (spec.reach() + 2) + 2000
    assert len(engine.open(spec.name, real["IBM"]).to_bytes()) < longest


def test_parameters_are_kept(real):
    bars = real["MSFT"]
    state = engine.open("PRICE_AND_RSI", bars[:500], window=77, buy_above=60)
    again = State.from_bytes(state.to_bytes())
    again.update(bars[500:501])
    decision = engine.decide("PRICE_AND_RSI", bars[:501], window=77, buy_above=60)
    assert (again.parameters, again.score) == (decision.parameters, decision.score[-1])


def test_a_state_that_cannot_judge_yet_holds_and_says_what_it_would_need(real):
    state = engine.open("MOVING_AVERAGE_CROSS", real["IBM"][:10])
    assert (state.action, state.rating, state.score) == (0, 0, 0.0)
    with pytest.raises(NotEnoughHistory) as refusal:
        state.explain()
    assert (refusal.value.needed, refusal.value.known) == (50, 10)
    with pytest.raises(NotEnoughHistory) as refusal:
        state.peek(np.array([1.0]))
    assert (refusal.value.needed, refusal.value.known) == (49, 10)


def test_a_bar_that_does_not_follow_is_refused_and_changes_nothing(real):
    bars = real["IBM"]
    state = engine.open("TECHNICAL_RATING", bars[:600])
    before = state.to_bytes()
    with pytest.raises(BadBars, match="times must increase"):
        state.update(bars[599:600])
    assert state.to_bytes() == before
    state.update(bars[600:601])
    assert state.score == engine.decide("TECHNICAL_RATING", bars[:601]).score[-1]


def test_sentiment_may_begin_later_and_is_refused_where_it_makes_no_sense(real):
    bars = real["IBM"]
    state = engine.open("COMBINED", bars[:300])
    state.update(bars[300:301], 0.9)
    known = np.append(np.full(300, np.nan), 0.9)
    assert state.score == engine.decide("COMBINED", bars[:301], known).score[-1]
    with pytest.raises(BadSentiment, match="between 0 and 1"):
        state.update(bars[301:302], 1.5)
    with pytest.raises(BadParameter, match="PRICE_AND_RSI takes no sentiment"):
        engine.open("PRICE_AND_RSI", bars[:300]).update(bars[300:301], 0.5)


@pytest.fixture
def written(real):
    return engine.open("PRICE_AND_RSI", real["AAPL"][:100]).to_bytes()


@pytest.mark.parametrize("data", [b"", b"IPST", b"PK\x03\x04" * 20, b"\x80\x04." * 9, b"IPST" * 30])
def test_foreign_bytes_are_refused(data):
    with pytest.raises(BadState):
        State.from_bytes(data)


def test_damage_to_any_byte_is_noticed(written):
    for place in range(len(written)):
        damaged = bytearray(written)
        damaged[place] ^= 0x10
        with pytest.raises(BadState):
            State.from_bytes(bytes(damaged))
    for length in (len(written) - 1, len(written) // 2, 20):
        with pytest.raises(BadState):
            State.from_bytes(written[:length])


def rewritten(written, **changes):
    """The same bytes with another description, and a checksum that fits it."""
    (length,) = struct.unpack_from("<I", written, 5)
    described = json.loads(written[9 : 9 + length]) | changes
    head = json.dumps(described).encode()
    whole = written[:5] + struct.pack("<I", len(head)) + head + written[9 + length : -4]
    return whole + struct.pack("<I", zlib.crc32(whole))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"engine": "0.0.1"}, "made by engine 0.0.1"),
        ({"hash": "0" * 16}, "another version of PRICE_AND_RSI"),
        ({"strategy": "FORTUNE"}, "no strategy is called 'FORTUNE'"),
        ({"parameters": {"window": 1}}, "window must be between"),
        ({"parameters": None}, "no state of a strategy"),
        ({"bars": 99}, "cut short"),
        ({"bars": -1}, "no state"),
        ({"bars": float("inf")}, "no state"),
        ({"bars": "100"}, "no state"),
        ({"seen": float("nan")}, "no state"),
        ({"seen": 2**70}, "no state"),
        ({"seen": 3}, "no state"),
        ({"strategy": ["PRICE_AND_RSI"]}, "no state"),
        ({"engine": {}}, "made by engine {}"),
        ({"recursions": 1}, "no state|cut short"),
        ({"readings": True}, "cut short"),
    ],
)
def test_bytes_of_another_engine_or_of_none_are_refused_with_the_reason(written, changes, reason):
    with pytest.raises(BadState, match=reason):
        State.from_bytes(rewritten(written, **changes))


def described_in(written):
    """The description, and where the columns begin and end."""
    (length,) = struct.unpack_from("<I", written, 5)
    return json.loads(written[9 : 9 + length]), 9 + length, len(written) - 4


def summed(whole):
    return whole + struct.pack("<I", zlib.crc32(whole))


@pytest.mark.parametrize("spec", STRATEGIES, ids=lambda spec: spec.name)
def test_a_state_with_fewer_recursions_than_its_strategy_is_none(spec, real):
    written = engine.open(spec.name, real["IBM"][:700]).to_bytes()
    described, start, end = described_in(written)
    for fewer in range(1, (described["recursions"] or 0) + 1):
        head = json.dumps(described | {"recursions": described["recursions"] - fewer}).encode()
        whole = written[:5] + struct.pack("<I", len(head)) + head + written[start : end - 8 * fewer]
        with pytest.raises(BadState, match="no state"):
            State.from_bytes(summed(whole))


@pytest.mark.parametrize("column", range(1, 6))
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_prices_that_are_no_numbers_are_refused(written, column, value):
    described, start, end = described_in(written)
    damaged = bytearray(written[:end])
    struct.pack_into("<d", damaged, start + 8 * (column * described["bars"] + 7), value)
    with pytest.raises(BadState, match="no state"):
        State.from_bytes(summed(bytes(damaged)))


@pytest.mark.parametrize("value", [1.5, -0.1, np.inf])
def test_readings_that_are_none_are_refused(real, value):
    bars = real["IBM"][:300]
    written = engine.open("COMBINED", bars, readings(bars, mood=True)).to_bytes()
    described, start, end = described_in(written)
    damaged = bytearray(written[:end])
    struct.pack_into("<d", damaged, start + 8 * 6 * described["bars"], value)
    with pytest.raises(BadState, match="no state"):
        State.from_bytes(summed(bytes(damaged)))


@pytest.mark.parametrize(
    "head",
    [b"no description", b"\xff\xfe", b"[]", b"1", b"null", b"[" * 100_000, b"{}", b"9" * 10_000],
    ids=["text", "bytes", "list", "number", "null", "deep", "empty", "long"],
)
def test_a_description_that_is_none_is_refused(written, head):
    whole = written[:5] + struct.pack("<I", len(head)) + head
    with pytest.raises(BadState, match=r"no state of a strategy|made by engine None"):
        State.from_bytes(summed(whole))


def test_a_later_format_is_refused(written):
    with pytest.raises(BadState, match="version 2, and only 1 can be read"):
        State.from_bytes(written[:4] + b"\x02" + written[5:])
