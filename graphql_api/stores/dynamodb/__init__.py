"""Accounts, keys and usage in DynamoDB: one table, one client."""

from graphql_api.stores.dynamodb.accounts import DynamoDBAccounts
from graphql_api.stores.dynamodb.items import INDEX, TABLE, TIME_TO_LIVE
from graphql_api.stores.dynamodb.table import connect
from graphql_api.stores.dynamodb.usage import DynamoDBUsage

__all__ = ["INDEX", "TABLE", "TIME_TO_LIVE", "DynamoDBStore", "connect"]


class DynamoDBStore(DynamoDBAccounts, DynamoDBUsage):
    """An AccountStore and a UsageStore on one table."""
