"""Answers made column by column are those of graphql-core, errors and nulls among them."""

import enum
import math
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, GraphQLObjectType, execute, get_named_type, parse, validate
from graphql.execution.executor import Executor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strawberry.schema.config import StrawberryConfig

from graphql_api.columns import ColumnExecutor
from graphql_api.schema.scalars import SCALARS, DateTime
from tests.fuzz import TIMES


@strawberry.enum
class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Leaf(Named):
    number: int
    share: float
    maybe: float | None
    flag: bool
    id: strawberry.ID
    colour: Colour | None
    moment: DateTime
    values: list[float | None]
    words: list[list[str]]


@strawberry.type
class Branch(Named):
    leaf: Leaf
    leaves: list[Leaf]
    some: list[Leaf | None] | None
    either: list[Named]

    @strawberry.field
    def twice(self, text: str = "x") -> str:
        if text == "boom":
            raise ValueError("boom")
        return text * 2

    @strawberry.field
    def more(self) -> list[Leaf]:
        return self.leaves


TREE: list[Any] = []


@strawberry.type
class Query:
    @strawberry.field
    def branches(self) -> list[Branch]:
        return TREE

    @strawberry.field
    def branch(self) -> Branch | None:
        return TREE[0] if TREE else None


SCHEMA = strawberry.Schema(
    Query, types=[Leaf], config=StrawberryConfig(scalar_map=SCALARS)
)._schema  # fmt: skip

# A value that fits, and some that do not or only just.
ODD: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["a", "é", 1, None, True]),
    "number": st.sampled_from([1, -(2**31), 2**31, True, 1.0, 1.5, "1", None]),
    "share": st.sampled_from([1.5, 1, math.nan, math.inf, "x", None, True]),
    "maybe": st.sampled_from([None, 0.5, math.nan, ValueError("kept as a value")]),
    "flag": st.sampled_from([True, False, 1, "yes", None]),
    "id": st.sampled_from(["1", 1, None, 1.5]),
    "colour": st.sampled_from([Colour.RED, Colour.BLUE, None, "red"]),
    "moment": st.sampled_from([0, 1_362_096_000_000_001, None, "never"]),
    "values": st.sampled_from([[1.0, None], [], [math.nan], (1.0, 2.0), None, "text", [1, 2.0]]),
    "words": st.sampled_from([[["a"], []], [[None]], [None], [("a",)], None]),
}
FITS: dict[str, Any] = {
    "name": "leaf", "number": 3, "share": 0.5, "maybe": None, "flag": True, "id": "7",
    "colour": Colour.BLUE, "moment": 0, "values": [1.0, None], "words": [["a", "b"], []],
}  # fmt: skip


@st.composite
def leaf(draw: st.DrawFn) -> Any:
    odd = draw(st.sets(st.sampled_from(sorted(ODD)), max_size=1)) if draw(st.booleans()) else ()
    return Leaf(**FITS | {name: draw(ODD[name]) for name in odd})


@st.composite
def branch(draw: st.DrawFn) -> Any:
    leaves = draw(st.lists(leaf(), max_size=3))
    return Branch(
        name="branch",
        leaf=draw(leaf() | st.just("no leaf")) if draw(st.booleans()) else Leaf(**FITS),
        leaves=leaves if draw(st.integers(0, 4)) else draw(st.sampled_from([None, tuple(leaves)])),
        some=draw(st.none() | st.lists(st.none() | leaf(), max_size=3)),
        either=draw(st.lists(leaf(), max_size=2)),
    )


@st.composite
def selection(draw: st.DrawFn, type_: Any, depth: int = 3) -> str:
    """Some fields, under names and directives of every kind."""
    parts = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.integers(0, 9))
        if kind == 0:
            parts.append("__typename")
        elif kind == 1:
            on = f"on {type_.name} " if draw(st.booleans()) else ""
            switch = draw(st.sampled_from(["", "@include(if: $on)", "@skip(if: $on)"]))
            parts.append(f"... {on}{switch} {{ {draw(selection(type_, depth - 1))} }}")
        elif kind == 2 and type_.name == "Branch":
            parts.append(draw(st.sampled_from(["twice", 'b: twice(text: "boom")', "twice: name"])))
        else:
            parts.append(draw(field(type_, depth)))
    return " ".join(parts)


@st.composite
def field(draw: st.DrawFn, type_: Any, depth: int) -> str:
    name = draw(st.sampled_from(sorted(type_.fields)))
    below = get_named_type(type_.fields[name].type)
    inside = ""
    if hasattr(below, "fields"):
        if depth <= 0:
            return "__typename"
        inside = f" {{ {draw(selection(below, depth - 1))} }}"
    alias = draw(st.sampled_from(["", "", "", f"other_{name}: "]))
    switch = draw(st.sampled_from(["", "", "", " @include(if: $on)", " @skip(if: $on)"]))
    return f"{alias}{name}{switch}{inside}"


