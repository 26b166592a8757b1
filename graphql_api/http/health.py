"""Whether the program runs, and which one; needs no key and touches no store."""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from graphql_api.version import VERSION

__all__ = ["health"]

_BODY = orjson.dumps({"status": "ok", "version": VERSION})


async def health(_: Request) -> Response:
    """Alive: a probe that depended on a store would take down what could still answer."""
    return Response(_BODY, media_type="application/json", headers={"cache-control": "no-store"})
