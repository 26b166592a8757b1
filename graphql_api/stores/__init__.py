"""Accounts, keys and usage: one Protocol each, with DynamoDB and SQLite behind it."""

from graphql_api.stores.protocols import AccountStore, DocumentStore, UsageStore
from graphql_api.stores.records import (
    Account,
    ApiKey,
    AuditEntry,
    Charge,
    Outcome,
    Overrides,
    Scope,
    StoreThrottled,
    StoreUnavailable,
    UsageDay,
)

__all__ = [
    "Account",
    "AccountStore",
    "ApiKey",
    "AuditEntry",
    "Charge",
    "DocumentStore",
    "Outcome",
    "Overrides",
    "Scope",
    "StoreThrottled",
    "StoreUnavailable",
    "UsageDay",
    "UsageStore",
]
