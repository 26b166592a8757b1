"""Real bars for the engine's tests, read without the floors above it."""

import csv
import gzip
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from engine.types import Bars

SAMPLE = Path(__file__).parents[2] / "market_data" / "sample"
SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")
SERIES = Path(__file__).parent / "series"
INDICES = ("SP500", "NASDAQ")


def read(symbol: str) -> Bars:
    """The raw daily bars of one symbol, splits and all."""
    folder = SERIES if symbol in INDICES else SAMPLE
    with gzip.open(folder / f"{symbol}.csv.gz", "rt") as lines:
        rows = list(csv.DictReader(lines))
    days = [datetime.fromisoformat(row["date"]).replace(tzinfo=UTC) for row in rows]
    return Bars(
        np.array([int(day.timestamp()) * 1_000_000 for day in days]),
        *(
            np.array([float(row[name]) for row in rows])
            for name in ("open", "high", "low", "close", "volume")
        ),
    )


@pytest.fixture(scope="session")
def real() -> dict[str, Bars]:
    """Four real series of 2,148 to 3,270 daily bars, by symbol."""
    return {symbol: read(symbol) for symbol in SYMBOLS}


@pytest.fixture(scope="session")
def all_real(real: dict[str, Bars]) -> dict[str, Bars]:
    """Six real series: those four, and two indices of 5,031 daily bars, by symbol."""
    return real | {symbol: read(symbol) for symbol in INDICES}


@pytest.fixture(scope="session", params=SYMBOLS)
def bars(request: pytest.FixtureRequest, real: dict[str, Bars]) -> Bars:
    """Each of the four real series in turn."""
    return real[request.param]
