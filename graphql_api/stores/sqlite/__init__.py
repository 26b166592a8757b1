"""Accounts, keys and usage in one SQLite file, for a laptop and for tests."""

from graphql_api.stores.sqlite.accounts import SqliteAccounts
from graphql_api.stores.sqlite.usage import SqliteUsage

__all__ = ["SqliteStore"]


class SqliteStore(SqliteAccounts, SqliteUsage):
    """An AccountStore and a UsageStore in one file."""
