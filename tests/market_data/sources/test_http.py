"""Requests to sources: bounded, tried again, redirected nowhere, and silent about keys."""

import gzip
import logging
import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from market_data.errors import (
    BadAnswer,
    NotPermitted,
    RateLimited,
    SourceError,
    SourceUnavailable,
)
from market_data.sources import connections
from market_data.sources.base import Limit
from market_data.sources.http import Http, Redactor, retry_after
from market_data.sources.pacing import Breaker, Pace

NOW = datetime(2020, 3, 2, 12, tzinfo=UTC)


def test_an_answer_comes_with_its_status_and_type(http, local, reply):
    local.script(reply("{}", 404, {"Content-Type": "application/JSON; charset=utf-8"}))
    answer = http().get("/v1/x y", {"symbol": "A&B", "n": "1"})
    assert (answer.status, answer.content_type, answer.body) == (404, "application/json", b"{}")
    assert local.asked[0].query == {"symbol": "A&B", "n": "1"}


def test_a_packed_answer_is_unpacked(http, local, reply):
    local.script(reply(gzip.compress(b"[1]"), 200, {"Content-Encoding": "gzip"}))
    assert http().get("/", {}).body == b"[1]"
    assert local.asked[0].headers["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("body", "coding", "error", "what"),
    [
        (b"nothing packed", "gzip", BadAnswer, "damaged gzip"),
        (
            gzip.compress(b"[1]" * 50, mtime=0)[:-12],
            "gzip",
            SourceUnavailable,
            "half of a gzip stream",
        ),
        (b"x", "br", BadAnswer, "in the coding br, unasked"),
        (gzip.compress(bytes(5_000), mtime=0), "gzip", BadAnswer, "more than 1000 bytes, packed"),
        (bytes(1_001), "", BadAnswer, "more than 1000 bytes"),
    ],
)
def test_what_cannot_be_unpacked_or_is_too_much_is_refused(
    http, local, reply, body, coding, error, what
):
    local.script(reply(body, 200, {"Content-Encoding": coding} if coding else {}))
    with pytest.raises(error, match=what):
        http(max_bytes=1_000).get("/", {})


def test_no_more_is_read_than_may_be(http, local, reply):
    """A hundred megabytes are announced; the client hangs up long before."""
    local.script(reply(bytes(3_000_000), 200, {"Content-Length": "100000000"}))
    with pytest.raises(BadAnswer, match="more than 100000 bytes"):
        http(max_bytes=100_000).get("/", {})


def test_an_answer_that_breaks_off_is_asked_for_again(http, local, reply):
    whole, broken = reply("[1]"), reply("[1", 200, {"Content-Length": "100"})
    local.script(broken, broken, whole)
    assert http().get("/", {}).body == b"[1]"
    local.script(broken)
    with pytest.raises(SourceUnavailable, match="told broke off its answer: "):
        http().get("/", {})


def test_a_host_that_is_not_there_is_told_without_its_address(http):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(SourceUnavailable, match="told cannot be reached: ") as refused:
        http(base=f"http://127.0.0.1:{port}").get("/", {"apikey": "hidden"})
    assert "hidden" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.fixture
def dripping(http, seconds):
    """Asks a server that sends the beginning of an answer, and then drop after drop for ever."""
    enough, thread = threading.Event(), None

    def dripping(begun, drop, each=0.0):
        nonlocal thread
        server = socket.create_server(("127.0.0.1", 0))

        def drip() -> None:
            with server, server.accept()[0] as connection, suppress(OSError):
                connection.recv(10_000)
                connection.sendall(begun)
                while not enough.wait(0.01):
                    connection.sendall(drop)
                    seconds.now += each

        thread = threading.Thread(target=drip)
        thread.start()
        breaker = Breaker("told", seconds, failures=1, rest=100_000.0)
        client = http(base=f"http://127.0.0.1:{server.getsockname()[1]}", breaker=breaker)
        # What went wrong first opened the breaker, and nobody asks a second time.
        with pytest.raises(SourceUnavailable, match="failed 1 times"):
            client.get("/", {})

    yield dripping
    enough.set()
    thread.join()


def test_a_body_that_comes_a_drop_at_a_time_is_left_after_a_minute(dripping, seconds):
    """Each drop comes in time, all of them would not."""
    began = seconds.now
    dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", each=10.0)
    assert seconds.now - began > 60.0


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\n", b"HTT"])
def test_a_head_that_comes_a_drop_at_a_time_is_cut_off(dripping, monkeypatch, head):
    """Each drop comes long before a read times out; with the last one the head would be whole."""
    monkeypatch.setattr(connections, "BEGINS", 0.5)
    dripping(head, b"x")


