"""Which answers are final, and the tag by which a client asks whether its copy still holds."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
)

from engine import ENGINE_VERSION
from graphql_api.exchange import Query
from graphql_api.judgement import Judge
from graphql_api.version import VERSION

__all__ = ["SETTLED", "asks_only_for_settled", "entity_tag", "tag_of"]

SETTLED = frozenset(
    {
        "__typename",
        "backtest",
        "bars",
        "explanation",
        "indicator",
        "indicators",
        "signal",
        "signalHistory",
        "signals",
        "strategies",
    }
)
"""Fields of the query that are decided by bars and by the engine alone, not by who asks or when.

A field that is not named here is never answered with a tag: what is new must be entered on purpose.
"""


def asks_only_for_settled(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> bool:
    """Whether an operation asks for nothing but settled fields, whatever @skip would leave out."""
    if operation.operation is not OperationType.QUERY:
        return False
    seen: set[str] = set()
    waiting = list(operation.selection_set.selections)
    while waiting:
        node = waiting.pop()
        if isinstance(node, FieldNode):
            if node.name.value not in SETTLED:
                return False
        elif isinstance(node, InlineFragmentNode):
            waiting.extend(node.selection_set.selections)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
            seen.add(node.name.value)
            waiting.extend(fragments[node.name.value].selection_set.selections)
    return True


def entity_tag(
    source: str, operation: str | None, variables: Mapping[str, Any], versions: Sequence[str]
) -> str:
    """The tag of a final answer, made of what decides it and never of what it says.

    It is weak, because the costs that are told beside the data differ from answer to answer.

    Parameters
    ----------
    versions : sequence of str
        The data versions and strategy hashes that the answer was made of.
    """
    made_of = [VERSION, ENGINE_VERSION, source, operation, variables, *versions]
    packed = orjson.dumps(made_of, option=orjson.OPT_SORT_KEYS)
    return f'W/"{hashlib.sha256(packed).hexdigest()[:32]}"'


def tag_of(
    query: Query,
    source: str,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    judge: Judge,
) -> str | None:
    """The tag of an answer without errors, where a client may keep it and ask whether it holds."""
    if not (query.reads_only and query.is_persisted):
        return None
    if not asks_only_for_settled(operation, fragments):
        return None
    versions = judge.versions()
    if versions is None:
        return None
    return entity_tag(source, query.operation_name, query.variables, versions)
