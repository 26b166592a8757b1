"""Measures of performance against empyrical, an independent library."""

import empyrical
import numpy as np
import pytest

import engine
from engine.backtest import backtest
from engine.performance import bars_per_year, measured, returns_of

DAY = 86_400_000_000
NAMES = [spec.name for spec in engine.strategies().values()]


def assert_agrees(performance, yearly):
    """Every measure that empyrical has, within 1e-9, on the returns of the same equity."""
    returns = performance.equity[1:] / performance.equity[:-1] - 1.0
    year = {"annualization": yearly}
    pairs = {
        "total_return": empyrical.cum_returns_final(returns),
        "annualized_return": empyrical.annual_return(returns, **year),
        "volatility": empyrical.annual_volatility(returns, **year),
        "sharpe": empyrical.sharpe_ratio(returns, **year),
        "sortino": empyrical.sortino_ratio(returns, **year),
        "max_drawdown": empyrical.max_drawdown(returns),
    }
    for name, expected in pairs.items():
        assert getattr(performance, name) == pytest.approx(expected, rel=1e-9, abs=1e-9), name


@pytest.mark.parametrize("name", NAMES)
def test_measures_agree_with_empyrical_on_the_same_trades(name, bars):
    result = backtest(engine.decide(name, bars), bars, fee_bps=10, slippage_bps=5)
    assert len(result.trades) > 0
    assert_agrees(result, result.bars_per_year)
    assert_agrees(result.buy_and_hold, result.bars_per_year)


def test_returns_of_trades_are_what_empyrical_makes_of_their_bars(bars):
    result = backtest(engine.decide("MOVING_AVERAGE_CROSS", bars), bars, 0, 0)
    row = {time: index for index, time in enumerate(result.bars.time)}
    for trade in result.trades:
        start, end = row[trade.entry_time], row[trade.exit_time]
        prices = np.append(result.bars.open[start], result.bars.close[start:end])
        prices = np.append(prices, trade.exit_price)
        growth = 1.0 + trade.side * (prices / prices[0] - 1.0)
        expected = empyrical.cum_returns_final(growth[1:] / growth[:-1] - 1.0)
        assert trade.net_return == pytest.approx(expected, abs=1e-9)


def test_a_year_has_as_many_bars_as_the_calendar_of_the_bars(bars):
    assert 251 < bars_per_year(bars.time) < 253
    assert bars_per_year(np.arange(400) * DAY) == pytest.approx(365.25)
    assert bars_per_year(np.arange(400) * DAY // 96) == pytest.approx(365.25 * 96)
    assert bars_per_year(np.arange(1)) is None


def test_the_deepest_drawdown_knows_when_it_was():
    equity = np.array([1.0, 1.2, 0.9, 1.1, 1.2, 1.3, 1.25])
    drawdown = measured(equity, np.arange(7), 252.0)["drawdown"]
    assert drawdown.depth == pytest.approx(-0.25)
    assert (drawdown.peak, drawdown.trough, drawdown.recovered, drawdown.bars) == (1, 2, 4, 3)
    unrecovered = measured(equity[:4], np.arange(4), 252.0)["drawdown"]
    assert (unrecovered.recovered, unrecovered.bars) == (None, 2)


def test_an_equity_that_only_rises_has_no_drawdown_and_no_sortino_ratio():
    answer = measured(np.array([1.0, 1.1, 1.3]), np.arange(3) * DAY, 365.25)
    assert answer["drawdown"] is answer["sortino"] is None
    assert answer["max_drawdown"] == 0.0


def test_returns_that_do_not_vary_have_no_sharpe_ratio():
    answer = measured(1.01 ** np.arange(50.0), np.arange(50) * DAY, 365.25, trials=5)
    assert answer["sharpe"] is answer["probabilistic_sharpe"] is answer["deflated_sharpe"] is None
    assert answer["volatility"] == pytest.approx(0.0, abs=1e-12)


def test_trials_out_of_range_are_refused_even_where_there_is_no_sharpe_ratio():
    with pytest.raises(engine.BadParameter, match="trials"):
        measured(np.ones(5), np.arange(5) * DAY, 365.25, trials=0)


def test_minutes_are_not_blown_up_to_a_year_beyond_all_numbers():
    answer = measured(np.array([1.0, 2.0]), np.arange(2) * 60_000_000, 525_960.0)
    assert answer["annualized_return"] is None


def test_nothing_returns_from_nothing():
    assert returns_of(np.array([1.0, 0.5, 0.0, 0.0])).tolist() == [-0.5, -1.0, 0.0]
