"""The one door out for errors: what may be shown is shown, the rest is logged and masked."""

import logging
import re
from typing import Any

from graphql import GraphQLError
from graphql.language import ValueNode

from engine.errors import EngineError
from graphql_api.errors import (
    ApiError,
    BadInput,
    DataDamaged,
    Internal,
    LimitReached,
    Unavailable,
)
from graphql_api.observability import request_id
from market_data.errors import Damaged, StoreUnavailable

__all__ = ["OUR_FAULT", "as_api_error", "present", "refusal"]

log = logging.getLogger(__name__)

LONGEST = 400
"""Characters of a message: one that repeats a caller's value may be as long as the value."""

_BOOLEAN = re.compile(r"(?<=value: )(?:True|False)$")
_OF_PYTHON = re.compile(r", but encountered error '.*?'(?=; found)", re.DOTALL)

OUR_FAULT = frozenset({"DATA_DAMAGED", "INTERNAL", "UNAVAILABLE"})
"""Codes of failures that are not charged."""


def present(
    error: GraphQLError, code: str | None = None, logged: set[int] | None = None
) -> dict[str, Any]:
    """An error as a caller sees it.

    Parameters
    ----------
    error : GraphQLError
        As graphql-core reports it. It may be shared with other requests, so it is only read.
    code : str, optional
        For an error of the query itself: its ``extensions.code``. Without, the error comes from a
        resolver, and its cause decides.
    logged : set, optional
        What of this request has been logged: a cause that several fields share is logged once.
    """
    shown: dict[str, Any] = {"message": _in_terms_of_graphql(error.message)}
    if error.locations:
        shown["locations"] = [{"line": one.line, "column": one.column} for one in error.locations]
    if error.path:
        shown["path"] = list(error.path)
    if code is not None:
        shown["extensions"] = {"code": (error.extensions or {}).get("code", code)}
        return shown
    cause = as_api_error(error, logged)
    return shown | {"message": cause.message, "extensions": cause.extensions()}


def as_api_error(error: Exception, logged: set[int] | None = None) -> ApiError:
    """What is said of an exception: itself, where it was made for callers, or a masked one."""
    cause: BaseException = error
    if isinstance(error, GraphQLError):
        cause = error.original_error or error
        if isinstance(cause, GraphQLError) and _about_an_argument(error):
            return BadInput(_in_terms_of_graphql(cause.message))
    if isinstance(cause, ApiError) and not isinstance(cause, DataDamaged):
        return cause
    if isinstance(cause, EngineError):
        return BadInput(f"{str(cause).rstrip('.')}.")
    failure, level, what = _failure(cause)
    logged, root = set() if logged is None else logged, id(_root(cause))
    if root not in logged:
        log.log(level, what, exc_info=cause)
        logged.add(root)
    return failure


def _failure(cause: BaseException) -> tuple[ApiError, int, str]:
    """What is said of a failure, and how it is logged."""
    if isinstance(cause, StoreUnavailable):
        said = Unavailable("The store cannot be reached; try again in a moment.")
        return said, logging.WARNING, "store unavailable"
    if isinstance(cause, DataDamaged):
        return _under_request_id(cause), logging.ERROR, "data damaged"
    if isinstance(cause, Damaged):
        return _under_request_id(DataDamaged()), logging.ERROR, "data damaged"
    return _under_request_id(Internal()), logging.ERROR, "resolver failed"


def _root(cause: BaseException) -> BaseException:
    """The exception with which it began."""
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return cause


def _under_request_id(failure: ApiError) -> ApiError:
    """A failure that tells under which id its cause stands in the log."""
    name = request_id()
    if name is not None:
        failure.details["requestId"] = name
    return failure


def _in_terms_of_graphql(message: str) -> str:
    """What graphql-core says, without what Python said to it, and no longer than one reads."""
    message = _OF_PYTHON.sub("", message.replace("not to be None.", "not to be null."))
    message = _BOOLEAN.sub(lambda said: said[0].lower(), message)
    return message if len(message) <= LONGEST else f"{message[: LONGEST - 3]}..."


def _about_an_argument(error: GraphQLError) -> bool:
    """Whether graphql-core itself refused a value that the caller gave."""
    return any(isinstance(node, ValueNode) for node in error.nodes or ())


def refusal(error: ApiError) -> dict[str, Any]:
    """The body of an answer to a request that was refused before it ran."""
    body: dict[str, Any] = {
        "errors": [{"message": error.message, "extensions": error.extensions()}]
    }
    if error.units is not None:
        cost: dict[str, Any] = {"requestedQueryCost": error.units, "actualQueryCost": 0}
        if isinstance(error, LimitReached):
            cost["throttleStatus"] = error.throttle
        body["extensions"] = {"cost": cost}
    return body
