"""What holds of the whole schema, whatever is added to it."""

from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLUnionType,
    build_schema,
    get_introspection_query,
    get_named_type,
    graphql_sync,
    is_required_argument,
    print_schema,
)
from graphql.utilities import build_client_schema, find_breaking_changes

from graphql_api.schema import core_schema, sdl

TYPES = [one for one in core_schema().type_map.values() if not one.name.startswith("__")]
STANDARD = {"Boolean", "Float", "ID", "Int", "String"}
WITH_FIELDS = (GraphQLObjectType, GraphQLInterfaceType)
CONNECTIONS = [
    f"{type_.name}.{name}"
    for type_ in TYPES
    if isinstance(type_, WITH_FIELDS)
    for name, field in type_.fields.items()
    if get_named_type(field.type).name.endswith("Connection")
]


def undescribed(type_: GraphQLNamedType) -> Iterator[str]:
    if not type_.description and type_.name not in STANDARD:
        yield type_.name
    if isinstance(type_, GraphQLEnumType):
        yield from (f"{type_.name}.{n}" for n, v in type_.values.items() if not v.description)
    if isinstance(type_, (*WITH_FIELDS, GraphQLInputObjectType)):
        for name, field in type_.fields.items():
            if not field.description:
                yield f"{type_.name}.{name}"
            for argument, given in getattr(field, "args", {}).items():
                if not given.description:
                    yield f"{type_.name}.{name}({argument})"


def test_everything_is_described() -> None:
    assert [name for type_ in TYPES for name in undescribed(type_)] == []
    for directive in core_schema().directives:
        assert directive.description
        assert all(argument.description for argument in directive.args.values())
    assert "x-api-key" in (core_schema().description or "")


def test_what_members_of_a_union_share_has_one_type() -> None:
    unions = [one for one in TYPES if isinstance(one, GraphQLUnionType)]
    assert len(unions) >= 6
    for union in unions:
        seen: dict[str, str] = {}
        for member in union.types:
            for name, field in member.fields.items():
                told = str(field.type)
                assert seen.setdefault(name, told) == told, f"{union.name}: {member.name}.{name}"


def test_members_of_a_union_share_fields_at_all() -> None:
    """Else the test above could not fail."""
    members = core_schema().type_map["SignalResult"].types
    names = [set(member.fields) for member in members]
    assert any(one & other for one in names for other in names if one is not other)


def test_every_custom_scalar_says_where_it_is_specified() -> None:
    custom = [
        one for one in TYPES if isinstance(one, GraphQLScalarType) and one.name not in STANDARD
    ]
    assert {one.name for one in custom} >= {"Symbol", "DateTime", "Date"}
    assert [one.name for one in custom if not one.specified_by_url] == []


@pytest.mark.parametrize("where", CONNECTIONS)
def test_every_connection_is_relays_forwards_and_backwards(where) -> None:
    type_name, name = where.split(".")
    field = core_schema().type_map[type_name].fields[name]
    told = {argument: str(given.type) for argument, given in field.args.items()}
    assert {"first": "Int", "last": "Int", "after": "String", "before": "String"}.items() <= (
        told.items()
    )
    assert not any(is_required_argument(one) for one in field.args.values())
    connection = get_named_type(field.type)
    assert str(field.type).endswith("!")
    shape = {one: str(inside.type) for one, inside in connection.fields.items()}
    element = shape["nodes"].strip("[]!")
    # Lists that are kept page by page in a store are not counted: that would be to read them whole.
    assert name in {"accounts", "auditLog"} or "totalCount" in shape
    shape.setdefault("totalCount", "Int!")
    assert shape == {
        "edges": f"[{element_edge(element, connection.name)}!]!",
        "nodes": f"[{element}!]!",
        "pageInfo": "PageInfo!",
        "totalCount": "Int!",
    }
    edge = get_named_type(connection.fields["edges"].type)
    assert {name: str(one.type) for name, one in edge.fields.items()} == {
        "node": f"{element}!",
        "cursor": "String!",
    }


def element_edge(element: str, connection: str) -> str:
    return connection.removesuffix("Connection") + "Edge"


def test_there_are_the_connections_that_clients_page_through() -> None:
    assert set(CONNECTIONS) >= {
        "Query.symbols",
        "SignalHistory.signals",
        "BarSeries.bars",
        "Backtest.trades",
    }


def test_no_list_of_lists_and_no_nullable_element_but_of_numbers() -> None:
    for type_ in TYPES:
        if isinstance(type_, WITH_FIELDS):
            for name, field in type_.fields.items():
                told = str(field.type)
                assert told.count("[") <= 1, f"{type_.name}.{name}"
                assert "[" not in told or "!]" in told or told == "[Float]!", f"{type_.name}.{name}"


def test_no_argument_says_that_its_default_is_null() -> None:
    assert "= null" not in sdl()


def test_the_file_and_introspection_tell_the_same_schema() -> None:
    told = graphql_sync(core_schema(), get_introspection_query())
    assert told.errors is None
    by_introspection = build_client_schema(told.data)
    by_file = build_schema(sdl())
    assert find_breaking_changes(by_file, by_introspection) == []
    assert find_breaking_changes(by_introspection, by_file) == []
    assert print_schema(by_introspection).count("type ") == print_schema(by_file).count("type ")
