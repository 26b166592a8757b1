"""Which media type an Accept header is answered with."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_api.errors import NotAcceptable
from graphql_api.http.media import JSON, RESPONSE_JSON, negotiate


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("application/graphql-response+json", RESPONSE_JSON),
        ("application/graphql-response+json, application/json;q=0.9", RESPONSE_JSON),
        ("application/json;q=0.5, application/graphql-response+json;q=0.4", JSON),
        ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", JSON),
        ("APPLICATION/GraphQL-Response+JSON", RESPONSE_JSON),
        ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
        # The range that fits best decides: JSON is ruled out although */* would take it.
        ("application/json;q=0, */*", RESPONSE_JSON),
        ("text/plain, application/json;q=0.001", JSON),
    ],
)
def test_the_best_fitting_range_decides(accept: str | None, answered: str) -> None:
    assert negotiate(accept) == answered


@pytest.mark.parametrize(
    "accept",
    ["text/html", "application/json;q=0", "*/*;q=0", "application/json;q=nan", "nonsense", ";"],
)
def test_an_impossible_accept_is_refused_with_what_is_possible(accept: str) -> None:
    with pytest.raises(NotAcceptable, match=r"application/graphql-response\+json") as refused:
        negotiate(accept)
    assert refused.value.status == 406


def test_a_charset_that_we_do_not_write_is_refused() -> None:
    with pytest.raises(NotAcceptable):
        negotiate("application/json; charset=utf-16")


@given(st.text(max_size=200))
def test_any_header_is_answered_or_refused(accept: str) -> None:
    with contextlib.suppress(NotAcceptable):
        assert negotiate(accept) in {JSON, RESPONSE_JSON}
