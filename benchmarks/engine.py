"""Decisions, explanations, flip prices and states, against the TA-Lib calls of the same rating."""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from types import SimpleNamespace
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import engine
from benchmarks.indicators import BARS, market
from benchmarks.peers.in_talib import TALIB

ROUNDS = 40
TICKS = 50_000  # between 25 % below the close and 25 % above it

RATING: tuple[tuple[str, dict[str, int]], ...] = (
    *(("SMA", {"window": window}) for window in (10, 20, 30, 50, 100, 200)),
    *(("EMA", {"window": window}) for window in (10, 20, 30, 50, 100, 200)),
    ("HMA", {"window": 9}),
    ("VWMA", {"window": 20}),
    *(("DONCHIAN_CHANNELS", {"window": window}) for window in (9, 26, 52)),  # Ichimoku's lines
    ("RSI", {}),
    ("STOCHASTIC", {}),
    ("CCI", {}),
    ("ADX", {}),
    ("AWESOME_OSCILLATOR", {}),
    ("MOMENTUM", {}),
    ("MACD", {}),
    ("STOCHASTIC_RSI", {}),
    ("WILLIAMS_R", {}),
    ("BULL_BEAR_POWER", {}),
    ("ULTIMATE_OSCILLATOR", {}),
)


def talib_calls(columns: Any) -> None:
    """What the rating needs of TA-Lib: 27 indicators, without a vote, a score or a reason."""
    for name, given in RATING:
        TALIB[name](columns, **engine.indicators()[name].resolved(given))


def timed(calls: dict[str, Callable[[], Any]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Milliseconds of each call, in turn, so that what disturbs one disturbs them all."""
    kept: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 3):
        for name, call in calls.items():
            start = time.process_time()
            call()
            if turn >= 3:
                kept[name].append((time.process_time() - start) * 1e3)
    return kept


def shown(timings: list[float]) -> str:
    low, _, high = quantiles(timings, n=4)
    return f"{median(timings):8.3f} ({low:.3f} - {high:.3f})"


def import_seconds(what: str) -> float:
    """User and system time of a fresh interpreter that imports it."""
    spent = []
    compiled = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(9):
        before = os.times()
        subprocess.run([sys.executable, "-c", what], check=True, env=compiled)
        after = os.times()
        spent.append(
            after.children_user
            - before.children_user
            + after.children_system
            - before.children_system
        )
    return median(spent)


def strategies(bars: engine.Bars) -> None:
    """Decisions and flips of every strategy, each flip with 50,000 ticks in range."""
    print(f"\nflips with {TICKS} ticks in range, of 20 bars: milliseconds")
    heads = ("decision", "median", "slowest", "median /", "slowest / decision")
    print(f"{'':32}" + "".join(f"{head:>{max(10, len(head) + 2)}}" for head in heads))
    for name in engine.strategies():
        decision = engine.decide(name, bars)
        calls: dict[str, Callable[[], Any]] = {"decision": partial(engine.decide, name, bars)}
        for bar in range(BARS - 100, BARS, 5):
            tick = 0.5 * float(bars.close[bar]) / TICKS
            calls[str(bar)] = partial(engine.flips, decision, bar, tick)
        decided, *flips = (median(kept) for kept in timed(calls, rounds=5).values())
        middle, slowest = median(flips), max(flips)
        print(
            f"{name:32}{decided:10.3f}{middle:10.2f}{slowest:10.2f}"
            f"{middle / decided:10.1f}{slowest / decided:20.1f}"
        )


def main() -> None:
    columns = {name: column[0] for name, column in market(1).items()}
    bars = engine.Bars(**columns)
    plain = SimpleNamespace(**{n: np.ascontiguousarray(c) for n, c in columns.items()})
    decision = engine.decide("TECHNICAL_RATING", bars)
    state = engine.open("TECHNICAL_RATING", bars[: BARS - ROUNDS - 3])
    coming = iter(range(BARS - ROUNDS - 3, BARS))
    prices = float(bars.close[-1]) * np.linspace(0.9, 1.1, 100)

    def update() -> None:
        bar = next(coming)
        state.update(bars[bar : bar + 1])

    timings = timed(
        {
            "TA-Lib's calls": partial(talib_calls, plain),
            "decision": partial(engine.decide, "TECHNICAL_RATING", bars),
            "explanation of the last bar": partial(engine.explain, decision),
            "flips of the last bar": partial(engine.flips, decision),
            "flips of the bar to come": partial(engine.next_flips, decision),
            "state: update": update,
            "state: peek at 100 prices": partial(state.peek, prices),
        }
    )
    talib, decided = (median(timings[name]) for name in ("TA-Lib's calls", "decision"))
    print(f"TECHNICAL_RATING, {BARS} bars: milliseconds, median (quartiles) of {ROUNDS}")
    print(f"{'':32}{'':28}{'/ TA-Lib':>10}{'/ decision':>12}")
    for name, kept in timings.items():
        ratios = f"{median(kept) / talib:10.2f}{median(kept) / decided:12.2f}"
        print(f"{name:32}{shown(kept):28}{ratios}")
    strategies(bars)
    print("\nimport, milliseconds of processor time over bare Python:")
    bare = import_seconds("pass")
    for what in ("numpy", "engine"):
        print(f"{what:32}{(import_seconds(f'import {what}') - bare) * 1e3:8.0f}")


if __name__ == "__main__":
    main()
