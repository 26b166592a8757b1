"""The quantitative engine: indicators, strategies, decisions and what follows from them."""

from engine.audit import Difference, LookAheadAudit, audit
from engine.backtest import Backtest, EquityCurve, backtest
from engine.decision import Decision, decide
from engine.entries import Indicator, Strategy, Threshold
from engine.errors import (
    BadBars,
    BadParameter,
    BadSentiment,
    BadState,
    EngineError,
    NotEnoughHistory,
    UnknownName,
)
from engine.explain import Contribution, Explanation, explain
from engine.flip import FlipPrice, flips, next_flips
from engine.indicators import compute, indicators
from engine.parameters import Parameter
from engine.performance import Drawdown, Performance
from engine.sentiment import Sentiment
from engine.stances import OnHold, OnSell
from engine.state import Outlook, State
from engine.state import open_state as open
from engine.statistics import Estimate
from engine.strategies import strategies
from engine.track_record import TrackRecord, track_record
from engine.trades import Trade, Trades
from engine.types import Action, Bars, Interval, Rating
from engine.version import ENGINE_VERSION

__all__ = [
    "ENGINE_VERSION",
    "Action",
    "Backtest",
    "BadBars",
    "BadParameter",
    "BadSentiment",
    "BadState",
    "Bars",
    "Contribution",
    "Decision",
    "Difference",
    "Drawdown",
    "EngineError",
    "EquityCurve",
    "Estimate",
    "Explanation",
    "FlipPrice",
    "Indicator",
    "Interval",
    "LookAheadAudit",
    "NotEnoughHistory",
    "OnHold",
    "OnSell",
    "Outlook",
    "Parameter",
    "Performance",
    "Rating",
    "Sentiment",
    "State",
    "Strategy",
    "Threshold",
    "TrackRecord",
    "Trade",
    "Trades",
    "UnknownName",
    "audit",
    "backtest",
    "compute",
    "decide",
    "explain",
    "flips",
    "indicators",
    "next_flips",
    "open",
    "strategies",
    "track_record",
]
