"""The indicators, a file a family; importing it enters them all into the catalogue."""

from engine.indicators import trend

__all__ = ["trend"]
