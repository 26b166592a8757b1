"""What the schema says of itself, answered once: it is the same for every caller."""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from threading import Lock
from typing import Any, Final

import orjson
from graphql import FragmentDefinitionNode, OperationDefinitionNode, OperationType

from graphql_api.documents import root_fields

__all__ = ["Introspections", "asks_about_the_schema"]

ABOUT: Final = frozenset({"__schema", "__type"})
MAX_ENTRIES: Final = 32
MAX_BYTES: Final = 8_000_000


def asks_about_the_schema(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> bool:
    """Whether a query asks about the schema, and about nothing else."""
    if operation.operation is not OperationType.QUERY:
        return False
    names = root_fields(operation, fragments)
    return bool(names & ABOUT) and names <= ABOUT | {"__typename"}


class Introspections:
    """The answers about the schema that a process remembers, as the JSON they are sent as.

    Under a hash of the document and its variables, so that nothing of a caller is kept. The least
    recently used go first.
    """

    def __init__(self, capacity: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES) -> None:
        self._capacity = capacity
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    @staticmethod
    def key(source: str, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> bytes:
        """What an answer depends on; of the variables those that the operation declares."""
        declared = [node.variable.name.value for node in operation.variable_definitions or ()]
        given = {name: variables[name] for name in declared if name in variables}
        named = operation.name.value if operation.name else None
        asked = orjson.dumps([source, named, given], option=orjson.OPT_SORT_KEYS)
        return sha256(asked).digest()

    def find(self, key: bytes) -> bytes | None:
        """The answer that is kept."""
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
            return known

    def keep(self, key: bytes, answer: bytes) -> None:
        """Keep an answer, and let others go for it."""
        with self._lock:
            self._bytes += len(answer) - len(self._kept.pop(key, b""))
            self._kept[key] = answer
            while len(self._kept) > self._capacity or self._bytes > self._max_bytes:
                _, forgotten = self._kept.popitem(last=False)
                self._bytes -= len(forgotten)
