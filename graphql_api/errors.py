"""What the API refuses, each with a code, an HTTP status and a text that is safe to show.

ApiError                        a refusal or failure, said in a sentence for the caller
    Unauthenticated        401  UNAUTHENTICATED    no valid key or token: says what is wrong with it
        InvalidToken       401  UNAUTHENTICATED    a token that is not taken
    Forbidden              403  FORBIDDEN          valid credentials that may not do this
    LimitReached           429                     says which limit, and when to come back
        RateLimited        429  RATE_LIMITED       too many requests at once
        QuotaExceeded      429  QUOTA_EXCEEDED     the day's units are spent
    QueryTooComplex        400  QUERY_TOO_COMPLEX  one query dearer, deeper or wider than allowed
    BadInput               400  BAD_USER_INPUT     an argument that cannot be answered
    BadRequest             400  BAD_REQUEST        a request that is no GraphQL over HTTP
        MethodNotAllowed   405  BAD_REQUEST        says which methods are
        NotAcceptable      406  BAD_REQUEST        no media type that we speak
        TooLarge           413  BAD_REQUEST        a body over the limit
        UnsupportedMediaType 415  BAD_REQUEST      a body of a kind that we do not read
    Unavailable            503  UNAVAILABLE        something we need is away: says when to come back
    DataDamaged            500  DATA_DAMAGED       what is kept of a symbol has changed since
    Internal               500  INTERNAL           our fault; the cause is in the log, not here
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import ClassVar

__all__ = [
    "ApiError",
    "BadInput",
    "BadRequest",
    "DataDamaged",
    "Forbidden",
    "Internal",
    "InvalidToken",
    "LimitReached",
    "MethodNotAllowed",
    "NotAcceptable",
    "QueryTooComplex",
    "QuotaExceeded",
    "RateLimited",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "UnsupportedMediaType",
]

KEY_CHALLENGE = 'ApiKey realm="IntellPulse", header="x-api-key"'
BEARER_CHALLENGE = 'Bearer realm="IntellPulse"'


class ApiError(Exception):
    """Something the API refuses or fails at, said in a sentence for the caller.

    Parameters
    ----------
    message : str
        A sentence that is safe to show: no key, no token, nothing of our insides.
    details : values of JSON
        What a program may want to read beside the code; they join it in ``extensions``.
    """

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.units: int | None = None  # what the query was priced at, once that is known

    def headers(self) -> dict[str, str]:
        """The response headers that belong to this refusal."""
        return {}

    def extensions(self) -> dict[str, object]:
        """The ``extensions`` of the GraphQL error: the code and its details."""
        return {"code": self.code, **self.details}


class Unauthenticated(ApiError):
    """No credentials, or some that are malformed, unknown, revoked, expired or not yet valid.

    Parameters
    ----------
    challenge : str
        What would be accepted, as HTTP asks of every 401: a key, unless something else is said.
    """

    code = "UNAUTHENTICATED"
    status = 401

    def __init__(self, message: str, *, challenge: str = KEY_CHALLENGE) -> None:
        super().__init__(message)
        self.challenge = challenge

    def headers(self) -> dict[str, str]:
        """The challenge."""
        return {"WWW-Authenticate": self.challenge}


class InvalidToken(Unauthenticated):
    """A token that is not taken, told as RFC 6750 asks.

    The message stands in a header, too: it has no quotation mark and no backslash.
    """

    def __init__(self, message: str) -> None:
        described = f'error="invalid_token", error_description="{message}"'
        super().__init__(message, challenge=f"{BEARER_CHALLENGE}, {described}")


class Forbidden(ApiError):
    """Valid credentials that may not do this.

    Parameters
    ----------
    challenge : str, optional
        What a token would need, as RFC 6750 has it.
    """

    code = "FORBIDDEN"
    status = 403

    def __init__(self, message: str, *, challenge: str | None = None) -> None:
        super().__init__(message)
        self.challenge = challenge

    def headers(self) -> dict[str, str]:
        """The challenge, for a token."""
        return {"WWW-Authenticate": self.challenge} if self.challenge else {}


class LimitReached(ApiError):
    """A limit of the caller's plan is reached.

    Parameters
    ----------
    limit : str
        The policy as the ``RateLimit`` header names it: ``burst`` or ``daily``.
    retry_after : int, seconds
        When the same request may succeed, rounded up.
    resets_at : int, microseconds since the epoch
        When the limit lies untouched again.
    standing : mapping
        The ``RateLimit`` and ``RateLimit-Policy`` headers at the time of the refusal.
    throttle : mapping
        The same as ``throttleStatus`` tells it.
    """

    status = 429

    def __init__(
        self,
        message: str,
        *,
        limit: str,
        retry_after: int,
        resets_at: int,
        standing: Mapping[str, str] | None = None,
        throttle: Mapping[str, int] | None = None,
    ) -> None:
        resets = datetime.fromtimestamp(resets_at // 1_000 / 1_000, UTC)
        super().__init__(
            message,
            limit=limit,
            retryAfter=retry_after,
            resetsAt=resets.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )
        self.limit = limit
        self.retry_after = retry_after
        self.resets_at = resets_at
        self.standing = dict(standing or {})
        self.throttle = dict(throttle or {})

    def headers(self) -> dict[str, str]:
        """When to come back, and how the limits stand."""
        return {"Retry-After": str(self.retry_after), **self.standing}


class RateLimited(LimitReached):
    """Too many requests at once."""

    code = "RATE_LIMITED"


class QuotaExceeded(LimitReached):
    """The units of the day do not reach for this request."""

    code = "QUOTA_EXCEEDED"


class QueryTooComplex(ApiError):
    """One query that is dearer, deeper or wider than one query may be."""

    code = "QUERY_TOO_COMPLEX"
    status = 400


class BadInput(ApiError):
    """An argument that cannot be answered."""

    code = "BAD_USER_INPUT"
    status = 400


class BadRequest(ApiError):
    """A request that is no GraphQL over HTTP."""

    code = "BAD_REQUEST"
    status = 400


class MethodNotAllowed(BadRequest):
    """A method that this address does not answer."""

    status = 405

    def __init__(self, message: str, *, allowed: Iterable[str], **details: object) -> None:
        super().__init__(message, **details)
        self.allowed = tuple(allowed)

    def headers(self) -> dict[str, str]:
        """The methods that this address does answer."""
        return {"Allow": ", ".join(self.allowed)}


class NotAcceptable(BadRequest):
    """An ``Accept`` header with no media type that we speak."""

    status = 406


class TooLarge(BadRequest):
    """A body over the limit."""

    status = 413


class UnsupportedMediaType(BadRequest):
    """A body of a kind that we do not read, or coded as we do not undo it."""

    status = 415

    def headers(self) -> dict[str, str]:
        """What is read, and how it must not be coded."""
        return {"Accept-Post": "application/json", "Accept-Encoding": "identity"}


class Unavailable(ApiError):
    """Something we need cannot be reached; nothing was served and nobody was let in.

    Parameters
    ----------
    retry_after : int, seconds
        When it is worth trying again.
    """

    code = "UNAVAILABLE"
    status = 503

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message, retryAfter=retry_after)
        self.retry_after = retry_after

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": str(self.retry_after)}


class DataDamaged(ApiError):
    """What is kept has other bytes than were written, and no copy of it is whole.

    Nothing is told of it, since a number of it might be wrong.

    Parameters
    ----------
    symbol : str, optional
        Of which it is kept, where that is known.
    """

    code = "DATA_DAMAGED"
    status = 500

    def __init__(self, symbol: str | None = None) -> None:
        what = "What is kept" if symbol is None else f"What is kept of {symbol}"
        super().__init__(
            f"{what} is damaged, so nothing is told of it. Whatever is whole is answered; the "
            "operator can mend this, by the id of the request.",
            **({} if symbol is None else {"symbol": symbol}),
        )


class Internal(ApiError):
    """Our fault; the cause stands in the log under the request's id, and not here."""

    code = "INTERNAL"
    status = 500

    def __init__(self, message: str = "Internal error", **details: object) -> None:
        super().__init__(message, **details)
