"""What an answer was made of: enough to recompute it elsewhere."""

import strawberry

import engine
from graphql_api.schema.cost import Cost
from graphql_api.schema.scalars import DateTime
from market_data.bars import Snapshot
from market_data.calendar import SECOND

__all__ = ["Provenance"]


@strawberry.type(
    description="What an answer was made of: enough to recompute it elsewhere.",
    directives=[Cost(weight="0")],
)
class Provenance:
    """The versions of everything that decided an answer."""

    engine_version: str = strawberry.field(description="Moves whenever any number could.")
    strategy_hash: str | None = strawberry.field(
        description="The strategy with its parameters; null where none judged."
    )
    data_version: str = strawberry.field(
        description="Hash of exactly the bars, splits, dividends and sentiment that were used."
    )
    resolved_as_of: DateTime = strawberry.field(
        description="The moment whose knowledge was used: asOf, or the newest moment of which all "
        "is known, where that is earlier."
    )
    final: bool = strawberry.field(
        description="Whether this question with asOf at or before resolvedAsOf is answered the "
        "same for ever, whatever bars arrive."
    )
    source: str = strawberry.field(
        description="Who published the bars, and the sentiment that was heard."
    )
    bars: int = strawberry.field(description="How many bars were judged.")
    stale: bool = strawberry.field(
        description="Whether a bar should have closed since the last one that is known."
    )
    freshness_seconds: float = strawberry.field(
        description="How old what was read of the store may be. resolvedAsOf is then the moment of "
        "that reading, and no answer about a later one is final; 0 where it was read just now."
    )

    @classmethod
    def of(cls, snapshot: Snapshot, strategy_hash: str | None = None) -> "Provenance":
        """What a judgement was made of."""
        return cls(
            engine_version=engine.ENGINE_VERSION,
            strategy_hash=strategy_hash,
            data_version=snapshot.data_version,
            resolved_as_of=DateTime(snapshot.as_of),
            final=snapshot.final,
            source=snapshot.source,
            bars=len(snapshot.bars),
            stale=snapshot.stale,
            freshness_seconds=snapshot.fresh_for / SECOND,
        )
