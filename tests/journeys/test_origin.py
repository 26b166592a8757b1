"""Behind our own CDN, by each way in: the secret it shows, exchanged while serving."""

import io
import json
import logging

import pytest

from graphql_api.app import create_app
from graphql_api.settings import Settings

JSON = {"content-type": "application/json"}
QUERY = b'{"query": "{ __typename }"}'
OLD, NEW, WRONG = "o" * 40, "n" * 40, "w" * 40


@pytest.fixture(scope="module")
def secret(tmp_path_factory):
    """The file of the secret: as after one exchange, so that two are valid."""
    path = tmp_path_factory.mktemp("secrets") / "origin"
    path.write_text(json.dumps({"current": NEW, "previous": OLD}))
    return path


@pytest.fixture(scope="module")
def more_settings(secret):
    return {"INTELLPULSE_ORIGIN_SECRET": f"file:{secret}"}


def send(way, shown, key=None, path="/graphql", **more):
    headers = JSON | ({"x-api-key": key} if key else {}) | more
    if shown is not None:
        headers["x-origin-secret"] = shown
    return way.send("POST", path, headers, QUERY)


@pytest.mark.parametrize("shown", [OLD, NEW])
def test_the_secret_and_the_one_before_it_let_a_request_in(way, new_key, shown) -> None:
    answer = send(way, shown, new_key(way))
    assert (answer.status, answer.json["data"]) == (200, {"__typename": "Query"})


@pytest.mark.parametrize("shown", [None, "", WRONG, f"{NEW},{NEW}"])
def test_without_it_a_good_key_is_of_no_use(way, new_key, shown) -> None:
    answer = send(way, shown, new_key(way), accept="nonsense")
    assert (answer.status, answer.code) == (403, "FORBIDDEN")
    assert "www-authenticate" not in answer.headers
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/", "/graphiql", "/nothing"])
def test_nothing_else_is_shown_either(way, path) -> None:
    assert way.send("GET", path).status == 403
    assert way.send("OPTIONS", path, {"origin": "https://a.example"}).status == 403


def test_health_is_answered_to_everyone(way) -> None:
    assert way.send("GET", "/health").status == 200


def test_the_secret_is_in_no_log(way, new_key, monkeypatch) -> None:
    printed = io.StringIO()
    for handler in logging.getLogger("graphql_api").handlers:
        monkeypatch.setattr(handler, "stream", printed)
    send(way, NEW, new_key(way))
    send(way, WRONG, new_key(way))
    lines = [json.loads(text) for text in printed.getvalue().splitlines() if '"request"' in text]
    assert [line["status"] for line in lines] == [200, 403]
    assert lines[-1]["errors"] == ["FORBIDDEN"]
    assert not any(one in printed.getvalue() for one in (OLD, NEW, WRONG))


VIEWER = "cloudfront-viewer-address"
OFFICE = "198.51.100.0/24"


@pytest.mark.parametrize("viewer", ["198.51.100.7:4711", "::ffff:198.51.100.7:1"])
def test_a_bound_key_is_taken_of_the_viewer_that_the_cdn_names(way, bound_key, viewer) -> None:
    answer = send(way, NEW, bound_key(way, OFFICE), **{VIEWER: viewer})
    assert answer.status == 200


@pytest.mark.parametrize(
    "said",
    [
        {},
        {VIEWER: "203.0.113.9:4711"},
        {VIEWER: "203.0.113.9:1,198.51.100.7:1"},
        {VIEWER: "198.51.100.7"},
        {VIEWER: "203.0.113.9:1", "x-forwarded-for": "198.51.100.7"},
        {"x-forwarded-for": "198.51.100.7", "forwarded": "for=198.51.100.7"},
        {"x-viewer-address": "198.51.100.7:1"},  # the header of another setting
    ],
)
def test_a_bound_key_is_of_no_use_to_whoever_else(way, bound_key, said) -> None:
    answer = send(way, NEW, bound_key(way, OFFICE), **said)
    assert (answer.status, answer.code) == (403, "FORBIDDEN")
    assert "198.51" not in answer.body.decode()


def test_who_shows_no_secret_names_no_viewer(way, bound_key) -> None:
    answer = send(way, WRONG, bound_key(way, OFFICE), **{VIEWER: "198.51.100.7:1"})
    assert answer.status == 403
    assert "not for callers" in answer.json["errors"][0]["message"]


def test_a_secret_is_exchanged_while_serving(http, secret, new_key) -> None:
    key = new_key(http)
    newest = "x" * 40
    kept = secret.read_text()
    try:
        assert send(http, NEW, key).status == 200
        secret.write_text(json.dumps({"current": newest, "previous": NEW}))
        http.clock.move(30)
        assert send(http, newest, key).status == 200
        assert send(http, NEW, key).status == 200
        assert send(http, OLD, key).status == 403
    finally:
        secret.write_text(kept)


def test_without_any_secret_to_be_had_the_answer_is_503(data) -> None:
    from starlette.testclient import TestClient

    settings = Settings(data=data, origin_secret="env:INTELLPULSE_NOTHING", threads=True)
    with TestClient(create_app(settings)) as client:
        assert client.post("/graphql", content=QUERY, headers=JSON).status_code == 403
        for shown in ("", "None", NEW):
            answer = client.post(
                "/graphql", content=QUERY, headers=JSON | {"x-origin-secret": shown}
            )
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        assert client.get("/health").status_code == 200
