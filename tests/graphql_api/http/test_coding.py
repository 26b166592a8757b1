"""Who is answered in gzip."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_api.http.coding import compressed, takes_gzip


@pytest.mark.parametrize(
    "accept_encoding",
    ["gzip", "gzip, deflate, br", "GZIP;q=0.001", "*", "br;q=1, *;q=0.5", "gzip;q=1, identity;q=1"],
)
def test_gzip_is_sent_to_who_takes_it(accept_encoding: str) -> None:
    assert takes_gzip(accept_encoding)


@pytest.mark.parametrize(
    "accept_encoding",
    [
        None,
        "",
        "identity",
        "br, deflate",
        "gzip;q=0",
        "gzip; q=0.0",
        "gzip;q=none",
        "gzip;q=nan",
        "*;q=0",
        "gzip;q=0, *",
        "gzip;q=0.5, identity",
        "xgzip",
    ],
)
def test_nobody_else_is_sent_gzip(accept_encoding: str | None) -> None:
    assert not takes_gzip(accept_encoding)


@given(st.text(max_size=200))
def test_any_header_is_read(accept_encoding: str) -> None:
    assert takes_gzip(accept_encoding) in {True, False}


@given(st.binary(max_size=5_000))
def test_what_is_compressed_is_gzip_and_the_same_each_time(content: bytes) -> None:
    assert gzip.decompress(compressed(content)) == content
    assert compressed(content) == compressed(content)