def test_an_answer_that_begins_in_time_is_left_alone_however_long_its_rest_takes(http, monkeypatch):
    monkeypatch.setattr(connections, "BEGINS", 1.0)  # and a thread may be late to answer
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
                threading.Event().wait(1.4)
                connection.sendall(b"[]")

        thread = threading.Thread(target=answer)
        thread.start()
        assert http(base=f"http://127.0.0.1:{server.getsockname()[1]}").get("/", {}).body == b"[]"
        thread.join()


@pytest.mark.parametrize(
    "base", ["http://example.com", "http://127.0.0.1.example.com", "ftp://127.0.0.1", "file:///etc"]
)
def test_only_tls_is_spoken_but_on_this_machine(base, seconds):
    pace, breaker = Pace("told", Limit(1, 1.0), seconds), Breaker("told", seconds)
    with pytest.raises(ValueError, match="an address begins with https://"):
        Http("told", base, pace, breaker)


def test_nothing_is_sent_in_the_clear_to_who_speaks_no_tls(local, http):
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        http(base=local.base.replace("http://", "https://")).get("/", {})
    assert local.asked == []


def test_a_redirect_on_the_same_host_is_followed(http, local, reply):
    local.script(reply("", 301, {"Location": "/new?x=1"}), reply("[]"))
    assert http().get("/old", {}).body == b"[]"
    assert [one.path for one in local.asked] == ["/old", "/new"]


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1/x",
        "//example.com/x",
        "http://localhost:1/x",
        "",
        "http://127.0.0.1@x.com/",
    ],
)
def test_a_redirect_to_anywhere_else_is_not(http, local, reply, location):
    local.script(reply("", 302, {"Location": location}))
    with pytest.raises(BadAnswer, match="redirects to another host, which is not followed"):
        http(headers={"Authorization": "Token x"}).get("/", {})
    assert len(local.asked) == 1


def test_redirects_in_a_circle_end(http, local, reply):
    local.script(reply("", 302, {"Location": "/"}))
    with pytest.raises(BadAnswer, match="redirects in a circle"):
        http().get("/", {})
    assert len(local.asked) == 4


def test_a_ban_is_never_tried_again(http, local, reply, seconds):
    local.script(reply("{}", 418, {"Retry-After": "5"}))
    client = http()
    with pytest.raises(RateLimited, match="has banned this address") as refused:
        client.get("/", {})
    assert refused.value.retry_after == 120.0  # the shortest there is
    local.script(reply("[]"))
    with pytest.raises(RateLimited, match="as often as it allows"):
        client.get("/", {})
    assert len(local.asked) == 1
    seconds.now += 120.0
    assert client.get("/", {}).body == b"[]"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, NotPermitted),
        (403, NotPermitted),
        (451, NotPermitted),
        (405, BadAnswer),
        (410, BadAnswer),
    ],
)
def test_what_would_not_change_is_not_asked_again(http, local, reply, status, error):
    local.script(reply("no", status))
    with pytest.raises(error, match=str(status)):
        http().get("/", {})
    assert len(local.asked) == 1


@pytest.mark.parametrize("status", [408, 500, 502, 599])
def test_what_may_be_otherwise_in_a_moment_is_asked_again(http, local, reply, status):
    local.script(reply("", status), reply("[]"))
    assert http().get("/", {}).body == b"[]"
    assert len(local.asked) == 2


def test_a_server_that_says_when_it_is_back_is_waited_for_or_left(http, local, reply, seconds):
    local.script(reply("", 503, {"Retry-After": "3"}), reply("[]"))
    assert http().get("/", {}).body == b"[]"
    assert seconds.slept == [3.5]
    local.script(reply("", 503, {"Retry-After": "600"}))
    with pytest.raises(SourceUnavailable) as refused:
        http().get("/", {})
    assert refused.value.retry_after == 600.0


def test_waits_are_drawn_anew_each_time_up_to_a_bound_that_doubles(http, local, seconds):
    drawn = []

    def jitter(most):
        drawn.append(most)
        return most / 2

    with pytest.raises(SourceUnavailable):
        http(jitter=jitter).get("/", {})
    assert drawn == [0.5, 1.0, 2.0]
    assert seconds.slept == [0.25, 0.5, 1.0]


