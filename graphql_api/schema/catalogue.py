"""What there is to ask for: strategies, indicators, intervals, read off the engine's catalogue."""

import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import strawberry

import engine
from engine.entries import Indicator as IndicatorSpec
from engine.entries import Strategy as StrategySpec
from engine.parameters import Parameter
from engine.types import Action as EngineAction
from engine.types import Interval as EngineInterval
from engine.types import Rating as EngineRating
from graphql_api.schema.cost import Cost
from graphql_api.schema.node import Node, global_id

__all__ = [
    "DEFAULT_INTERVAL",
    "DEFAULT_STRATEGY",
    "FREE",
    "Action",
    "Indicator",
    "IndicatorName",
    "Interval",
    "ParameterInput",
    "PresetInput",
    "Rating",
    "Strategy",
    "StrategyInput",
    "StrategyName",
    "StrategyParameter",
    "Threshold",
    "derived_enum",
    "member",
]

DEFAULT_STRATEGY = "TECHNICAL_RATING"
"""The strategy of a question that names none."""

FREE = [Cost(weight="0")]


def derived_enum(name: str, members: dict[str, str], description: str) -> Any:
    """A GraphQL enum of members that are known elsewhere, each with its description."""
    values = {
        member: strawberry.enum_value(member, description=text) for member, text in members.items()
    }
    members_of: Any = enum.Enum(name, values, module=__name__)  # type: ignore[misc]
    return strawberry.enum(members_of, name=name, description=description)


def member(derived: Any, name: str) -> Any:
    """The member of that name of a derived enum, which the type checker cannot index."""
    return derived[name]


if TYPE_CHECKING:
    StrategyName: TypeAlias = enum.Enum
    IndicatorName: TypeAlias = enum.Enum
    Action: TypeAlias = enum.Enum
    Rating: TypeAlias = enum.Enum
    Interval: TypeAlias = enum.Enum
else:
    StrategyName = derived_enum(
        "StrategyName",
        {name: spec.title for name, spec in engine.strategies().items()},
        "The strategies that ship with the engine.",
    )
    IndicatorName = derived_enum(
        "IndicatorName",
        {name: spec.title for name, spec in engine.indicators().items()},
        "The indicators that the engine computes.",
    )
    Action = derived_enum(
        "Action",
        {
            "BUY": "The strategy would hold the instrument.",
            "HOLD": "The strategy takes no side.",
            "SELL": "The strategy would be out of the instrument, or short.",
        },
        "What to do, by the strategy's published thresholds.",
    )
    Rating = derived_enum(
        "Rating",
        {
            "STRONG_BUY": "Well above the threshold of a BUY.",
            "BUY": "Above the threshold of a BUY.",
            "NEUTRAL": "Between the thresholds.",
            "SELL": "Below the threshold of a SELL.",
            "STRONG_SELL": "Well below the threshold of a SELL.",
        },
        "How strongly the score speaks, in five steps.",
    )
    Interval = derived_enum(
        "Interval",
        {
            "FIFTEEN_MINUTES": "Quarters of an hour.",
            "ONE_HOUR": "Hours.",
            "FOUR_HOURS": "Four hours.",
            "ONE_DAY": "Sessions of one day; a bar's time is its session's date at 00:00Z.",
            "ONE_WEEK": "Weeks, from Monday.",
        },
        "How much time one bar covers.",
    )


DEFAULT_INTERVAL = member(Interval, "ONE_DAY")
"""The interval of a question that names none."""


def action(value: int) -> Action:
    """The engine's action, as callers see it."""
    found: Action = member(Action, EngineAction(value).name)
    return found


def rating(value: int) -> Rating:
    """The engine's rating, as callers see it."""
    found: Rating = member(Rating, EngineRating(value).name)
    return found


def interval(value: Interval | None) -> EngineInterval:
    """A caller's interval, as the engine knows it; the default where null was given."""
    return EngineInterval((value or DEFAULT_INTERVAL).value)


