"""The quantitative engine: indicators, strategies, decisions and what follows from them."""

from engine.catalog import Indicator, Parameter, Strategy, Threshold
from engine.decision import Decision, decide
from engine.errors import BadBars, BadParameter, EngineError, NotEnoughHistory, UnknownName
from engine.explain import Contribution, Explanation, explain
from engine.flip import FlipPrice, flips, next_flips
from engine.indicators import compute, indicators
from engine.strategies import strategies
from engine.types import Action, Bars, Interval, Rating
from engine.version import ENGINE_VERSION

__all__ = [
    "ENGINE_VERSION",
    "Action",
    "BadBars",
    "BadParameter",
    "Bars",
    "Contribution",
    "Decision",
    "EngineError",
    "Explanation",
    "FlipPrice",
    "Indicator",
    "Interval",
    "NotEnoughHistory",
    "Parameter",
    "Rating",
    "Strategy",
    "Threshold",
    "UnknownName",
    "compute",
    "decide",
    "explain",
    "flips",
    "indicators",
    "next_flips",
    "strategies",
]
