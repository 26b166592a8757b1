"""What a caller asks, and what it gets: the two ends of a request, without HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

__all__ = ["Answer", "Query"]


@dataclass(frozen=True, slots=True)
class Query:
    """What a caller asks: by the text of a document, by its name, or by its hash and its text."""

    source: str | None
    document_id: str | None = None
    sha256: str | None = None  # sha256: and 64 hex digits
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    reads_only: bool = False  # a GET
    dry_run: bool = False  # asks for the price alone
    ends: float = inf  # when all that it does must have begun, on the monotonic clock

    @property
    def is_persisted(self) -> bool:
        """Whether the document has a name by which it is asked for again."""
        return self.document_id is not None or self.sha256 is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller gets: the body of a GraphQL answer, and the headers of its admission."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    executed: bool
    etag: str | None = None  # of a final answer to a GET of a persisted query
