"""What an identifier names, found again: each type's key, and how one of it is made anew."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import strawberry

import engine
from engine.errors import EngineError
from engine.types import Interval
from graphql_api.decisions import Question
from graphql_api.errors import BadInput
from graphql_api.judgement import Judgement, PricesWithheld, SymbolUnknown
from graphql_api.loader import Wanted
from graphql_api.schema.account import Account, ApiKey
from graphql_api.schema.bars import BarSeries
from graphql_api.schema.catalogue import Indicator, Strategy
from graphql_api.schema.context import Info
from graphql_api.schema.history import SignalHistory
from graphql_api.schema.instruments import Instrument, Listed
from graphql_api.schema.node import Node, named_by
from graphql_api.schema.signal import Signal
from market_data.adjust import Adjustment

__all__ = ["find", "fits", "wanted_by"]

FARTHEST = 2**62
"""Microseconds from the epoch, beyond which nothing of ours has a time."""


def find(info: Info, identifier: strawberry.ID) -> Node | None:
    """The object of an identifier; None where it names nothing that this caller may see.

    Raises
    ------
    BadInput
        When the identifier is none that this API gives.
    """
    type_name, key = named_by(identifier)
    if not fits(type_name, key):
        return None
    try:
        return _FINDERS[type_name][0](info, *key)
    except (SymbolUnknown, PricesWithheld, EngineError):
        return None


def wanted_by(identifier: strawberry.ID) -> list[Wanted]:
    """The series that the object of an identifier is made of; none for what is made of no bars.

    Raises
    ------
    BadInput
        When the identifier is none that this API gives.
    """
    type_name, key = named_by(identifier)
    if type_name not in {"BarSeries", "Signal", "SignalHistory"} or not fits(type_name, key):
        return []
    symbol, interval, strategy = key[:3]
    if interval not in list(Interval):
        return []
    if type_name == "BarSeries":
        return [Wanted(symbol, Interval(interval))]
    known = strategy in engine.strategies()
    return [Wanted.judged(symbol, Interval(interval), strategy)] if known else []


def fits(type_name: str, key: Sequence[Any]) -> bool:
    """Whether there are such identifiers."""
    _, parts = _FINDERS.get(type_name, (None, None))
    return (
        parts is not None
        and len(key) == len(parts)
        and all(fits(part) for fits, part in zip(parts, key, strict=True))
    )


def _instrument(info: Info, symbol: str) -> Node | None:
    kept = info.context.bars.instrument(symbol)
    return None if kept is None else Instrument.of(kept, Listed(info.context.bars, [symbol]))


def _account(info: Info, account_id: str) -> Node | None:
    caller = info.context.caller
    if account_id == caller.account_id:
        return Account.of(caller.account)
    try:
        return Account.of(info.context.deeds.find_account(account_id)) if caller.is_admin else None
    except BadInput:
        return None


def _api_key(info: Info, key_id: str) -> Node | None:
    """A key of the caller's account, or for an administrator of any."""
    caller = info.context.caller
    account_id = None if caller.is_admin else caller.account_id
    try:
        return ApiKey.of(info.context.deeds.find_key(key_id, account_id))
    except BadInput:
        return None


def _strategy(_: Info, name: str, parameters: dict[str, float]) -> Node | None:
    spec = engine.strategies().get(name)
    return None if spec is None else Strategy.listed(spec, parameters)


def _indicator(_: Info, name: str, parameters: dict[str, float]) -> Node | None:
    spec = engine.indicators().get(name)
    return None if spec is None else Indicator.of(spec, parameters)


def _signal(
    info: Info,
    symbol: str,
    interval: str,
    strategy: str,
    parameters: dict[str, float],
    bar_time: int,
    as_of: int,
) -> Node | None:
    """The signal as it was given: the same bar, as known at the same moment."""
    judgement = _judged(info, symbol, interval, strategy, parameters, as_of)
    bar = None if judgement is None else judgement.find(bar_time)
    return None if judgement is None or bar is None else Signal.of(judgement.at(bar))


def _history(
    info: Info,
    symbol: str,
    interval: str,
    strategy: str,
    parameters: dict[str, float],
    start: int | None,
    end: int | None,
    as_of: int,
) -> Node | None:
    """The history as it was given, however it has gone on since."""
    judgement = _judged(info, symbol, interval, strategy, parameters, as_of)
    return None if judgement is None else SignalHistory.of(judgement, start, end)


def _bars(
    info: Info,
    symbol: str,
    interval: str,
    adjustment: str,
    start: int | None,
    end: int | None,
    as_of: int,
) -> Node | None:
    """The bars as they were given."""
    if interval not in list(Interval) or adjustment not in list(Adjustment):
        return None
    every, adjusted = Interval(interval), Adjustment(adjustment)
    known = info.context.judge.history(symbol, every, as_of, adjusted)
    return BarSeries.of(known, symbol, every, adjusted, start, end)


def _judged(
    info: Info,
    symbol: str,
    interval: str,
    strategy: str,
    parameters: Mapping[str, float],
    as_of: int,
) -> Judgement | None:
    if interval not in list(Interval) or strategy not in engine.strategies():
        return None
    given = tuple(sorted(parameters.items()))
    return info.context.judge.ask(
        Question(symbol, Interval(interval), strategy, given, None, as_of)
    )


def _text(part: Any) -> bool:
    return type(part) is str


def _moment(part: Any) -> bool:
    return type(part) is int and abs(part) <= FARTHEST


def _bound(part: Any) -> bool:
    return part is None or _moment(part)


def _numbers(part: Any) -> bool:
    return type(part) is dict and all(type(value) in {int, float} for value in part.values())


_JUDGED = (_text, _text, _text, _numbers)

# Whoever has an identifier may have made it: each part of its key is looked at.
_FINDERS: dict[str, tuple[Callable[..., Node | None], tuple[Callable[[Any], bool], ...]]] = {
    "Account": (_account, (_text,)),
    "ApiKey": (_api_key, (_text,)),
    "BarSeries": (_bars, (_text, _text, _text, _bound, _bound, _moment)),
    "Indicator": (_indicator, (_text, _numbers)),
    "Instrument": (_instrument, (_text,)),
    "Signal": (_signal, (*_JUDGED, _moment, _moment)),
    "SignalHistory": (_history, (*_JUDGED, _bound, _bound, _moment)),
    "Strategy": (_strategy, (_text, _numbers)),
}
