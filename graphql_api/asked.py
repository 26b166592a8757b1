"""A query that fits the schema, and may be priced and run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import FragmentDefinitionNode, OperationDefinitionNode

from graphql_api.documents import Document
from graphql_api.exchange import Query

__all__ = ["Asked"]

Fragments: TypeAlias = Mapping[str, FragmentDefinitionNode]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, with the operation that is meant and what it is run with."""

    query: Query
    source: str
    document: Document
    operation: OperationDefinitionNode
    variables: Any  # coerced

    @property
    def parts(self) -> tuple[OperationDefinitionNode, Fragments, Any]:
        """All that decides which fields are answered."""
        return self.operation, self.document.fragments, self.variables
