"""Flip prices, fed back through the whole history and checked against the exhaustive grid."""

import numpy as np
import pytest

import engine
import engine.flip as flip_module
from engine import BadParameter, Bars, NotEnoughHistory
from engine.flip import EACH, REACH
from engine.tail import Tail

TICK = 0.01
STRATEGIES = [spec.name for spec in engine.strategies().values()]
CASES = [(name, False) for name in STRATEGIES] + [("COMBINED", True)]
each_case = pytest.mark.parametrize(
    ("name", "mood"), CASES, ids=[f"{name}{' with sentiment' * mood}" for name, mood in CASES]
)
BARS_A_SERIES = 56
"""In each case on each of four series: 2,240 random bars in all."""

STEADY = {"MOMENTUM"}
"""What today's close is no part of has no flips, and none are found."""


def readings(bars, mood):
    """A reading of sentiment on every fifth bar or so, or none at all."""
    rng = np.random.default_rng(5)
    said = np.where(rng.random(len(bars)) < 0.2, rng.random(len(bars)), np.nan)
    return said if mood else None


def actions_if_closed_at_each(decision, bar, prices):
    """The action of a bar, had it closed at each price: one whole history a price."""
    bars = decision.bars[: bar + 1]
    columns = {
        name: np.tile(getattr(bars, name), (len(prices), 1)) for name in decision.strategy.inputs
    }
    columns["close"][:, -1] = prices
    if "high" in columns:
        columns["high"][:, -1] = np.maximum(prices, bars.high[-1])
        columns["low"][:, -1] = np.minimum(prices, bars.low[-1])
    if decision.sentiment is not None:
        columns["sentiment"] = decision.sentiment[: bar + 1]
    return decision.strategy.function(**columns, **decision.parameters).action[:, -1]


def action_of_next(decision, price):
    """The action of the bar to come, were it to close there, by the whole history."""
    bars, opening = decision.bars, decision.bars.close[-1]
    last = (
        bars.time[-1] + 86_400_000_000,
        opening,
        max(opening, price),
        min(opening, price),
        price,
        bars.volume[-1],
    )
    names = ("time", "open", "high", "low", "close", "volume")
    longer = Bars(*(np.append(getattr(bars, n), v) for n, v in zip(names, last, strict=True)))
    known = None if decision.sentiment is None else np.append(decision.sentiment, np.nan)
    return engine.decide(decision.strategy.name, longer, known, **decision.parameters).action[-1]


def grid(close, side, tick):
    """All ticks within reach on one side, nearest first."""
    ticks = np.round(np.arange(1, int(2 * close / tick)) * tick, 2)
    inside = ticks[np.abs(ticks - close) <= REACH * close]
    return inside[inside < close][::-1] if side < 0 else inside[inside > close]


@each_case
def test_a_history_that_has_just_begun_has_flips_too(name, mood):
    """On the bars on which one indicator after another comes to its first value."""
    close = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, 300)))
    time = np.arange(300) * 86_400_000_000
    bars = Bars(time, close, close * 1.01, close * 0.99, close, np.full(300, 1e6))
    whole = engine.decide(name, bars, readings(bars, mood))
    for bar in range(whole.first, whole.first + 20):
        heard = None if whole.sentiment is None else whole.sentiment[: bar + 1]
        young = engine.decide(name, bars[: bar + 1], heard)
        assert engine.flips(young, tick=TICK) == engine.flips(whole, bar, TICK)
        for flip in filter(None, engine.next_flips(young, TICK)):
            assert action_of_next(young, flip.price) == flip.action


