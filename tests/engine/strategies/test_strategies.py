"""What each strategy does beside what all of them promise."""

import numpy as np
import pytest

import engine
from engine import Action, BadParameter, Bars, Rating


def market(closes, reach=0.0):
    """Daily bars that open where the last one closed, with some room above and below."""
    close = np.array(closes, dtype=float)
    opening = np.concatenate([close[:1], close[:-1]])
    high, low = np.maximum(opening, close) + reach, np.minimum(opening, close) - reach
    time = np.arange(len(close)) * 86_400_000_000
    return Bars(time, opening, high, low, close, np.full(len(close), 1000.0))


def test_momentum_follows_the_year_before_the_last_month(bars):
    decision = engine.decide("MOMENTUM", bars)
    expected = np.sign(bars.close[252 - 21 : -21] / bars.close[:-252] - 1.0)
    assert np.array_equal(decision.action[252:], expected)
    assert decision.first == 252


def test_small_returns_are_no_momentum(bars):
    decision = engine.decide("MOMENTUM", bars, threshold=10)
    gained = 100 * (bars.close[252 - 21 : -21] / bars.close[:-252] - 1.0)
    expected = np.where(gained > 10, 1, np.where(gained < -10, -1, 0))
    clear = np.abs(np.abs(gained) - 10) > 1e-9
    assert np.array_equal(decision.action[252:][clear], expected[clear])


def test_reversion_scores_the_deviation_and_clips_it(bars):
    decision = engine.decide("MEAN_REVERSION", bars, entry=1)
    z = engine.compute("Z_SCORE", bars)["z_score"][19:]
    np.testing.assert_allclose(decision.score[19:], np.clip(-z / 2.0, -1, 1), atol=1e-15)
    assert np.array_equal(decision.action[19:], (z < -1).astype(int) - (z > 1).astype(int))
    assert (np.abs(decision.score) == 1.0).any()  # a deviation of more than 2 is clipped


def walked(bars, entry, leave):
    """The position of the turtles, walked bar by bar."""
    position, positions = 0, []
    for bar in range(len(bars)):
        if bar >= entry:
            high, low = bars.high[bar - entry : bar].max(), bars.low[bar - entry : bar].min()
            top, bottom = bars.high[bar - leave : bar].max(), bars.low[bar - leave : bar].min()
            close = bars.close[bar]
            if (position > 0 and close < bottom) or (position < 0 and close > top):
                position = 0
            if close > high:
                position = 1
            if close < low:
                position = -1
        positions.append(position)
    return positions


@pytest.mark.parametrize(("entry", "leave"), [(55, 20), (20, 10), (5, 5), (2, 1)])
def test_a_breakout_holds_what_a_walk_bar_by_bar_holds(entry, leave, bars):
    decision = engine.decide("BREAKOUT", bars, entry_window=entry, exit_window=leave)
    assert decision.action.tolist() == walked(bars, entry, leave)
    held, out, into = decision.contributions
    assert np.array_equal(held[1:], decision.score[:-1])
    assert np.array_equal(held + out + into, decision.score)
    assert {*np.unique(out), *np.unique(into)} == {-1.0, 0.0, 1.0}


def test_a_position_that_is_held_is_a_reason_of_its_own():
    decision = engine.decide(
        "BREAKOUT", market([10, 11, 10, 11, 10, 15, 14, 14]), entry_window=4, exit_window=2
    )
    held, out, into = engine.explain(decision, 5).contributions
    assert (held.contribution, out.contribution, into.contribution) == (0.0, 0.0, 1.0)
    assert into.reason == "close 15.00 above 11.00, top of the entry channel of 4 bars"
    held, out, into = engine.explain(decision, 6).contributions
    assert (held.contribution, out.contribution, into.contribution) == (1.0, 0.0, 0.0)
    assert held.reason == "a long position was held"


