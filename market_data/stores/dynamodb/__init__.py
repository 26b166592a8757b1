"""Bars in DynamoDB, with large chunks, archives and panels in S3; and what lies beside them."""

from market_data.aws.clients import connect, connect_s3
from market_data.stores.dynamodb.backend import TABLE, DynamoDBBackend
from market_data.stores.dynamodb.deliveries import DynamoDBDeliveries
from market_data.stores.dynamodb.items import TIME_TO_LIVE
from market_data.stores.dynamodb.quarantine import DynamoDBQuarantine
from market_data.stores.dynamodb.readings import DynamoDBReadingStore
from market_data.stores.dynamodb.store import DynamoDBBarStore
from market_data.stores.dynamodb.turns import DynamoDBTurns

__all__ = [
    "TABLE",
    "TIME_TO_LIVE",
    "DynamoDBBackend",
    "DynamoDBBarStore",
    "DynamoDBDeliveries",
    "DynamoDBQuarantine",
    "DynamoDBReadingStore",
    "DynamoDBTurns",
    "connect",
    "connect_s3",
]