def run(source: str, executor: type[Executor], on: bool) -> tuple[Any, Any]:
    found = execute(
        SCHEMA, parse(source), variable_values={"on": on}, executor_class=executor
    )  # fmt: skip
    assert isinstance(found, ExecutionResult)
    return found.data, [error.formatted for error in found.errors or ()]


QUERY_TYPE = SCHEMA.query_type
assert isinstance(QUERY_TYPE, GraphQLObjectType)
EVERYTHING = """{ branches { name __typename leaf { ...L } leaves { ...L } some { ...L } twice
  either { __typename name ... on Leaf { number } } more { ...L } } }
  fragment L on Leaf { __typename name number share maybe flag id colour moment values words }"""


@settings(
    max_examples=100 * TIMES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    source=selection(QUERY_TYPE).map(
        lambda inside: ("query ($on: Boolean!) " * ("$on" in inside)) + f"{{ {inside} }}"
    ),
    tree=st.lists(branch(), max_size=3),
    on=st.booleans(),
)
def test_answers_and_errors_are_those_of_graphql_core(source, tree, on) -> None:
    TREE[:] = tree
    if validate(SCHEMA, parse(source)):
        return  # fields of one name that cannot be merged
    told, expected = run(source, ColumnExecutor, on), run(source, Executor, on)
    assert told == expected
    assert repr(told) == repr(expected)  # the order of fields too, and 1 is not 1.0


@settings(max_examples=50 * TIMES, deadline=None)
@given(tree=st.lists(branch(), min_size=1, max_size=3))
def test_whatever_does_not_fit_is_told_in_the_words_of_graphql_core(tree) -> None:
    TREE[:] = tree
    assert repr(run(EVERYTHING, ColumnExecutor, True)) == repr(run(EVERYTHING, Executor, True))


@pytest.fixture
def by_core(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The fields that graphql-core executed, by itself or because we left them to it."""
    seen: list[str] = []
    execute_field = Executor.execute_field

    def watched(self, parent_type, source, details, path, position):
        seen.append(f"{parent_type.name}.{details[0].node.name.value}")
        return execute_field(self, parent_type, source, details, path, position)

    monkeypatch.setattr(Executor, "execute_field", watched)
    return seen


def plain_branch(**more: Any) -> Any:
    leaves = [Leaf(**FITS) for _ in range(3)]
    given = {"leaf": leaves[0], "leaves": leaves, "some": [None, *leaves], "either": []}
    return Branch(name="branch", **(given | more))


def test_what_is_plain_is_not_left_to_graphql_core(by_core) -> None:
    TREE[:] = [plain_branch(), plain_branch()]
    run(EVERYTHING.replace("either { __typename name ... on Leaf { number } }", ""),
        ColumnExecutor, True)  # fmt: skip
    assert by_core == ["Query.branches", *["Branch.twice", "Branch.more"] * 2]


def test_one_value_that_does_not_fit_leaves_only_its_list_to_graphql_core(by_core) -> None:
    bad = [Leaf(**FITS), Leaf(**FITS | {"share": math.nan})]
    TREE[:] = [plain_branch(), plain_branch(some=bad)]
    data, errors = run("{ branches { name more { share } some { share } } }", ColumnExecutor, True)
    assert data["branches"][1]["some"] == [{"share": 0.5}, None]
    assert [one["path"] for one in errors] == [["branches", 1, "some", 1, "share"]]
    assert by_core.count("Leaf.share") == 1


def test_a_resolver_runs_once_though_an_attribute_beside_it_does_not_fit() -> None:
    ran: list[int] = []

    @strawberry.type
    class Thing:
        number: int

        @strawberry.field
        def count(self) -> int:
            ran.append(1)
            return 1

    @strawberry.type
    class Root:
        @strawberry.field
        def thing(self) -> Thing | None:
            return Thing(number="none")  # type: ignore[arg-type]

    schema = strawberry.Schema(Root)._schema
    found = execute(schema, parse("{ thing { count number } }"), executor_class=ColumnExecutor)
    assert isinstance(found, ExecutionResult)
    assert found.data == {"thing": None}
    assert len(ran) == 1


def test_a_property_that_fails_is_told_by_graphql_core() -> None:
    class Failing(Leaf):
        @property
        def number(self) -> int:
            raise RuntimeError("no number")

    TREE[:] = [plain_branch(leaf=object.__new__(Failing))]
    told = run("{ branch { leaf { number } } }", ColumnExecutor, True)
    assert told == run("{ branch { leaf { number } } }", Executor, True)
    assert [error["message"] for error in told[1]] == ["no number"]
