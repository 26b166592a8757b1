"""What an answer turned out to cost: the same prices, read off what was answered."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    OperationDefinitionNode,
)

from graphql_api.schema.cost import Prices, Selections, Walk

__all__ = ["work"]


def work(
    prices: Prices,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Any,
    data: Mapping[str, Any],
) -> int:
    """Units of what was answered, which are at most what the query was priced at.

        work(field) = weight(field) + sum of work(child)        for each element of a sized list

    A list that came out shorter than it might have, and a member of a union that is cheaper than
    the dearest, cost less than was asked; what is null costs its field alone.

    Parameters
    ----------
    data : mapping
        The answer's ``data``, without any error: beneath one nobody sees what was done.

    Notes
    -----
    One pass over the answer, which leaves out whatever is free. Where an answer does not say of
    which type it is, the dearest of those counts whose fields it has.
    """
    root = prices.schema.get_root_type(operation.operation)
    if root is None:
        return 0
    walk = _Work(prices.schema, prices.table, fragments, variables)
    return walk.of((operation.selection_set,), root, data, ())


class _Work(Walk):
    """One pass over one answer."""

    def of(
        self,
        selections: Selections,
        parent: GraphQLNamedType,
        data: Mapping[str, Any],
        sized: Sequence[str],
    ) -> int:
        """Units of an object; ``sized`` are its fields that hold the list which is paid for."""
        if isinstance(parent, GraphQLUnionType | GraphQLInterfaceType):
            members = self.schema.get_possible_types(parent)
            return max(
                (
                    self.of(selections, member, data, sized)
                    for member in members
                    if self._is(selections, member, data)
                ),
                default=self.cost(selections, parent),
            )
        if not isinstance(parent, GraphQLObjectType):
            return 0
        return sum(
            self._answered(nodes, parent, data[name], sized)
            for name, nodes in self.collect(selections, parent).items()
            if name in data
        )

    def _is(
        self, selections: Selections, member: GraphQLObjectType, data: Mapping[str, Any]
    ) -> bool:
        """Whether an object of that type would have been answered so."""
        fields = self.collect(selections, member)
        return fields.keys() == data.keys() and all(
            data[name] == member.name
            for name, nodes in fields.items()
            if nodes[0].name.value == "__typename"
        )

    def _answered(
        self,
        nodes: Sequence[FieldNode],
        parent: GraphQLObjectType,
        value: Any,
        sized: Sequence[str],
    ) -> int:
        name = nodes[0].name.value
        price = self.prices.get((parent.name, name))
        if price is None:
            return 0
        below: Selections = tuple(node.selection_set for node in nodes if node.selection_set)
        type_, lists = price.type_, (price.size.sized_fields or ()) if price.size else ()
        paid_below = bool(below) and self.cost(below, type_) > 0
        if not isinstance(value, list):
            inside = self.of(below, type_, value, lists) if paid_below and value else 0
            return price.weight + inside
        inside = sum(self.of(below, type_, one, ()) for one in value if one) if paid_below else 0
        each = name in sized or (price.size is not None and not lists and bool(below))
        return price.weight * (len(value) if each else 1) + inside
