"""What a saved answer claims: each of its signals, with the question that it answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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
    if "id" in told:
        kind, key = named_by(told["id"])
        if kind != "Signal" or not fits(kind, key) or key[1] not in list(Interval):
            raise BadInput(f"The id {told['id']!r} names no signal.")
        symbol, interval, named, given, bar_time, as_of = key
        claim = Claim(symbol, Interval(interval), named, given, bar_time, as_of, told)
        try:
            str(claim)
        except (OverflowError, ValueError):
            raise BadInput(f"The id {told['id']!r} speaks of a moment that has no date.") from None
        return claim
    named = told["strategy"]["name"] if isinstance(told.get("strategy"), dict) else None
    try:
        return Claim(
            told["symbol"],
            Interval(told.get("interval", Interval.ONE_DAY)),
            strategy or named or "TECHNICAL_RATING",
            parameters or {},
            micros(told["barTime"]),
            micros(told["provenance"]["resolvedAsOf"]),
            told,
        )
    except KeyError as missing:
        raise BadInput(f"The answer does not say {missing.args[0]}; {ASK}.") from None
    except ValueError as error:
        raise BadInput(f"The answer says what cannot be meant: {error}.") from None
