"""The side of Lambda that a function's process talks to: its runtime API, version 2018-06-01.

AWS documents it under "Using the Lambda runtime API for custom runtimes". What is here suffices to
run an image as Lambda would, one event after another:

    GET  /2018-06-01/runtime/invocation/next             waits for an event
    POST /2018-06-01/runtime/invocation/<id>/response    202
    POST /2018-06-01/runtime/invocation/<id>/error       202
    POST /2018-06-01/runtime/init/error                  202

and of the extensions API, version 2020-01-01, what an extension within that process needs, which
wants no events:

    POST /2020-01-01/extension/register                  200, until an event is waited for
    GET  /2020-01-01/extension/event/next                never answered
"""

import json
import queue
import re
import threading
import time
import uuid
from base64 import b64decode
from dataclasses import dataclass
from typing import Any, Self

from infra.local_server import Handler, LocalServer

__all__ = ["FunctionError", "HttpAnswer", "NoAnswer", "RuntimeApi", "url_event"]

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:intellpulse-api:live"
MAX_RESPONSE_BYTES = 6 * 1024 * 1024
START_SECONDS = 10  # that extensions may take until they are ready
_PATH = re.compile(r"/2018-06-01/runtime/(?:invocation/([^/]+)/(response|error)|init/(error))")


class FunctionError(Exception):
    """The function raised, or its process could not start; the text is what it reported."""


class NoAnswer(Exception):
    """The function did not answer in time."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a Function URL makes of a function's answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Self:
        """The answer of a function that speaks payload 2.0; header names come in lower case."""
        body = answer.get("body", "")
        return cls(
            answer["statusCode"],
            {name.lower(): value for name, value in answer.get("headers", {}).items()},
            b64decode(body) if answer.get("isBase64Encoded") else body.encode(),
        )

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class RuntimeApi(LocalServer):
    """A runtime API for one environment of a function; AWS_LAMBDA_RUNTIME_API is its address.

    >>> with RuntimeApi() as api:
    ...     api.address.startswith("127.0.0.1:")
    True
    """

    def __init__(self) -> None:
        self._events: queue.Queue[tuple[str, int, bytes]] = queue.Queue()
        self._answers: queue.Queue[tuple[str, str, bytes]] = queue.Queue()
        self._waiting_for = ""
        self.ready = threading.Event()  # the process has asked for its first event
        self.extensions: dict[str, list[str]] = {}  # by name, the events that they want
        self._started: dict[str, threading.Event] = {}  # by identifier
        self._over = threading.Event()
        api = self

        class Calls(Handler):
            def do_GET(self) -> None:
                api._next(self)

            def do_POST(self) -> None:
                api._take(self)

        super().__init__(Calls)

    def invoke(self, event: Any, timeout_seconds: float = 30.0) -> Any:
        """Hand an event to the function, and wait for what it makes of it.

        Raises
        ------
        FunctionError
            When the function raised, or had not come up.
        NoAnswer
            After ``timeout_seconds``, which also is the deadline that the function is told.
        """
        name = str(uuid.uuid4())
        deadline_ms = int((time.time() + timeout_seconds) * 1000)
        self._waiting_for = name
        self._events.put((name, deadline_ms, json.dumps(event).encode()))
        try:
            _, outcome, body = self._answers.get(timeout=timeout_seconds)
        except queue.Empty:
            self._waiting_for = ""  # what comes too late is refused
            raise NoAnswer(f"nothing came back within {timeout_seconds} s") from None
        if outcome == "error":
            raise FunctionError(body.decode())
        return json.loads(body)

    def request(self, event: dict[str, Any], timeout_seconds: float = 30.0) -> HttpAnswer:
        """Hand over a Function URL event, and read the answer as its caller would."""
        return HttpAnswer.of(self.invoke(event, timeout_seconds))

    def server_close(self) -> None:
        """Stop, and let go of extensions that wait for events."""
        self._over.set()
        super().server_close()

    def _register(self, request: Handler) -> None:
        """Take an extension, as long as the process has not come up."""
        events = json.loads(_read(request))["events"]
        name = request.headers.get("Lambda-Extension-Name")
        if not name or name in self.extensions or self.ready.is_set():
            return self._say(request, 403, {"errorType": "Extension.RegistrationRefused"})
        identifier = str(uuid.uuid4())
        self.extensions[name] = events
        self._started[identifier] = threading.Event()
        answer = json.dumps({"functionName": "intellpulse-api", "functionVersion": "1"}).encode()
        return request.send(200, {"Lambda-Extension-Identifier": identifier}, answer)

    def _wait(self, request: Handler) -> None:
        """What an extension waits for, which wants no events."""
        started = self._started.get(request.headers.get("Lambda-Extension-Identifier", ""))
        if started is None:
            return self._say(request, 403, {"errorType": "Extension.UnknownExtensionIdentifier"})
        started.set()
        self._over.wait()
        request.close_connection = True
        return None

    def _next(self, request: Handler) -> None:
        if request.path == "/2020-01-01/extension/event/next":
            return self._wait(request)
        if request.path != "/2018-06-01/runtime/invocation/next":
            return self._say(request, 404, {"errorType": "NotFound"})
        self.ready.set()
        if not all(started.wait(START_SECONDS) for started in self._started.values()):
            return self._say(request, 500, {"errorType": "Extension.InitError"})
        name, deadline_ms, event = self._events.get()
        trace = f"Root=1-{deadline_ms // 1000:08x}-{name[-12:] * 2};Sampled=0"
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": name,
            "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": ARN,
            "Lambda-Runtime-Trace-Id": trace,
        }
        return request.send(200, headers, event)

    def _take(self, request: Handler) -> None:
        if request.path == "/2020-01-01/extension/register":
            return self._register(request)
        body = _read(request)
        place = _PATH.fullmatch(request.path)
        if place is None:
            return self._say(request, 404, {"errorType": "NotFound"})
        name, outcome, failed_start = place.groups()
        if not failed_start and name != self._waiting_for:
            return self._say(request, 400, {"errorType": "InvalidRequestID"})
        if len(body) > MAX_RESPONSE_BYTES:
            return self._say(request, 413, {"errorType": "RequestEntityTooLarge"})
        self._waiting_for = ""
        self._answers.put((name or "", outcome or failed_start, body))
        return self._say(request, 202, {"status": "OK"})

    def _say(self, request: Handler, status: int, answer: dict[str, str]) -> None:
        headers = {"Content-Type": "application/json"}
        request.send(status, headers, json.dumps(answer).encode())


def _read(request: Handler) -> bytes:
    if "chunked" not in request.headers.get("Transfer-Encoding", ""):
        return request.rfile.read(int(request.headers.get("Content-Length", 0)))
    body = b""
    while size := int(request.rfile.readline().split(b";")[0], 16):
        body += request.rfile.read(size)
        request.rfile.readline()
    request.rfile.readline()
    return body


def url_event(
    method: str, path: str, headers: dict[str, str] | None = None, body: str | None = None
) -> dict[str, Any]:
    """A Function URL event, payload 2.0, as a caller's request becomes one."""
    path, _, query = path.partition("?")
    host = "abcdefghijklmnop.lambda-url.eu-central-1.on.aws"
    now = time.time()
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": host, "x-forwarded-proto": "https", "x-forwarded-port": "443"}
        | {name.lower(): value for name, value in (headers or {}).items()},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": host.partition(".")[0],
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "try_image",
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    if body is not None:
        event["body"] = body
    return event
