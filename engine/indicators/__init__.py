"""The indicators, a file a family; importing it enters them all into the catalogue."""

from engine.catalog import compute, indicator, indicators
from engine.indicators import (
    adaptive,
    averages,
    channels,
    directional,
    dispersion,
    momentum,
    oscillators,
    rates,
    stochastic,
    stops,
    trend,
    volatility,
    volume,
    vwap,
)

__all__ = [
    "adaptive",
    "averages",
    "channels",
    "compute",
    "directional",
    "dispersion",
    "indicator",
    "indicators",
    "momentum",
    "oscillators",
    "rates",
    "stochastic",
    "stops",
    "trend",
    "volatility",
    "volume",
    "vwap",
]
