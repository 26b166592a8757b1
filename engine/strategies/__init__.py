"""The strategies; importing it enters them all into the catalogue."""

from engine.catalog import strategies, strategy
from engine.strategies import crossing, technical_rating

__all__ = ["crossing", "strategies", "strategy", "technical_rating"]
