"""GraphQL over HTTP: from a request to a caller, a query and an answer."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from graphql_api.errors import Unavailable
from graphql_api.exchange import Answer
from graphql_api.execution import Service
from graphql_api.http.body import ALLOWED, read_query
from graphql_api.http.coding import SHORTEST, compressed, takes_gzip
from graphql_api.http.conditional import holds
from graphql_api.http.media import JSON, RESPONSE_JSON, negotiate
from graphql_api.limits import check_length, ends_of
from graphql_api.observability import note
from graphql_api.schema.errors import as_api_error, refusal

__all__ = ["GraphQLView", "respond"]

CREDENTIALS: Final = frozenset({b"x-api-key", b"authorization"})


class GraphQLView:
    """The endpoint at /graphql.

    The key is looked at first: a stranger learns nothing of what we would have made of the rest.
    A GET is safe from forged forms because it needs the key's header, which no form can send.
    """

    def __init__(self, service: Service, *, max_body_bytes: int, threads: bool) -> None:
        self._service = service
        self._max_body_bytes = max_body_bytes
        self._threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of any method."""
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        """The answer, whatever happens."""
        media = JSON
        try:
            media = negotiate(request.headers.get("accept"))
            if request.method == "OPTIONS":
                return Response(status_code=204, headers={"Allow": ", ".join(ALLOWED)})
            answer = await self._answer(request)
        except Exception as error:
            refused = as_api_error(error)
            note(errors=[refused.code])
            return respond(refusal(refused), media, refused.status, refused.headers())
        return await self._told(request, answer, media)

    async def _answer(self, request: Request) -> Answer:
        """What the service says to whoever asks."""
        reach = self._service.guard.reach()
        # The socket's or Function URL's peer, or whom our own CDN names (origin.py).
        address = request.client.host if request.client else None
        shown = _credentials(request.scope["headers"])
        caller = await self._call(self._service.guard.authenticate, shown, reach, address)
        note(account=caller.account_id, key=caller.key_id[:12])
        query = await read_query(request, self._max_body_bytes)
        query = replace(query, ends=ends_of(request.scope))
        answer: Answer = await self._call(self._service.answer, caller, query, reach)
        return answer

    async def _told(self, request: Request, answer: Answer, media: str) -> Response:
        """An answer as HTTP tells it: its status, its headers, and its body where one is needed."""
        if (pause := _out_of_reach(answer.body)) is not None:
            headers = {**answer.headers, "Retry-After": str(pause)}
            return respond(answer.body, media, Unavailable.status, headers)
        content = orjson.dumps(answer.body)
        if (too_long := check_length(content)) is not None:
            note(errors=[too_long["extensions"]["code"]])
            body = {"errors": [too_long], "data": None, "extensions": answer.body["extensions"]}
            return respond(body, media, 200, answer.headers)
        headers = dict(answer.headers)
        if answer.etag is not None:
            # Kept by the caller's own cache alone, which asks each time whether its copy still
            # holds; hearing that it does is admitted and paid for as the answer is.
            headers |= {"etag": answer.etag, "cache-control": "private, no-cache"}
            if holds(request.headers.get("if-none-match"), answer.etag):
                return Response(status_code=304, headers={**_HEADERS, **headers})
        if len(content) > SHORTEST and takes_gzip(request.headers.get("accept-encoding")):
            content = await self._call(compressed, content)
            headers["content-encoding"] = "gzip"
        # The older type answers 200 for whatever was a GraphQL request; the newer one says 400 of
        # a query that could not run.
        status = 400 if media == RESPONSE_JSON and not answer.executed else 200
        return respond(content, media, status, headers)

    async def _call(self, function: Any, *arguments: Any) -> Any:
        if self._threads:
            return await run_in_threadpool(function, *arguments)
        return function(*arguments)


def _credentials(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers that say who asks.

    One that is sent twice holds both values, as a Function URL joins them: whoever stands before us
    may have looked at the other than we would, so none of them counts.
    """
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        if raw_name in CREDENTIALS:
            name, value = raw_name.decode(), raw_value.decode("latin-1")
            found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _out_of_reach(body: Mapping[str, Any]) -> int | None:
    """In how many seconds to come back, where nothing is told because a store was out of reach."""
    errors = [error["extensions"] for error in body.get("errors", ()) if "extensions" in error]
    if body.get("data") is not None or not errors:
        return None
    if any(error["code"] != Unavailable.code for error in errors):
        return None
    return max(int(error["retryAfter"]) for error in errors)


_HEADERS = {
    "cache-control": "no-store",
    "vary": "Accept, Accept-Encoding, x-api-key, Authorization",
    "x-content-type-options": "nosniff",
}


def respond(
    body: Mapping[str, Any] | bytes, media: str, status: int, headers: Mapping[str, str]
) -> Response:
    """A JSON answer, which nobody keeps unless the headers say so."""
    return Response(
        body if isinstance(body, bytes) else orjson.dumps(body),
        status_code=status,
        headers={"content-type": f"{media}; charset=utf-8", **_HEADERS, **headers},
    )
