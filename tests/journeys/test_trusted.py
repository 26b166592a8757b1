"""Documents asked for by name: deployed ones, and those of Apollo's persisted queries."""

import hashlib
import json
import urllib.parse
from contextlib import closing
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from graphql_api.app import create_app, open_accounts
from graphql_api.cli import main
from graphql_api.guard.accounts import Accounts
from graphql_api.guard.keys import digest
from graphql_api.settings import Settings
from graphql_api.stores import Scope

JSON = {"content-type": "application/json"}
NEWER = {"accept": "application/graphql-response+json"}
DOCUMENT = "query Named($search: String) { symbols(search: $search) { totalCount } }"
OTHER = "query Other { strategies { name } }"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def persisted(text: str) -> dict:
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256(text)}}


@pytest.fixture
def post(way, new_key):
    key = new_key(way, plan="PREMIUM")

    def send(headers=None, to=way, **body):
        given = JSON | {"x-api-key": key} | (headers or {})
        return to.send("POST", "/graphql", given, json.dumps(body).encode())

    return send


@pytest.fixture
def get(way, new_key):
    key = new_key(way, plan="PREMIUM")

    def send(headers=None, to=way, **parameters):
        told = {k: v if isinstance(v, str) else json.dumps(v) for k, v in parameters.items()}
        address = "/graphql?" + urllib.parse.urlencode(told)
        return to.send("GET", address, {"x-api-key": key} | (headers or {}))

    return send


def test_a_persisted_query_is_asked_for_sent_once_and_then_known_by_its_hash(post, get) -> None:
    text = DOCUMENT + " # once"
    unknown = get(extensions=persisted(text))
    assert (unknown.status, unknown.code) == (200, "PERSISTED_QUERY_NOT_FOUND")
    assert unknown.json["errors"][0]["message"] == "PersistedQueryNotFound"
    assert "data" not in unknown.json
    first = post(query=text, extensions=persisted(text), variables={"search": "IBM"})
    assert first.json["data"]["symbols"]["totalCount"] == 1
    for again in (
        post(extensions=persisted(text), variables={"search": "IBM"}),
        get(extensions=persisted(text), variables={"search": "IBM"}),
        post(documentId=f"sha256:{sha256(text)}", variables={"search": "IBM"}),
        get(documentId=f"sha256:{sha256(text)}", variables={"search": "IBM"}),
    ):
        assert again.status == 200
        assert again.json["data"] == first.json["data"]


def test_a_miss_is_a_client_error_in_the_newer_media_type(post) -> None:
    for body in (
        {"extensions": persisted("never")},
        {"documentId": f"sha256:{sha256('never')}"},
        {"documentId": "never"},
    ):
        answer = post(NEWER, **body)
        assert (answer.status, answer.code) == (400, "PERSISTED_QUERY_NOT_FOUND")


def test_a_text_with_another_hash_is_refused_and_not_learnt(post) -> None:
    answer = post(query=OTHER, extensions=persisted("another"))
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert post(extensions=persisted("another")).code == "PERSISTED_QUERY_NOT_FOUND"


def test_a_text_that_does_not_fit_the_schema_is_not_learnt(post) -> None:
    text = "{ nothing }"
    assert post(query=text, extensions=persisted(text)).code == "GRAPHQL_VALIDATION_FAILED"
    assert post(extensions=persisted(text)).code == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    "asked",
    [
        {"extensions": {"persistedQuery": "x"}},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "0" * 64}}},
        {"extensions": {"persistedQuery": {"version": True, "sha256Hash": "0" * 64}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 63}}},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"documentId": "sha256:" + "0" * 64, "query": OTHER},
        {"documentId": "sha256:" + "0" * 64, "extensions": persisted(OTHER)},
        {"documentId": 1},
        {"documentId": ""},
        {"extensions": {}},
    ],
)
def test_what_names_no_document_or_two_is_refused(post, asked) -> None:
    answer = post(**asked)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


def test_what_is_registered_while_the_server_runs_is_served(http, data, new_key, tmp_path) -> None:
    manifest = tmp_path / "persisted.json"
    manifest.write_text(json.dumps({"d41d8cd9": OTHER}))
    key = new_key(http)

    def ask(name):
        return http.send("GET", f"/graphql?documentId={name}", {"x-api-key": key})

    assert ask("d41d8cd9").code == "PERSISTED_QUERY_NOT_FOUND"
    assert main(["documents", "register", str(manifest), "--data", str(data)]) == 0
    assert "strategies" in ask("d41d8cd9").json["data"]
    assert "strategies" in ask(sha256(OTHER)).json["data"]


def test_where_callers_may_not_register_only_deployed_documents_are_known(
    data, clock, new_key, tmp_path
) -> None:
    deployed = tmp_path / "deployed"
    deployed.mkdir()
    (deployed / "named.graphql").write_text(DOCUMENT)
    settings = Settings(data=data, documents_file=deployed, persisted_queries=False)
    with closing(open_accounts(settings)[0]) as store:
        key = new_key(SimpleNamespace(deeds=Accounts(store, clock)))

    with TestClient(create_app(settings, clock)) as client:

        def ask(**body):
            return client.post("/graphql", headers={"x-api-key": key}, json=body).json()

        assert ask(query=OTHER, extensions=persisted(OTHER))["data"]["strategies"]
        (error,) = ask(extensions=persisted(OTHER))["errors"]
        assert error["message"] == "PersistedQueryNotSupported"
        assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_SUPPORTED"
        assert ask(extensions=persisted(DOCUMENT))["data"]["symbols"]["totalCount"] == 4


