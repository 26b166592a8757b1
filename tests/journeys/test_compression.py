"""Long answers are compressed for callers who take gzip, and mean the same to all others."""

import gzip
import json
from dataclasses import replace

import pytest

from graphql_api.http.coding import SHORTEST
from graphql_api.limits.bounds import LIMITS

LONG = '{ bars(symbol: "IBM") { ... on BarSeries { bars(last: 200) { nodes { time close } } } } }'
SHORT = "{ symbols { totalCount } }"


@pytest.fixture
def send(new_key):
    def send(way, query, accept_encoding):
        headers = {"x-api-key": new_key(way), "content-type": "application/json"}
        if accept_encoding is not None:
            headers["accept-encoding"] = accept_encoding
        return way.send("POST", "/graphql", headers, json.dumps({"query": query}).encode())

    return send


def test_on_lambda_a_long_answer_travels_as_gzip_in_base64(lambda_, send) -> None:
    plain = send(lambda_, LONG, None)
    short = send(lambda_, LONG, "gzip, br")
    assert len(plain.body) > SHORTEST
    assert "content-encoding" not in plain.headers
    assert short.headers["content-encoding"] == "gzip"
    assert int(short.headers["content-length"]) == len(short.body) < len(plain.body) / 3
    assert json.loads(gzip.decompress(short.body))["data"] == plain.json["data"]
    assert short.headers["content-type"] == plain.headers["content-type"]


def test_a_client_of_http_reads_what_was_compressed_as_if_it_were_not(http, send) -> None:
    plain, short = send(http, LONG, "identity"), send(http, LONG, "gzip")
    assert "content-encoding" not in plain.headers
    assert short.headers["content-encoding"] == "gzip"
    assert short.json["data"] == plain.json["data"]


@pytest.mark.parametrize("accept_encoding", [None, "identity", "br", "gzip;q=0"])
def test_who_does_not_take_gzip_is_not_sent_it(lambda_, send, accept_encoding) -> None:
    answer = send(lambda_, LONG, accept_encoding)
    assert "content-encoding" not in answer.headers
    assert answer.json["data"]["bars"]


def test_a_short_answer_is_sent_as_it_is(way, send) -> None:
    answer = send(way, SHORT, "gzip")
    assert len(answer.body) <= SHORTEST
    assert "content-encoding" not in answer.headers


def test_what_is_too_long_is_so_in_either_coding(http, send, monkeypatch) -> None:
    monkeypatch.setitem(LIMITS, "bytes", replace(LIMITS["bytes"], maximum=SHORTEST))
    codes = {send(http, LONG, coding).code for coding in ("gzip", "identity")}
    assert codes == {"QUERY_TOO_COMPLEX"}
