"""What the caller sees, one output family a file."""

from functools import cache

import strawberry
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graphql_api.schema.cost import Prices
from graphql_api.schema.query import Query
from graphql_api.schema.scalars import SCALARS

__all__ = ["core_schema", "prices", "schema", "sdl"]


@cache
def schema() -> strawberry.Schema:
    """The schema, built once."""
    made = strawberry.Schema(query=Query, config=StrawberryConfig(scalar_map=SCALARS))
    _leave_out_null_defaults(made._schema)
    return made


def core_schema() -> GraphQLSchema:
    """The schema as graphql-core executes it."""
    core: GraphQLSchema = schema()._schema
    return core


@cache
def prices() -> Prices:
    """The prices that the schema publishes."""
    return Prices(core_schema(), GraphQLCoreConverter.DEFINITION_BACKREF)


def sdl() -> str:
    """The schema in its definition language, as schema.graphql holds it."""
    return schema().as_str() + "\n"


def _leave_out_null_defaults(core: GraphQLSchema) -> None:
    """Print ``first: Int`` for ``first: Int = null``: a parameter that is None by default may be
    left out, which is all that a client needs to know of it.
    """
    for type_ in core.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for field in type_.fields.values():
                for argument in field.args.values():
                    if argument.default_value is None:
                        argument.default_value = Undefined
        elif isinstance(type_, GraphQLInputObjectType):
            for given in type_.fields.values():
                if given.default_value is None:
                    given.default_value = Undefined
