"""Indicators that TA-Lib lacks, against tables worked by hand from the source each one names."""

import numpy as np
import pytest

import engine
from engine import Bars

DAY, HOUR = 86_400_000_000, 3_600_000_000
nan = np.nan


def made(close, high=None, low=None, volume=None, time=None):
    close = np.array(close, float)
    return Bars(
        np.arange(len(close)) * DAY if time is None else time,
        close,
        close if high is None else np.array(high, float),
        close if low is None else np.array(low, float),
        close,
        np.ones(len(close)) if volume is None else np.array(volume, float),
    )


def says(name, bars, expected, **values):
    for output, column in engine.compute(name, bars, **values).items():
        np.testing.assert_allclose(column, expected[output], rtol=1e-13, atol=1e-13)


def test_ichimoku_is_the_middles_of_three_windows():
    # N. Elliott, Ichimoku Charts: (highest high + lowest low) / 2 over 9, 26 and 52 bars; here over
    # 2, 3 and 4, worked by hand.
    bars = made([10, 12, 11, 15, 14], high=[11, 13, 12, 16, 15], low=[9, 11, 10, 13, 12])
    expected = {
        "conversion": [nan, 11.0, 11.5, 13.0, 14.0],
        "base": [nan, nan, 11.0, 13.0, 13.0],
        "lead1": [nan, nan, 11.25, 13.0, 13.5],
        "lead2": [nan, nan, nan, 12.5, 13.0],
    }
    says("ICHIMOKU", bars, expected, conversion=2, base=3, lead=4)


def test_historical_volatility_is_hulls():
    # J. C. Hull, Options, Futures, and Other Derivatives: the table "Computation of volatility",
    # 21 closes, daily returns with s = 0.01216, so 19.3 % a year of 252 days.
    closes = [20.00, 20.10, 19.90, 20.00, 20.50, 20.25, 20.90, 20.90, 20.90, 20.75, 20.75, 21.00]
    closes += [21.10, 20.90, 20.90, 21.25, 21.40, 21.40, 21.25, 21.75, 22.00]
    said = engine.compute("HISTORICAL_VOLATILITY", made(closes), window=20)
    year = said["historical_volatility"][-1]
    assert year == pytest.approx(19.3, abs=0.05)
    assert year / np.sqrt(252) == pytest.approx(1.216, abs=0.0005)
    expected = 100 * np.sqrt(252) * np.std(np.diff(np.log(closes)), ddof=1)
    assert year == pytest.approx(expected, rel=1e-12)


def test_historical_volatility_passes_over_prices_that_are_not_positive():
    said = engine.compute("HISTORICAL_VOLATILITY", made([1.0, 0.0, -1.0, 2.0, 2.0]), window=2)
    np.testing.assert_array_equal(said["historical_volatility"], [nan, nan, 0.0, 0.0, 0.0])


def test_the_z_score_counts_population_deviations():
    # The values 2, 4, 4, 4, 5, 5, 7, 9 have the mean 5 and the population deviation 2, the worked
    # example of "Standard deviation" in Wikipedia; 9 lies two deviations above.
    said = engine.compute("Z_SCORE", made([2, 4, 4, 4, 5, 5, 7, 9]), window=8)
    assert said["z_score"][-1] == 2.0


@pytest.mark.parametrize("window", [3, 7, 14, 15, 29])
def test_a_market_that_stands_still_has_no_distance_from_its_mean(window):
    for price in (103.06, 0.1, 1e6 + 0.001):
        bars = made([price + 3.0, *[price] * 60])
        for name in ("Z_SCORE", "CCI"):
            (said,) = engine.compute(name, bars, window=window).values()
            assert not said[window:].any()
        percent_b = engine.compute("BOLLINGER_BANDS", bars, window=window)["percent_b"]
        assert (percent_b[window:] == 0.5).all()


def test_drawdown_is_measured_from_the_highest_close_so_far():
    # M. Magdon-Ismail, A. Atiya, Maximum drawdown: from the running maximum.
    bars = made([100, 120, 90, 108, 150, 75])
    says("DRAWDOWN", bars, {"drawdown": [0, 0, -25, -10, 0, -50]})
    assert not engine.compute("DRAWDOWN", made([-1.0, -2.0, 0.0]))["drawdown"].any()


def test_rolling_vwap_weighs_typical_prices_by_volume():
    # Berkowitz, Logue, Noser (1988): sum of price x volume over sum of volume.
    bars = made([9, 12, 15, 6], [12, 15, 18, 6], [6, 9, 12, 6], [100, 300, 0, 0])
    says("VWAP", bars, {"vwap": [nan, 11.25, 12.0, 10.5]}, window=2)


def test_session_vwap_begins_anew_each_day():
    time = np.array([0, 6, 12, 24, 30, 48]) * HOUR
    bars = made([10, 20, 30, 40, 50, 60], volume=[0, 2, 2, 1, 3, 0], time=time)
    says("SESSION_VWAP", bars, {"session_vwap": [10, 20, 25, 40, 47.5, 60]})


def test_session_vwap_is_talibs_within_one_session(bars):
    import talib

    day = bars.replace(time=np.arange(len(bars)) * 1000)
    theirs = talib.VWAP(bars.high, bars.low, bars.close, bars.volume)
    says("SESSION_VWAP", day, {"session_vwap": theirs})


def test_vwma_of_a_window_without_volume_is_the_plain_mean():
    bars = made([1.0, 3.0, 5.0, 9.0], volume=[1, 0, 0, 3])
    says("VWMA", bars, {"vwma": [nan, 1.0, 4.0, 9.0]}, window=2)


def test_bull_and_bear_power_are_measured_from_the_mean_of_closes():
    # A. Elder, Trading for a Living: high and low less the EMA of the closes.
    bars = made([10, 12, 14], high=[11, 13, 16], low=[9, 11, 13])
    says("BULL_BEAR_POWER", bars, {"bull": [nan, 2, 3], "bear": [nan, 0, 0]}, window=2)


def test_adx_rests_where_nothing_has_a_direction():
    # No bar reaches out of the one before it, so there is no directional movement at all.
    bars = made([10] * 8, high=[12, 11.5, 11, 10.9, 10.8, 10.7, 10.6, 10.5], low=[9] * 8)
    said = engine.compute("ADX", bars, window=2)
    assert not said["plus_di"][2:].any()
    np.testing.assert_array_equal(said["adx"], [nan] * 3 + [0.0] * 5)


def test_supertrend_turns_when_the_close_crosses_its_band():
    # O. Seban's rule worked by hand, 2 bars and 1 true range: true ranges 2, 2, 4, 2, 6.
    bars = made([4, 5, 6, 3, 2, 7], high=[5, 6, 7, 4, 3, 8], low=[3, 4, 5, 2, 1, 6])
    expected = {
        "supertrend": [nan, nan, 4.0, 6.0, 4.5, 2.75],
        "direction": [nan, nan, 1, -1, -1, 1],
    }
    says("SUPERTREND", bars, expected, window=2, width=1.0)
