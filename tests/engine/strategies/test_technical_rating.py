"""The technical rating against the published table of its rules, read bar by bar.

The values come from TA-Lib, and a rule is a list of what must lie above what: to buy, and to sell.
Where two values are as good as equal, whose order is up to rounding, a rule is not asked.
"""

from fractions import Fraction
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import talib

import engine
from engine import Bars

WINDOWS = (10, 20, 30, 50, 100, 200)
NAN = float("nan")


def values_of(b):
    """All series that the table names, by name."""
    hlc = b.high, b.low, b.close
    rsi = talib.RSI(b.close, 14)
    named = {f"SMA {w}": talib.SMA(b.close, w) for w in WINDOWS}
    named |= {f"EMA {w}": talib.EMA(b.close, w) for w in WINDOWS}
    named |= {"HMA 9": talib.HMA(b.close, 9), "VWMA 20": talib.VWMA(b.close, b.volume, 20)}
    named |= {f"middle {w}": talib.MIDPRICE(b.high, b.low, w) for w in (9, 26, 52)}
    named |= {"close": b.close, "RSI": rsi, "CCI": talib.CCI(*hlc, 20)}
    named["K"], named["D"] = talib.STOCH(*hlc, 14, 3, 0, 3, 0)
    named["K of RSI"], named["D of RSI"] = talib.STOCH(rsi, rsi, rsi, 14, 3, 0, 3, 0)
    named |= {"ADX": talib.ADX(*hlc, 14), "AO": talib.AO(b.high, b.low, 5, 34)}
    named |= {"+DI": talib.PLUS_DI(*hlc, 14), "-DI": talib.MINUS_DI(*hlc, 14)}
    named["MOM"] = talib.MOM(b.close, 10)
    named["MACD"], named["signal"], _ = talib.MACD(b.close, 12, 26, 9)
    named["WILLR"] = talib.WILLR(*hlc, 14)
    named["bull"], named["bear"] = talib.ERI(*hlc, 13)
    named["UO"] = talib.ULTOSC(*hlc, 7, 14, 28)
    return {name: np.asarray(column).tolist() for name, column in named.items()}


def table(x):
    """Each rule as (ways to buy, ways to sell); ``x(name, back)`` is a series some bars ago."""
    close, trend = x("close"), x("EMA 50")
    averages = [f"SMA {w}" for w in WINDOWS] + [f"EMA {w}" for w in WINDOWS] + ["HMA 9", "VWMA 20"]
    for name in averages:
        yield [[(close, x(name))]], [[(x(name), close)]]
    conversion, base = x("middle 9"), x("middle 26")
    lead1 = (x("middle 9", 26) + x("middle 26", 26)) / 2
    chain = [x("middle 52", 26), lead1, base, conversion, close]
    yield [list(pairwise(chain[::-1]))], [list(pairwise(chain))]
    rsi, rsi1 = x("RSI"), x("RSI", 1)
    yield [[(30, rsi), (rsi, rsi1)]], [[(rsi, 70), (rsi1, rsi)]]
    k, d = x("K"), x("D")
    yield [[(20, k), (20, d), (k, d)]], [[(k, 80), (d, 80), (d, k)]]
    cci, cci1 = x("CCI"), x("CCI", 1)
    yield [[(-100, cci), (cci, cci1)]], [[(cci, 100), (cci1, cci)]]
    adx, adx1, plus, minus = x("ADX"), x("ADX", 1), x("+DI"), x("-DI")
    strong = [(adx, 20), (adx, adx1)]
    yield [[*strong, (plus, minus)]], [[*strong, (minus, plus)]]
    ao, ao1, ao2 = x("AO"), x("AO", 1), x("AO", 2)
    yield (
        [[(ao, 0), (0, ao1)], [(ao, 0), (ao1, 0), (ao, ao1), (ao2, ao1)]],
        [[(0, ao), (ao1, 0)], [(0, ao), (0, ao1), (ao1, ao), (ao1, ao2)]],
    )
    yield [[(x("MOM"), x("MOM", 1))]], [[(x("MOM", 1), x("MOM"))]]
    yield [[(x("MACD"), x("signal"))]], [[(x("signal"), x("MACD"))]]
    k, d = x("K of RSI"), x("D of RSI")
    yield (
        [[(trend, close), (20, k), (20, d), (k, d)]],
        [[(close, trend), (k, 80), (d, 80), (d, k)]],
    )
    will, will1 = x("WILLR"), x("WILLR", 1)
    yield [[(-80, will), (will, will1)]], [[(will, -20), (will1, will)]]
    bull, bull1, bear, bear1 = x("bull"), x("bull", 1), x("bear"), x("bear", 1)
    yield (
        [[(close, trend), (0, bear), (bear, bear1)]],
        [[(trend, close), (bull, 0), (bull1, bull)]],
    )
    yield [[(x("UO"), 70)]], [[(30, x("UO"))]]


