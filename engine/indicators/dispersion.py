"""Indicators of dispersion: how far prices scatter, and how far today's lies from the usual."""

from typing import Annotated

import numpy as np

from engine.arithmetic import beyond_rounding, divided
from engine.catalog import Between, indicator
from engine.indicators.volatility import ranges_of
from engine.moments import moments
from engine.smoothing import wilder_mean
from engine.types import Prices, Values
from engine.windows import aligned, into, placed, placed_ratio

__all__ = ["drawdown", "historical_volatility", "natr", "standard_deviation", "z_score"]


@indicator(lookback=lambda window: window)
def natr(
    high: Prices, low: Prices, close: Prices, window: Annotated[int, Between(1, 500)] = 14
) -> Values:
    """Normalised Average True Range: how many percent of its price a bar usually travels.

        NATR = 100 * ATR / C

    Parameters
    ----------
    high, low, close : (..., n) float64
        Prices, oldest first.
    window : int, bars
        Wilder's smoothing length.

    Returns
    -------
    (..., n) float64, percent of the price
        NaN for the first ``window`` bars; 0 where the close is 0.

    Notes
    -----
    Equal to TA-Lib's NATR within 1e-12.

    References
    ----------
    J. Forman, Cross-market evaluations with normalized average true range, Technical Analysis of
    Stocks & Commodities 24:5 (2006).

    Examples
    --------
    >>> close = np.array([4.0, 5.0, 8.0])
    >>> natr(close + 1.0, close - 1.0, close, window=2).tolist()
    [nan, nan, 37.5]
    """
    ranges = wilder_mean(ranges_of(high, low, close), window)
    share = divided(ranges, close[..., window:], otherwise=0.0)
    return placed(np.multiply, share, 100.0, close.shape[-1])


@indicator(lookback=lambda window: window - 1, windowed=True)
def standard_deviation(close: Prices, window: Annotated[int, Between(2, 500)] = 20) -> Values:
    """Standard Deviation: how far the closes of the window usually lie from their mean.

        SD = sqrt(sum of (C - SMA)**2 / window)

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    window : int, bars
        How many closes are taken.

    Returns
    -------
    (..., n) float64, in units of the price
        NaN for the first ``window - 1`` bars.

    Notes
    -----
    That of the population, as TA-Lib's STDDEV, and equal to it within 1e-12 of the price; TA-Lib
    subtracts squares and loses the digits of small deviations of large prices. A tail of the
    history gives the same bits as all of it.

    References
    ----------
    S. B. Achelis, Technical Analysis from A to Z (2000).

    Examples
    --------
    >>> standard_deviation(np.array([1.0, 3.0, 3.0]), window=2).tolist()
    [nan, 1.0, 0.0]
    """
    squares = moments(close, window)[1]
    squares /= 2 * window
    return placed(np.sqrt, squares, None, close.shape[-1])


@indicator(lookback=lambda window: window, windowed=True)
def historical_volatility(
    close: Prices,
    window: Annotated[int, Between(2, 500)] = 20,
    bars_a_year: Annotated[float, Between(1, 100_000)] = 252.0,
) -> Values:
    """Historical Volatility: the standard deviation of log returns, taken to a year.

        HV = 100 * sqrt(bars_a_year) * sample standard deviation of ln(C[t] / C[t-1])

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    window : int, bars
        How many returns are taken.
    bars_a_year : float, bars
        252 for the daily bars of a stock exchange, 365 for those of a market that never closes.

    Returns
    -------
    (..., n) float64, percent a year
        NaN for the first ``window`` bars. A return from or to a price that is not positive counts
        as none.

    Notes
    -----
    A tail of the history gives the same bits as all of it.

    References
    ----------
    J. C. Hull, Options, Futures, and Other Derivatives, chapter on estimating volatility from
    historical data: s * sqrt(bars a year), s with the divisor n - 1.

    Examples
    --------
    >>> close = np.exp(np.array([0.0, 0.01, 0.0, 0.01]))
    >>> historical_volatility(close, window=2, bars_a_year=50.0).round(6).tolist()
    [nan, nan, 10.0, 10.0]
    """
    change = divided(close[..., 1:], close[..., :-1], otherwise=1.0)
    squares = moments(np.log(np.where(change > 0.0, change, 1.0)), window)[1]
    year = 100.0 * np.sqrt(squares * (bars_a_year / (window - 1.0) / 2.0))
    return aligned(year, close.shape[-1])


@indicator(lookback=lambda window: window - 1, windowed=True)
def z_score(close: Prices, window: Annotated[int, Between(2, 500)] = 20) -> Values:
    """Z-Score: how many standard deviations the close lies from the mean of its window.

        Z = (C - SMA) / standard deviation

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.
    window : int, bars
        How many closes are taken, today's among them.

    Returns
    -------
    (..., n) float64, population standard deviations
        NaN for the first ``window - 1`` bars; 0 where the price stood still.

    Notes
    -----
    A tail of the history gives the same bits as all of it.

    References
    ----------
    E. Kreyszig, Advanced Engineering Mathematics (1979): the standard score.

    Examples
    --------
    >>> z_score(np.array([1.0, 3.0, 3.0]), window=2).tolist()
    [nan, 1.0, 0.0]
    """
    sums, squares = moments(close, window)
    mean = into(None, np.divide, sums, window)
    squares /= 2 * window
    spread = beyond_rounding(np.sqrt(squares, out=squares), mean)
    distance = into(None, np.subtract, close[..., window - 1 :], mean)
    return placed_ratio(distance, spread, 0.0, close.shape[-1])


@indicator
def drawdown(close: Prices) -> Values:
    """Drawdown: by how many percent the close lies below the highest close so far.

        DD = 100 * (C / max(C[0] ... C[t]) - 1)

    Parameters
    ----------
    close : (..., n) float64
        Closing prices, oldest first.

    Returns
    -------
    (..., n) float64, percent, -100..0
        From the first bar on; 0 where no close was above 0 yet.

    Notes
    -----
    It remembers the whole history.

    References
    ----------
    M. Magdon-Ismail, A. Atiya, Maximum drawdown, Risk 17:10 (2004).

    Examples
    --------
    >>> drawdown(np.array([2.0, 1.0, 4.0, 3.0])).tolist()
    [0.0, -50.0, 0.0, -25.0]
    """
    peak = np.maximum.accumulate(close, axis=-1)
    share = divided(close, np.maximum(peak, 0.0), otherwise=1.0)
    return (share - 1.0) * 100.0
