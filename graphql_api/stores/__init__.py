"""Accounts, keys and usage: one Protocol each, with DynamoDB and SQLite behind it."""

from graphql_api.stores.protocols import AccountStore, DocumentStore, UsageStore
from graphql_api.stores.records import (
    Account,
    ApiKey,
    AuditEntry,
    Charge,
    Once,
    Outcome,
    Overrides,
    Scope,
    Slice,
    Slot,
    UsageDay,
)
from market_data.errors import StoreThrottled, StoreUnavailable, StoreUntouched

__all__ = [
    "Account",
    "AccountStore",
    "ApiKey",
    "AuditEntry",
    "Charge",
    "DocumentStore",
    "Once",
    "Outcome",
    "Overrides",
    "Scope",
    "Slice",
    "Slot",
    "StoreThrottled",
    "StoreUnavailable",
    "StoreUntouched",
    "UsageDay",
    "UsageStore",
]
