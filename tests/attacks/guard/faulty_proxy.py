"""A way to DynamoDB that can be cut, slowed, throttled and broken, and then whole again."""

import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import Any

from infra.local_server import Handler

__all__ = ["FAULTS", "FaultyProxy", "Lost"]

FAULTS = ("refuses", "slow", "throttles", "fails every third", "hangs", "resets")
SLOW = 0.3  # seconds, of the 0.5 that are waited for
SURELY_READ = 0.4  # seconds within which an answer is read for certain
THROTTLED = b'{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": ""}'
FAILED = b'{"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": ""}'


@dataclass
class Lost:
    """What was written while its answer was perhaps never read."""

    writes: int = 0
    requests: int = 0
    units: int = 0


class FaultyProxy:
    """Listens on one port for as long as a ``with`` block, and does as ``fault`` says.

    Parameters
    ----------
    target : str
        Host and port of the DynamoDB behind.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.fault: str | None = None
        self.lost: dict[str, Lost] = {}  # by partition key
        self._calls = 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{self._port}"
        self._server: Any = None

    def __enter__(self) -> "FaultyProxy":
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    @contextmanager
    def broken(self, fault: str) -> Iterator[None]:
        """Break in one way until the end of a block."""
        self.fault = fault
        if fault == "refuses":
            self._stop()
        try:
            yield
        finally:
            self.fault = None
            if fault == "refuses":
                self._listen()

    def call(self, handler: "Handler") -> None:
        """One call of the app, and what becomes of it."""
        began = time.monotonic()
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        fault = self.fault
        with self._lock:
            self._calls += 1
            third = self._calls % 3 == 0
        if fault == "throttles":
            handler.send(400, {}, THROTTLED)
        elif fault == "fails every third" and third:
            handler.send(500, {}, FAILED)
        else:
            if fault == "slow":
                time.sleep(SLOW)
            status, headers, answer = self._forward(handler, body)
            if fault == "hangs":
                self._note(status, body)
                while self.fault == "hangs":
                    time.sleep(0.01)
                handler.close_connection = True
            elif fault == "resets":
                self._note(status, body)
                self._reset(handler, answer)
            else:
                read = False
                try:
                    handler.send(status, headers, answer)
                    read = self.fault == fault and time.monotonic() - began < SURELY_READ
                finally:
                    if not read:
                        self._note(status, body)

    def _forward(self, handler: "Handler", body: bytes) -> tuple[int, dict[str, str], bytes]:
        behind = http.client.HTTPConnection(self.target, timeout=30)
        try:
            behind.request("POST", "/", body, dict(handler.headers.items()))
            answer = behind.getresponse()
            kept = {"content-type": answer.headers["content-type"] or ""}
            return answer.status, kept, answer.read()
        finally:
            behind.close()

    def _note(self, status: int, body: bytes) -> None:
        """A charge that was written, and whose answer may never have been read."""
        asked = json.loads(body)
        values = asked.get("ExpressionAttributeValues", {})
        if status != 200 or ":units" not in values:
            return
        with self._lock:
            lost = self.lost.setdefault(asked["Key"]["pk"]["S"], Lost())
            lost.writes += 1
            lost.requests += int(values[":requests"]["N"])
            lost.units += int(values[":units"]["N"])

    @staticmethod
    def _reset(handler: "Handler", answer: bytes) -> None:
        """Half an answer, and then the connection is gone without a farewell."""
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
        handler.wfile.write(head + answer[: len(answer) // 2])
        handler.wfile.flush()
        now_and_without_waiting = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now_and_without_waiting)
        handler.close_connection = True

    def _listen(self) -> None:
        proxy = self

        class Calls(Handler):
            def setup(self) -> None:
                super().setup()
                proxy._open.add(self.connection)

            def finish(self) -> None:
                proxy._open.discard(self.connection)
                with suppress(OSError):
                    super().finish()

            def do_POST(self) -> None:
                with suppress(OSError):  # the app has given up
                    proxy.call(self)

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:
                """Nothing: connections are broken here on purpose."""

        self._server = Server(("127.0.0.1", self._port), Calls)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def _stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