def test_a_source_that_keeps_failing_is_left_alone_and_then_tried_once(http, local, reply, seconds):
    breaker = Breaker("told", seconds, failures=5, rest=60.0)
    client = http(breaker=breaker)
    with pytest.raises(SourceUnavailable, match="answered 500"):
        client.get("/", {})
    with pytest.raises(
        SourceUnavailable, match="failed 5 times in a row and is left alone"
    ) as shut:
        client.get("/", {})
    assert (len(local.asked), shut.value.retry_after) == (5, 59.5)
    seconds.now += 60.0
    with pytest.raises(SourceUnavailable, match="failed 6 times in a row"):
        client.get("/", {})
    assert len(local.asked) == 6
    seconds.now += 61.0
    local.script(reply("[]"))
    assert client.get("/", {}).body == b"[]"
    local.script(reply("", 500), reply("[]"))
    assert client.get("/", {}).body == b"[]"


@pytest.mark.parametrize(("status", "said"), [(403, "403"), (410, "410"), (429, "too often")])
def test_a_source_that_rested_and_answers_is_asked_again_whatever_it_says(
    http, local, reply, seconds, status, said
):
    breaker = Breaker("told", seconds, failures=1, rest=60.0)
    breaker.failed()
    seconds.now += 60.0
    client = http(breaker=breaker)
    local.script(reply("no", status), reply("[]"))
    with pytest.raises(SourceError, match=said):
        client.get("/", {})
    assert client.get("/", {}).body == b"[]"


def test_only_one_request_tries_a_source_that_rested(seconds):
    breaker = Breaker("told", seconds, failures=1, rest=60.0)
    breaker.failed()
    seconds.now += 60.0
    breaker.enter()
    with pytest.raises(SourceUnavailable):
        breaker.enter()
    breaker.succeeded()
    breaker.enter()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("99999999999999999999", 259_200.0),
        (format_datetime(NOW + timedelta(seconds=90)), 90.0),
        (format_datetime(NOW - timedelta(days=9)), 0.0),
        ("Mon, 02 Mar 2020 12:00:30 GMT", 30.0),
        ("Mon, 02 Mar 2020 12:00:30 -0000", 30.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 259_200.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("Mon, 99 Mar 2020 12:00:30 GMT", None),
        ("٣", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_within_three_days(value, seconds):
    assert retry_after(value, NOW) == seconds


def test_nobody_waits_longer_than_a_limit_asks_and_nobody_passes_it(seconds):
    pace = Pace("told", Limit(3, 10.0), seconds, seconds.sleep, patience=60.0)
    sent = []
    for _ in range(10):
        pace.take()
        sent.append(seconds.now)
    assert all(later - earlier >= 10.0 for earlier, later in zip(sent, sent[3:], strict=False))
    assert sent[-1] - sent[0] == 30.0


def test_requests_are_so_far_apart_as_a_source_asks(seconds):
    pace = Pace("told", Limit(3, 100.0, apart=1.0), seconds, seconds.sleep)
    began = seconds()
    sent = []
    for _ in range(3):
        pace.take()
        sent.append(seconds() - began)
    assert sent == pytest.approx([0.0, 1.0, 2.0])
    seconds.sleep(5.0)
    before = seconds()
    with pytest.raises(RateLimited):
        pace.take()
    assert seconds() == before


def test_who_would_wait_too_long_is_told_at_once(seconds):
    pace = Pace("told", Limit(1, 3600.0), seconds, seconds.sleep, patience=60.0)
    pace.take()
    for _ in range(2):
        with pytest.raises(RateLimited, match="was asked as often as it allows") as refused:
            pace.take()
        assert refused.value.retry_after == 3600.0
    assert seconds.slept == []


def test_a_pause_holds_back_what_comes_after(seconds):
    pace = Pace("told", Limit(100, 1.0), seconds, seconds.sleep)
    pace.pause(5.0)
    pace.pause(2.0)
    pace.take()
    assert seconds.slept == [5.0]


def test_many_threads_keep_one_limit():
    held, lock = [], threading.Lock()
    now = [0.0]

    def sleep(wait):
        with lock:
            held.append(wait)

    pace = Pace("told", Limit(5, 10.0), lambda: now[0], sleep, patience=1000.0)
    threads = [threading.Thread(target=pace.take) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(held) == [10.0] * 5 + [20.0] * 5 + [30.0] * 5


def test_secrets_are_taken_out_whole_and_texts_kept_short():
    told = Redactor(["key", "key-and-more", ""])
    assert told("a key-and-more\n and a  key") == "a *** and a ***"
    assert len(told("x" * 1000)) == 200


def test_a_log_line_names_the_source_and_no_address(http, local, reply, caplog):
    caplog.set_level(logging.INFO, logger="market_data")
    local.script(reply("[]"))
    http(secrets=["hidden"]).get("/path", {"apikey": "hidden"})
    (line,) = [one.getMessage() for one in caplog.records if one.name.startswith("market_data")]
    assert line == "told answered 200 with 2 bytes"
