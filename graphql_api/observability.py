"""One JSON line a request, which is also its metrics, under an id that the caller gets back."""

import json
import logging
import re
import sys
import time
import uuid
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import orjson
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["RequestLog", "configure", "note", "request_id"]

log = logging.getLogger(__name__)

_SAFE_ID = re.compile(r"[A-Za-z0-9._:=-]{1,128}")
_line: ContextVar[MutableMapping[str, Any] | None] = ContextVar("line", default=None)


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON; what a caller sent never breaks out of its string."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's fields, then its exception."""
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "message": record.getMessage(),
        }
        line.update(getattr(record, "line", {}))
        if record.exc_info:
            line.setdefault("request_id", request_id())
            line["exception"] = self.formatException(record.exc_info)
        try:
            return str(orjson.dumps(line, default=str), "utf-8")
        except TypeError:  # half a surrogate pair, or a number of more than 64 bits
            return json.dumps(line, default=str)

    converter = time.gmtime  # type: ignore[assignment]  # the standard library's documented switch


def configure() -> None:
    """Send our lines to standard output, where CloudWatch and a terminal both read them."""
    for package in ("graphql_api", "market_data"):
        ours = logging.getLogger(package)
        if not any(isinstance(one.formatter, JsonFormatter) for one in ours.handlers):
            handler = logging.StreamHandler(sys.stdout)
            handler.setFormatter(JsonFormatter())
            ours.addHandler(handler)
        ours.setLevel(logging.INFO)
        ours.propagate = False


def note(**facts: Any) -> None:
    """Add facts that are known to the line of the request being answered; outside of one, none."""
    line = _line.get()
    if line is not None:
        line.update({name: fact for name, fact in facts.items() if fact is not None})


def request_id() -> str | None:
    """The correlation id of the request being answered."""
    line = _line.get()
    return None if line is None else line["request_id"]


class RequestLog:
    """ASGI middleware: gives each request its id, and writes its line when it is answered.

    The id is the caller's ``x-request-id`` where that is harmless to repeat, else Lambda's own,
    else a new one. The line carries an Embedded Metric Format block, so CloudWatch makes metrics
    of it without a call. Headers, variables and bodies are never written.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and write its line however it ends."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        line: dict[str, Any] = {
            "request_id": _identify(scope),
            "method": scope["method"],
            "path": scope["path"][:200],
        }
        token = _line.set(line)
        started = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                line["status"] = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = line["request_id"]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            line["duration_ms"] = round((time.perf_counter() - started) * 1000, 3)
            _line.reset(token)
            log.info("request", extra={"line": line | _metrics(line)})


def _identify(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SAFE_ID.fullmatch(text := value.decode("latin-1")):
            return str(text)
    lambda_id = scope.get("aws.event", {}).get("requestContext", {}).get("requestId")
    return str(lambda_id) if lambda_id else uuid.uuid4().hex


def _metrics(line: MutableMapping[str, Any]) -> dict[str, Any]:
    units = {"duration_ms": "Milliseconds", "cost": "Count"}
    return {
        "outcome": f"{line.get('status', 500) // 100}xx",
        "_aws": {
            "Timestamp": time.time_ns() // 1_000_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "IntellPulse",
                    "Dimensions": [["outcome"]],
                    "Metrics": [
                        {"Name": name, "Unit": unit} for name, unit in units.items() if name in line
                    ],
                }
            ],
        },
    }
