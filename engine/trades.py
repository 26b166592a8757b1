"""Trades: what positions come to when they are filled at the opens and every leg has its cost."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Self, overload

import numpy as np

from engine.types import Bars, Flags, Float64, Int8, Int64

__all__ = ["Filled", "Trade", "Trades", "traded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One position from its entry to its exit.

    Parameters
    ----------
    side : int
        1 for a long position, -1 for a short one.
    entry_time, exit_time : int, microseconds since the epoch
        The bars at whose open it was entered and left; for one still open, the last bar.
    entry_price, exit_price : float
        Those opens; for one still open, the last close.
    bars : int
        How many bars it was held.
    capital : float
        With what it was entered, as a share of the capital with which the backtest began.
    net_return : float
        What it added to that capital, costs taken off: 0.05 is 5 %.
    cost : float
        What its legs cost, as a share of that capital.
    profit : float
        What it added, ``capital * net_return``.
    open : bool
        Whether it is still held, and therefore only marked to the last close: its exit costs
        nothing yet.
    """

    side: int
    entry_time: int
    exit_time: int
    entry_price: float
    exit_price: float
    bars: int
    capital: float
    net_return: float
    cost: float
    profit: float
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Trades:
    """The ledger, oldest first: columns of numbers that read as a sequence of ``Trade``.

    Parameters
    ----------
    side, entry_time, exit_time, entry_price, exit_price, bars, capital, net_return, cost, profit, \
open : (trades,)
        What each is of a trade, and in which unit, says ``Trade``.

    Notes
    -----
    A slice of it is a ledger again.
    """

    side: Int8
    entry_time: Int64
    exit_time: Int64
    entry_price: Float64
    exit_price: Float64
    bars: Int64
    capital: Float64
    net_return: Float64
    cost: Float64
    profit: Float64
    open: Flags

    def __len__(self) -> int:
        return len(self.side)

    @overload
    def __getitem__(self, index: int) -> Trade: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Trade | Self:
        if isinstance(index, slice):
            return type(self)(**{f.name: getattr(self, f.name)[index] for f in fields(self)})
        return Trade(
            side=int(self.side[index]),
            entry_time=int(self.entry_time[index]),
            exit_time=int(self.exit_time[index]),
            entry_price=float(self.entry_price[index]),
            exit_price=float(self.exit_price[index]),
            bars=int(self.bars[index]),
            capital=float(self.capital[index]),
            net_return=float(self.net_return[index]),
            cost=float(self.cost[index]),
            profit=float(self.profit[index]),
            open=bool(self.open[index]),
        )

    def __iter__(self) -> Iterator[Trade]:
        return (self[index] for index in range(len(self)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filled:
    """Positions as they were held, what they were worth, and the trades they made.

    ``position`` is what was held during each bar, ``equity`` its worth at each close, ``ruined``
    whether short positions lost everything, after which nothing more was traded.
    """

    position: Int8 = field(repr=False)
    equity: Float64 = field(repr=False)
    trades: Trades = field(repr=False)
    ruined: bool


def traded(wanted: Int8, bars: Bars, rate: float) -> Filled:
    """Fill positions at the opens, the whole capital each time.

    Parameters
    ----------
    wanted : (n,) int8
        The position that each close decides on: 1 long, 0 none, -1 short. It is entered at the next
        open, so that of the last close is not entered at all.
    bars : Bars
        n bars, at least one, with opens and closes above 0.
    rate : float
        Cost of a leg, as a share of the value that it moves.

    Returns
    -------
    Filled

    Notes
    -----
    A trade holds the number of units that the capital bought at its entry, whichever way they go.
    With F the open of the entry, P the price reached, s the side and c the rate, the capital of a
    trade becomes

        (1 - c) (1 + s (P / F - 1))             while it is held, at each close P
        (1 - c) (1 + s (P / F - 1) - c P / F)   once it is left at the open P

    and a change from long to short is two legs at one open.
    """
    count = len(wanted)
    position = np.zeros_like(wanted)
    position[1:] = wanted[:-1]
    starts = np.concatenate([[0], np.flatnonzero(position[1:] != position[:-1]) + 1])
    ends = np.append(starts[1:], count)  # a stretch of one position ends where the next one starts
    side = position[starts]
    left = ends < count
    entry_price = bars.open[starts]
    exit_price = np.append(bars.open[starts[1:]], bars.close[-1])

    in_market = side != 0
    change = exit_price / entry_price
    leaving = rate * (in_market & left)
    paid = 1.0 - rate * in_market
    factor = paid * (1.0 + side * (change - 1.0) - leaving * change)
    worth = np.cumprod(factor)
    before = np.concatenate([[1.0], worth[:-1]])

    lengths = ends - starts
    moved = bars.close / np.repeat(entry_price, lengths) - 1.0
    held = 1.0 + position * moved
    equity = np.repeat(before * paid, lengths) * held

    net_return = factor - 1.0
    columns = {
        "side": side,
        "entry_time": bars.time[starts],
        "exit_time": bars.time[np.minimum(ends, count - 1)],
        "entry_price": entry_price,
        "exit_price": exit_price,
        "bars": lengths,
        "capital": before,
        "net_return": net_return,
        "cost": 1.0 - paid + paid * leaving * change,
        "profit": before * net_return,
        "open": ~left,
    }
    trades = {name: column[in_market] for name, column in columns.items()}
    at_close = int(np.argmax(held <= 0.0)) if held.min() <= 0.0 else count
    at_open = int(ends[np.argmax(factor <= 0.0)]) if factor.min() <= 0.0 else count
    ruined = min(at_close, at_open) < count
    if ruined:
        _ruin(trades, bars, at_close, at_open)
        position[at_close + 1 if at_close < at_open else at_open :] = 0
        equity[min(at_close, at_open) :] = 0.0
    for column in (position, equity, *trades.values()):
        column.flags.writeable = False
    return Filled(position=position, equity=equity, trades=Trades(**trades), ruined=ruined)


def _ruin(trades: dict[str, Any], bars: Bars, at_close: int, at_open: int) -> None:
    """End the ledger with the short trade that lost everything, at a close or as it was left."""
    entered = bars.time[at_close] if at_close < at_open else bars.time[at_open - 1]
    kept = int(np.searchsorted(trades["entry_time"], entered, side="right"))
    for name, column in trades.items():
        trades[name] = column[:kept]
    last = {"net_return": -1.0, "profit": -trades["capital"][-1], "open": False}
    if at_close < at_open:
        entry = int(np.searchsorted(bars.time, trades["entry_time"][-1]))
        last |= {
            "exit_time": bars.time[at_close],
            "exit_price": bars.close[at_close],
            "bars": at_close + 1 - entry,
        }
    for name, value in last.items():
        trades[name][-1] = value
