"""Whether a saved answer holds: recomputed from an export of bars, part by part."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import engine
from engine.entries import Strategy as StrategySpec
from engine.errors import EngineError
from engine.types import Action, Rating
from graphql_api.claims import Claim
from graphql_api.errors import BadInput
from graphql_api.schema.scalars import rfc3339
from graphql_api.verifying_reasons import TOLERANCE, near, wrong_in_explanation
from market_data.bars import Series, Snapshot
from market_data.calendar import closes_at
from market_data.hearing import beside, column, hear
from market_data.readings import Readings

__all__ = ["TOLERANCE", "Part", "Verdict", "verify"]

SIGNAL = frozenset({"symbol", "interval", "barTime", "close", "action", "rating", "score"})
PROVENANCE = frozenset(
    {"dataVersion", "strategyHash", "engineVersion", "bars", "resolvedAsOf", "source"}
)
REASONS = frozenset({"summary", "baseline", "contributions"})
PASSED = frozenset({"__typename", "id", "provenance", "explanation", "strategy", "signal"})
"""What names an object or holds others, and says nothing that could be wrong by itself."""


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
    notes = (*_of_sentiment(claim, spec, sentiment), *_of_the_rest(claim))
    return Verdict(claim, tuple(_parts(claim, found, decision)), notes)


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
        ("source", "source", found.source),
    )
    strategy = _object(claim.told, "strategy")
    yield from _told(
        strategy, ("strategy", "name", claim.strategy), ("its hash", "hash", decision.hash)
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
        yield Part("score", told, score, near(told, score))
    if REASONS & _object(claim.told, "explanation").keys():
        wrong = wrong_in_explanation(claim.told["explanation"], decision)
        yield Part("explanation", "as told", wrong, not wrong)


def _object(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within another; an empty one where it is not told."""
    found = told.get(name)
    return found if isinstance(found, Mapping) else {}


def _told(where: Mapping[str, Any], *parts: tuple[str, str, Any]) -> Iterator[Part]:
    for name, key, found in parts:
        if where.get(key) is not None:
            yield Part(name, where[key], found, where[key] == found)


def _of_sentiment(
    claim: Claim, spec: StrategySpec, sentiment: Mapping[str, Readings] | None
) -> Iterator[str]:
    """What is missing to recompute a strategy that hears sentiment."""
    if "sentiment" not in spec.beside:
        return
    if sentiment is None:
        yield "This strategy hears sentiment: give its export as well, by --sentiment."
    elif claim.symbol not in sentiment:
        yield f"This strategy hears sentiment, and the export of it has none of {claim.symbol}."


def _of_the_rest(claim: Claim) -> Iterator[str]:
    """What is told and cannot be recomputed from exports, or is under another name."""
    places = (
        (claim.told, SIGNAL),
        (_object(claim.told, "provenance"), PROVENANCE),
        (_object(claim.told, "explanation"), REASONS),
    )
    rest = [name for told, looked_at in places for name in told if name not in looked_at | PASSED]
    rest += [
        name
        for name in ("explanation", "strategy")
        if not isinstance(claim.told.get(name, {}), Mapping)
    ]
    if rest:
        yield f"Not looked at: {', '.join(rest)}."
