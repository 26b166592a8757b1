"""Clients of AWS that give up early and try everything once: whoever may repeat does it itself."""

from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.session import get_session

from market_data.aws.whole_answers import expect_whole_answers

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

__all__ = ["connect", "connect_s3"]


def connect(region: str | None = None, endpoint: str | None = None) -> "DynamoDBClient":
    """A client of DynamoDB. Callers wait a second at most for all store calls together."""
    made = get_session().create_client(
        "dynamodb", region_name=region, endpoint_url=endpoint, config=_config(read_timeout=0.5)
    )
    client = cast("DynamoDBClient", made)
    expect_whole_answers(client)
    return client


def connect_s3(region: str | None = None, endpoint: str | None = None) -> "S3Client":
    """A client of S3."""
    client = get_session().create_client(
        "s3", region_name=region, endpoint_url=endpoint, config=_config(read_timeout=1.0)
    )
    return cast("S3Client", client)


def _config(read_timeout: float) -> Config:
    return Config(
        connect_timeout=0.3,
        read_timeout=read_timeout,
        tcp_keepalive=True,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=50,
    )