def test_a_query_that_is_known_is_priced_and_limited_as_any_other(post) -> None:
    post(query=DOCUMENT, extensions=persisted(DOCUMENT))
    answer = post(extensions=persisted(DOCUMENT))
    assert answer.json["extensions"]["cost"]["actualQueryCost"] == 1
    assert "ratelimit" in {name.lower() for name in answer.headers}


REGISTER = """mutation Register($documents: [String!]!) {
  registerDocuments(input: {documents: $documents}) {
    documents { documentId operations isNew } } }"""


@pytest.fixture
def admin(way, new_key):
    return new_key(way, scopes=[Scope.ADMIN])


@pytest.fixture
def register(way, ask, admin):
    def send(*documents, key=admin):
        return ask(way, REGISTER, key, documents=list(documents))

    return send


def test_an_administrator_registers_documents_which_all_may_ask_for(register, post, get) -> None:
    texts = DOCUMENT + " # for all", OTHER + " # for all"
    answer = register(*texts)
    assert answer.json["data"]["registerDocuments"]["documents"] == [
        {"documentId": f"sha256:{sha256(text)}", "operations": [name], "isNew": True}
        for text, name in zip(texts, ("Named", "Other"), strict=True)
    ]
    assert answer.json["extensions"]["cost"]["requestedQueryCost"] == 0
    again = register(texts[0]).json["data"]["registerDocuments"]["documents"]
    assert [one["isNew"] for one in again] == [False]
    for told in (
        post(documentId=f"sha256:{sha256(texts[0])}", variables={"search": "IBM"}),
        get(documentId=sha256(texts[0]), variables={"search": "IBM"}),
        get(extensions=persisted(texts[0]), variables={"search": "IBM"}),
    ):
        assert told.json["data"]["symbols"]["totalCount"] == 1


def test_a_registered_document_is_there_after_a_restart_and_elsewhere(
    http, ask, new_key, data, clock
) -> None:
    text = OTHER + " # kept"
    admin = new_key(http, scopes=[Scope.ADMIN])
    settings = Settings(data=data, persisted_queries=False)
    body = {"documentId": sha256(text)}
    with TestClient(create_app(settings, clock)) as elsewhere:
        headers = {"x-api-key": new_key(http)}
        missing = elsewhere.post("/graphql", json=body, headers=headers).json()
        assert missing["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        ask(http, REGISTER, admin, documents=[text])
        clock.move(5)
        assert "strategies" in elsewhere.post("/graphql", json=body, headers=headers).json()["data"]
    with TestClient(create_app(settings, clock)) as restarted:
        assert "strategies" in restarted.post("/graphql", json=body, headers=headers).json()["data"]


def test_registering_is_audited_with_who_and_what(http, ask, new_key, clock) -> None:
    admin = new_key(http, scopes=[Scope.ADMIN])
    clock.move(1)
    ask(http, REGISTER, admin, documents=[OTHER, DOCUMENT])
    key = http.accounts.find_key(digest(admin))
    entry, *_ = http.accounts.audit_log(key.account_id)
    assert (entry.action, entry.actor) == ("documents.registered", f"key:{key.id}")
    assert entry.details["documents"].split() == [
        f"sha256:{sha256(text)}" for text in (OTHER, DOCUMENT)
    ]


def test_nobody_else_may_register_documents(way, register, new_key) -> None:
    for scopes in ([Scope.SIGNALS_READ], [Scope.SIGNALS_READ, Scope.KEYS_WRITE]):
        refused = register(OTHER, key=new_key(way, scopes=scopes))
        assert refused.code == "FORBIDDEN"
        assert "admin" in refused.json["errors"][0]["message"]
        assert (refused.status, "data" in refused.json) == (403, False)


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ([], "documents holds 0; one mutation registers 1 to 20."),
        ([OTHER] * 21, "documents holds 21; one mutation registers 1 to 20."),
        ([OTHER, "{ nothing }"], "documents[1] cannot be registered: Cannot query field"),
        ([OTHER, ""], "documents[1] cannot be registered: Syntax Error"),
        ([OTHER, "{" * 60], "documents[1] cannot be registered: The document has 60 brackets"),
        ([OTHER, "{ " + "a" * 20_000 + " }"], "documents[1] cannot be registered: The document"),
    ],
)
def test_documents_that_cannot_be_registered_are_named_and_none_is(
    register, get, documents, said
) -> None:
    text = OTHER + f" # not with {len(documents)} {said}"
    refused = register(*[text if one is OTHER else one for one in documents])
    assert refused.code == "BAD_USER_INPUT"
    assert said in refused.json["errors"][0]["message"]
    assert get(documentId=sha256(text)).code == "PERSISTED_QUERY_NOT_FOUND"


def test_there_is_an_end_to_what_is_registered(http, ask, new_key, monkeypatch) -> None:
    admin = new_key(http, scopes=[Scope.ADMIN])
    service = http.client.app
    while not isinstance(service, Starlette):
        service = service.app
    view = next(route.app for route in service.routes if route.path == "/graphql")
    monkeypatch.setattr(view._service._registry, "_most", 2)
    texts = [f"{OTHER} # {number}" for number in range(3)]
    refused = ask(http, REGISTER, admin, documents=texts)
    assert refused.code == "BAD_USER_INPUT"
    assert "more than 2 documents" in refused.json["errors"][0]["message"]
    assert "errors" not in ask(http, REGISTER, admin, documents=texts[:2]).json


def test_a_mutation_is_never_done_by_get(get) -> None:
    refused = get(query=REGISTER, variables={"documents": [OTHER]})
    assert (refused.status, refused.headers["allow"]) == (405, "POST")
