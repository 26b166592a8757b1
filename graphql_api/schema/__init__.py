"""What the caller sees, one output family a file."""

from collections.abc import Callable, Iterable
from functools import cache, wraps
from typing import Any

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graphql_api.schema.access import Access
from graphql_api.schema.cost import Prices
from graphql_api.schema.mutation import Mutation
from graphql_api.schema.query import Query
from graphql_api.schema.scalars import SCALARS

__all__ = ["access", "core_schema", "prices", "schema", "sdl"]


DESCRIPTION = """Trading signals with reasons that add up to them, as they were known at any moment.

Each request carries a key in the header x-api-key. A query costs the sum of the prices of its
fields, which stand on them as @cost and @listSize; extensions.cost tells it with every answer."""

ARGUMENTS = {
    ("cost", "weight"): "Units, as a number in a string.",
    ("listSize", "assumedSize"): "How long the list is taken to be where no argument says it.",
    ("listSize", "slicingArguments"): "The arguments that say it: the largest of those given.",
    ("listSize", "sizedFields"): "The fields below that hold the list; without, it is the field.",
    ("listSize", "requireOneSlicingArgument"): "Whether one of the arguments must be given.",
    ("requiresScope", "scope"): "One of those of the key or token, as viewer lists them.",
}
"""What the arguments of our directives mean, which Strawberry has no place for."""

VALUES_TOLD = 12
"""The most values of an enum that one message names."""


@cache
def schema() -> strawberry.Schema:
    """The schema, built once."""
    made = strawberry.Schema(
        query=Query, mutation=Mutation, config=StrawberryConfig(scalar_map=SCALARS)
    )
    _describe(made._schema)
    _leave_out_null_defaults(made._schema)
    _tell_which_are_one_of(made._schema)
    _tell_which_values_there_are(made._schema)
    return made


def core_schema() -> GraphQLSchema:
    """The schema as graphql-core executes it."""
    core: GraphQLSchema = schema()._schema
    return core


@cache
def prices() -> Prices:
    """The prices that the schema publishes."""
    return Prices(core_schema(), GraphQLCoreConverter.DEFINITION_BACKREF)


@cache
def access() -> Access:
    """The scopes that the schema publishes."""
    return Access(core_schema(), GraphQLCoreConverter.DEFINITION_BACKREF)


def sdl() -> str:
    """The schema in its definition language, as schema.graphql holds it."""
    return schema().as_str() + "\n"


def _describe(core: GraphQLSchema) -> None:
    """Tell what the schema is, and what the arguments of its own directives are."""
    core.description = DESCRIPTION
    directives = {directive.name: directive for directive in core.directives}
    for (directive, argument), meaning in ARGUMENTS.items():
        directives[directive].args[argument].description = meaning


def _leave_out_null_defaults(core: GraphQLSchema) -> None:
    """Print ``first: Int`` for ``first: Int = null``: a parameter that is None by default may be
    left out, which is all that a client needs to know of it.
    """
    for type_ in core.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for field in type_.fields.values():
                _without_null(field.args.values())
        elif isinstance(type_, GraphQLInputObjectType):
            _without_null(type_.fields.values())


def _without_null(given: Iterable[GraphQLArgument | GraphQLInputField]) -> None:
    for one in given:
        if one.default_value is None:
            one.default_value = Undefined


def _tell_which_are_one_of(core: GraphQLSchema) -> None:
    """Let graphql-core know too which inputs are @oneOf, so that it checks them in validation.

    Strawberry checks them when they are made, where a mistake of a caller looks like one of ours.
    """
    for type_ in core.type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            definition = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
            type_.is_one_of = bool(getattr(definition, "is_one_of", False))


def _tell_which_values_there_are(core: GraphQLSchema) -> None:
    """Let whoever writes another value of an enum read the right ones, also where none is near."""
    for type_ in core.type_map.values():
        if isinstance(type_, GraphQLEnumType) and len(type_.values) <= VALUES_TOLD:
            for name in ("coerce_input_value", "coerce_input_literal"):
                setattr(type_, name, _naming(list(type_.values), getattr(type_, name)))


def _naming(values: list[str], coerce: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(coerce)
    def named(value: Any, hide_suggestions: bool = False) -> Any:
        try:
            return coerce(value, hide_suggestions)
        except GraphQLError as error:
            if hide_suggestions or "Did you mean" in error.message:
                raise
            said = f"{error.message} It has {', '.join(values)}."
            raise GraphQLError(said, error.nodes) from None

    return named
