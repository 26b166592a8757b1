"""Documents, parsed and validated once: the same text is never looked at twice."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    parse,
    validate,
)

from graphql_api.limits import aborted, check_shape, check_text

__all__ = ["Document", "Documents", "Unfit", "root_fields"]

MAX_ERRORS = 5
MAX_ENTRIES = 500
MAX_CHARACTERS = 500_000
"""Of all texts together; a document takes about a hundred times its text in memory."""


class Unfit(Exception):
    """A document that is over a limit, does not parse, or does not fit the schema or its variables.

    All its errors are of one kind, since the limits come first.
    """

    def __init__(self, errors: list[GraphQLError], code: str) -> None:
        super().__init__(code)
        self.errors = errors
        self.code = code


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document, with its operations and fragments by name."""

    ast: DocumentNode
    operations: Mapping[str | None, OperationDefinitionNode]
    fragments: Mapping[str, FragmentDefinitionNode]

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation of that name, or the only one.

        Raises
        ------
        LookupError
            Says which there are.
        """
        if name is None:
            if len(self.operations) == 1:
                return next(iter(self.operations.values()))
            raise LookupError(
                "The document holds several operations; operationName says which one is meant."
                if self.operations
                else "The document holds fragments only; it needs an operation."
            )
        if name not in self.operations:
            known = ", ".join(one for one in self.operations if one) or "none with a name"
            raise LookupError(f"No operation is named {name[:60]!r}; there are: {known[:200]}.")
        return self.operations[name]


class Documents:
    """The valid documents that a process remembers, by their text.

    Nothing of a caller is kept: no variables, no key, and nothing that was refused. There is room
    for so many documents and for so many characters; the least recently used go first.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        capacity: int = MAX_ENTRIES,
        max_characters: int = MAX_CHARACTERS,
    ) -> None:
        self._schema = schema
        self._capacity = capacity
        self._max_characters = max_characters
        self._characters = 0
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def characters(self) -> int:
        """Of the texts that are kept."""
        return self._characters

    def read(self, source: str) -> Document:
        """The document of a text.

        Raises
        ------
        Unfit
            When it is too long, does not parse, or does not fit the schema.
        """
        with self._lock:
            known = self._kept.get(source)
            if known is not None:
                self._kept.move_to_end(source)
                return known
        document = self._read(source)
        with self._lock:
            if source not in self._kept:  # else another thread was as quick
                self._characters += len(source)
            self._kept[source] = document
            while len(self._kept) > self._capacity or self._characters > self._max_characters:
                forgotten, _ = self._kept.popitem(last=False)
                self._characters -= len(forgotten)
        return document

    def _read(self, source: str) -> Document:
        """A text as a document: limits on the text, syntax, limits on the shape, the schema.

        In this order each step is safe with whatever the one before has let pass.
        """
        try:
            over = check_text(source)
            if over:
                raise Unfit([over], "QUERY_TOO_COMPLEX")
            # Selections without any are in no published edition of the specification, only in its
            # draft, and graphql-core lets them pass unless told.
            ast = parse(source, allow_empty_selection_sets=False)
        except GraphQLSyntaxError as error:
            raise Unfit([error], "GRAPHQL_PARSE_FAILED") from None
        errors = check_shape(ast)
        if errors:
            raise Unfit(errors[:MAX_ERRORS], "QUERY_TOO_COMPLEX")
        errors = validate(self._schema, ast, max_errors=MAX_ERRORS)
        over = aborted(errors, MAX_ERRORS)
        if over:
            raise Unfit([over], "QUERY_TOO_COMPLEX")
        if errors:
            raise Unfit(errors[:MAX_ERRORS], "GRAPHQL_VALIDATION_FAILED")
        nodes = ast.definitions
        return Document(
            ast=ast,
            operations={
                node.name.value if node.name else None: node
                for node in nodes
                if isinstance(node, OperationDefinitionNode)
            },
            fragments={
                node.name.value: node for node in nodes if isinstance(node, FragmentDefinitionNode)
            },
        )


def root_fields(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> set[str]:
    """The names of the fields at an operation's root, whatever @skip would leave out."""
    names: set[str] = set()
    seen: set[str] = set()
    waiting = list(operation.selection_set.selections)
    while waiting:
        node = waiting.pop()
        if isinstance(node, FieldNode):
            names.add(node.name.value)
        elif isinstance(node, InlineFragmentNode):
            waiting.extend(node.selection_set.selections)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
            seen.add(node.name.value)
            waiting.extend(fragments[node.name.value].selection_set.selections)
    return names
