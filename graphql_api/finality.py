"""Which answers are final, and the tag by which a client asks whether its copy still holds."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from graphql import OperationType

from engine import ENGINE_VERSION
from graphql_api.asked import Asked
from graphql_api.documents import root_fields
from graphql_api.judgement import Judge
from graphql_api.version import VERSION

__all__ = ["SETTLED", "entity_tag", "tag_of"]

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


def tag_of(asked: Asked, judge: Judge) -> str | None:
    """The tag of an answer without errors, where a client may keep it and ask whether it holds."""
    query, operation = asked.query, asked.operation
    if not (query.reads_only and query.is_persisted):
        return None
    if operation.operation is not OperationType.QUERY:
        return None
    if not root_fields(operation, asked.document.fragments) <= SETTLED:
        return None
    versions = judge.versions()
    if versions is None:
        return None
    return entity_tag(asked.source, query.operation_name, query.variables, versions)
