"""Every indicator that TA-Lib has too, against TA-Lib 0.8 on real bars."""

import numpy as np
import pytest
import talib
from numpy.lib.stride_tricks import sliding_window_view

import engine

PEERS = [
    *[
        (name, {"window": window}, peer, window)
        for window in (2, 10, 14, 50, 200)
        for name, peer in {
            "SMA": lambda b, n: [talib.SMA(b.close, n)],
            "EMA": lambda b, n: [talib.EMA(b.close, n)],
            "RSI": lambda b, n: [talib.RSI(b.close, n)],
            "ATR": lambda b, n: [talib.ATR(b.high, b.low, b.close, n)],
        }.items()
    ],
    ("TRUE_RANGE", {}, lambda b, _: [talib.TRANGE(b.high, b.low, b.close)], None),
]
"""Name, parameters, what TA-Lib says: to be equal within 1e-12 of the value itself."""

DIFFERENCES = [
    *[
        (
            "MACD",
            {"fast": fast, "slow": slow, "signal": signal},
            lambda b, p: talib.MACD(b.close, *p),
            (fast, slow, signal),
        )
        for fast, slow, signal in ((12, 26, 9), (5, 35, 5), (3, 10, 1))
    ],
]
"""The same for differences of prices, which cross 0: within 1e-12 of the price they are made of."""


def named(case):
    return f"{case[0]}{case[1] or ''}"


@pytest.mark.parametrize("case", PEERS, ids=named)
def test_an_indicator_is_the_one_that_talib_computes(case, bars):
    name, parameters, peer, arguments = case
    ours = engine.compute(name, bars, **parameters).values()
    for mine, theirs in zip(ours, peer(bars, arguments), strict=False):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=0)


@pytest.mark.parametrize("case", DIFFERENCES, ids=named)
def test_a_difference_of_prices_is_the_one_that_talib_computes(case, bars):
    name, parameters, peer, arguments = case
    ours = engine.compute(name, bars, **parameters).values()
    for mine, theirs in zip(ours, peer(bars, arguments), strict=False):
        np.testing.assert_allclose(mine / bars.close, theirs / bars.close, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("window", "width"), [(20, 2.0), (5, 1.5), (50, 3.0)])
def test_bollinger_bands_are_nearer_the_truth_than_talibs_or_equal_them(window, width, bars):
    # TA-Lib subtracts running sums of squares, which after a fall leaves it 1e-11 off.
    values = sliding_window_view(bars.close.astype(np.longdouble), window)
    middle, reach = values.mean(axis=-1), width * values.std(axis=-1)
    truth = [middle + reach, middle, middle - reach]
    bands = engine.compute("BOLLINGER_BANDS", bars, window=window, width=width)
    peers = talib.BBANDS(bars.close, window, width, width)
    for mine, theirs, true in zip(bands.values(), peers, truth, strict=False):
        assert np.isnan(mine[: window - 1]).all()
        price = bars.close[window - 1 :]
        far = np.abs(mine - theirs)[window - 1 :] / price
        off, their_off = (np.abs(each[window - 1 :] - true) / price for each in (mine, theirs))
        assert ((far <= 1e-12) | (off <= their_off)).all()
        assert off.max() <= 1e-14


def test_a_market_that_has_not_moved_reads_fifty_where_talib_reads_nought(bars):
    flat = bars[:40].replace(close=np.full(40, 7.0))
    assert engine.compute("RSI", flat)["rsi"][14:].tolist() == [50.0] * 26
    assert talib.RSI(flat.close, 14)[14:].tolist() == [0.0] * 26


def test_bollingers_position_and_width_follow_from_its_bands(bars):
    bands = engine.compute("BOLLINGER_BANDS", bars)
    reach = bands["upper"] - bands["lower"]
    np.testing.assert_allclose(bands["percent_b"] * reach, bars.close - bands["lower"], atol=1e-9)
    np.testing.assert_allclose(bands["bandwidth"] * bands["middle"], reach, atol=1e-9)


def test_bollinger_bands_meet_where_the_price_stands_still(bars):
    flat = bars[:30].replace(close=np.full(30, 0.1))
    bands = engine.compute("BOLLINGER_BANDS", flat)
    assert bands["upper"][-1] == bands["lower"][-1] == bands["middle"][-1]
    assert (bands["percent_b"][-1], bands["bandwidth"][-1]) == (0.5, 0.0)


def test_macd_with_fast_and_slow_exchanged_is_its_negative(bars):
    one = engine.compute("MACD", bars, fast=12, slow=26)
    other = engine.compute("MACD", bars, fast=26, slow=12)
    for name in one:
        np.testing.assert_array_equal(one[name], -other[name])
