"""Whether a saved answer holds: recomputed from an export of bars, part by part."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import engine
from engine.errors import EngineError
from engine.types import Action, Interval, Rating
from graphql_api.errors import BadInput
from graphql_api.schema.node import named_by
from graphql_api.schema.nodes import fits
from graphql_api.schema.scalars import micros, rfc3339
from market_data.bars import Series, Snapshot
from market_data.calendar import closes_at
from market_data.hearing import beside, column, hear
from market_data.readings import Readings

__all__ = ["TOLERANCE", "Claim", "Part", "Verdict", "claims", "verify"]

TOLERANCE = 1e-12
"""How far a score may be off on another processor; the same image on the same kind is exact."""

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


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that an answer says, beside what it ought to say."""

    name: str
    told: Any
    found: Any
    holds: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of verifying one claim."""

    claim: Claim
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every part does."""
        return all(part.holds for part in self.parts)


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
            waiting = list(one.values()) + waiting


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


def verify(
    claim: Claim, exported: Sequence[Series], sentiment: Mapping[str, Readings] | None = None
) -> Verdict:
    """Recompute a claim from bars, and hold each part of it against what is found.

    Parameters
    ----------
    sentiment : mapping, optional
        The readings of each symbol, for strategies that hear them.

    Raises
    ------
    BadInput
        When the export lacks the series or the bar, or there is no such strategy.
    """
    series = _series(claim, exported)
    calendar = series.instrument.calendar
    closed = closes_at(claim.bar_time, claim.interval, calendar)
    found = series.snapshot(closed, claim.as_of, now=max(closed, claim.as_of))
    if not found.known or int(found.bars.time[-1]) != claim.bar_time:
        raise BadInput(
            f"The export does not hold the bar of {rfc3339(claim.bar_time)} as it was known at "
            f"{rfc3339(claim.as_of)}; its newest row is known from {rfc3339(series.last_known)}."
        )
    spec = engine.strategies().get(claim.strategy)
    if spec is None:
        raise BadInput(f"This engine has no strategy {claim.strategy}.")
    readings = (sentiment or {}).get(claim.symbol) if "sentiment" in spec.beside else None
    heard = hear(readings, found, series)
    found, said = beside(found, heard), column(heard, found, series)
    try:
        decision = engine.decide(claim.strategy, found.bars, said, **claim.parameters)
    except EngineError as error:
        raise BadInput(f"{claim}: {error}") from None
    return Verdict(claim, tuple(_parts(claim, found, decision)), _notes(spec, sentiment))


def _series(claim: Claim, exported: Sequence[Series]) -> Series:
    for series in exported:
        if (series.instrument.symbol, series.interval) == (claim.symbol, claim.interval):
            return series
    there = ", ".join(f"{one.instrument.symbol} {one.interval.value}" for one in exported)
    raise BadInput(f"The export holds {there}, and not {claim.symbol} {claim.interval.value}.")


def _parts(claim: Claim, found: Snapshot, decision: engine.Decision) -> Iterator[Part]:
    """Each thing that is told; what is not told, or withheld, is not held against it."""
    yield from _told(
        claim.told["provenance"],
        ("data version", "dataVersion", found.data_version),
        ("strategy hash", "strategyHash", decision.hash),
        ("engine version", "engineVersion", engine.ENGINE_VERSION),
        ("bars", "bars", found.known),
        ("as of", "resolvedAsOf", rfc3339(claim.as_of)),
    )
    yield from _told(
        claim.told,
        ("symbol", "symbol", claim.symbol),
        ("interval", "interval", claim.interval.value),
        ("bar time", "barTime", rfc3339(claim.bar_time)),
        ("close", "close", float(found.bars.close[-1])),
        ("action", "action", Action(int(decision.action[-1])).name),
        ("rating", "rating", Rating(int(decision.rating[-1])).name),
    )
    if "score" in claim.told:
        told, score = claim.told["score"], float(decision.score[-1])
        near = isinstance(told, int | float) and abs(told - score) <= TOLERANCE
        yield Part("score", told, score, near)


def _told(where: Mapping[str, Any], *parts: tuple[str, str, Any]) -> Iterator[Part]:
    for name, key, found in parts:
        if where.get(key) is not None:
            yield Part(name, where[key], found, where[key] == found)


def _notes(spec: Any, sentiment: Mapping[str, Readings] | None) -> tuple[str, ...]:
    if "sentiment" not in spec.beside or sentiment is not None:
        return ()
    return ("This strategy hears sentiment: give its export as well, by --sentiment.",)
