"""Accounts, keys, usage and documents in one SQLite file, for a laptop and for tests."""

from graphql_api.stores.sqlite.accounts import SqliteAccounts
from graphql_api.stores.sqlite.documents import SqliteDocuments
from graphql_api.stores.sqlite.usage import SqliteUsage

__all__ = ["SqliteStore"]


class SqliteStore(SqliteAccounts, SqliteUsage, SqliteDocuments):
    """An AccountStore, a UsageStore and a DocumentStore in one file."""