def test_the_wilder_the_market_the_less_its_trends_count(bars):
    decision = engine.decide("TREND_WITH_VOLATILITY_TARGET", bars, target=20)
    volatility = engine.compute("HISTORICAL_VOLATILITY", bars, window=60)["historical_volatility"]
    signs = [np.sign(bars.close[252:] - bars.close[252 - back : -back]) for back in (21, 63, 252)]
    scale = np.minimum(1.0, 20 / volatility[252:])
    np.testing.assert_allclose(decision.score[252:], sum(signs) / 3 * scale, atol=1e-15)
    assert len(np.unique(decision.weights[0, 252:])) > 1000
    assert not decision.contributions[3].any()


def test_a_market_without_any_swing_counts_in_full():
    rising = market(100 * 1.001 ** np.arange(300))
    assert engine.decide("TREND_WITH_VOLATILITY_TARGET", rising).rating[-1] == Rating.STRONG_BUY
    still = engine.decide("TREND_WITH_VOLATILITY_TARGET", market([5.0] * 300))
    assert (still.score[-1], still.action[-1]) == (0.0, Action.HOLD)


def test_the_regime_gives_and_takes_the_weight_of_the_crossing(bars):
    decision = engine.decide("REGIME_FILTER", bars)
    plain = engine.decide("MOVING_AVERAGE_CROSS", bars).action[199:]
    trend = np.sign(bars.close - engine.compute("SMA", bars, window=200)["sma"])[199:]
    volatility = engine.compute("HISTORICAL_VOLATILITY", bars, window=60)["historical_volatility"]
    allowed = (trend == plain) & (volatility[199:] <= 50)
    assert np.array_equal(decision.action[199:], np.where(allowed, plain, 0))
    assert np.array_equal(decision.weights[0, 199:], allowed & (plain != 0))
    assert not decision.weights[1:].any()
    assert 0 < allowed.sum() < len(allowed)


def test_prices_and_sentiment_agree_follow_or_cancel_each_other(bars):
    rng = np.random.default_rng(4)
    known = rng.choice([0.1, 0.5, 0.9], len(bars))
    decision = engine.decide("COMBINED", bars, known)
    price = engine.decide("PRICE_AND_RSI", bars).action.astype(int)
    mood = np.where(known > 0.6, 1, np.where(known < 0.4, -1, 0))
    first = decision.first
    expected = np.where(price == 0, mood, np.where((mood == 0) | (mood == price), price, 0))
    assert np.array_equal(decision.action[first:], expected[first:])
    assert np.array_equal(decision.rating[first:], (price + mood)[first:])
    assert np.array_equal(decision.score, (price + mood) / 2 * (np.arange(len(bars)) >= first))
    assert not decision.contributions[:2, price == 0].any()


def test_without_any_sentiment_prices_decide_alone(bars):
    alone, price = engine.decide("COMBINED", bars), engine.decide("PRICE_AND_RSI", bars)
    assert np.array_equal(alone.action, price.action)
    mood = engine.explain(alone).contributions[-1]
    assert (mood.value, mood.vote, mood.contribution) == (None, 0.0, 0.0)
    assert mood.reason == "no sentiment is known: neutral"


@pytest.mark.parametrize(
    ("name", "parameters", "reason"),
    [
        ("MOMENTUM", {"formation": 20, "skip": 20}, r"skip \(20\) must be less"),
        ("BREAKOUT", {"entry_window": 10, "exit_window": 11}, "must be no longer"),
        ("REGIME_FILTER", {"fast": 50}, r"fast \(50\) must be shorter than slow \(50\)"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(name, parameters, reason, real):
    with pytest.raises(BadParameter, match=f"{name}: .*{reason}"):
        engine.decide(name, real["IBM"], **parameters)


@pytest.mark.parametrize("name", engine.strategies())
def test_no_number_that_is_shown_is_a_negative_zero(name, bars):
    decision = engine.decide(name, bars)
    for column in (decision.contributions, decision.score, decision.weights):
        assert not np.signbit(column[column == 0.0]).any()
    for bar in range(decision.first, len(bars), 61):
        for part in engine.explain(decision, bar).contributions:
            for number in (part.vote, part.weight, part.contribution, part.value):
                assert number != 0.0 or not np.signbit(number)


def test_the_technical_rating_comes_first():
    assert next(iter(engine.strategies())) == "TECHNICAL_RATING"


def test_every_strategy_names_its_source():
    for spec in engine.strategies().values():
        assert spec.source
