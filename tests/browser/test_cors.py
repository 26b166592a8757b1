"""A page on another origin asks the API, as a browser allows it, and the headers that allow it."""

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.local_server import Handler, LocalServer

EXPOSED = {"ratelimit", "ratelimit-policy", "retry-after", "etag", "x-request-id"}
QUERY = '{ signal(symbol: "AAPL", strategy: {preset: {name: PRICE_AND_RSI}}) { __typename } }'

ASK = """
async ([url, key, query]) => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...(key && { "x-api-key": key }) },
    body: JSON.stringify({ query }),
  });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.json(),
  };
}
"""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """An empty page of another origin."""

    class EmptyPage(Handler):
        def do_GET(self) -> None:
            self.send(
                200, {"content-type": "text/html"}, b"<!doctype html><title>elsewhere</title>"
            )

    with LocalServer(EmptyPage) as site:
        yield f"http://{site.address}"


def raw(
    url: str, method: str, headers: dict[str, str], body: str | None = None
) -> tuple[int, list[tuple[str, str]]]:
    """Status and headers as they stand on the wire, none merged with another."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
    try:
        connection.request(method, address.path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, [(name.lower(), value) for name, value in answer.getheaders()]
    finally:
        connection.close()


def of_cors(headers: list[tuple[str, str]]) -> list[str]:
    return sorted(name for name, _ in headers if name.startswith("access-control-"))


def test_a_page_elsewhere_reads_the_answer_and_the_headers_beside_it(
    watched: Any, server: Any, elsewhere: str
) -> None:
    watched.page.goto(elsewhere)
    got = watched.page.evaluate(ASK, [server.url + "/graphql", server.demo_key, QUERY])
    assert got["status"] == 200
    assert got["body"]["data"] == {"signal": {"__typename": "Signal"}}
    assert {"ratelimit", "ratelimit-policy", "x-request-id"} <= set(got["headers"])


def test_a_page_elsewhere_reads_a_refusal_too(watched: Any, server: Any, elsewhere: str) -> None:
    watched.page.goto(elsewhere)
    got = watched.page.evaluate(ASK, [server.url + "/graphql", "", QUERY])
    assert got["status"] == 401
    assert got["body"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "x-request-id" in got["headers"]


def test_a_preflight_needs_no_key_and_names_what_may_be_sent(server: Any, elsewhere: str) -> None:
    status, headers = raw(
        server.url + "/graphql",
        "OPTIONS",
        {
            "Origin": elsewhere,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,x-api-key",
        },
    )
    assert status in {200, 204}
    assert of_cors(headers) == sorted(set(of_cors(headers)))
    said = dict(headers)
    assert said["access-control-allow-origin"] in {"*", elsewhere}
    assert "POST" in said["access-control-allow-methods"]
    allowed = {name.strip().lower() for name in said["access-control-allow-headers"].split(",")}
    assert {"content-type", "x-api-key", "authorization"} <= allowed
    assert "ratelimit" not in said


@pytest.mark.parametrize("with_key", [True, False])
def test_an_answer_and_a_refusal_carry_exactly_one_header_of_each(
    server: Any, elsewhere: str, with_key: bool
) -> None:
    key = {"x-api-key": server.demo_key} if with_key else {}
    status, headers = raw(
        server.url + "/graphql",
        "POST",
        {"Origin": elsewhere, "Content-Type": "application/json"} | key,
        json.dumps({"query": QUERY}),
    )
    assert status == (200 if with_key else 401)
    assert of_cors(headers) == ["access-control-allow-origin", "access-control-expose-headers"]
    said = dict(headers)
    assert said["access-control-allow-origin"] in {"*", elsewhere}
    exposed = {name.strip().lower() for name in said["access-control-expose-headers"].split(",")}
    assert exposed >= EXPOSED
    names = [name for name, _ in headers]
    assert len(names) == len(set(names))
