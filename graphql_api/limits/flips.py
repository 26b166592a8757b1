"""A limit on how often one query may search for flip prices, counted as they are priced."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from graphql import FragmentDefinitionNode, GraphQLError, OperationDefinitionNode

from graphql_api.limits.bounds import LIMITS, beyond
from graphql_api.schema.cost import Prices, Walk

__all__ = ["check_flips"]

SEARCHES: Final = frozenset({("Explanation", "flips"), ("Explanation", "nextFlips")})


def check_flips(
    prices: Prices,
    cost: int,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Any,
) -> GraphQLError | None:
    """The refusal of an operation that may search more often than one may.

    Of all that is asked about one bar these searches take by far the longest.

    Parameters
    ----------
    cost : int, units
        Of the operation, which tells of most that there is nothing to count: a search costs one.
    """
    maximum, root = LIMITS["flips"].maximum, prices.schema.get_root_type(operation.operation)
    if cost <= maximum or root is None:
        return None
    only = {key: replace(one, weight=int(key in SEARCHES)) for key, one in prices.table.items()}
    searches = Walk(prices.schema, only, fragments, variables).cost(
        (operation.selection_set,), root
    )
    return beyond("flips", searches, what="query") if searches > maximum else None
