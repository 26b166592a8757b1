"""The arguments that many fields share, described once."""

from typing import Annotated, TypeAlias

import strawberry

from graphql_api.errors import BadInput
from graphql_api.judgement import Question
from graphql_api.schema.catalogue import DEFAULT_STRATEGY, Interval, StrategyInput
from graphql_api.schema.catalogue import interval as engine_interval
from graphql_api.schema.scalars import DateTime, Symbol

__all__ = ["AsOf", "At", "Every", "Strategies", "Symbols", "question"]

Symbols: TypeAlias = Annotated[Symbol, strawberry.argument(description="What is asked about.")]
Strategies: TypeAlias = Annotated[
    StrategyInput | None,
    strawberry.argument(description=f"How to judge; {DEFAULT_STRATEGY} where none is given."),
]
Every: TypeAlias = Annotated[
    Interval, strawberry.argument(description="The interval of the bars that are judged.")
]
At: TypeAlias = Annotated[
    DateTime | None,
    strawberry.argument(
        description="The moment that is judged: the last bar that had closed by then. Now, where "
        "none is given."
    ),
]
AsOf: TypeAlias = Annotated[
    DateTime | None,
    strawberry.argument(
        description="What was known: only bars that had become known by then. Now, where none is "
        "given, and where it lies in the future."
    ),
]


def question(
    symbol: Symbol,
    strategy: StrategyInput | None,
    interval: Interval,
    at: DateTime | None,
    as_of: DateTime | None,
) -> Question:
    """The question that a field's arguments ask.

    Raises
    ------
    BadInput
        When a parameter of the strategy is given twice.
    """
    preset = strategy.preset if strategy is not None else None
    given = (preset.parameters if preset else None) or []
    parameters = {one.name: one.value for one in given}
    if len(parameters) < len(given):
        raise BadInput("A parameter of the strategy is given twice.")
    return Question(
        symbol=symbol,
        interval=engine_interval(interval),
        strategy=preset.name.name if preset else DEFAULT_STRATEGY,
        parameters=tuple(sorted(parameters.items())),
        at=at,
        as_of=as_of,
    )
