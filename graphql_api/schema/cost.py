"""What a query costs in units, read off the @cost and @listSize that the schema publishes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_directive_values,
    get_named_type,
)
from graphql.execution.values import get_argument_values
from strawberry.schema_directive import Location

__all__ = ["Cost", "ListSize", "Prices", "Selections", "Walk"]

Selections = tuple[SelectionSetNode, ...]


@strawberry.schema_directive(
    name="cost",
    description="Price in units of a field, by the GraphQL Cost Directives specification.",
    locations=[
        Location.ARGUMENT_DEFINITION,
        Location.ENUM,
        Location.FIELD_DEFINITION,
        Location.INPUT_FIELD_DEFINITION,
        Location.OBJECT,
        Location.SCALAR,
    ],
)
class Cost:
    """Units that a field costs by itself; on a type, what a field of that type costs."""

    weight: str


@strawberry.schema_directive(
    name="listSize",
    description="How long a list may become, by the GraphQL Cost Directives specification.",
    locations=[Location.FIELD_DEFINITION],
)
class ListSize:
    """How often what stands below a field is paid for."""

    assumed_size: int | None = strawberry.UNSET
    slicing_arguments: list[str] | None = strawberry.UNSET
    sized_fields: list[str] | None = strawberry.UNSET
    require_one_slicing_argument: bool | None = True


@dataclass(frozen=True, slots=True)
class Price:
    """What one field costs, how often what is below it does, and of which type that is."""

    weight: int
    size: ListSize | None
    type_: GraphQLNamedType


class Prices:
    """The prices of one schema.

        cost(field)     = size(field) * (weight(field) + sum of cost(child))
        weight(field)   = @cost on the field, else @cost on its type, else 1 for a type with
                          fields of its own and 0 for a leaf
        size(field)     = the largest slicing argument given, else the assumed size, else 1

    A list that stands in a field of a connection (sizedFields) multiplies what is below that field
    instead. A field asked for twice under one name is paid for once, as it is executed once. Of
    the members of a union or an interface the dearest counts, since one of them is what will be
    answered. What @skip and @include leave out costs nothing, and introspection costs nothing.
    """

    def __init__(self, schema: GraphQLSchema, backref: str) -> None:
        self.schema = schema
        self.table = {
            (type_.name, name): _price(field, backref)
            for type_ in schema.type_map.values()
            if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
            and not type_.name.startswith("__")
            for name, field in type_.fields.items()
        }

    def of(
        self,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Any,
    ) -> int:
        """Units of an operation with its coerced variables."""
        root = self.schema.get_root_type(operation.operation)
        if root is None:
            return 0
        return Walk(self.schema, self.table, fragments, variables).cost(
            (operation.selection_set,), root
        )


class Walk:
    """One pass over one operation; each pair of selections and type is looked at once."""

    def __init__(
        self,
        schema: GraphQLSchema,
        prices: Mapping[tuple[str, str], Price],
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Any,
    ) -> None:
        self.schema = schema
        self.prices = prices
        self._fragments = fragments
        self._variables = variables
        self._collected: dict[tuple[tuple[int, ...], str], dict[str, list[FieldNode]]] = {}
        self._known: dict[tuple[tuple[int, ...], str], int] = {}

    def cost(self, selections: Selections, parent: GraphQLNamedType) -> int:
        """Units of the selections of one object."""
        if isinstance(parent, GraphQLUnionType | GraphQLInterfaceType):
            members = self.schema.get_possible_types(parent)
            return max((self.cost(selections, member) for member in members), default=0)
        if not isinstance(parent, GraphQLObjectType) or not selections:
            return 0
        key = (tuple(map(id, selections)), parent.name)
        if key not in self._known:
            fields = self.collect(selections, parent)
            self._known[key] = sum(self._field(nodes, parent) for nodes in fields.values())
        return self._known[key]

    def _field(self, nodes: Sequence[FieldNode], parent: GraphQLObjectType) -> int:
        name = nodes[0].name.value
        price = self.prices.get((parent.name, name))
        if price is None:  # __typename and introspection
            return 0
        below: Selections = tuple(node.selection_set for node in nodes if node.selection_set)
        if not below:
            return price.weight
        if price.size is None:
            return price.weight + self.cost(below, price.type_)
        size = _size(price.size, parent.fields[name], nodes[0], self._variables)
        if sized := price.size.sized_fields:
            return price.weight + self._sized(below, price.type_, sized, size)
        return size * (price.weight + self.cost(below, price.type_))

    def _sized(
        self, below: Selections, type_: GraphQLNamedType, sized: Sequence[str], size: int
    ) -> int:
        """The cost below a connection, whose named fields hold the list."""
        if not isinstance(type_, GraphQLObjectType):
            return size * self.cost(below, type_)
        return sum(
            self._field(nodes, type_) * (size if nodes[0].name.value in sized else 1)
            for nodes in self.collect(below, type_).values()
        )

    def collect(
        self, selections: Selections, parent: GraphQLObjectType
    ) -> dict[str, list[FieldNode]]:
        """The fields of an object by the name under which they are answered, as execution will."""
        key = (tuple(map(id, selections)), parent.name)
        if key not in self._collected:
            self._collected[key] = self._collect(selections, parent)
        return self._collected[key]

    def _collect(
        self, selections: Selections, parent: GraphQLObjectType
    ) -> dict[str, list[FieldNode]]:
        fields: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        waiting: list[SelectionNode] = [n for one in selections for n in reversed(one.selections)]
        while waiting:
            node = waiting.pop()
            if node.directives and not self._included(node):
                continue
            if isinstance(node, FieldNode):
                fields.setdefault((node.alias or node.name).value, []).append(node)
                continue
            if isinstance(node, InlineFragmentNode):
                condition, inside = node.type_condition, node.selection_set
            else:
                name = node.name.value  # type: ignore[attr-defined]  # the one kind that is left
                if name in seen or name not in self._fragments:
                    continue
                seen.add(name)
                condition = self._fragments[name].type_condition
                inside = self._fragments[name].selection_set
            if condition is None or self._applies(condition.name.value, parent):
                waiting.extend(reversed(inside.selections))
        return fields

    def _applies(self, condition: str, parent: GraphQLObjectType) -> bool:
        if condition == parent.name:
            return True
        type_ = self.schema.get_type(condition)
        return isinstance(
            type_, GraphQLInterfaceType | GraphQLUnionType
        ) and self.schema.is_sub_type(type_, parent)

    def _included(self, node: SelectionNode) -> bool:
        if not any(_switches(directive) for directive in node.directives or ()):
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not (skip and skip["if"]) and not (include and not include["if"])


def _switches(directive: DirectiveNode) -> bool:
    return directive.name.value in {"skip", "include"}


def _size(size: ListSize, field: GraphQLField, node: FieldNode, variables: Any) -> int:
    asked: list[int] = []
    if size.slicing_arguments:
        values = get_argument_values(field, node, variables)
        asked = [
            len(value) if isinstance(value, list) else max(0, value)
            for value in map(values.get, size.slicing_arguments)
            if isinstance(value, int | list)
        ]
    return max(asked) if asked else (size.assumed_size or 1)


def _price(field: GraphQLField, backref: str) -> Price:
    definition = field.extensions.get(backref)
    directives = list(getattr(definition, "directives", ()))
    type_ = get_named_type(field.type)
    type_directives = list(getattr(type_.extensions.get(backref), "directives", None) or ())
    size = next((one for one in directives if isinstance(one, ListSize)), None)
    for directive in directives + type_directives:
        if isinstance(directive, Cost):
            return Price(int(directive.weight), size, type_)
    composite = isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
    return Price(1 if composite else 0, size, type_)
