"""Behind our own CDN: who does not come by it is turned away, and whose request it is, it says.

A Function URL is open to the world, so that whoever finds it could go around the CDN and its
firewall. The CDN therefore shows a secret with each request.
"""

import re
from collections.abc import Iterable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_api.errors import ApiError, Forbidden
from graphql_api.guard.networks import address_of
from graphql_api.guard.secrets import Secret
from graphql_api.http.media import JSON
from graphql_api.http.view import respond
from graphql_api.observability import note
from graphql_api.schema.errors import refusal

__all__ = ["HEADER", "BehindCdn", "viewer_address"]

HEADER: Final = b"x-origin-secret"
HEALTH: Final = "/health"  # asked for by monitors, and tells nothing
PORT: Final = re.compile(r"[0-9]{1,5}")
ELSEWHERE: Final = "This address is not for callers: the API is reached by its public one."


class BehindCdn:
    """ASGI middleware: refuses what does not show the secret, before anything else is looked at.

    What it lets in has the caller's address as its ``client``, as the CDN has seen it, and the
    secret no more.

    Parameters
    ----------
    secret : Secret
        What the CDN shows.
    viewer_header : str
        Where the CDN says whose request it is; a client's own header of that name it overwrites.
    threads : bool
        Whether a wait for the secret may not hold up other requests.
    """

    def __init__(self, app: ASGIApp, secret: Secret, *, viewer_header: str, threads: bool) -> None:
        self.app = app
        self._secret = secret
        self._viewer_header = viewer_header.encode()
        self._threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http" or scope["path"] == HEALTH:
            await self.app(scope, receive, send)
            return
        try:
            if not await self._is_ours(scope["headers"]):
                raise Forbidden(ELSEWHERE)
        except ApiError as refused:
            note(errors=[refused.code])
            answer = respond(refusal(refused), JSON, refused.status, refused.headers())
            await answer(scope, receive, send)
            return
        address = viewer_address(_only(scope["headers"], self._viewer_header))
        kept = [(name, value) for name, value in scope["headers"] if name.lower() != HEADER]
        client = (address, 0) if address else None
        await self.app({**scope, "headers": kept, "client": client}, receive, send)

    async def _is_ours(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        shown = _only(headers, HEADER)
        if shown is None:
            return False
        if self._secret.matches_at_once(shown):
            return True
        if self._threads:
            return await run_in_threadpool(self._secret.matches, shown)
        return self._secret.matches(shown)


def viewer_address(text: str | None) -> str | None:
    """The address in CloudFront-Viewer-Address: ``198.51.100.10:46532``, ``2001:db8::1:46532``.

    None for anything else; a port is always there, without which an IPv6 address would be read as
    another one.
    """
    host, _, port = (text or "").rpartition(":")
    if not PORT.fullmatch(port):
        return None
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    address = address_of(host)
    return str(address) if address else None


def _only(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> str | None:
    """The value of a header that stands there once; of two nobody knows who wrote which."""
    found = [value for name, value in headers if name.lower() == wanted]
    return found[0].decode("latin-1") if len(found) == 1 else None
