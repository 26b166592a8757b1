"""A query's price is never less than the work it makes, whatever it asks for; and what is charged
in the end is that work. Made column by column, its answer is the same."""

from collections.abc import Callable, Iterator
from contextlib import closing
from math import inf
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLUnionType,
    execute,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    validate,
)
from graphql import parse as parse_document
from graphql.execution.values import get_variable_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphql_api.app import open_accounts
from graphql_api.columns import ColumnExecutor
from graphql_api.decisions import Decisions
from graphql_api.documents import Document, Documents
from graphql_api.guard.accounts import Accounts
from graphql_api.guard.admit import Guard
from graphql_api.judgement import Judge
from graphql_api.schema import core_schema, prices
from graphql_api.schema.context import Context
from graphql_api.schema.node import global_id
from graphql_api.schema.work import work
from graphql_api.settings import Settings
from graphql_api.stores import Scope
from market_data.stores import SqliteBarStore, SqliteReadingStore
from tests.fuzz import TIMES

SYMBOLS = ['"AAPL"', '"IBM"', '"NONE"']
VALUES: dict[str, st.SearchStrategy[str]] = {
    "symbol": st.sampled_from(SYMBOLS),
    "symbols": st.lists(st.sampled_from(SYMBOLS), min_size=1, max_size=3).map(
        lambda some: f"[{', '.join(some)}]"
    ),
    "indicator": st.just("{name: RSI}"),
    "id": st.sampled_from(["IBM", "NONE"]).map(lambda name: f'"{global_id("Instrument", name)}"'),
    "first": st.integers(1, 4).map(str),
    "from": st.sampled_from(['"2013-02-01T00:00:00Z"', '"2012-06-01T00:00:00Z"']),
}


@st.composite
def selections(draw: st.DrawFn, type_: Any, depth: int) -> str:
    """Some of the fields of a type, and of the members of a union."""
    if isinstance(type_, GraphQLUnionType):
        members = draw(st.lists(st.sampled_from(type_.types), min_size=1, max_size=3, unique=True))
        parts = [f"... on {one.name} {{ {draw(selections(one, depth))} }}" for one in members]
        return " ".join(["__typename", *parts])
    assert isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
    open_ = [
        name
        for name, field in type_.fields.items()
        if depth > 1 or is_leaf_type(get_named_type(field.type))
    ]
    if not open_:
        return "__typename"
    names = draw(st.lists(st.sampled_from(open_), min_size=1, max_size=3, unique=True))
    parts = [draw(asked(type_.fields[name], name, depth)) for name in names]
    if isinstance(type_, GraphQLInterfaceType) and type_.name == "Node" and draw(st.booleans()):
        member = core_schema().type_map["Signal"]
        parts.append(f"... on Signal {{ {draw(selections(member, depth))} }}")
    return " ".join(parts)


@st.composite
def asked(draw: st.DrawFn, field: GraphQLField, name: str, depth: int) -> str:
    """A field with what it needs, and some of what it may be given."""
    given_values = []
    for argument, spec in field.args.items():
        known = VALUES.get(argument)
        if known is not None and (needed(spec.type) or draw(st.booleans())):
            given_values.append(f"{argument}: {draw(known)}")
    arguments = f"({', '.join(given_values)})" if given_values else ""
    type_ = get_named_type(field.type)
    below = "" if is_leaf_type(type_) else f" {{ {draw(selections(type_, depth - 1))} }}"
    return f"{name}{arguments}{below}"


def needed(type_: GraphQLInputType) -> bool:
    return get_nullable_type(type_) is not type_


@pytest.fixture(scope="module")
def answer(
    tmp_path_factory: pytest.TempPathFactory, sample_bars: Path
) -> Iterator[Callable[[Document], tuple[int, int, int | None]]]:
    """Runs a query: its price, the work counted field by field as it ran, and what was charged."""
    now = 1_795_003_200_000_000
    stores = open_accounts(Settings(data=tmp_path_factory.mktemp("work")))
    guard = Guard(*stores, clock=lambda: now)
    made = Accounts(stores[0], lambda: now).open_account("Work", "ENTERPRISE", scopes=Scope)
    caller = guard.authenticate({"x-api-key": made.secret})
    bars = SqliteBarStore(sample_bars, clock=lambda: now, read_only=True)
    readings = SqliteReadingStore(sample_bars.parent / "none.sqlite", clock=lambda: now)
    decisions, table = Decisions(), prices()

    def run(document: Document) -> tuple[int, int, int | None]:
        operation = document.operation(None)
        variables = get_variable_values(core_schema(), (), {})
        price = table.of(operation, document.fragments, variables)
        reach = guard.reach()
        counted = 0

        def count(resolve: Any, source: Any, info: Any, **arguments: Any) -> Any:
            nonlocal counted
            value = resolve(source, info, **arguments)
            known = table.table.get((info.parent_type.name, info.field_name))
            if known is not None:
                each = known.size is not None and not known.size.sized_fields
                times = len(value) if each and isinstance(value, list) else 1
                counted += known.weight * times
            return value

        context = Context(
            caller=caller,
            deeds=guard.deeds(caller, reach),
            admission=guard.admit(caller, 0, reach),
            guard=guard,
            reach=reach,
            bars=bars,
            judge=Judge(bars, readings, decisions, now),
            registrar=None,  # queries register nothing
            quarantine=None,  # and none of these asks as an administrator
            now=now,
            ends=inf,
        )
        result = execute(core_schema(), document.ast, context_value=context, middleware=[count])
        by_columns = execute(
            core_schema(), document.ast, context_value=context, executor_class=ColumnExecutor
        )
        assert repr(by_columns.data) == repr(result.data)
        assert [one.formatted for one in by_columns.errors or ()] == [
            one.formatted for one in result.errors or ()
        ]
        charged = None
        if result.data is not None and not result.errors:
            charged = work(table, operation, document.fragments, variables, result.data)
        return price, counted, charged

    with closing(stores[0]), closing(bars), closing(readings):
        yield run


documents = Documents(core_schema(), capacity=1)


@settings(
    max_examples=100 * TIMES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(source=selections(core_schema().query_type, 6).map(lambda inside: f"{{ {inside} }}"))
def test_the_price_is_at_least_the_work_and_the_charge_is_the_work(source, answer) -> None:
    if validate(core_schema(), parse_document(source)):
        return  # members of a union asked for one name with different arguments
    price, counted, charged = answer(documents.read(source))
    assert counted <= price
    if charged is not None:
        assert counted <= charged <= price
        assert charged == counted


def test_a_list_without_a_declared_length_holds_nothing_that_is_paid_for() -> None:
    table = prices()
    for (name, field), price in table.table.items():
        definition = core_schema().type_map[name].fields[field]
        bare = get_nullable_type(definition.type)
        sized_above = any(
            one.size and field in (one.size.sized_fields or ()) for one in table.table.values()
        )
        if isinstance(bare, GraphQLList) and price.size is None and not sized_above:
            assert not paid(get_named_type(definition.type), set()), f"{name}.{field}"


def paid(type_: Any, seen: set[str]) -> bool:
    """Whether anything below a type costs units."""
    if is_leaf_type(type_) or type_.name in seen:
        return False
    seen.add(type_.name)
    members = (
        [type_] if isinstance(type_, GraphQLObjectType) else core_schema().get_possible_types(type_)
    )
    return any(
        prices().table[(one.name, name)].weight or paid(get_named_type(field.type), seen)
        for one in members
        for name, field in one.fields.items()
    )