def vote_of(buy, sell):
    """1, -1 or 0; NaN while a value is missing, None where rounding decides."""
    pairs = [pair for way in (*buy, *sell) for pair in way]
    if any(one != one or two != two for one, two in pairs):
        return NAN
    if any(abs(one - two) <= 1e-9 * max(1.0, abs(one), abs(two)) for one, two in pairs):
        return None
    says = [any(all(one > two for one, two in way) for way in ways) for ways in (buy, sell)]
    return float(says[0]) - float(says[1])


def at(values, bar, name, back=0):
    return values[name][bar - back] if bar >= back else NAN


def rated(score):
    """The published thresholds, both ways beyond and not upon."""
    side = (score > 0) - (score < 0)
    return side * ((abs(score) > Fraction(1, 10)) + (abs(score) > Fraction(1, 2)))


@pytest.mark.parametrize("symbol", ["IBM", "MSFT"])
def test_each_rule_votes_as_the_published_table_has_it(symbol, real):
    bars = real[symbol][:1100]
    decision = engine.decide("TECHNICAL_RATING", bars)
    values, cast = values_of(bars), np.array([reason.vote for reason in decision.reasons])
    assert len(cast) == 26
    asked, seen = 0, [set() for _ in cast]
    for bar in range(len(bars)):
        votes = [vote_of(*rule) for rule in table(partial(at, values, bar))]
        for rule, vote in enumerate(votes):
            if vote is not None:
                same = cast[rule, bar] == vote or (vote != vote and np.isnan(cast[rule, bar]))
                assert same, f"rule {rule} on bar {bar}: {cast[rule, bar]} is not {vote}"
                seen[rule].add(vote)
        known = [[v for v in group if v == v] for group in (votes[:15], votes[15:])]
        if None in votes or not all(known):
            continue
        asked += 1
        score = sum(Fraction(int(sum(group)), len(group)) for group in known) / 2
        assert decision.score[bar] == pytest.approx(float(score), abs=1e-15)
        assert decision.rating[bar] == rated(score)
        assert decision.action[bar] == np.sign(rated(score))
    assert asked > 0.9 * (len(bars) - decision.first)
    assert all({1.0, -1.0} <= votes for votes in seen)


def test_of_26_known_rules_a_moving_average_weighs_a_thirtieth_and_an_oscillator_a_22nd(bars):
    weights = engine.decide("TECHNICAL_RATING", bars).weights[:, 400]
    np.testing.assert_allclose(weights, [1 / 30] * 15 + [1 / 22] * 11, rtol=1e-15)


def test_a_rule_has_no_vote_before_it_can_be_told_whole():
    # The awesome oscillator crosses 0 on its second bar; whether it dips needs a third.
    middle = np.array([10.0] * 28 + [9.0] * 6 + [20.0] * 3)
    bars = Bars(np.arange(37), *[middle] * 4, np.ones(37))
    decision = engine.decide("TECHNICAL_RATING", bars)
    (rule,) = [r for r in decision.reasons if r.indicator == "AWESOME_OSCILLATOR"]
    assert rule.value[33] < 0.0 < rule.value[34]
    assert np.isnan(rule.vote[34])
    assert rule.vote[35] == 0.0
    assert "warming up" in rule.sentence(34)
