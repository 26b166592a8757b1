"""Each limit at its edge: what just fits is let through, one more is refused with the numbers."""

import inspect
import itertools
import json

import pytest
from graphql import get_introspection_query, parse

from graphql_api.documents import Documents, Unfit
from graphql_api.limits import LIMITS, check_length, check_shape, check_text
from graphql_api.schema import core_schema


def over(source: str) -> dict[str, int]:
    """The limits that a text is over, with the values."""
    error = check_text(source)
    errors = [error] if error else check_shape(parse(source))
    found = {}
    for error in errors:
        limit = error.extensions["limit"]
        assert error.extensions["maximum"] == LIMITS[limit].maximum
        assert str(error.extensions["value"]) in error.message
        assert str(error.extensions["maximum"]) in error.message
        found[limit] = error.extensions["value"]
    return found


def nested(*names: str) -> str:
    return "{" + "{".join(names) + "}" * len(names)


def repeated(text: str, times: int) -> str:
    return " ".join(text.format(i=i) for i in range(times))


EDGES = {
    "characters": (15_000, lambda n: "{ a #" + "x" * (n - 7) + "\n}"),
    "tokens": (1_000, lambda n: "{ a(b: [" + "1 " * (n - 9) + "]) }"),
    "nesting": (50, lambda n: nested(*["a"] * 4, *["..."] * (n - 5), "a")),
    "operations": (5, lambda n: repeated("query Q{i} {{ a }}", n)),
    "depth": (8, lambda n: nested(*["a"] * n)),
    "aliases": (15, lambda n: "{" + repeated("a{i}: a{i}", n) + "}"),
    "directives": (30, lambda n: "{ a " + repeated("@d{i}", n) + "}"),
    "repetitions": (50, lambda n: "{ ... { " + "a " * (n - 1) + "} a { a a } }"),
    "introspectionDepth": (15, lambda n: nested("__schema", *["ofType"] * (n - 1))),
    "introspectionLists": (2, lambda n: nested("__type", *["fields", "type"] * n)),
    "introspectionAliases": (5, lambda n: "{ __schema {" + repeated("a{i}: name", n) + "} }"),
}


@pytest.mark.parametrize("name", EDGES)
def test_what_fits_is_let_through_and_one_more_is_refused(name: str) -> None:
    maximum, document = EDGES[name]
    assert LIMITS[name].maximum == maximum
    assert over(document(maximum)) == {}
    assert over(document(maximum + 1)) == {name: maximum + 1}


def test_every_limit_has_its_edge_here_or_is_tested_by_its_work() -> None:
    assert set(LIMITS) - set(EDGES) == {"merging", "flips", "bytes"}


@pytest.mark.parametrize(
    ("source", "refused"),
    [
        # depth is that of where a fragment is spread, and a fragment's own
        (nested(*"abcd", "...F") + "fragment F on T" + nested(*"abcd"), {}),
        (nested(*"abcd", "...F") + "fragment F on T" + nested(*"abcde"), {"depth": 9}),
        (nested(*"abcd", "... on T", *"efgh"), {}),
        # a fragment counts once, however often it is spread
        ("{" + "a { ...F } " * 30 + "} fragment F on T { b: c @d }", {}),
        ("{ ...F ...G } " + "fragment F on T {" + repeated("a{i}: a{i}", 8) + "}"
         "fragment G on T {" + repeated("b{i}: b{i}", 8) + "}", {"aliases": 16}),
        # operations are counted one by one, since one of them runs
        (repeated("query Q{i} {{ a: b c: d e: f g: h }}", 5), {}),
        ("query Q($v: I @d) @d { a } fragment F on T @d { a @d }", {}),
        # introspection is counted from its root, and what is beside it as ever
        ("{ ...Q } fragment Q on Query { __schema { types { ...T } } } fragment T on __Type "
         + nested("fields", "type", "fields", "name"), {"introspectionLists": 3}),
        ("{ __schema { types { ...T } } } fragment T on __Type { " + repeated("a{i}: kind", 6)
         + "}", {"introspectionAliases": 6}),
        ("{ a: __type b: __type c: __type d: __type e: __type f: __type }", {}),
        (nested(*"abcdefghi") + "query B { __schema { types { name } } }", {"depth": 9}),
    ],
)  # fmt: skip
def test_fragments_are_added_as_numbers(source: str, refused: dict[str, int]) -> None:
    assert over(source) == refused


def test_a_chain_of_fragments_nests_as_deeply_as_it_is_long() -> None:
    chain = "{ ...F0 }" + "".join(f"fragment F{i} on T {{ ...F{i + 1} }}" for i in range(60))
    assert over(chain + " fragment F60 on T { a }") == {"nesting": 62}


