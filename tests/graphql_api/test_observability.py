"""A log record is one line, whatever it holds."""

import json
import logging

import pytest

from graphql_api.observability import JsonFormatter


def record(message, **line):
    made = logging.LogRecord("graphql_api", logging.INFO, "", 0, message, (), None)
    made.line = line
    return made


@pytest.mark.parametrize(
    "odd", ["half a pair \ud800", "\x00\x1b[31m", "two\nlines\rand\x85more", 2**70, {1, 2}]
)
def test_what_json_has_no_word_for_loses_no_line(odd):
    written = JsonFormatter().format(record("request", path=odd, status=200))
    assert not {"\n", "\r", "\x1b"} & set(written)
    told = json.loads(written)
    assert told["status"] == 200
    assert told["path"] == odd or told["path"] == str(odd)


def test_a_time_is_utc_to_the_millisecond():
    made = record("request")
    made.created, made.msecs = 1_795_003_200.25, 250.0
    assert json.loads(JsonFormatter().format(made))["time"] == "2026-11-18T12:00:00.250Z"
