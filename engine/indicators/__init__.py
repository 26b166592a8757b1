"""The indicators, a file a family; importing it enters them all into the catalogue."""

from engine.catalog import compute, indicator, indicators
from engine.indicators import (
    averages,
    channels,
    directional,
    momentum,
    oscillators,
    rates,
    stochastic,
    trend,
    volatility,
)

__all__ = [
    "averages",
    "channels",
    "compute",
    "directional",
    "indicator",
    "indicators",
    "momentum",
    "oscillators",
    "rates",
    "stochastic",
    "trend",
    "volatility",
]
