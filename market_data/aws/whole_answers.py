"""Answers of DynamoDB that are cut short: botocore reads them as answers that say nothing.

Half an answer is no JSON, and an answer that is no JSON is parsed as empty: a key that is there
reads as one that is not, and a write that was done as one without a result. DynamoDB sends the
length and a checksum of each answer; this is where both are looked at.
"""

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import HTTPClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["CutShort", "expect_whole_answers"]


class CutShort(HTTPClientError):
    """The connection ended in the middle of an answer; whether a write happened is unknown."""

    fmt = "The answer was cut short: {error}"


def expect_whole_answers(client: "DynamoDBClient") -> None:
    """Have a client raise CutShort, a BotoCoreError, where it would take half for the whole."""
    client.meta.events.register("before-parse.dynamodb", _check)


def _check(response_dict: Mapping[str, Any], **_: Any) -> None:
    body: bytes = response_dict["body"]
    headers = response_dict["headers"]
    length, checksum = headers.get("content-length"), headers.get("x-amz-crc32")
    if "content-encoding" in headers:
        return
    if length is not None and int(length) != len(body):
        raise CutShort(error=f"{len(body)} bytes of {length}")
    if checksum is not None and int(checksum) != zlib.crc32(body):
        raise CutShort(error="its checksum is another")
