"""What queries cost, counted by hand on a small schema of its own."""

import pytest
import strawberry
from graphql import GraphQLSchema, OperationDefinitionNode, parse, validate
from graphql.execution.values import get_variable_values
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graphql_api.schema.cost import Cost, ListSize, Prices


@strawberry.interface
class Named:
    name: str


@strawberry.type(directives=[Cost(weight="0")])
class Cat(Named):
    @strawberry.field(directives=[Cost(weight="5")])
    def photo(self) -> str:
        return "cat"


@strawberry.type
class Dog(Named):
    @strawberry.field(directives=[Cost(weight="7")])
    def photo(self) -> str:
        return "dog"


@strawberry.type(directives=[Cost(weight="0")])
class Page:
    nodes: list[Dog]
    total: int


@strawberry.type
class Query:
    @strawberry.field(directives=[Cost(weight="3")])
    def cat(self) -> Cat | None:
        return None

    @strawberry.field
    def dog(self) -> Dog | None:
        return None

    @strawberry.field
    def pet(self) -> Cat | Dog | None:  # a union named CatDog
        return None

    @strawberry.field
    def named(self) -> Named | None:
        return None

    @strawberry.field(
        directives=[
            Cost(weight="2"),
            ListSize(assumed_size=10, slicing_arguments=["first", "names"]),
        ]
    )
    def dogs(self, first: int | None = None, names: list[str] | None = None) -> list[Dog]:
        return []

    @strawberry.field(
        directives=[
            Cost(weight="1"),
            ListSize(assumed_size=10, slicing_arguments=["first"], sized_fields=["nodes"]),
        ]
    )
    def page(self, first: int | None = None) -> Page | None:
        return None

    count: int = 0


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return strawberry.Schema(Query)._schema


def price(schema: GraphQLSchema, source: str, **given: object) -> int:
    document = parse(source)
    assert validate(schema, document) == []
    operation = next(n for n in document.definitions if isinstance(n, OperationDefinitionNode))
    fragments = {n.name.value: n for n in document.definitions if n is not operation}
    variables = get_variable_values(schema, operation.variable_definitions or (), given)
    assert not isinstance(variables, list)
    prices = Prices(schema, GraphQLCoreConverter.DEFINITION_BACKREF)
    return prices.of(operation, fragments, variables)


@pytest.mark.parametrize(
    ("source", "units"),
    [
        ("{ count }", 0),  # a leaf
        ("{ __typename }", 0),
        ("{ __schema { types { name } } }", 0),
        ("{ dog { name } }", 1),  # a type with fields of its own
        ("{ cat { name } }", 3),  # @cost on the field wins over @cost on the type
        ("{ cat { name photo } }", 8),
        ("{ a: cat { name } b: cat { name } }", 6),  # an alias runs again
        ("{ cat { name } cat { photo } }", 8),  # one name runs once
        ("{ pet { ... on Cat { photo } ... on Dog { photo } } }", 8),  # the dearest of them
        ("{ named { name } }", 1),
        ("{ named { ... on Named { ... on Dog { photo } } } }", 8),
        ("{ dogs { photo } }", 10 * (2 + 7)),
        ("{ dogs(first: 3) { photo } }", 3 * (2 + 7)),
        ("{ dogs(first: -3) { photo } }", 0),
        ('{ dogs(first: 1, names: ["a", "b"]) { photo } }', 2 * (2 + 7)),
        ("{ page(first: 4) { total nodes { photo } } }", 1 + 4 * (1 + 7)),
        ("{ page { nodes { name } } }", 1 + 10 * 1),
        ("{ cat @skip(if: true) { photo } }", 0),
        ("{ cat @include(if: false) { photo } }", 0),
        ("{ cat { ...P ...P } } fragment P on Cat { photo }", 8),
        ("{ ...Q } fragment Q on Query { dog { ...P } } fragment P on Named { name }", 1),
    ],
)
def test_a_query_costs_what_its_fields_say(schema: GraphQLSchema, source: str, units: int) -> None:
    assert price(schema, source) == units


def test_variables_size_and_switch_what_is_paid_for(schema: GraphQLSchema) -> None:
    source = """query ($n: Int, $on: Boolean!) {
        dogs(first: $n) { photo } cat @include(if: $on) { photo }
    }"""
    assert price(schema, source, n=2, on=False) == 2 * (2 + 7)
    assert price(schema, source, n=2, on=True) == 2 * (2 + 7) + 8
    assert price(schema, source, on=False) == 10 * (2 + 7)


def test_a_bomb_of_fragments_is_priced_as_fast_as_it_is_long(schema: GraphQLSchema) -> None:
    # 2**40 paths lead through these fragments; each is looked at once.
    bomb = "{ named { ...F0 } }" + "".join(
        f" fragment F{i} on Named {{ ...F{i + 1} ... on Named {{ ...F{i + 1} }} }}"
        for i in range(40)
    )
    assert price(schema, bomb + " fragment F40 on Named { name }") == 1
