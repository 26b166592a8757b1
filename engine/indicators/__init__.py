"""The indicators, a file a family; importing it enters them all into the catalogue."""

from engine.catalog import compute, indicator, indicators
from engine.indicators import momentum, trend, volatility

__all__ = ["compute", "indicator", "indicators", "momentum", "trend", "volatility"]
