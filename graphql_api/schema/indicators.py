"""Indicators computed from bars: columns of numbers, one value a bar."""

from typing import Annotated

import numpy as np
import strawberry

import engine
from engine.types import Float64
from graphql_api.schema.catalogue import FREE, Indicator, IndicatorName, ParameterInput
from graphql_api.schema.provenance import Provenance
from graphql_api.schema.results import NotEnoughHistory, PricesWithheld, UnknownSymbol
from graphql_api.schema.scalars import DateTime
from market_data.bars import Snapshot

__all__ = ["MAXIMUM", "IndicatorInput", "IndicatorResult", "IndicatorSeries", "known"]

MAXIMUM = 5_000
"""The most bars that one answer holds the values of."""


@strawberry.input(description="An indicator of the catalogue.")
class IndicatorInput:
    """An indicator by name, with changed parameters."""

    name: IndicatorName = strawberry.field(description="Which one.")
    parameters: list[ParameterInput] | None = strawberry.field(
        description="What is changed from the defaults.", default=None
    )


@strawberry.type(description="One series of an indicator.", directives=FREE)
class IndicatorOutput:
    """A column of values."""

    name: str = strawberry.field(description="As the catalogue's outputs list it.")
    values: list[float | None] = strawberry.field(
        description="One value for each of times; null while warming up."
    )


@strawberry.type(description="An indicator's values, bar by bar, oldest first.", directives=FREE)
class IndicatorSeries:
    """Columns of values and the times they belong to."""

    snapshot: strawberry.Private[Snapshot]
    indicator: Indicator = strawberry.field(description="The indicator that was computed.")
    times: list[DateTime] = strawberry.field(description="When each bar opened.")
    outputs: list[IndicatorOutput] = strawberry.field(description="The series it gives.")

    @strawberry.field(description="What this answer was made of.", directives=FREE)
    def provenance(self) -> Provenance:
        """All bars that were known."""
        return Provenance.of(self.snapshot)

    @classmethod
    def of(
        cls, name: str, parameters: dict[str, float], snapshot: Snapshot, part: slice
    ) -> "IndicatorSeries":
        """An indicator over the whole history, shown for a part of it."""
        computed = engine.compute(name, snapshot.bars, **parameters)
        return cls(
            snapshot=snapshot,
            indicator=Indicator.of(engine.indicators()[name], parameters),
            times=snapshot.bars.time[part].tolist(),
            outputs=[
                IndicatorOutput(name=output, values=known(values[part]))
                for output, values in computed.items()
            ],
        )


def known(values: Float64) -> list[float | None]:
    """Values for GraphQL, whose Float knows no NaN and no infinity: null where undefined."""
    return [
        value if fine else None
        for value, fine in zip(values.tolist(), np.isfinite(values).tolist(), strict=True)
    ]


IndicatorResult = Annotated[
    IndicatorSeries | UnknownSymbol | NotEnoughHistory | PricesWithheld,
    strawberry.union("IndicatorResult", description="Values, or why there are none."),
]
