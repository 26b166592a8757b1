"""A token instead of a key, by each way in."""

import io
import json
import logging
from functools import partial

import pytest

from graphql_api.guard import jwks
from graphql_api.guard.kept import Kept
from infra.local_issuer import AUDIENCE, LocalIssuer

JSON = {"content-type": "application/json"}
SIGNAL = b'{"query": "{ signal(symbol: \\"IBM\\") { ... on Signal { action } } }"}'


@pytest.fixture(scope="module")
def issuer():
    with LocalIssuer() as issuer:
        yield issuer


@pytest.fixture(scope="module", autouse=True)
def unhurried():
    """The issuer runs in this process, on a machine that may be busy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jwks, "Kept", partial(Kept, patience=60))
        for name in ("CONNECT", "READ", "WHOLE"):
            patch.setattr(jwks, name, 60)
        yield


@pytest.fixture(scope="module")
def more_settings(issuer, unhurried):
    return {"INTELLPULSE_TOKEN_ISSUER": issuer.url, "INTELLPULSE_TOKEN_AUDIENCE": AUDIENCE}


@pytest.fixture
def account(way):
    return way.deeds.create_account("Tokens", "BASIC")


@pytest.fixture
def claims(way, issuer, account):
    return issuer.claims(account.id, way.clock() / 1_000_000)


def send(way, authorization, body=SIGNAL, **more):
    return way.send("POST", "/graphql", {**JSON, "authorization": authorization, **more}, body)


def test_a_token_is_answered_and_its_account_is_charged(way, issuer, claims, account) -> None:
    token = issuer.token(claims)
    answer = send(way, f"Bearer {token}")
    assert answer.status == 200
    assert answer.json["data"]["signal"]["action"] in {"BUY", "HOLD", "SELL"}
    assert answer.json["extensions"]["cost"]["actualQueryCost"] == 1
    query = (
        b'{"query": "{ usage { unitsUsed requests } viewer { account { name } key { label } } }"}'
    )
    data = send(way, f"Bearer {token}", query).json["data"]
    assert data["usage"] == {"unitsUsed": 1, "requests": 2}
    assert data["viewer"] == {"account": {"name": "Tokens"}, "key": None}


def test_a_token_by_get_needs_no_key(way, issuer, claims) -> None:
    headers = {"authorization": f"Bearer {issuer.token(claims)}"}
    answer = way.send("GET", "/graphql?query=%7B__typename%7D", headers)
    assert (answer.status, answer.json["data"]) == (200, {"__typename": "Query"})


def test_a_bad_token_is_told_what_is_wrong_with_it(way, issuer, claims) -> None:
    answer = send(way, f"Bearer {issuer.token(claims | {'client_id': 'another'})}")
    assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
    message = answer.json["errors"][0]["message"]
    assert message == "The token was made for another audience (aud, or client_id) than this API."
    told = f'error="invalid_token", error_description="{message}"'
    assert answer.headers["www-authenticate"] == f'Bearer realm="IntellPulse", {told}'


def test_a_scope_that_a_token_lacks_is_told_in_body_and_header(way, issuer, claims) -> None:
    answer = send(way, f"Bearer {issuer.token(claims | {'scope': 'openid'})}")
    assert (answer.status, answer.code) == (403, "FORBIDDEN")
    assert 'error="insufficient_scope", scope="signals:read"' in answer.headers["www-authenticate"]


def test_without_credentials_both_kinds_are_asked_for(way) -> None:
    answer = way.send("POST", "/graphql", JSON, SIGNAL)
    assert answer.status == 401
    both = 'ApiKey realm="IntellPulse", header="x-api-key", Bearer realm="IntellPulse"'
    assert answer.headers["www-authenticate"] == both


def test_a_token_beside_a_key_is_refused(way, issuer, claims, new_key) -> None:
    answer = send(way, f"Bearer {issuer.token(claims)}", **{"x-api-key": new_key(way)})
    assert answer.status == 401
    assert "send one" in answer.json["errors"][0]["message"]


def test_a_key_is_taken_as_ever(way, ask) -> None:
    assert ask(way, "{ __typename }").status == 200


def test_the_line_of_a_request_says_token_and_holds_none(way, issuer, claims, monkeypatch) -> None:
    token = issuer.token(claims)
    printed = io.StringIO()
    for handler in logging.getLogger("graphql_api").handlers:
        monkeypatch.setattr(handler, "stream", printed)
    send(way, f"Bearer {token}")
    send(way, f"Bearer {token[:-8]}AAAAAAAA")
    lines = [json.loads(text) for text in printed.getvalue().splitlines() if '"request"' in text]
    assert [line["status"] for line in lines] == [200, 401]
    assert lines[0]["key"] == "token"
    assert not any(part in printed.getvalue() for part in token.split("."))


@pytest.fixture
def away(issuer):
    """Makes the issuer fail, until the test is over."""
    yield lambda: setattr(issuer, "status", 500)
    issuer.status = 200


def test_while_the_issuer_is_away_known_keys_serve(way, issuer, claims, away) -> None:
    assert send(way, f"Bearer {issuer.token(claims)}").status == 200
    away()
    assert send(way, f"Bearer {issuer.token(claims | {'sub': 'x'})}").status == 200


def test_while_the_issuer_is_away_a_new_key_is_503(http, issuer, away) -> None:
    account = http.deeds.create_account("Tokens", "BASIC")
    claims = issuer.claims(account.id, http.clock() / 1_000_000)
    assert send(http, f"Bearer {issuer.token(claims)}").status == 200
    away()
    http.clock.move(60)
    answer = send(http, f"Bearer {issuer.token(claims, kid='newer')}")
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"
