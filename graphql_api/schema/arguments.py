"""The arguments that many fields share, described once."""

from collections.abc import Sequence
from typing import Annotated, TypeAlias

import strawberry

from graphql_api.decisions import Question
from graphql_api.errors import BadInput
from graphql_api.schema.catalogue import (
    DEFAULT_STRATEGY,
    Interval,
    ParameterInput,
    StrategyInput,
)
from graphql_api.schema.catalogue import interval as engine_interval
from graphql_api.schema.scalars import DateTime, Symbol, rfc3339

__all__ = [
    "AsOf",
    "At",
    "Every",
    "From",
    "Strategies",
    "Symbols",
    "To",
    "check_range",
    "given_parameters",
    "question",
]

Symbols: TypeAlias = Annotated[Symbol, strawberry.argument(description="What is asked about.")]
Strategies: TypeAlias = Annotated[
    StrategyInput | None,
    strawberry.argument(description=f"How to judge; {DEFAULT_STRATEGY} where none is given."),
]
Every: TypeAlias = Annotated[
    Interval | None, strawberry.argument(description="The interval of the bars that are judged.")
]
At: TypeAlias = Annotated[
    DateTime | None,
    strawberry.argument(
        description="The moment that is judged: the last bar that had closed by then. Now, where "
        "none is given."
    ),
]
From: TypeAlias = Annotated[
    DateTime | None,
    strawberry.argument(name="from", description="Only bars that opened then or later."),
]
To: TypeAlias = Annotated[
    DateTime | None,
    strawberry.argument(name="to", description="Only bars that opened then or earlier."),
]
AsOf: TypeAlias = Annotated[
    DateTime | None,
    strawberry.argument(
        description="What was known: only bars that had become known by then. Now, where none is "
        "given, and where it lies in the future."
    ),
]


def check_range(start: int | None, end: int | None) -> None:
    """Raise BadInput where a range ends before it begins."""
    if start is not None and end is not None and start > end:
        raise BadInput(
            f"from is {rfc3339(start)}, which is later than to, {rfc3339(end)}: "
            "no bar lies between."
        )


def given_parameters(given: Sequence[ParameterInput] | None) -> dict[str, float]:
    """Parameters by name.

    Raises
    ------
    BadInput
        When one is given twice.
    """
    parameters: dict[str, float] = {}
    for one in given or ():
        if one.name in parameters:
            raise BadInput(f"The parameter {one.name[:40]!r} is given twice.")
        parameters[one.name] = one.value
    return parameters


def question(
    symbol: Symbol,
    strategy: StrategyInput | None,
    interval: Interval | None,
    at: DateTime | None,
    as_of: DateTime | None,
) -> Question:
    """The question that a field's arguments ask."""
    preset = strategy.preset if strategy is not None else None
    parameters = given_parameters(preset.parameters if preset else None)
    return Question(
        symbol=symbol,
        interval=engine_interval(interval),
        strategy=preset.name.name if preset else DEFAULT_STRATEGY,
        parameters=tuple(sorted(parameters.items())),
        at=at,
        as_of=as_of,
    )
