"""What the API refuses: codes, statuses, headers, and texts that give nothing away."""

import re

import pytest

from graphql_api import errors


def every_error(base=errors.ApiError):
    yield base
    for kind in base.__subclasses__():
        yield from every_error(kind)


TREE = {
    "Unauthenticated": (401, "UNAUTHENTICATED"),
    "InvalidToken": (401, "UNAUTHENTICATED"),
    "Forbidden": (403, "FORBIDDEN"),
    "RateLimited": (429, "RATE_LIMITED"),
    "QuotaExceeded": (429, "QUOTA_EXCEEDED"),
    "QueryTooComplex": (400, "QUERY_TOO_COMPLEX"),
    "BadInput": (400, "BAD_USER_INPUT"),
    "BadRequest": (400, "BAD_REQUEST"),
    "MethodNotAllowed": (405, "BAD_REQUEST"),
    "NotAcceptable": (406, "BAD_REQUEST"),
    "TooLarge": (413, "BAD_REQUEST"),
    "UnsupportedMediaType": (415, "BAD_REQUEST"),
    "Unavailable": (503, "UNAVAILABLE"),
    "DataDamaged": (500, "DATA_DAMAGED"),
    "Internal": (500, "INTERNAL"),
}


@pytest.mark.parametrize(("name", "told"), TREE.items())
def test_every_refusal_has_its_status_and_code(name, told):
    kind = getattr(errors, name)
    assert (kind.status, kind.code) == told


def test_the_tree_that_opens_the_module_is_the_tree_of_the_code():
    drawn = re.findall(r"^ *([A-Z]\w+)  ", errors.__doc__, re.MULTILINE)
    drawn += re.findall(r"^ *([A-Z]\w+) 415", errors.__doc__, re.MULTILINE)
    kinds = {kind.__name__ for kind in every_error() if kind.__module__ == errors.__name__}
    assert kinds == set(drawn) == set(errors.__all__)


def test_a_plain_refusal_has_its_details_beside_its_code():
    error = errors.BadInput("The symbol is too long.", argument="symbol")
    assert (str(error), error.message) == ("The symbol is too long.",) * 2
    assert error.extensions() == {"code": "BAD_USER_INPUT", "argument": "symbol"}
    assert error.headers() == {}


def test_a_method_that_is_not_allowed_says_which_are():
    error = errors.MethodNotAllowed("Only these.", allowed=["GET", "POST"])
    assert error.headers() == {"Allow": "GET, POST"}


def test_what_is_unavailable_says_when_to_come_back():
    error = errors.Unavailable("Later.", retry_after=7)
    assert error.headers() == {"Retry-After": "7"}
    assert error.extensions() == {"code": "UNAVAILABLE", "retryAfter": 7}


def test_our_own_fault_says_nothing_of_its_cause():
    assert errors.Internal().message == "Internal error"


def test_a_limit_that_is_reached_says_which_and_until_when():
    error = errors.QuotaExceeded(
        "Spent.", limit="daily", retry_after=5, resets_at=1_795_305_600_000_000
    )
    assert error.headers() == {"Retry-After": "5"}
    assert error.extensions() == {
        "code": "QUOTA_EXCEEDED",
        "limit": "daily",
        "retryAfter": 5,
        "resetsAt": "2026-11-22T00:00:00.000Z",
    }
