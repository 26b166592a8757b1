"""Every indicator against TA-Lib's C, for one symbol and for five hundred, on one thread.

Both get contiguous columns of float64 and say all outputs of the indicator that they have, ours
through the catalogue's function, theirs through TA-Lib's own wrapper; time is that of the process.
`--quick` takes fewer rounds and leaves out pandas; names of indicators leave out all others.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import math
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import geometric_mean, median, quantiles
from types import SimpleNamespace
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.peers.in_talib import TALIB
from engine import indicators

BARS, SYMBOLS = 2520, 500
LOOPS = {"PARABOLIC_SAR", "SUPERTREND", "KAMA"}  # each value hangs on the one before it
COLUMNS = ("open", "high", "low", "close", "volume")


def market(rows: int) -> dict[str, Any]:
    """Random walks with a daily range and volume, (rows, BARS)."""
    rng = np.random.default_rng(7)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.015, (rows, BARS)), axis=-1)).round(4)
    opening = close * np.exp(rng.normal(0.0, 0.004, close.shape))
    high = np.maximum(opening, close) * np.exp(np.abs(rng.normal(0.0, 0.006, close.shape)))
    low = np.minimum(opening, close) * np.exp(-np.abs(rng.normal(0.0, 0.006, close.shape)))
    volume = rng.integers(100_000, 10_000_000, close.shape).astype(float)
    time = np.broadcast_to(np.arange(BARS) * 86_400_000_000, close.shape)
    return {
        "time": time,
        **dict(zip(COLUMNS, (opening, high, low, close, volume), strict=True)),
    }


def rounds(ours: Callable[[], Any], theirs: Callable[[], Any], seconds: float, n: int) -> Any:
    """Times of both in turn, in microseconds a call, n rounds after one of warm-up.

    Who begins changes from round to round, so that a machine that speeds up or slows down favours
    neither.
    """
    timings: tuple[list[float], list[float]] = ([], [])
    turns = []
    for call, kept in zip((ours, theirs), timings, strict=True):
        call()
        start = time.process_time()
        call()
        count = max(1, math.ceil(seconds / (time.process_time() - start)))
        turns.append((call, count, kept))
    for _ in range(n):
        for call, count, kept in turns:
            start = time.process_time()
            for _ in range(count):
                call()
            kept.append((time.process_time() - start) / count * 1e6)
        turns.reverse()
    return timings


def all_rows(peer: Callable[..., Any], rows: list[Any], values: dict[str, Any]) -> list[Any]:
    return [peer(row, **values) for row in rows]


def compare(symbols: int, seconds: float, n: int, names: list[str]) -> dict[str, float]:
    """Print a line an indicator; the ratio of the medians by name."""
    columns = market(symbols)
    rows = [
        SimpleNamespace(
            **{name: np.ascontiguousarray(column[row]) for name, column in columns.items()}
        )
        for row in range(symbols)
    ]
    if symbols == 1:
        columns = {name: column[0] for name, column in columns.items()}
    ratios = {}
    print(f"\n{symbols} x {BARS} bars: microseconds, median (quartiles)")
    for name in names:
        spec, peer = indicators()[name], TALIB[name]
        values = spec.resolved({})
        inputs = [columns[column] for column in spec.inputs]

        theirs = partial(all_rows, peer, rows, values)
        mine, other = rounds(partial(spec.function, *inputs, **values), theirs, seconds, n)
        ratios[name] = median(mine) / median(other)
        print(f"{name:28}{shown(mine):>30}{shown(other):>30}{ratios[name]:8.2f}")
    shared = [ratio for name, ratio in ratios.items() if name not in LOOPS]
    if shared:
        print(f"geometric mean without {', '.join(sorted(LOOPS))}: {geometric_mean(shared):.2f}")
    return ratios


def compare_pandas() -> None:
    """Print how many times longer pandas-ta-classic and ta take for one symbol."""
    try:
        pandas, peer_tables = map(import_module, ("pandas", "benchmarks.peers.in_pandas"))
    except ImportError as missing:
        print(f"\nNo comparison with pandas-ta-classic and ta: {missing}")
        return
    columns = {name: column[0] for name, column in market(1).items()}
    frame = pandas.DataFrame(columns)
    for library, peers in (("pandas-ta-classic", peer_tables.PANDAS_TA), ("ta", peer_tables.TA)):
        print(f"\n1 x {BARS} bars against {library}: microseconds, median (quartiles)")
        ratios = []
        for name, peer in peers.items():
            spec = indicators()[name]
            inputs, values = [columns[column] for column in spec.inputs], spec.resolved({})
            mine, other = rounds(
                partial(spec.function, *inputs, **values), partial(peer, frame), 0.01, 5
            )
            ratios.append(median(other) / median(mine))
            print(f"{name:28}{shown(mine):>30}{shown(other):>30}{ratios[-1]:8.1f} times")
        print(f"geometric mean over {len(ratios)}: {geometric_mean(ratios):.1f} times as long")


def shown(timings: list[float]) -> str:
    low, _, high = quantiles(timings, n=4)
    return f"{median(timings):.1f} ({low:.1f} - {high:.1f})"


def main() -> None:
    quick = "--quick" in sys.argv
    names = [name for name in sys.argv[1:] if name != "--quick"] or list(TALIB)
    compare(1, 0.002 if quick else 0.01, 9 if quick else 15, names)
    compare(SYMBOLS, 0.03, 3 if quick else 5, names)
    if not quick:
        compare_pandas()


if __name__ == "__main__":
    main()
