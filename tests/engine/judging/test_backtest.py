"""Backtests against a bookkeeper who goes bar by bar, and against their own laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from engine import BadBars, BadParameter, Bars, NotEnoughHistory
from engine.backtest import backtest
from engine.stances import OnHold, OnSell
from engine.statistics import wilson

DAY = 86_400_000_000


def bars_of(opens, closes=None):
    """Bars of these opens and closes, one a day."""
    opens = np.asarray(opens, dtype=float)
    closes = opens if closes is None else np.asarray(closes, dtype=float)
    high, low = np.maximum(opens, closes), np.minimum(opens, closes)
    return Bars(np.arange(len(opens)) * DAY, opens, high, low, closes, np.ones(len(opens)))


@st.composite
def markets(draw, least=1, most=60):
    """Bars of a random walk, and an action for each."""
    count = draw(st.integers(least, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    spread = draw(st.sampled_from([0.001, 0.02, 0.1]))
    closes = 100.0 * np.exp(np.cumsum(rng.normal(0.0, spread, count)))
    opens = np.concatenate([[100.0], closes[:-1]]) * np.exp(rng.normal(0.0, spread / 3, count))
    actions = draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=count, max_size=count))
    return bars_of(opens, closes), np.array(actions)


def booked(actions, bars, rate):
    """Equity, and the capital after each trade, kept bar by bar in cash and units."""
    cash, units, equity, closed = 1.0, 0.0, [1.0], []
    for bar in range(1, len(bars)):
        wanted, price = actions[bar - 1], bars.open[bar]
        if wanted != np.sign(units):
            if units:
                cash += units * price - abs(units) * price * rate
                units = 0.0
                closed.append(cash)
            if wanted:
                moved = cash * (1.0 - rate)
                units = wanted * moved / price
                cash = moved - units * price
        equity.append(cash + units * bars.close[bar])
        if equity[-1] <= 0.0:
            return None, None
    return np.array(equity), closed


@given(markets(), st.sampled_from([0.0, 10.0, 250.0]), st.sampled_from([0.0, 5.0]))
def test_equity_and_trades_are_those_of_a_bookkeeper(market, fee, slippage):
    bars, actions = market
    equity, closed = booked(actions, bars, (fee + slippage) / 10_000)
    result = backtest(actions, bars, fee, slippage)
    assert result.ruined == (equity is None)
    if equity is None:
        return
    np.testing.assert_allclose(result.equity, equity, rtol=1e-12)
    after = [trade.capital + trade.profit for trade in result.trades if not trade.open]
    np.testing.assert_allclose(after, closed, rtol=1e-12)
    for trade in result.trades:
        assert trade.profit == pytest.approx(trade.capital * trade.net_return, abs=1e-15)


@given(markets(least=2))
def test_equity_is_the_product_of_its_returns_and_ends_at_the_total(market):
    result = backtest(market[1], market[0])
    if not result.ruined:
        returns = result.equity[1:] / result.equity[:-1] - 1.0
        np.testing.assert_allclose(np.cumprod(1.0 + returns), result.equity[1:], rtol=1e-12)
    trades = np.prod([1.0 + trade.net_return for trade in result.trades])
    assert result.equity[-1] == pytest.approx(trades, rel=1e-12, abs=1e-15)
    assert 1.0 + result.total_return == pytest.approx(trades, rel=1e-12, abs=1e-15)


@given(markets(), st.floats(0, 1000), st.floats(0, 1000))
def test_higher_costs_never_leave_more(market, fee, slippage):
    bars, actions = market
    free, paid = backtest(actions, bars, 0.0, 0.0), backtest(actions, bars, fee, slippage)
    assert np.all(paid.equity <= free.equity * (1 + 1e-12))
    assert free.costs == pytest.approx(0.0, abs=1e-15)
    assert paid.costs >= 0.0


@given(markets(), st.booleans())
def test_who_never_trades_changes_nothing(market, sells):
    bars, actions = market
    result = backtest(-np.abs(actions) if sells else 0 * actions, bars, on_sell=OnSell.FLAT)
    assert np.all(result.equity == 1.0)
    assert len(result.trades) == 0
    assert (result.total_return, result.exposure, result.costs) == (0.0, 0.0, 0.0)
    assert result.sharpe is result.sortino is result.profit_factor is result.drawdown is None
    assert result.win_rate == engine.Estimate(None, None, None)


@given(markets(least=2), st.data())
def test_equity_so_far_does_not_depend_on_what_comes(market, data):
    bars, actions = market
    known = data.draw(st.integers(1, len(bars)))
    whole, part = backtest(actions, bars), backtest(actions[:known], bars[:known])
    np.testing.assert_array_equal(whole.position[:known], part.position)
    np.testing.assert_allclose(whole.equity[:known], part.equity, rtol=1e-14)


@given(markets(least=2))
def test_no_measure_is_ever_infinite_or_not_a_number(market):
    result = backtest(market[1], market[0], trials=10)
    for shown in (result, result.buy_and_hold):
        for name in shown.__dataclass_fields__:
            value = getattr(shown, name)
            if isinstance(value, float):
                assert np.isfinite(value), name
                assert type(value) is float, name


def test_a_decision_at_a_close_is_filled_at_the_next_open():
    bars = bars_of([10.0, 11.0, 12.0, 13.0], [10.5, 11.5, 12.5, 13.5])
    result = backtest(np.array([1, 0, 0, 0]), bars, 0, 0)
    (trade,) = result.trades
    assert (trade.entry_price, trade.exit_price, trade.bars) == (11.0, 12.0, 1)
    assert (trade.entry_time, trade.exit_time, trade.side) == (DAY, 2 * DAY, 1)
    assert result.total_return == pytest.approx(1 / 11)
    assert result.position.tolist() == [0, 1, 0, 0]
    assert result.exposure == pytest.approx(1 / 3)


def test_the_last_decision_has_no_open_to_be_filled_at():
    assert len(backtest(np.array([0, 0, 1]), bars_of([1.0, 2.0, 3.0])).trades) == 0


def test_entering_and_leaving_are_one_leg_each_and_turning_is_two():
    bars = bars_of([10.0] * 6)
    leg = 0.0015
    once = backtest(np.array([1, 1, 0, 0, 0, 0]), bars)
    assert once.equity[-1] == pytest.approx((1 - leg) ** 2, rel=1e-12)
    assert once.trades[0].cost == pytest.approx(1 - (1 - leg) ** 2, rel=1e-12)
    turned = backtest(np.array([1, 1, -1, -1, -1, -1]), bars)
    assert turned.equity[-1] == pytest.approx((1 - leg) ** 3, rel=1e-12)
    assert turned.turnover == pytest.approx(3 / (5 / 365.25))
    kept = backtest(np.array([1, 1, 1, 1, 1, 1]), bars)
    assert kept.equity[-1] == pytest.approx(1 - leg, rel=1e-12)


def test_a_short_position_earns_what_the_price_falls_and_pays_for_the_units_it_buys_back():
    bars = bars_of([10.0, 10.0, 8.0, 8.0])
    result = backtest(np.array([-1, 0, 0, 0]), bars, fee_bps=100, slippage_bps=0)
    assert result.total_return == pytest.approx(0.99 * (1.2 - 0.01 * 0.8) - 1, rel=1e-12)


def test_an_open_trade_is_marked_to_the_last_close_and_says_so():
    bars = bars_of([10.0, 10.0, 11.0], [10.0, 10.5, 12.0])
    result = backtest(np.array([1, 1, 1]), bars)
    (trade,) = result.trades
    assert trade.open
    assert (trade.exit_price, trade.exit_time, trade.bars) == (12.0, 2 * DAY, 2)
    assert trade.net_return == pytest.approx(0.9985 * 1.2 - 1)
    assert result.win_rate.value is None
    np.testing.assert_allclose(result.equity, result.buy_and_hold.equity, rtol=1e-15)


def test_the_ledger_reads_as_a_sequence_and_a_slice_of_it_is_a_ledger(bars):
    trades = backtest(engine.decide("PRICE_AND_RSI", bars)).trades
    assert list(trades)[3:8] == list(trades[3:8])
    assert trades[-1] == list(trades)[-1]
    assert len(trades[10_000:]) == 0
    with pytest.raises(IndexError):
        trades[len(trades)]


def test_shares_of_trades_are_what_a_reader_of_the_ledger_counts(bars):
    result = backtest(engine.decide("PRICE_AND_RSI", bars))
    closed = [trade for trade in result.trades if not trade.open]
    profits = [trade.profit for trade in closed]
    won, lost = [p for p in profits if p > 0], [p for p in profits if p < 0]
    assert result.win_rate.value == pytest.approx(len(won) / len(closed))
    assert (result.win_rate.low, result.win_rate.high) == wilson(result.win_rate.value, len(closed))
    assert result.profit_factor == pytest.approx(sum(won) / -sum(lost))
    held = sum(trade.bars for trade in result.trades)
    assert result.exposure == pytest.approx(held / (len(result.bars) - 1))
    years = (len(result.bars) - 1) / result.bars_per_year
    legs = sum(1 if trade.open else 2 for trade in result.trades)
    assert result.turnover == pytest.approx(legs / years)
    assert result.costs == pytest.approx(sum(t.cost * t.capital for t in result.trades))
    assert result.total_return == pytest.approx(sum(trade.profit for trade in result.trades))


def test_sell_and_hold_do_what_was_asked():
    bars = bars_of([10.0] * 6)
    actions = np.array([1, 0, -1, 0, 1, 1])
    positions = {
        (OnSell.SHORT, OnHold.FLAT): [0, 1, 0, -1, 0, 1],
        (OnSell.SHORT, OnHold.KEEP): [0, 1, 1, -1, -1, 1],
        (OnSell.FLAT, OnHold.FLAT): [0, 1, 0, 0, 0, 1],
        (OnSell.FLAT, OnHold.KEEP): [0, 1, 1, 0, 0, 1],
    }
    for (on_sell, on_hold), expected in positions.items():
        result = backtest(actions, bars, on_sell=on_sell, on_hold=on_hold)
        assert result.position.tolist() == expected
    assert backtest(actions, bars).position.tolist() == positions[OnSell.SHORT, OnHold.FLAT]


def test_a_short_position_that_loses_everything_at_a_close_ends_all_trading():
    bars = bars_of([10.0, 10.0, 15.0, 19.0, 9.0, 9.0], [10.0, 12.0, 20.0, 19.0, 9.0, 9.0])
    result = backtest(np.array([-1, -1, -1, 1, 1, 1]), bars, 0, 0)
    assert result.ruined
    assert result.equity.tolist() == pytest.approx([1.0, 0.8, 0.0, 0.0, 0.0, 0.0])
    assert result.position.tolist() == [0, -1, -1, 0, 0, 0]
    (trade,) = result.trades
    assert (trade.net_return, trade.profit, trade.open) == (-1.0, -1.0, False)
    assert (trade.bars, trade.exit_price, trade.exit_time) == (2, 20.0, 2 * DAY)
    assert (result.total_return, result.annualized_return, result.max_drawdown) == (-1, -1, -1)
    assert result.drawdown.recovered is None


def test_a_short_position_that_loses_everything_as_it_is_left_ends_all_trading():
    bars = bars_of([10.0, 10.0, 10.0, 10.0, 25.0, 25.0], [10.0, 10.0, 10.0, 12.0, 25.0, 50.0])
    result = backtest(np.array([1, -1, -1, 1, 1, 1]), bars, 0, 0)
    assert result.ruined
    assert result.equity.tolist() == pytest.approx([1.0, 1.0, 1.0, 0.8, 0.0, 0.0])
    assert result.position.tolist() == [0, 1, -1, -1, 0, 0]
    assert [trade.net_return for trade in result.trades] == pytest.approx([0.0, -1.0])
    assert result.trades[1].exit_price == 25.0


@pytest.mark.parametrize("cost", ["fee_bps", "slippage_bps"])
@pytest.mark.parametrize("value", [-0.01, 1000.5, float("nan"), float("inf"), "10", True, None])
def test_absurd_costs_are_refused_with_their_range(cost, value):
    with pytest.raises(BadParameter, match=cost) as refused:
        backtest(np.array([1, 1]), bars_of([1.0, 1.0]), **{cost: value})
    if isinstance(value, float) and np.isfinite(value):
        assert "between 0 and 1000" in str(refused.value)


def test_bars_of_other_times_are_refused(real):
    decision = engine.decide("MOVING_AVERAGE_CROSS", real["MSFT"])
    shifted = decision.bars.replace(time=decision.bars.time + 1)
    for other in (real["MSFT"][::2], shifted, shifted[100:200]):
        with pytest.raises(BadBars, match="times"):
            backtest(decision, other)
    with pytest.raises(BadBars, match="give the bars"):
        backtest(decision.action)


def test_prices_that_cannot_be_traded_are_refused():
    for price in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(BadBars, match="open"):
            backtest(np.zeros(3), bars_of([1.0, price, 1.0], [1.0, 1.0, 1.0]))


@pytest.mark.parametrize("actions", [np.zeros(2), np.array([0, 2, 0]), np.array([0.5, 0, 0])])
def test_actions_that_are_none_are_refused(actions):
    with pytest.raises(BadParameter, match="actions"):
        backtest(actions, bars_of([1.0, 1.0, 1.0]))


def test_trading_starts_with_the_first_bar_that_was_judged(bars):
    decision = engine.decide("MOVING_AVERAGE_CROSS", bars)
    result = backtest(decision, bars)
    assert result.bars.time[0] == bars.time[decision.first]
    assert len(result.equity) == len(bars) - decision.first
    alone = backtest(decision.action[decision.first :], bars[decision.first :])
    np.testing.assert_array_equal(result.equity, alone.equity)


def test_a_part_of_the_bars_is_traded_by_the_decisions_of_all(bars):
    decision = engine.decide("TECHNICAL_RATING", bars)
    result = backtest(decision, bars[1000:1500])
    alone = backtest(decision.action[1000:1500], bars[1000:1500])
    np.testing.assert_array_equal(result.equity, alone.equity)
    assert result.bars_per_year == backtest(decision).bars_per_year


def test_other_prices_of_the_same_times_may_be_traded(bars):
    decision = engine.decide("PRICE_AND_RSI", bars)
    doubled = bars.replace(open=bars.open * 2, close=bars.close * 2)
    np.testing.assert_allclose(backtest(decision, doubled).equity, backtest(decision, bars).equity)


def test_bars_that_were_never_judged_are_not_enough(bars):
    decision = engine.decide("MOVING_AVERAGE_CROSS", bars)
    with pytest.raises(NotEnoughHistory):
        backtest(decision, bars[:30])
    with pytest.raises(NotEnoughHistory):
        backtest(np.zeros(0), bars[:0])


def test_the_curve_shows_the_first_and_the_last_close(bars):
    result = backtest(engine.decide("PRICE_AND_RSI", bars))
    curve = result.curve(50)
    assert len(curve.times) == len(curve.strategy) == len(curve.buy_and_hold) == 50
    assert (curve.times[0], curve.times[-1]) == (result.bars.time[0], result.bars.time[-1])
    assert curve.strategy[-1] == result.equity[-1]
    assert np.all(np.diff(curve.times) > 0)
    assert len(result.curve(100_000).times) == len(result.bars)
    with pytest.raises(BadParameter, match="points"):
        result.curve(1)


def test_what_was_found_cannot_be_changed(bars):
    result = backtest(engine.decide("PRICE_AND_RSI", bars))
    for column in (
        result.equity,
        result.position,
        result.trades.profit,
        result.buy_and_hold.equity,
    ):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 5


def test_a_single_bar_is_no_performance():
    result = backtest(np.array([1]), bars_of([5.0]), trials=3)
    assert (result.total_return, result.exposure, result.max_drawdown) == (0.0, 0.0, 0.0)
    assert result.annualized_return is result.volatility is result.turnover is None
    assert result.sharpe is result.probabilistic_sharpe is result.deflated_sharpe is None


def test_a_year_may_be_told_and_scales_what_is_told_a_year(bars):
    decision = engine.decide("PRICE_AND_RSI", bars)
    own, told = backtest(decision), backtest(decision, yearly=4 * backtest(decision).bars_per_year)
    assert told.bars_per_year == 4 * own.bars_per_year
    assert told.sharpe == pytest.approx(2 * own.sharpe)
    assert told.volatility == pytest.approx(2 * own.volatility)
    assert told.buy_and_hold.sharpe == pytest.approx(2 * own.buy_and_hold.sharpe)
    assert told.turnover == pytest.approx(4 * own.turnover)
    assert told.total_return == own.total_return
    assert told.probabilistic_sharpe == own.probabilistic_sharpe


@pytest.mark.parametrize("yearly", [0.0, -252.0, float("nan"), float("inf")])
def test_no_year_has_as_few_or_as_many_bars(bars, yearly):
    with pytest.raises(BadParameter, match="a year has no"):
        backtest(engine.decide("PRICE_AND_RSI", bars), yearly=yearly)


def test_a_single_bar_has_no_year_whatever_is_told():
    assert backtest(np.array([1]), bars_of([5.0]), yearly=252.0).turnover is None
