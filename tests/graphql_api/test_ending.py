"""A Lambda environment hears that it ends: by an extension, which asks for nothing else."""

import http.client
import json
import logging
import queue
import signal
from contextlib import closing

import pytest

from graphql_api.ending import NAME, at_end
from infra.runtime_api import NoAnswer, RuntimeApi

PATIENCE = 20  # seconds; what is waited for comes at once, but for a machine that is busy


@pytest.fixture(autouse=True)
def signals():
    """The signals of the process that runs the tests, as they were."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def api():
    with RuntimeApi() as api:
        yield api


@pytest.fixture
def happened():
    return queue.Queue()


def next_event(api):
    """Come up as a process does, and take an event."""
    with closing(http.client.HTTPConnection(api.address, timeout=PATIENCE)) as runtime:
        runtime.request("GET", "/2018-06-01/runtime/invocation/next")
        answer = runtime.getresponse()
        return answer.status, json.loads(answer.read())


def test_a_process_registers_one_extension_that_wants_no_events(api, happened):
    at_end(api.address, lambda: None, happened.put)
    assert api.extensions == {NAME: []}


def test_an_event_comes_only_once_the_extension_is_ready(api, happened):
    at_end(api.address, lambda: None, happened.put)
    with pytest.raises(NoAnswer):
        api.invoke({"n": 1}, timeout_seconds=0.01)  # by nobody yet: it waits for the process
    assert next_event(api) == (200, {"n": 1})


def test_what_is_to_be_done_at_the_end_is_done_before_the_process_is_left(api, happened):
    at_end(api.address, lambda: happened.put("done"), happened.put)
    signal.raise_signal(signal.SIGTERM)
    assert [happened.get(timeout=PATIENCE) for _ in range(2)] == ["done", 0]


def test_another_signal_ends_nothing(api, happened):
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        at_end(api.address, lambda: happened.put("done"), happened.put)
        signal.raise_signal(signal.SIGUSR1)
        assert happened.empty()
        signal.raise_signal(signal.SIGTERM)
        assert happened.get(timeout=PATIENCE) == "done"
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_process_is_left_though_its_end_fails(api, happened, caplog):
    at_end(api.address, lambda: happened.put(1 / 0), happened.put)
    signal.raise_signal(signal.SIGTERM)
    assert happened.get(timeout=PATIENCE) == 0
    assert "ZeroDivisionError" in caplog.text


def test_without_an_extension_the_process_serves_all_the_same_and_says_so(api, happened, caplog):
    with caplog.at_level(logging.WARNING):
        at_end(api.address, lambda: None, happened.put)
        at_end(api.address, lambda: happened.put("done"), happened.put)  # of the same name
    assert "answered by 403" in caplog.text
    signal.raise_signal(signal.SIGTERM)
    assert happened.get(timeout=PATIENCE) == "done"


def test_an_address_where_nobody_answers_is_no_reason_not_to_serve(happened, caplog):
    with RuntimeApi() as gone:
        address = gone.address
    at_end(address, lambda: None, happened.put)
    assert "no extension was registered" in caplog.text
