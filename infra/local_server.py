"""An HTTP server of this machine alone, on a free port, that ends with a block."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

__all__ = ["Handler", "LocalServer"]


class Handler(BaseHTTPRequestHandler):
    """Answers over kept connections, each answer in one piece, and logs nothing."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # header and body in two writes would wait 40 ms for one another
    disable_nagle_algorithm = True

    def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Answer the request."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: what is tried here speaks for itself."""


class LocalServer(ThreadingHTTPServer):
    """Serves one handler from entering a ``with`` block until leaving it."""

    daemon_threads = True
    block_on_close = False  # a client that waits for its next answer never closes

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        # Asks 50 times a second whether to end: at the usual twice each block would end late.
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that was ended; that is how a trial stops."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]
