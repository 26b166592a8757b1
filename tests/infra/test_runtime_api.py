"""The runtime API that images are tried under keeps to what AWS documents of it."""

import http.client
import json
import threading
from contextlib import closing

import pytest

from infra import runtime_api
from infra.runtime_api import FunctionError, HttpAnswer, NoAnswer, RuntimeApi, url_event

RUNTIME = "/2018-06-01/runtime"
EXTENSION = "/2020-01-01/extension"


@pytest.fixture
def api():
    with RuntimeApi() as api:
        yield api


def call(api, method, path, body=None, headers=None):
    with closing(http.client.HTTPConnection(api.address, timeout=10)) as connection:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


@pytest.fixture
def serve(api):
    """Run a function that takes one event and ends it as told."""
    threads = []

    def start(end):
        def run():
            _, headers, event = call(api, "GET", f"{RUNTIME}/invocation/next")
            end(headers["Lambda-Runtime-Aws-Request-Id"], json.loads(event), headers)

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join()


def test_an_event_goes_out_and_its_answer_comes_back(api, serve):
    seen = {}

    def end(name, event, headers):
        seen.update(headers)
        answer = json.dumps({"heard": event}).encode()
        seen["status"] = call(api, "POST", f"{RUNTIME}/invocation/{name}/response", answer)[0]

    serve(end)
    assert api.invoke({"n": 1}, timeout_seconds=10) == {"heard": {"n": 1}}
    assert api.ready.is_set()
    assert int(seen["Lambda-Runtime-Deadline-Ms"]) > 0
    assert seen["Lambda-Runtime-Invoked-Function-Arn"].startswith("arn:aws:lambda:")


def test_an_answer_in_chunks_is_read_whole(api, serve):
    def end(name, event, headers):
        call(api, "POST", f"{RUNTIME}/invocation/{name}/response", iter([b"[1,", b"2]"]))

    serve(end)
    assert api.invoke({}, timeout_seconds=10) == [1, 2]


def test_what_the_function_raises_is_raised(api, serve):
    def end(name, event, headers):
        call(api, "POST", f"{RUNTIME}/invocation/{name}/error", b'{"errorType": "KeyError"}')

    serve(end)
    with pytest.raises(FunctionError, match="KeyError"):
        api.invoke({}, timeout_seconds=10)


def test_a_process_that_cannot_start_says_why(api):
    call(api, "POST", f"{RUNTIME}/init/error", b'{"errorMessage": "no module"}')
    assert not api.ready.is_set()
    with pytest.raises(FunctionError, match="no module"):
        api.invoke({}, timeout_seconds=10)


def test_silence_is_not_waited_for_beyond_the_deadline(api):
    with pytest.raises(NoAnswer, match=r"0\.01 s"):
        api.invoke({}, timeout_seconds=0.01)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/2018-06-01/runtime/elsewhere", 404),
        ("POST", "/2018-06-01/runtime/elsewhere", 404),
        ("POST", f"{RUNTIME}/invocation/nobody/response", 400),
    ],
)
def test_what_nobody_asked_for_is_refused(api, method, path, status):
    assert call(api, method, path, b"{}")[0] == status


def register(api, name):
    headers = {"Lambda-Extension-Name": name} if name else {}
    status, headers, _ = call(api, "POST", f"{EXTENSION}/register", b'{"events": []}', headers)
    return status, headers["Lambda-Extension-Identifier"]


def test_an_extension_is_taken_by_its_name_and_once():
    with RuntimeApi() as api:
        status, identifier = register(api, "inside")
        assert (status, bool(identifier)) == (200, True)
        assert api.extensions == {"inside": []}
        assert register(api, "inside") == (403, None)
        assert register(api, None) == (403, None)


def test_no_extension_is_taken_once_the_process_has_come_up(api, serve):
    def end(name, event, headers):
        late.append(register(api, "late"))
        call(api, "POST", f"{RUNTIME}/invocation/{name}/response", b"{}")

    late = []
    serve(end)
    api.invoke({}, timeout_seconds=10)
    assert late == [(403, None)]


def test_no_event_goes_out_before_every_extension_has_said_that_it_is_ready(api, monkeypatch):
    monkeypatch.setattr(runtime_api, "START_SECONDS", 0.05)
    register(api, "asleep")
    assert call(api, "GET", f"{RUNTIME}/invocation/next")[0] == 500


def test_a_stranger_is_no_extension(api):
    headers = {"Lambda-Extension-Identifier": "me"}
    assert call(api, "GET", f"{EXTENSION}/event/next", headers=headers)[0] == 403


def test_an_answer_beyond_six_megabytes_is_refused(api, serve):
    refused = []

    def end(name, event, headers):
        path = f"{RUNTIME}/invocation/{name}/response"
        refused.append(call(api, "POST", path, b" " * (6 * 1024 * 1024 + 1))[0])
        call(api, "POST", path, b"{}")

    serve(end)
    assert api.invoke({}, timeout_seconds=10) == {}
    assert refused == [413]


def test_a_request_becomes_an_event_and_an_answer_becomes_http():
    event = url_event("POST", "/graphql?a=1", {"X-Api-Key": "k"}, "{}")
    assert event["rawPath"] == "/graphql"
    assert event["rawQueryString"] == "a=1"
    assert event["headers"]["x-api-key"] == "k"
    assert event["requestContext"]["http"]["method"] == "POST"
    answer = {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": "aGk="}
    assert HttpAnswer.of(answer | {"isBase64Encoded": True}).body == b"hi"
    assert HttpAnswer.of(answer).headers == {"content-type": "text/plain"}
    assert HttpAnswer.of({"statusCode": 204, "body": "null"}).json() is None
