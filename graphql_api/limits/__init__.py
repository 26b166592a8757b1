"""How large and how intricate one document may be, told before it is understood."""

from graphql_api.limits.bounds import LIMITS, Limit
from graphql_api.limits.merging import aborted
from graphql_api.limits.shape import check_shape
from graphql_api.limits.text import check_text

__all__ = ["LIMITS", "Limit", "aborted", "check_shape", "check_text"]
