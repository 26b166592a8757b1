"""How large and how intricate one query may be, and how long it may take."""

from graphql_api.limits.answer import check_length
from graphql_api.limits.bounds import LIMITS, Limit
from graphql_api.limits.flips import check_flips
from graphql_api.limits.merging import aborted
from graphql_api.limits.shape import check_shape
from graphql_api.limits.text import check_text
from graphql_api.limits.time_left import check_time, ends_of

__all__ = [
    "LIMITS",
    "Limit",
    "aborted",
    "check_flips",
    "check_length",
    "check_shape",
    "check_text",
    "check_time",
    "ends_of",
]
