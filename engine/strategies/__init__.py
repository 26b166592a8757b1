"""The strategies; importing it enters them all into the catalogue."""

from engine.catalog import strategies, strategy

from engine.strategies import technical_rating  # isort: skip  # the catalogue keeps this order
from engine.strategies import (
    breakout,
    combined,
    crossing,
    mean_reversion,
    momentum,
    regime,
    volatility_target,
)

__all__ = [
    "breakout",
    "combined",
    "crossing",
    "mean_reversion",
    "momentum",
    "regime",
    "strategies",
    "strategy",
    "technical_rating",
    "volatility_target",
]
