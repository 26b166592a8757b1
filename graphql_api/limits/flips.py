"""A limit on how often one query may search for flip prices, counted as they are priced."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from graphql import FragmentDefinitionNode, OperationDefinitionNode

from graphql_api.errors import QueryTooComplex
from graphql_api.limits.bounds import LIMITS
from graphql_api.schema.cost import Prices, Walk

__all__ = ["check_flips"]

SEARCHES: Final = frozenset({("Explanation", "flips"), ("Explanation", "nextFlips")})


def check_flips(
    prices: Prices,
    cost: int,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Any,
) -> None:
    """See whether an operation searches more often than one may.

    Of all that is asked about one bar these searches take by far the longest.

    Parameters
    ----------
    cost : int, units
        Of the operation, which tells of most that there is nothing to count: a search costs one.

    Raises
    ------
    QueryTooComplex
        When it may search too often.
    """
    limit, root = LIMITS["flips"], prices.schema.get_root_type(operation.operation)
    if cost <= limit.maximum or root is None:
        return
    only = {key: replace(one, weight=int(key in SEARCHES)) for key, one in prices.table.items()}
    walk = Walk(prices.schema, only, fragments, variables)
    searches = walk.cost((operation.selection_set,), root)
    if searches > limit.maximum:
        refused = QueryTooComplex(
            f"The query has {searches} {limit.counted}; it may have {limit.maximum}.",
            limit=limit.name,
            value=searches,
            maximum=limit.maximum,
        )
        refused.units = cost
        raise refused
