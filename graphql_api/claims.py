"""What a saved answer claims: each of its signals, with the question that it answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import strawberry

from engine.types import Interval
from graphql_api.errors import BadInput
from graphql_api.schema.node import named_by
from graphql_api.schema.nodes import fits
from graphql_api.schema.scalars import micros, rfc3339

__all__ = ["Claim", "claims"]

ASK = (
    "ask for it with { id action score provenance { engineVersion strategyHash dataVersion } } "
    "of a Signal, whose id names all that was asked"
)

LONGEST = 200
"""Characters of an id that are repeated where it is refused."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What an answer says of one signal, and what of.

    Parameters
    ----------
    told : mapping
        The signal as it was saved.
    bar_time, as_of : int, microseconds UTC
    """

    symbol: str
    interval: Interval
    strategy: str
    parameters: Mapping[str, float]
    bar_time: int
    as_of: int
    told: Mapping[str, Any]

    def __str__(self) -> str:
        return (
            f"{self.symbol} {self.interval.value} {self.strategy}, the bar of "
            f"{rfc3339(self.bar_time)}, as of {rfc3339(self.as_of)}"
        )


def claims(
    answer: Any, strategy: str | None = None, parameters: Mapping[str, float] | None = None
) -> list[Claim]:
    """Every signal in a saved answer.

    Parameters
    ----------
    answer : what JSON holds
        The body of an answer, or any part of it.
    strategy, parameters
        What was asked for, where the answer has no ids and so does not say it.

    Raises
    ------
    BadInput
        When there is no signal, or one that does not say enough to be recomputed.
    """
    found = [_claim(told, strategy, parameters) for told in _signals(answer)]
    if not found:
        raise BadInput(f"The answer holds no signal with its provenance; {ASK}.")
    return found


def _signals(answer: Any) -> Iterator[Mapping[str, Any]]:
    """The objects that say where they come from, and an action or a score."""
    waiting = [answer]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, list):
            waiting = one + waiting
        elif isinstance(one, dict):
            if isinstance(one.get("provenance"), dict) and ("action" in one or "score" in one):
                yield one
            waiting = _within(one) + waiting


def _within(told: Mapping[str, Any]) -> list[Any]:
    """What an object holds; the signal of an explanation takes the explanation with it."""
    signal = told.get("signal")
    if isinstance(signal, dict) and ("contributions" in told or "summary" in told):
        reasons = {name: value for name, value in told.items() if name != "signal"}
        return [{"explanation": reasons} | signal]
    return list(told.values())


def _claim(
    told: Mapping[str, Any], strategy: str | None, parameters: Mapping[str, float] | None
) -> Claim:
    if told.get("id") is not None:
        return _named_by(_text(told, "id"), told)
    named = told.get("strategy")
    named = _text(named, "name") if isinstance(named, dict) and "name" in named else None
    try:
        return Claim(
            _text(told, "symbol"),
            Interval(_text({"interval": Interval.ONE_DAY.value, **told}, "interval")),
            strategy or named or "TECHNICAL_RATING",
            parameters or {},
            micros(_text(told, "barTime")),
            micros(_text(told["provenance"], "resolvedAsOf")),
            told,
        )
    except ValueError as error:
        raise BadInput(f"The answer says what cannot be meant: {error}.") from None


def _named_by(identifier: str, told: Mapping[str, Any]) -> Claim:
    """The claim of a signal whose id is told."""
    shown = repr(identifier if len(identifier) <= LONGEST else f"{identifier[:LONGEST]}...")
    try:
        kind, key = named_by(strawberry.ID(identifier))
    except BadInput:
        raise BadInput(f"The id {shown} is none that this API gave.") from None
    if kind != "Signal" or not fits(kind, key) or key[1] not in list(Interval):
        raise BadInput(f"The id {shown} names no signal.")
    symbol, interval, strategy, parameters, bar_time, as_of = key
    claim = Claim(symbol, Interval(interval), strategy, parameters, bar_time, as_of, told)
    try:
        str(claim)
    except (OverflowError, ValueError):
        raise BadInput(f"The id {shown} speaks of a moment that has no date.") from None
    return claim


def _text(where: Mapping[str, Any], name: str) -> str:
    """A text of the answer; BadInput where it is not told or is none."""
    if name not in where:
        raise BadInput(f"The answer does not say {name}; {ASK}.")
    if not isinstance(where[name], str):
        raise BadInput(f"The answer says what cannot be meant: {name} is no text.")
    return str(where[name])
