"""What a request asks, read from its body or its address, within limits."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request

from graphql_api.errors import (
    BadRequest,
    MethodNotAllowed,
    TooLarge,
    UnsupportedMediaType,
)
from graphql_api.exchange import Query

__all__ = ["ALLOWED", "read_query"]

ALLOWED = ("GET", "POST", "OPTIONS")
_DOCUMENT = "{ symbols { nodes { symbol } } }"
_EXAMPLE = f"it holds the GraphQL document, as {_DOCUMENT}"


async def read_query(request: Request, max_bytes: int) -> Query:
    """The query of a GET's address or a POST's JSON body.

    Raises
    ------
    MethodNotAllowed, UnsupportedMediaType, TooLarge, BadRequest
        Each says what was wrong, and what would be right.
    """
    if request.method == "POST":
        _check_type(request.headers.get("content-type"))
        _check_coding(request.headers.get("content-encoding"))
        body = _parse("The body", await _bytes(request, max_bytes))
        return _query(body, reads_only=False, dry_run=_dry_run(request))
    if request.method == "GET":
        return _query(_parameters(request), reads_only=True, dry_run=_dry_run(request))
    raise MethodNotAllowed(
        f"{request.method[:20]} is not answered here; send a query by POST or GET.", allowed=ALLOWED
    )


def _check_type(content_type: str | None) -> None:
    name, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    charsets = [p.partition("=")[2].strip('" ') for p in parameters if p.startswith("charset")]
    if name != "application/json" or any(one not in {"utf-8", "utf8"} for one in charsets):
        shown = repr(content_type[:60]) if content_type else "missing"
        raise UnsupportedMediaType(
            f"Content-Type is {shown}; send JSON in UTF-8 as application/json."
        )


def _check_coding(coding: str | None) -> None:
    if coding is not None and coding.strip().lower() != "identity":
        raise UnsupportedMediaType(
            f"Content-Encoding is {coding[:60]!r}; send the body as it is, without one."
        )


async def _bytes(request: Request, limit: int) -> bytes:
    """The body, read no further than the limit."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and len(declared) < 20 and int(declared) > limit:
        raise _too_large(limit)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The body is longer than {limit} bytes, the most that one may have.", maximum=limit
    )


def _parse(what: str, text: bytes | str) -> Any:
    if not text.strip():
        raise BadRequest(f'{what} is empty; send {{"query": "{_DOCUMENT}"}}.')
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"{what} is not JSON in UTF-8: {_reason(error)}.") from None


# What orjson says of text that another reader might take for JSON, in our words.
_REASONS = {
    "BOM": "it begins with a byte order mark, which JSON has none of",
    "not valid UTF-8": "its bytes are not UTF-8",
    "depth limit": "it nests deeper than 1,024 brackets",
    "infinity": "it holds a number too large for 64 bits of floating point",
    "surrogate": "it holds half a surrogate pair in a string",
}


def _reason(error: orjson.JSONDecodeError) -> str:
    """What is wrong with a text; and where, as far as orjson says anything else."""
    for theirs, ours in _REASONS.items():
        if theirs in error.msg:
            return ours
    return f"{error.msg} (line {error.lineno}, column {error.colno})"


def _parameters(request: Request) -> dict[str, Any]:
    if len(request.url.query) > 16_000:
        raise TooLarge("The address is longer than 16000 characters; send the query by POST.")
    found: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            raise BadRequest(f"The parameter {name[:40]!r} is given twice.")
        found[name] = value
    for name in ("variables", "extensions"):
        if found.get(name):
            found[name] = _parse(f"The parameter {name}", found[name])
        else:
            found.pop(name, None)
    return found


def _dry_run(request: Request) -> bool:
    """Whether the price alone is asked for."""
    value = request.headers.get("x-dry-run", "0").strip().lower()
    if value not in {"0", "1", "false", "true"}:
        raise BadRequest(f"x-dry-run is {value[:20]!r}; it is 1 to learn what a query costs, or 0.")
    return value in {"1", "true"}


def _query(body: Any, *, reads_only: bool, dry_run: bool) -> Query:
    if isinstance(body, list):
        raise BadRequest("A batch is not answered; send one query a request.")
    if not isinstance(body, Mapping):
        raise BadRequest("A request is a JSON object with a query.")
    document_id = _text(body, "documentId")
    sha256 = _persisted(_object(body, "extensions").get("persistedQuery"))
    named = document_id is not None or sha256 is not None
    source = _text(body, "query", required=not named)
    if document_id is not None and (source is not None or sha256 is not None):
        raise BadRequest("documentId names the document by itself; send no other beside it.")
    return Query(
        source=source,
        document_id=document_id,
        sha256=sha256,
        operation_name=_text(body, "operationName") or None,  # many clients send an empty one
        variables=_object(body, "variables"),
        reads_only=reads_only,
        dry_run=dry_run,
    )


def _text(body: Mapping[str, Any], name: str, *, required: bool = False) -> str | None:
    value = body.get(name)
    if value is None:
        if required:
            raise BadRequest(f"{name} is missing; {_EXAMPLE}.")
        return None
    if not isinstance(value, str):
        raise BadRequest(
            f"{name} must be a string with the {'document' if name == 'query' else 'name'}."
        )
    if not value.strip() and name != "operationName":
        raise BadRequest(f"{name} is empty; {_EXAMPLE if name == 'query' else 'leave it out'}.")
    return value


def _persisted(asked: Any) -> str | None:
    """The name of the document that Apollo's persisted-query extension means."""
    if asked is None:
        return None
    if isinstance(asked, Mapping) and type(asked.get("version")) is int and asked["version"] == 1:
        sha256 = asked.get("sha256Hash")
        if isinstance(sha256, str) and re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
            return f"sha256:{sha256.lower()}"
    raise BadRequest(
        "extensions.persistedQuery must hold version 1 and sha256Hash, 64 hexadecimal digits."
    )


def _object(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(f"{name} must be a JSON object.")
    return value
