"""A bound on the one rule of validation whose work grows with the square of a document."""

from collections.abc import Sequence

from graphql import GraphQLError
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError

from graphql_api.limits.bounds import LIMITS, beyond

__all__ = ["aborted"]

# graphql-core reads its budget from this attribute whenever a validation begins, and documents that
# it is to be assigned to. Its own, 25 times ours, lets a document of 4 kB run for a tenth of a
# second; with ours the dearest takes at most twice as long as a healthy one of its length.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = LIMITS["merging"].maximum


def aborted(errors: Sequence[GraphQLError], max_errors: int) -> GraphQLError | None:
    """The refusal of a document whose validation ended before it had found enough errors."""
    if len(errors) > max_errors or not errors:
        return None
    if not isinstance(errors[-1], ValidationAbortedError):
        return None
    return beyond("merging", LIMITS["merging"].maximum + 1, at_least=True)
