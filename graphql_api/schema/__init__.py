"""What the caller sees, one output family a file."""

from functools import cache

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graphql_api.schema.cost import Prices
from graphql_api.schema.query import Query
from graphql_api.schema.scalars import SCALARS

__all__ = ["core_schema", "prices", "schema", "sdl"]


@cache
def schema() -> strawberry.Schema:
    """The schema, built once."""
    return strawberry.Schema(query=Query, config=StrawberryConfig(scalar_map=SCALARS))


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
