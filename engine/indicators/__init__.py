"""The indicators, a file a family; importing it enters them all into the catalogue."""

from engine.indicators import momentum, trend, volatility

__all__ = ["momentum", "trend", "volatility"]
