"""Registered documents in SQLite."""

from collections.abc import Mapping

from graphql_api.stores.records import AuditEntry
from graphql_api.stores.sqlite.accounts import INSERT_AUDIT, audit_row
from graphql_api.stores.sqlite.file import SqliteFile

__all__ = ["SqliteDocuments"]


class SqliteDocuments(SqliteFile):
    """A DocumentStore in a file."""

    def find_document(self, name: str) -> str | None:
        """See DocumentStore.find_document."""
        with self.reading() as db:
            row = db.execute("SELECT text FROM documents WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def keep_documents(
        self, documents: Mapping[str, str], entry: AuditEntry, most: int
    ) -> frozenset[str] | None:
        """See DocumentStore.keep_documents."""
        with self.transaction() as db:
            (kept,) = db.execute("SELECT count(*) FROM documents").fetchone()
            known = {
                name
                for name in documents
                if db.execute("SELECT 1 FROM documents WHERE name = ?", (name,)).fetchone()
            }
            new = documents.keys() - known
            if kept + len(new) > most:
                return None
            db.executemany(
                "INSERT INTO documents VALUES (?, ?, ?)",
                [(name, documents[name], entry.at) for name in new],
            )
            db.execute(INSERT_AUDIT, audit_row(entry))
        return frozenset(new)