@each_case
def test_the_action_changes_at_the_price_and_not_one_tick_before(name, mood, bars):
    decision = engine.decide(name, bars, readings(bars, mood))
    found = 0
    for bar in np.random.default_rng(8).integers(decision.first, len(bars), BARS_A_SERIES):
        asked, expected = [], []
        for side, flip in zip((-1, 1), engine.flips(decision, bar, TICK), strict=True):
            if flip is None:
                continue
            found += 1
            assert flip.action != decision.action[bar]
            asked.append(flip.price)
            expected.append(flip.action)
            before = round(flip.price - side * TICK, 2)
            if side * (before - bars.close[bar]) > 0:
                asked.append(before)
                expected.append(decision.action[bar])
            change = 100 * (flip.price / bars.close[bar] - 1)
            assert flip.change_percent == pytest.approx(change)
        if asked:
            assert actions_if_closed_at_each(decision, bar, asked).tolist() == expected
    assert (found == 0) == (name in STEADY)


@pytest.mark.parametrize("market", ["as it was", "of few prices"])
@each_case
def test_no_tick_nearer_changes_the_action(name, mood, market, real):
    bars = real["MSFT"][400 : 640 + engine.strategies()[name].lookback()]
    tick = 0.05
    if market == "of few prices":  # where ties are common
        bars = bars.replace(**{n: np.round(getattr(bars, n)) for n in ("high", "low", "close")})
    decision = engine.decide(name, bars, readings(bars, mood))
    for bar in np.random.default_rng(9).integers(decision.first, len(bars), 10):
        for side, flip in zip((-1, 1), engine.flips(decision, bar, tick), strict=True):
            prices = grid(bars.close[bar], side, tick)
            said = actions_if_closed_at_each(decision, bar, prices)
            others = np.flatnonzero(said != decision.action[bar])
            if len(others):
                assert flip is not None
                assert (flip.price, flip.action) == (prices[others[0]], said[others[0]])
            else:
                assert flip is None


@each_case
def test_the_bar_to_come_flips_where_it_is_said_to(name, mood, bars):
    found = 0
    for length in np.random.default_rng(10).integers(300, len(bars), 25):
        decision = engine.decide(name, bars[:length], readings(bars[:length], mood))
        close = bars.close[length - 1]
        for side, flip in zip((-1, 1), engine.next_flips(decision, TICK), strict=True):
            if flip is None:
                continue
            found += 1
            assert action_of_next(decision, flip.price) == flip.action != decision.action[-1]
            before = round(flip.price - side * TICK, 2)
            if side * (before - close) > 0:
                assert action_of_next(decision, before) == decision.action[-1]
    assert found or name in STEADY


@each_case
def test_what_came_after_a_bar_plays_no_part_in_its_flips(name, mood, bars):
    known = readings(bars, mood)
    whole = engine.decide(name, bars, known)
    for bar in (whole.first, 300, 500, 1234, 2000, len(bars) - 2):
        part = None if known is None else known[: bar + 1]
        known_then = engine.decide(name, bars[: bar + 1], part)
        assert engine.flips(whole, bar) == engine.flips(known_then)
        assert engine.next_flips(whole, bar=bar) == engine.next_flips(known_then)


def test_prices_stand_on_the_grid_of_their_market(real):
    decision = engine.decide("PRICE_AND_RSI", real["GOOG"])
    for tick in (0.05, 0.25, 1.0, 1 / 32):
        for flip in engine.flips(decision, 900, tick):
            if flip:
                assert flip.price / tick == pytest.approx(round(flip.price / tick), abs=1e-9)


def at_a_price_of(price, bars):
    """The same market at another price of its last bar."""
    factor = price / bars.close[-1]
    return bars.replace(
        **{n: np.round(getattr(bars, n) * factor, 2) for n in ("open", "high", "low", "close")}
    )


