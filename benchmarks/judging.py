"""What judging a decision over ten years of days costs, on one thread."""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import quantiles

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import engine

BARS, ROUNDS = 2520, 41


def market() -> engine.Bars:
    """A random walk of days with a range and volume."""
    rng = np.random.default_rng(7)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.015, BARS)))
    opening = np.concatenate([[100.0], close[:-1]]) * np.exp(rng.normal(0.0, 0.004, BARS))
    high = np.maximum(opening, close) * np.exp(np.abs(rng.normal(0.0, 0.006, BARS)))
    low = np.minimum(opening, close) * np.exp(-np.abs(rng.normal(0.0, 0.006, BARS)))
    volume = rng.integers(100_000, 10_000_000, BARS).astype(float)
    return engine.Bars(np.arange(BARS) * 86_400_000_000, opening, high, low, close, volume)


def timed(call: Callable[[], object]) -> str:
    """Median and quartiles of a call, in microseconds."""
    call()
    timings = []
    for _ in range(ROUNDS):
        start = time.process_time()
        call()
        timings.append((time.process_time() - start) * 1e6)
    low, middle, high = quantiles(timings, n=4)
    return f"{middle:10.0f} ({low:.0f} - {high:.0f})"


def main() -> None:
    bars = market()
    print(f"{BARS} bars: microseconds, median (quartiles)")
    for name in ("MOVING_AVERAGE_CROSS", "TECHNICAL_RATING"):
        decision = engine.decide(name, bars)
        trades = len(engine.backtest(decision).trades)
        for what, call in (
            ("decide", partial(engine.decide, name, bars)),
            (f"backtest, {trades} trades", partial(engine.backtest, decision)),
            ("track record, 1, 5 and 20 bars", partial(engine.track_record, decision)),
            ("look-ahead audit, 32 histories", partial(engine.audit, decision)),
        ):
            print(f"{name:24}{what:34}{timed(call)}")


if __name__ == "__main__":
    main()
