"""What is remembered of documents, and what is not."""

import pytest

from graphql_api.documents import Documents, Unfit
from graphql_api.schema import core_schema


@pytest.fixture
def documents() -> Documents:
    return Documents(core_schema(), capacity=2)


def test_the_same_text_is_read_once(documents) -> None:
    first = documents.read("{ __typename }")
    assert documents.read("{ __typename }") is first


def test_the_least_recently_used_goes_first(documents) -> None:
    a = documents.read("{ a: __typename }")
    b = documents.read("{ b: __typename }")
    assert documents.read("{ a: __typename }") is a
    documents.read("{ c: __typename }")
    assert documents.read("{ a: __typename }") is a
    assert documents.read("{ b: __typename }") is not b


def test_what_was_refused_is_not_kept(documents) -> None:
    kept = documents.read("{ __typename }")
    for number in range(10):
        with pytest.raises(Unfit):
            documents.read(f"{{ nothing{number} }}")
    assert documents.read("{ __typename }") is kept


def test_at_most_five_errors_are_told(documents) -> None:
    with pytest.raises(Unfit) as unfit:
        documents.read("{" + " ".join(f"nothing{i}" for i in range(50)) + "}")
    assert len(unfit.value.errors) == 5


def test_operations_are_found_by_name(documents) -> None:
    two = documents.read("query A { __typename } query B { __typename }")
    assert two.operation("B").name.value == "B"
    with pytest.raises(LookupError, match="there are: A, B"):
        two.operation("C")
    with pytest.raises(LookupError, match="several operations"):
        two.operation(None)
    one = documents.read("{ __typename }")
    assert one.operation(None) is one.operations[None]
    with pytest.raises(LookupError, match="none with a name"):
        one.operation("A")
