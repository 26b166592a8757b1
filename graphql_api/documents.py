"""Documents, parsed and validated once: the same text is never looked at twice."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    validate,
)

__all__ = ["Document", "Documents", "Unfit"]

MAX_CHARACTERS = 15_000
MAX_TOKENS = 1_000
MAX_ERRORS = 5


class Unfit(Exception):
    """A document that does not parse, or does not fit the schema."""

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

    Nothing of a caller is kept: no variables, no key, and nothing that was refused. The least
    recently used go first.
    """

    def __init__(self, schema: GraphQLSchema, capacity: int = 500) -> None:
        self._schema = schema
        self._capacity = capacity
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._lock = Lock()

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
            self._kept[source] = document
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
        return document

    def _read(self, source: str) -> Document:
        if len(source) > MAX_CHARACTERS:
            error = GraphQLError(
                f"The document has {len(source)} characters; it may have {MAX_CHARACTERS}."
            )
            raise Unfit([error], "QUERY_TOO_COMPLEX")
        try:
            ast = parse(source, max_tokens=MAX_TOKENS)
        except GraphQLSyntaxError as error:
            raise Unfit([error], "GRAPHQL_PARSE_FAILED") from None
        errors = validate(self._schema, ast, max_errors=MAX_ERRORS)
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
