"""Documents registered by an administrator: looked at, kept for all processes, and audited."""

from collections.abc import Callable, Sequence

from graphql_api.documents import Documents, Unfit
from graphql_api.errors import BadInput
from graphql_api.guard.accounts import ulid
from graphql_api.guard.caller import Caller
from graphql_api.guard.reach import Reach
from graphql_api.schema.context import Registered
from graphql_api.stores import AuditEntry, DocumentStore, Scope
from graphql_api.trusted import MAX_DEPLOYED, Trusted, sha256_name

__all__ = ["AT_ONCE", "Registry"]

AT_ONCE = 20
"""The most documents of one mutation; they are kept in one transaction."""


class Registry:
    """Registers documents by the hash of their text.

    Parameters
    ----------
    documents : Documents
        What holds a text against the limits and the schema.
    trusted : Trusted
        Where they will be asked for.
    clock : callable
        Integer microseconds since the epoch.
    most : int
        How many are kept in all.
    """

    def __init__(
        self,
        store: DocumentStore,
        documents: Documents,
        trusted: Trusted,
        clock: Callable[[], int],
        most: int = MAX_DEPLOYED,
    ) -> None:
        self._store = store
        self._documents = documents
        self._trusted = trusted
        self._clock = clock
        self._most = most

    def register(self, caller: Caller, texts: Sequence[str], reach: Reach) -> list[Registered]:
        """Keep some documents, all of them or none; in the order given.

        Raises
        ------
        Forbidden
            When the caller is no administrator.
        BadInput
            When one does not fit the schema, or there are too many.
        """
        caller.require(Scope.ADMIN)
        if not 1 <= len(texts) <= AT_ONCE:
            raise BadInput(f"documents holds {len(texts)}; one mutation registers 1 to {AT_ONCE}.")
        operations = [self._operations(i, text) for i, text in enumerate(texts)]
        named = {sha256_name(text): text for text in texts}
        now = self._clock()
        entry = AuditEntry(
            id=ulid(now),
            account_id=caller.account_id,
            at=now,
            actor=caller.actor,
            action="documents.registered",
            details={"documents": " ".join(named)},
        )
        new = reach(self._store.keep_documents, named, entry, self._most)
        if new is None:
            raise BadInput(f"There would be more than {self._most:,} documents; none was kept.")
        self._trusted.was_kept(new)
        names = [sha256_name(text) for text in texts]
        return [
            Registered(name, told, name in new)
            for name, told in zip(names, operations, strict=True)
        ]

    def _operations(self, i: int, text: str) -> list[str]:
        """The names of a document's operations."""
        try:
            document = self._documents.read(text)
        except Unfit as unfit:
            said = unfit.errors[0].message
            raise BadInput(f"documents[{i}] cannot be registered: {said}") from None
        return [name for name in document.operations if name]
