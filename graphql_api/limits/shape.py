"""Limits on a document's shape, counted on its syntax alone, in one pass and without a schema.

Each definition is looked at once. What a fragment holds is added where it is spread as numbers, so
that a bomb of fragments within fragments is measured in as many steps as it is long.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
)

from graphql_api.limits.bounds import LIMITS, beyond

__all__ = ["check_shape"]

INTROSPECTION: Final = frozenset({"__schema", "__type"})
LISTS: Final = frozenset({"types", "fields", "inputFields", "interfaces", "possibleTypes"})

Definition = OperationDefinitionNode | FragmentDefinitionNode


class Place(NamedTuple):
    """Where something stands, counted from the beginning of its definition."""

    nesting: int = 1  # selections
    depth: int = 0  # fields
    lists: int = 0  # lists of the schema
    within: bool = False  # below __schema or __type, whence depth and lists are counted

    def below(self, name: str) -> "Place":
        """The place below a field."""
        if name in INTROSPECTION and not self.within:
            return Place(self.nesting + 1, 1, 0, within=True)
        return Place(self.nesting + 1, self.depth + 1, self.lists + (name in LISTS), self.within)


@dataclass(slots=True)
class Measure:
    """The numbers of a definition: its own at first, then with the fragments that it spreads."""

    nesting: int = 1
    depth: int = 0
    lists: int = 0
    introspection_depth: int = 0
    introspection_lists: int = 0
    aliases: int = 0
    introspection_aliases: int = 0
    directives: int = 0
    repeated: tuple[int, Node | None] = (0, None)
    spreads: list[tuple[str, Place]] = field(default_factory=list)

    def reach(self, place: Place) -> None:
        """Note how far a place is."""
        self.nesting = max(self.nesting, place.nesting)
        if place.within:
            self.introspection_depth = max(self.introspection_depth, place.depth)
            self.introspection_lists = max(self.introspection_lists, place.lists)
        else:
            self.depth = max(self.depth, place.depth)
            self.lists = max(self.lists, place.lists)

    def add(self, place: Place, fragment: "Measure") -> None:
        """Note how far a fragment reaches from the place where it is spread."""
        self.reach(
            Place(
                place.nesting + fragment.nesting,
                place.depth + fragment.depth,
                place.lists + fragment.lists,
                place.within,
            )
        )
        self.introspection_depth = max(self.introspection_depth, fragment.introspection_depth)
        self.introspection_lists = max(self.introspection_lists, fragment.introspection_lists)


def check_shape(document: DocumentNode) -> list[GraphQLError]:
    """What of a document is over its limit; the first of its kind each.

    Aliases, directives and repetitions are those of one operation with the fragments it uses, each
    fragment once. A cycle of fragments adds nothing here, and is refused by validation.
    """
    operations = [n for n in document.definitions if isinstance(n, OperationDefinitionNode)]
    if len(operations) > LIMITS["operations"].maximum:
        return [beyond("operations", len(operations), operations[-1:])]
    fragments = {
        node.name.value: _measure(node)
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    _fold(fragments)
    errors: dict[str, GraphQLError] = {}
    for operation in operations:
        for error in _check(operation, fragments):
            errors.setdefault(str((error.extensions or {})["limit"]), error)
    return list(errors.values())


def _check(
    operation: OperationDefinitionNode, fragments: Mapping[str, Measure]
) -> Iterator[GraphQLError]:
    whole = _measure(operation)
    used = [whole, *(fragments[name] for name in _used(whole, fragments))]
    for name, place in whole.spreads:
        if name in fragments:
            whole.add(place, fragments[name])
    repeated, again = max((one.repeated for one in used), key=lambda found: found[0])
    counts: list[tuple[str, int, Node | None]] = [
        ("nesting", whole.nesting, operation),
        ("depth", whole.depth, operation),
        ("aliases", sum(one.aliases for one in used), operation),
        ("directives", sum(one.directives for one in used), operation),
        ("repetitions", repeated, again),
        ("introspectionDepth", whole.introspection_depth, operation),
        ("introspectionLists", whole.introspection_lists, operation),
        ("introspectionAliases", sum(one.introspection_aliases for one in used), operation),
    ]
    for name, value, node in counts:
        if value > LIMITS[name].maximum:
            yield beyond(name, value, [node] if node else [])


def _measure(definition: Definition) -> Measure:
    """The numbers of a definition by itself."""
    found = Measure()
    found.directives = _directives([definition, *(definition.variable_definitions or ())])
    # What a fragment is spread into is not known here, but only introspection has such types.
    schema_itself = isinstance(
        definition, FragmentDefinitionNode
    ) and definition.type_condition.name.value.startswith("__")
    waiting = [(definition.selection_set, Place())]
    while waiting:
        selections, place = waiting.pop()
        asked: Counter[str] = Counter()
        for node, at in _flat(selections, place):
            found.directives += _directives([node])
            if isinstance(node, FragmentSpreadNode):
                found.spreads.append((node.name.value, at))
            if not isinstance(node, FieldNode):
                found.reach(at)
                continue
            name = node.name.value
            below = at.below(name)
            # A leaf opens no selection, but is as deep as one that does.
            found.reach(below if node.selection_set else below._replace(nesting=at.nesting))
            if node.alias:
                found.aliases += 1
                found.introspection_aliases += at.within or schema_itself
            asked[name] += 1
            if asked[name] > found.repeated[0]:
                found.repeated = (asked[name], node)
            if node.selection_set:
                waiting.append((node.selection_set, below))
    return found


def _flat(selections: SelectionSetNode, place: Place) -> Iterator[tuple[Node, Place]]:
    """The selections of one set, those of the fragments written into it among them."""
    waiting = [(iter(selections.selections), place)]
    while waiting:
        nodes, at = waiting[-1]
        node = next(nodes, None)
        if node is None:
            waiting.pop()
            continue
        yield node, at
        if isinstance(node, InlineFragmentNode):
            inside = at._replace(nesting=at.nesting + 1)
            waiting.append((iter(node.selection_set.selections), inside))


def _directives(nodes: Sequence[Node]) -> int:
    return sum(len(getattr(node, "directives", None) or ()) for node in nodes)


def _fold(fragments: Mapping[str, Measure]) -> None:
    """Add to each fragment those that it spreads, which are done before it; without recursion."""
    done: set[str] = set()
    for root in fragments:
        path = [(root, iter(fragments[root].spreads))]
        begun = {root}
        while path and root not in done:
            name, spreads = path[-1]
            for spread, place in spreads:
                if spread in done:
                    fragments[name].add(place, fragments[spread])
                elif spread in fragments and spread not in begun:
                    path[-1] = (name, _again((spread, place), spreads))
                    path.append((spread, iter(fragments[spread].spreads)))
                    begun.add(spread)
                    break
            else:
                path.pop()
                done.add(name)


def _again(
    first: tuple[str, Place], rest: Iterator[tuple[str, Place]]
) -> Iterator[tuple[str, Place]]:
    yield first
    yield from rest


def _used(whole: Measure, fragments: Mapping[str, Measure]) -> dict[str, None]:
    """The names of the fragments that a definition reaches, once each."""
    used: dict[str, None] = {}
    waiting = [name for name, _ in whole.spreads]
    while waiting:
        name = waiting.pop()
        if name in fragments and name not in used:
            used[name] = None
            waiting += [spread for spread, _ in fragments[name].spreads]
    return used
