"""Bars in DynamoDB, with large chunks, archived ones and panels in S3."""

from market_data.stores.dynamodb.backend import TABLE, TIME_TO_LIVE, DynamoDBBackend
from market_data.stores.dynamodb.calls import connect, connect_s3
from market_data.stores.dynamodb.store import DynamoDBBarStore

__all__ = [
    "TABLE",
    "TIME_TO_LIVE",
    "DynamoDBBackend",
    "DynamoDBBarStore",
    "connect",
    "connect_s3",
]
