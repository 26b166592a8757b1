"""Estimates with their intervals, and what followed when a strategy last said the same."""

import strawberry

from engine.statistics import Estimate as EngineEstimate
from engine.track_record import TrackRecord as EngineTrackRecord
from graphql_api.schema.catalogue import FREE

__all__ = ["Estimate", "TrackRecord"]


@strawberry.type(
    description="A number read off a sample, and the interval that holds the truth with that "
    "confidence; null where too little was observed.",
    directives=FREE,
)
class Estimate:
    """A value with its interval."""

    value: float | None = strawberry.field(description="What was observed.")
    low: float | None = strawberry.field(description="The lower end of the interval.")
    high: float | None = strawberry.field(description="The upper end of the interval.")
    confidence: float = strawberry.field(description="How often such an interval is right.")

    @classmethod
    def of(cls, found: EngineEstimate) -> "Estimate":
        """An estimate of the engine."""
        return cls(value=found.value, low=found.low, high=found.high, confidence=found.confidence)


@strawberry.type(
    description="What followed, so many bars on, when this strategy said the same before. Past "
    "bars only; the intervals are corrected for overlap.",
    directives=FREE,
)
class TrackRecord:
    """What followed at one horizon."""

    horizon: int = strawberry.field(description="How many bars later.")
    occurrences: int = strawberry.field(
        description="How often the same was said before, with the horizon passed since."
    )
    hit_rate: Estimate = strawberry.field(
        description="Share of them after which the price moved as said; none for HOLD."
    )
    mean_forward_return: Estimate = strawberry.field(
        description="Mean return over the horizon: 0.01 is 1 %."
    )
    benchmark_forward_return: float | None = strawberry.field(
        description="The same mean over all bars, whatever was said."
    )

    @classmethod
    def of(cls, found: EngineTrackRecord) -> "TrackRecord":
        """A record of the engine."""
        return cls(
            horizon=found.horizon,
            occurrences=found.occurrences,
            hit_rate=Estimate.of(found.hit_rate),
            mean_forward_return=Estimate.of(found.mean_forward_return),
            benchmark_forward_return=found.benchmark_forward_return,
        )