@strawberry.type(
    description="A number that changes how a strategy or an indicator works.", directives=FREE
)
class StrategyParameter:
    """A parameter with its default and range."""

    name: str = strawberry.field(description="As it is given in ParameterInput.")
    default: float = strawberry.field(description="Its value where none is given.")
    minimum: float = strawberry.field(description="The smallest value accepted.")
    maximum: float = strawberry.field(description="The largest value accepted.")
    description: str = strawberry.field(description="What it means, with its unit.")

    @classmethod
    def of(cls, parameter: Parameter) -> "StrategyParameter":
        """A parameter of the catalogue."""
        return cls(
            name=parameter.name,
            default=float(parameter.default),
            minimum=float(parameter.minimum),
            maximum=float(parameter.maximum),
            description=parameter.description,
        )


@strawberry.type(description="From where on a score has a rating.", directives=FREE)
class Threshold:
    """A rating and the score above which it is given."""

    rating: Rating = strawberry.field(description="The rating that is given.")
    above: float = strawberry.field(
        description="Given to scores above this one that no stronger rating takes."
    )


@strawberry.type(
    description="A rule book that turns bars into a score from -1 to 1.", directives=FREE
)
class Strategy(Node):
    """A strategy of the catalogue, with the parameters it was asked to use."""

    name: StrategyName = strawberry.field(description="As it is given in PresetInput.")
    title: str = strawberry.field(description="Its name in words.")
    description: str = strawberry.field(description="What it does.")
    source: str = strawberry.field(description="Where it was published.")
    parameters: list[StrategyParameter] = strawberry.field(description="What can be changed.")
    thresholds: list[Threshold] = strawberry.field(
        description="Ratings by score, strongest buy first."
    )
    hash: str = strawberry.field(
        description="Names this version of the strategy with these parameters."
    )

    @classmethod
    def of(cls, decision: engine.Decision) -> "Strategy":
        """The strategy of a decision, with its parameters."""
        return cls.listed(decision.strategy, decision.parameters)

    @classmethod
    def listed(cls, spec: StrategySpec, parameters: Mapping[str, float] = {}) -> "Strategy":
        """A strategy of the catalogue, with some parameters changed."""
        return cls(
            id=global_id("Strategy", spec.name, spec.resolved(parameters)),
            name=member(StrategyName, spec.name),
            title=spec.title,
            description=spec.description,
            source=spec.source,
            parameters=[StrategyParameter.of(one) for one in spec.parameters],
            thresholds=[
                Threshold(rating=rating(one.rating), above=one.above) for one in spec.thresholds
            ],
            hash=spec.hash(**parameters),
        )


@strawberry.type(description="A series computed from bars.", directives=FREE)
class Indicator(Node):
    """An indicator of the catalogue."""

    name: IndicatorName = strawberry.field(description="As it is given in IndicatorInput.")
    title: str = strawberry.field(description="Its name in words.")
    description: str = strawberry.field(description="What it measures.")
    outputs: list[str] = strawberry.field(description="The series it gives.")
    parameters: list[StrategyParameter] = strawberry.field(description="What can be changed.")
    lookback: int = strawberry.field(
        description="Bars without a value at the start, with these parameters."
    )

    @classmethod
    def of(cls, spec: IndicatorSpec, parameters: Mapping[str, float] = {}) -> "Indicator":
        """An indicator of the catalogue, with some parameters changed."""
        return cls(
            id=global_id("Indicator", spec.name, spec.resolved(parameters)),
            name=member(IndicatorName, spec.name),
            title=spec.title,
            description=spec.description,
            outputs=list(spec.outputs),
            parameters=[StrategyParameter.of(one) for one in spec.parameters],
            lookback=spec.lookback(**parameters),
        )


@strawberry.input(description="One parameter, changed from its default.")
class ParameterInput:
    """A parameter by name."""

    name: str = strawberry.field(description="As the strategy's parameters list it.")
    value: float = strawberry.field(description="Within its published range.")


@strawberry.input(description="A strategy of the catalogue.")
class PresetInput:
    """A strategy by name, with changed parameters."""

    name: StrategyName = strawberry.field(description="Which one.")
    parameters: list[ParameterInput] | None = strawberry.field(
        description="What is changed from the defaults.", default=None
    )


@strawberry.input(description="How to judge: exactly one of its fields is given.", one_of=True)
class StrategyInput:
    """The strategy of a question."""

    preset: PresetInput | None = strawberry.field(
        description="A strategy of the catalogue.", default=strawberry.UNSET
    )
