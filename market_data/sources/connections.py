"""Connections whose answers begin in time: urllib3 bounds each silence, and not all of them."""

import socket
import threading
from contextlib import suppress

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

__all__ = ["BEGINS", "bound"]

BEGINS = 30.0
"""Seconds until the head of an answer is there, however its drops are spread."""


class _InTime(HTTPConnection):
    """Reads a head of a line each fourteen seconds no longer than `BEGINS`."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3's own
        """The answer with its head; its body is read by whoever asked."""
        late = threading.Event()
        watch = threading.Timer(BEGINS, _cut, (self.sock, late))
        watch.daemon = True
        watch.start()
        try:
            response = super().getresponse()
        finally:
            watch.cancel()
        if late.is_set():  # half a head may read like a whole one
            response.close()
            raise TimeoutError("the head of the answer did not come in time")
        return response


def _cut(sock: socket.socket, late: threading.Event) -> None:
    late.set()
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


class _InTimeSecure(_InTime, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _InTime


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _InTimeSecure


def bound(pool: PoolManager) -> PoolManager:
    """A pool, all of whose answers begin in time."""
    pool.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return pool