@pytest.mark.parametrize(
    ("price", "tick"), [(100.0, 1e-4), (100.0, 1e-12), (6e5, 0.01), (6e5, 1e-9), (1e11, 1e-3)]
)
@pytest.mark.parametrize("name", ["PRICE_AND_RSI", "BREAKOUT", "TECHNICAL_RATING", "MOMENTUM"])
def test_ticks_without_number_cost_no_more_and_prices_are_exact(
    name, price, tick, real, monkeypatch
):
    tried = []
    forked = Tail.forked

    def counted(self, last, *others):
        tried.append(len(last["close"]))
        return forked(self, last, *others)

    monkeypatch.setattr(Tail, "forked", counted)
    decision = engine.decide(name, at_a_price_of(price, real["IBM"]))
    close, action = decision.bars.close[-1], decision.action[-1]
    flips = engine.flips(decision, tick=tick)
    rounds = np.ceil(np.log(REACH * close / tick) / np.log(EACH))
    assert sum(tried) <= 2 * EACH * (rounds + 1)
    assert any(flips) == (name not in STEADY)
    for side, flip in zip((-1, 1), flips, strict=True):
        if flip:
            before = np.round(flip.price - side * tick, 12)
            assert 0.5 * tick < abs(flip.price - before) < 1.5 * tick
            said = actions_if_closed_at_each(decision, len(decision.bars) - 1, [flip.price, before])
            assert said.tolist() == [flip.action, action]


@pytest.mark.parametrize("each", [2, 7, 300])
@pytest.mark.parametrize("name", ["PRICE_AND_RSI", "BREAKOUT", "TECHNICAL_RATING"])
def test_looked_for_in_rounds_the_action_changes_at_the_price_and_not_one_tick_before(
    name, each, real, monkeypatch
):
    monkeypatch.setattr(flip_module, "EACH", each)
    bars, tick = real["MSFT"][400 : 640 + engine.strategies()[name].lookback()], 0.05
    decision = engine.decide(name, bars)
    for bar in np.random.default_rng(12).integers(decision.first, len(bars), 4):
        for side, flip in zip((-1, 1), engine.flips(decision, bar, tick), strict=True):
            prices = grid(bars.close[bar], side, tick)
            said = actions_if_closed_at_each(decision, bar, prices)
            changed = np.flatnonzero(said != decision.action[bar])
            if flip is None:  # whatever there is, it lies between two steps beyond the nearest
                assert not (said[: each - 1] != decision.action[bar]).any()
                assert said[-1] == decision.action[bar] or len(prices) % each
                continue
            at = prices.tolist().index(flip.price)
            assert said[at] == flip.action != decision.action[bar]
            assert at == 0 or said[at - 1] == decision.action[bar]
            assert at == changed[0] or changed[0] >= each - 1


@pytest.mark.parametrize(("price", "tick"), [(100.0, 1e-14), (6e5, 1e-12), (1.0, 5e-324)])
def test_a_tick_finer_than_prices_are_is_refused(price, tick, real):
    decision = engine.decide("PRICE_AND_RSI", at_a_price_of(price, real["IBM"]))
    for ask in (engine.flips, engine.next_flips):
        with pytest.raises(
            BadParameter, match=r"a tick of .* is too fine: near .* at least .* apart"
        ):
            ask(decision, tick=tick)


@pytest.mark.parametrize("tick", [1e3, 1e18, 1e308])
def test_a_tick_wider_than_the_range_has_no_flips(tick, real):
    decision = engine.decide("PRICE_AND_RSI", real["IBM"])
    assert engine.flips(decision, tick=tick) == engine.next_flips(decision, tick=tick) == [None] * 2


@pytest.mark.parametrize("tick", [0.0, -0.01, float("nan"), float("inf")])
def test_a_tick_that_is_no_step_is_refused(real, tick):
    with pytest.raises(BadParameter, match="tick must be a positive number"):
        engine.flips(engine.decide("PRICE_AND_RSI", real["IBM"]), tick=tick)


@pytest.mark.parametrize("ask", [engine.flips, engine.next_flips])
def test_a_bar_that_was_not_judged_has_no_flips(ask, real):
    decision = engine.decide("PRICE_AND_RSI", real["IBM"])
    with pytest.raises(NotEnoughHistory):
        ask(decision, bar=3)
    with pytest.raises(BadParameter, match="is none of the"):
        ask(decision, bar=len(decision.bars))


def test_a_worthless_market_has_no_flips(real):
    bars = real["IBM"][:60]
    nothing = np.zeros(60)
    worthless = bars.replace(open=nothing, high=nothing, low=nothing, close=nothing)
    assert engine.flips(engine.decide("PRICE_AND_RSI", worthless)) == [None, None]
