"""What every answer carries: CORS, correlation, one log line, and nothing that could be kept."""

import io
import json
import logging

import pytest

from graphql_api.app import create_app
from graphql_api.schema import core_schema
from graphql_api.settings import Settings

JSON = {"content-type": "application/json"}
QUERY = b'{"query": "query Named { symbols { totalCount } }"}'
ORIGIN = {"origin": "https://app.example"}
EXPOSED = {"ratelimit", "ratelimit-policy", "retry-after", "etag", "x-request-id"}


def test_a_preflight_needs_no_key_and_costs_nothing(way) -> None:
    answer = way.send(
        "OPTIONS",
        "/graphql",
        ORIGIN
        | {
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type, x-api-key",
        },
    )
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "x-api-key" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-max-age"] == "600"


def test_what_clients_and_tracers_send_by_themselves_keeps_no_page_from_asking(http) -> None:
    preflight = ORIGIN | {"access-control-request-method": "POST"}
    usual = "content-type, x-api-key, apollographql-client-name, sentry-trace, baggage, traceparent"
    for asked, status in ((usual, 200), (usual + ", x-secret", 400)):
        headers = preflight | {"access-control-request-headers": asked}
        assert http.send("OPTIONS", "/graphql", headers).status == status


def test_errors_stand_before_the_data(http, ask) -> None:
    reply = ask(http, '{ node(id: "x") { id } }')
    assert list(reply.json) == ["errors", "data", "extensions"]


def test_options_without_a_preflight_says_what_is_allowed(way) -> None:
    answer = way.send("OPTIONS", "/graphql")
    assert (answer.status, answer.headers["allow"]) == (204, "GET, POST, OPTIONS")


@pytest.mark.parametrize("good", [True, False])
def test_answers_and_refusals_alike_may_be_read_by_other_origins(way, new_key, good) -> None:
    headers = ORIGIN | JSON | ({"x-api-key": new_key(way)} if good else {})
    answer = way.send("POST", "/graphql", headers, QUERY)
    assert answer.status == (200 if good else 401)
    assert answer.headers["access-control-allow-origin"] == "*"
    exposed = {
        n.strip().lower() for n in answer.headers["access-control-expose-headers"].split(",")
    }
    assert exposed == EXPOSED


def test_only_the_origins_that_are_set_are_answered(data) -> None:
    from starlette.testclient import TestClient

    app = create_app(Settings(data=data, allowed_origins=("https://app.example",)))
    with TestClient(app) as client:
        known = client.get("/health", headers=ORIGIN)
        stranger = client.get("/health", headers={"origin": "https://evil.example"})
    assert known.headers["access-control-allow-origin"] == "https://app.example"
    assert "origin" in known.headers["vary"].lower()
    assert "access-control-allow-origin" not in stranger.headers


def test_an_answer_is_kept_by_nobody_and_varies_with_the_key(way, new_key) -> None:
    answer = way.send("POST", "/graphql", JSON | {"x-api-key": new_key(way)}, QUERY)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert {"accept", "accept-encoding", "x-api-key", "authorization"} <= {
        name.strip().lower() for name in answer.headers["vary"].split(",")
    }


def test_health_needs_no_key_and_says_the_version(way) -> None:
    answer = way.send("GET", "/health")
    assert (answer.status, answer.json["status"]) == (200, "ok")
    assert answer.json["version"].count(".") == 2


def test_a_harmless_request_id_is_given_back_and_others_are_replaced(way) -> None:
    assert (
        way.send("GET", "/health", {"x-request-id": "abc-123"}).headers["x-request-id"] == "abc-123"
    )
    for bad in ("x" * 129, "a b", "a\tb", '"'):
        given = way.send("GET", "/health", {"x-request-id": bad}).headers["x-request-id"]
        assert given != bad
        assert given


def test_lambdas_own_request_id_is_used(lambda_) -> None:
    answer = lambda_.send("GET", "/health")
    assert answer.headers["x-request-id"] == "2bd3a7f4-5d34-4f3c-9f0e-3c1c3a1f2b11"


def test_a_request_leaves_one_line_without_secrets(way, new_key, monkeypatch) -> None:
    key = new_key(way)
    body = b'{"query": "query Named($s: String) { symbols(search: $s) { totalCount } }", '
    body += b'"operationName": "Named", "variables": {"s": "a variable"}}'
    printed = io.StringIO()
    for handler in logging.getLogger("graphql_api").handlers:
        monkeypatch.setattr(handler, "stream", printed)
    way.send("POST", "/graphql", JSON | {"x-api-key": key}, body)
    (line,) = [json.loads(text) for text in printed.getvalue().splitlines() if '"request"' in text]
    assert line["status"] == 200
    assert line["operation"] == "Named"
    assert line["cost"] == 1
    assert line["request_id"]
    assert line["duration_ms"] > 0
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "IntellPulse"
    assert key not in printed.getvalue()
    assert "a variable" not in printed.getvalue()


def test_each_scalar_is_specified_where_the_schema_says(way) -> None:
    for scalar in ("Symbol", "DateTime", "Date"):
        url = core_schema().type_map[scalar].specified_by_url
        page = way.send("GET", "/scalars")
        assert (page.status, page.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        if url.startswith("/"):
            path, _, section = url.partition("#")
            assert path == "/scalars"
            assert f"\n{section}\n---" in page.body.decode()
        else:
            assert f"{scalar}\n" in page.body.decode()
            assert url in page.body.decode()
    assert way.send("POST", "/scalars").status == 405
