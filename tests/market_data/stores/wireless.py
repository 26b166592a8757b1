"""moto without the wire: its handlers and models called as functions, six times as fast.

What is left out is what a client does around a call: JSON and XML, signatures, HTTP. What is kept
is what AWS does: conditions, expressions, keys, tags, and refusals by their codes. Every call is
one step, as it is on AWS.
"""

import io
import itertools
import threading

from botocore.exceptions import ClientError
from moto.core.exceptions import ServiceException
from moto.dynamodb.exceptions import DynamodbException
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.responses import DynamoHandler
from moto.s3.models import s3_backends

__all__ = ["Wireless"]

REGION = "eu-central-1"
_accounts = itertools.count(900_000_000_000)


class Wireless:
    """An account of AWS with clients of its DynamoDB and its S3; gone once it is closed."""

    def __init__(self) -> None:
        self.account = str(next(_accounts))
        self.dynamodb, self.s3 = _DynamoDB(self.account), _S3(self.account)

    def close(self) -> None:
        for backends in (dynamodb_backends, s3_backends):
            backends[self.account].reset()
            del backends[self.account]


class _DynamoDB:
    def __init__(self, account: str) -> None:
        self._account = account
        self._lock = threading.Lock()

    def __getattr__(self, operation):
        def call(**request):
            handler = DynamoHandler()
            handler.region, handler.current_account = REGION, self._account
            handler.body = request
            try:
                with self._lock:
                    return getattr(handler, operation)().result
            except (ServiceException, DynamodbException) as error:
                code = (getattr(error, "error_type", None) or error.code).rpartition("#")[2]
                told = {"Error": {"Code": code, "Message": str(error)}}
                raise ClientError(told, operation) from error

        return call

    def close(self) -> None:
        """There is no connection."""


class _S3:
    """The calls that a bucket of bars needs."""

    def __init__(self, account: str) -> None:
        self._backend = s3_backends[account]["aws"]
        self._lock = threading.Lock()

    def create_bucket(self, Bucket):  # noqa: N803
        with self._lock:
            self._backend.create_bucket(Bucket, REGION)

    def put_object(self, Bucket, Key, Body):  # noqa: N803
        with self._lock:
            self._backend.put_object(Bucket, Key, Body)

    def get_object(self, Bucket, Key):  # noqa: N803
        with self._lock:
            return {"Body": io.BytesIO(self._kept(Bucket, Key).value)}

    def copy_object(self, Bucket, Key, CopySource, Tagging, **directives):  # noqa: N803
        assert directives == {"TaggingDirective": "REPLACE", "MetadataDirective": "REPLACE"}
        with self._lock:
            before = self._kept(CopySource["Bucket"], CopySource["Key"])
            self._backend.copy_object(before, Bucket, Key, mdirective="REPLACE", metadata={})
            name, _, value = Tagging.partition("=")
            self._backend.put_object_tagging(self._kept(Bucket, Key), {name: value})

    def get_object_tagging(self, Bucket, Key):  # noqa: N803
        with self._lock:
            tags = self._backend.get_object_tagging(self._kept(Bucket, Key))
            return {"TagSet": tags["Tags"]}

    def list_objects_v2(self, Bucket, Prefix):  # noqa: N803
        with self._lock:
            names = self._backend.get_bucket(Bucket).keys.keys()
            found = sorted(name for name in names if name.startswith(Prefix))
            return {"Contents": [{"Key": name} for name in found], "IsTruncated": False}

    def close(self) -> None:
        """There is no connection."""

    def _kept(self, bucket, key):
        kept = self._backend.get_object(bucket, key)
        if kept is None:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": key}}, "GetObject")
        return kept
