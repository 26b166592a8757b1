"""How long one query may take: what has not begun by then is refused, so that an answer is given.

A Lambda that runs into its time-out, which is 10 seconds, answers nothing. Prices keep nearly all
queries far below that; this is for one that takes longer than its price says.
"""

from time import monotonic

from graphql_api.errors import QueryTooComplex
from graphql_api.limits.bounds import LIMITS

__all__ = ["check_time", "patience_ends"]


def patience_ends() -> float:
    """When a query that begins now must have begun all that it does, on the monotonic clock."""
    return monotonic() + LIMITS["seconds"].maximum


def check_time(ends: float) -> None:
    """See whether something may still be begun.

    Raises
    ------
    QueryTooComplex
        When the time is over.
    """
    if monotonic() > ends:
        maximum = LIMITS["seconds"].maximum
        raise QueryTooComplex(
            f"The query takes longer than {maximum} seconds; ask for less at once.",
            limit="seconds",
            maximum=maximum,
        )
