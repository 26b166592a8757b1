"""How long one query may take: a Lambda that runs into its time-out answers nothing at all.

What would begin with less time left than it takes to finish an answer is refused, so that there is
one. Where no time-out ends a process, as on a laptop, nothing is.
"""

from collections.abc import Mapping
from math import inf
from time import monotonic
from typing import Any, Final

from graphql_api.errors import QueryTooComplex

__all__ = ["check_time", "ends_of"]

MARGIN: Final = 2.0  # seconds for what has begun, and for writing the answer


def ends_of(scope: Mapping[str, Any]) -> float:
    """When all that a request makes must have begun, on the monotonic clock.

    Parameters
    ----------
    scope : mapping
        The request's, in which Mangum hands on what Lambda says of the invocation.
    """
    invocation = scope.get("aws.context")
    if invocation is None:
        return inf
    left: float = invocation.get_remaining_time_in_millis() / 1e3
    return monotonic() + left - MARGIN


def check_time(ends: float) -> None:
    """See whether something may still be begun.

    Raises
    ------
    QueryTooComplex
        When there is no time for it.
    """
    if monotonic() > ends:
        raise QueryTooComplex(
            "The query takes longer than a request may; ask for less at once.", limit="time"
        )