@pytest.mark.parametrize(
    "source",
    [
        "{ ...A } fragment A on T { ...A }",
        "{ ...A } fragment A on T { a { ...B } } fragment B on T { b { ...A } }",
        "{ ...Missing }",
        "fragment A on T { a }",
    ],
)
def test_cycles_and_missing_fragments_are_left_to_validation(source: str) -> None:
    assert over(source) == {}


def test_fragments_that_double_at_every_step_are_measured_once_each() -> None:
    bomb = "{ ...F0 }" + "".join(
        f"fragment F{i} on T {{ ...F{i + 1} a: b ...F{i + 1} }}" for i in range(40)
    )
    assert over(bomb + "fragment F40 on T { a }") == {"aliases": 40}


def test_every_introspection_query_of_graphql_core_passes() -> None:
    documents = Documents(core_schema(), capacity=1)
    switches = list(inspect.signature(get_introspection_query).parameters)
    switches = [one for one in switches if one not in {"input_deprecation", "type_depth"}]
    switches.remove("experimental_directive_deprecation")  # no schema has it yet
    for chosen in itertools.product([False, True], repeat=len(switches)):
        documents.read(get_introspection_query(**dict(zip(switches, chosen, strict=True))))


TYPE_REF = "fragment TypeRef on __Type { kind name " + "ofType { kind name " * 9 + "} " * 9 + "}"

# As the tools send them; those that send graphql-js's own are covered above.
TOOLS = {
    "GraphiQL 5, with all that it may ask for": """
      query IntrospectionQuery { __schema { description
        queryType { name kind } mutationType { name kind } subscriptionType { name kind }
        types { ...FullType }
        directives { name description isRepeatable locations
          args(includeDeprecated: true) { ...InputValue } } } }
      fragment FullType on __Type { kind name description specifiedByURL isOneOf
        fields(includeDeprecated: true) { name description
          args(includeDeprecated: true) { ...InputValue }
          type { ...TypeRef } isDeprecated deprecationReason }
        inputFields(includeDeprecated: true) { ...InputValue }
        interfaces { ...TypeRef }
        enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
        possibleTypes { ...TypeRef } }
      fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue
        isDeprecated deprecationReason }
    """
    + TYPE_REF,
    "Apollo Kotlin, which first asks what may be asked": """
      query PreIntrospection {
        schema: __type(name: "__Schema") { fields { name args { name } } }
        type: __type(name: "__Type") { fields { name args { name } } }
        directive: __type(name: "__Directive") { fields { name args { name } } }
        field: __type(name: "__Field") { fields { name args { name } } }
        inputValue: __type(name: "__InputValue") { fields { name args { name } } } }
    """,
    "a person": """{ __type(name: "Query") { fields { name args { name type { name } }
                     type { name fields { name type { name kind ofType { name } } } } } } }""",
}


@pytest.mark.parametrize("tool", TOOLS)
def test_the_introspection_queries_of_tools_pass(tool: str) -> None:
    Documents(core_schema()).read(TOOLS[tool])


def test_comparing_fields_has_an_end() -> None:
    fragments = "".join(f"fragment F{i} on Strategy {{ name title }}" for i in range(80))
    spread = " ".join(f"...F{i}" for i in range(80))
    with pytest.raises(Unfit) as unfit:
        Documents(core_schema()).read(f"{{ strategies {{ {spread} }} }} {fragments}")
    assert unfit.value.code == "QUERY_TOO_COMPLEX"
    (error,) = unfit.value.errors
    assert error.extensions == {"limit": "merging", "value": 20_001, "maximum": 20_000}


def test_a_page_of_components_with_a_fragment_each_is_far_from_that_end() -> None:
    fragments = "".join(f"fragment F{i} on Strategy {{ name title hash }}" for i in range(25))
    spread = " ".join(f"...F{i}" for i in range(25))
    Documents(core_schema()).read(f"{{ strategies {{ {spread} }} }} {fragments}")


def test_of_an_answer_each_quotation_mark_and_backslash_counts_twice() -> None:
    maximum = LIMITS["bytes"].maximum
    assert maximum == 6_000_000
    for content in (b"x" * maximum, b'"' * (maximum // 2), b"\\" * (maximum // 2)):
        assert check_length(content) is None
        error = check_length(content + b"x")
        assert error is not None
        assert error["message"].startswith(f"The answer has {maximum + 1} bytes; it may have")
        assert error["extensions"] == {
            "code": "QUERY_TOO_COMPLEX",
            "limit": "bytes",
            "value": maximum + 1,
            "maximum": maximum,
        }
        # Lambda hands on the answer as a string of JSON, of 6 MiB at most with all around it.
        assert len(json.dumps(content.decode())) < 6 * 1024 * 1024
