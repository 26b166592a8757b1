"""What a stranger may send in place of a key: each time a clear 401, and nothing of the inside."""

import json

import pytest

from graphql_api.guard import keys

QUERY = b'{"query": "{ usage { requests } }"}'
JSON = {"content-type": "application/json"}


def refusal(reply) -> str:
    """The sentence of a refusal, which says which key is wanted and shows nothing that was sent."""
    assert (reply.status, reply.code) == (401, "UNAUTHENTICATED")
    assert reply.headers["www-authenticate"].startswith("ApiKey ")
    (error,) = json.loads(reply.body)["errors"]
    assert set(error) == {"message", "extensions"}
    assert set(error["extensions"]) == {"code"}
    return error["message"]


@pytest.fixture
def twice(http):
    """The status of a request with one header sent twice, by a server that gets both."""

    def send(name, *values) -> int:
        headers = [("content-type", "application/json"), *((name, value) for value in values)]
        answer = http.client.post("/graphql", content=QUERY, headers=headers)
        assert "data" not in answer.json()
        return answer.status_code

    return send


def test_a_key_that_is_sent_twice_is_none_whichever_comes_first(twice, http, new_key) -> None:
    """Or else whoever stands before us could look at the one, and we at the other."""
    good, other = new_key(http), new_key(http)
    for pair in ((good, other), (good, "junk"), ("junk", good), (good, good), ("", good)):
        assert twice("x-api-key", *pair) == 401
    assert twice("authorization", "Bearer a.b.c", "Basic abc") == 401


def test_a_function_url_joins_them_and_they_are_none_there_either(lambda_, new_key) -> None:
    joined = f"{new_key(lambda_)},{new_key(lambda_)}"
    reply = lambda_.send("POST", "/graphql", JSON | {"x-api-key": joined}, QUERY)
    assert "more than one key" in refusal(reply)


JUNK = {
    "nothing": "",
    "bytes that are no text": "\xff\xfe\xc3\xa9",
    "letters beyond ASCII": "ip_live_" + "é" * 36,
    "a megabyte": "a" * 1_000_000,
    "a line of SQL": "' OR 1=1 --",
    "a word of JavaScript": "undefined",
    "an operator of MongoDB": '{"$gt": ""}',
    "a key and a space that does not break": keys.mint("live") + "\xa0",
    "a key that nobody has": keys.mint("live"),
    "what a store keeps of one": keys.digest(keys.mint("live")),
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_junk_is_no_key(way, junk) -> None:
    sent = junk.encode("latin-1") if hasattr(way, "client") else junk  # bytes, or an event's text
    said = refusal(way.send("POST", "/graphql", JSON | {"x-api-key": sent}, QUERY))
    assert not junk or junk not in said


def test_a_key_counts_in_its_header_alone(way, new_key) -> None:
    good = new_key(way)
    elsewhere = (
        "x_api_key",
        "api-key",
        "cookie",
        "x-amzn-remapped-authorization",
        "x-forwarded-key",
    )
    for name in elsewhere:
        refusal(way.send("POST", "/graphql", JSON | {name: good}, QUERY))
    refusal(way.send("POST", f"/graphql?x-api-key={good}&key={good}", JSON, QUERY))
    refusal(way.send("POST", "/graphql", JSON | {"authorization": f"Bearer {good}"}, QUERY))
