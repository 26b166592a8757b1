"""What the schema says of itself: when an answer is remembered, and how many are."""

import pytest

from graphql_api.documents import Documents
from graphql_api.introspection import Introspections, asks_about_the_schema
from graphql_api.schema import core_schema

documents = Documents(core_schema())


@pytest.mark.parametrize(
    ("source", "alone"),
    [
        ("{ __schema { types { name } } }", True),
        ('{ a: __type(name: "Query") { name } __typename }', True),
        ("{ ...F } fragment F on Query { ... { __schema { types { name } } } }", True),
        ("{ __typename }", False),
        ("{ __schema { types { name } } usage { unitsUsed } }", False),
        ("{ ...F __schema { types { name } } } fragment F on Query { rateLimit { cost } }", False),
    ],
)
def test_only_what_asks_about_nothing_else_is_remembered(source: str, alone: bool) -> None:
    document = documents.read(source)
    assert asks_about_the_schema(document.operation(None), document.fragments) is alone


def test_an_answer_depends_on_the_variables_that_are_declared_and_no_others() -> None:
    source = "query Q($n: String!) { __type(name: $n) { name } }"
    operation = documents.read(source).operation(None)
    key = Introspections.key(source, operation, {"n": "Signal"})
    assert Introspections.key(source, operation, {"n": "Signal", "more": [1]}) == key
    assert Introspections.key(source, operation, {"n": "Query"}) != key
    assert b"Signal" not in key


def test_so_many_are_kept_and_no_more_than_so_much() -> None:
    kept = Introspections(capacity=3, max_bytes=25)
    for name in (b"a", b"b", b"c"):
        kept.keep(name, b"x" * 5)
    assert kept.find(b"a") == b"x" * 5
    kept.keep(b"d", b"y")
    assert kept.find(b"b") is None  # the least recently used
    kept.keep(b"e", b"z" * 20)
    assert kept.find(b"e")
    assert len(kept) == 2
    kept.keep(b"e", b"z" * 26)
    assert len(kept) == 0
