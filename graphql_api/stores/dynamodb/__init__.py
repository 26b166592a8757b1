"""Accounts, keys, usage and documents in DynamoDB: one table, one client."""

from graphql_api.stores.dynamodb.accounts import DynamoDBAccounts
from graphql_api.stores.dynamodb.documents import DynamoDBDocuments
from graphql_api.stores.dynamodb.items import INDEX, TABLE, TIME_TO_LIVE
from graphql_api.stores.dynamodb.usage import DynamoDBUsage
from market_data.aws.clients import connect

__all__ = ["INDEX", "TABLE", "TIME_TO_LIVE", "DynamoDBStore", "connect"]


class DynamoDBStore(DynamoDBAccounts, DynamoDBUsage, DynamoDBDocuments):
    """An AccountStore, a UsageStore and a DocumentStore on one table."""
