"""What the fields of a query will ask the stores for, seen before the first of them runs.

Fields at the root run one after another. Where several of them read bars, what all of them want is
loaded in one batch beforehand; each then finds its own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.values import get_argument_values

from graphql_api.errors import BadInput
from graphql_api.loader import Wanted
from graphql_api.schema.catalogue import DEFAULT_STRATEGY, interval
from graphql_api.schema.cost import Walk
from graphql_api.schema.nodes import wanted_by
from graphql_api.schema.query_signals import SYMBOLS_MAXIMUM

__all__ = ["foreseen"]

Arguments = Mapping[str, Any]


def foreseen(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Any,
) -> list[Wanted]:
    """What is wanted by the fields of a query that has several; a single one loads its own.

    A field whose arguments do not fit wants nothing here: it says so itself when it runs.
    """
    root = schema.query_type
    if operation.operation is not OperationType.QUERY or root is None:
        return []
    selections = operation.selection_set.selections
    if len(selections) == 1 and isinstance(selections[0], FieldNode):  # as most queries are
        return []
    fields = Walk(schema, {}, fragments, variables).collect((operation.selection_set,), root)
    reading = [nodes[0] for nodes in fields.values() if nodes[0].name.value in _WANTS]
    if len(reading) < 2:
        return []
    wanted: list[Wanted] = []
    for node in reading:
        name = node.name.value
        try:
            wanted += _WANTS[name](get_argument_values(root.fields[name], node, variables))
        except (GraphQLError, BadInput):
            continue
    return wanted


def _judged(arguments: Arguments) -> Iterator[Wanted]:
    """What a field with a strategy wants of its symbol, or of each of its symbols."""
    preset = (arguments.get("strategy") or {}).get("preset")
    strategy = preset["name"].name if preset else DEFAULT_STRATEGY
    every = interval(arguments.get("interval"))
    symbols = arguments["symbols"] if "symbols" in arguments else [arguments["symbol"]]
    if len(symbols) <= SYMBOLS_MAXIMUM:
        yield from (Wanted.judged(symbol, every, strategy) for symbol in symbols)


def _plain(arguments: Arguments) -> Iterator[Wanted]:
    """What a field wants that is about bars alone."""
    yield Wanted(arguments["symbol"], interval(arguments.get("interval")))


_WANTS: Final[Mapping[str, Callable[[Arguments], Iterable[Wanted]]]] = {
    "backtest": _judged,
    "bars": _plain,
    "explanation": _judged,
    "indicator": _plain,
    "node": lambda arguments: wanted_by(arguments["id"]),
    "signal": _judged,
    "signalHistory": _judged,
    "signals": _judged,
}
