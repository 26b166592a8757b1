"""Which scope a field at the root needs, published in the schema and asked for before it runs."""

from collections.abc import Mapping
from typing import Any

import strawberry
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
)
from strawberry.schema_directive import Location

from graphql_api.guard.caller import Caller
from graphql_api.schema.account import Scope
from graphql_api.schema.catalogue import FREE, member
from graphql_api.schema.cost import Walk
from graphql_api.stores.records import Scope as KeptScope

__all__ = ["ADMIN", "KEYS_WRITE", "Access", "RequiresScope"]


@strawberry.schema_directive(
    name="requiresScope",
    description="The scope that the caller must hold; admin holds every one.",
    locations=[Location.FIELD_DEFINITION],
)
class RequiresScope:
    """What a caller must be allowed for a field to run."""

    scope: Scope


# What is for administrators, and for those who may make keys, costs no units: see the docs.
ADMIN = [*FREE, RequiresScope(scope=member(Scope, "ADMIN"))]
KEYS_WRITE = [*FREE, RequiresScope(scope=member(Scope, "KEYS_WRITE"))]


class Access:
    """The scopes that the root fields of one schema need."""

    def __init__(self, schema: GraphQLSchema, backref: str) -> None:
        self._schema = schema
        roots = (schema.query_type, schema.mutation_type)
        self._needed = {
            (root.name, name): KeptScope[directive.scope.name]
            for root in roots
            if root is not None
            for name, field in root.fields.items()
            for directive in getattr(field.extensions.get(backref), "directives", ())
            if isinstance(directive, RequiresScope)
        }

    def check(
        self,
        caller: Caller,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Any,
    ) -> None:
        """Raise Forbidden unless the caller may ask for every field at the root of an operation.

        All are looked at before any runs, so that a document is not done by half.
        """
        root = self._schema.get_root_type(operation.operation)
        if root is None or not self._concerns(operation, root.name):
            return
        walk = Walk(self._schema, {}, fragments, variables)
        for name in {
            nodes[0].name.value for nodes in walk.collect((operation.selection_set,), root).values()
        }:
            scope = self._needed.get((root.name, name))
            if scope is not None:
                caller.require(scope)

    def _concerns(self, operation: OperationDefinitionNode, root: str) -> bool:
        """Whether a look is worth its time: most queries name free fields only."""
        return any(
            not isinstance(node, FieldNode) or (root, node.name.value) in self._needed
            for node in operation.selection_set.selections
        )
