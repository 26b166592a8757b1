"""The S3 bucket of large chunks, archived ones and panels."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from market_data.aws.calls import Calls, Refused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["SUPERSEDED", "Bucket"]

SUPERSEDED: Final = "state=superseded"
"""The tag of objects that the bucket's lifecycle rule lets go a week after they were tagged."""


class Bucket:
    """One bucket, asked through one client, which is made when it is needed first.

    Parameters
    ----------
    calls : Calls
    connect : callable
        Makes the client: days of ten years need none, and it takes a while.
    name : str
    """

    def __init__(self, calls: Calls, connect: "Callable[[], S3Client]", name: str) -> None:
        self._calls = calls
        self._connect = connect
        self._name = name
        self._client: S3Client | None = None
        self._lock = threading.Lock()

    def get(self, path: str) -> bytes | None:
        """An object, whole; None where there is none."""
        try:
            return self._calls.ask_again(self._read, Bucket=self._name, Key=path)
        except Refused:
            return None

    def put(self, path: str, body: bytes) -> None:
        """Write an object."""
        self._calls.ask_again(self._connected().put_object, Bucket=self._name, Key=path, Body=body)

    def supersede(self, path: str) -> None:
        """Let an object go a week from now, if it is there.

        It is copied onto itself with a tag: a lifecycle rule counts the age from the writing.
        """
        with suppress(Refused):
            self._calls.ask_again(
                self._connected().copy_object,
                Bucket=self._name,
                Key=path,
                CopySource={"Bucket": self._name, "Key": path},
                Tagging=SUPERSEDED,
                TaggingDirective="REPLACE",
                MetadataDirective="REPLACE",
            )

    def paths(self, prefix: str) -> Iterator[str]:
        """The objects whose paths begin so, a thousand a call."""
        request: dict[str, Any] = {"Bucket": self._name, "Prefix": prefix}
        while True:
            answer = self._calls.ask_again(self._connected().list_objects_v2, **request)
            for one in answer.get("Contents", []):
                yield one["Key"]
            if not answer["IsTruncated"]:
                return
            request["ContinuationToken"] = answer["NextContinuationToken"]

    def lasts(self, path: str) -> bool:
        """Whether an object is there and not superseded."""
        try:
            answer = self._calls.ask_again(
                self._connected().get_object_tagging, Bucket=self._name, Key=path
            )
        except Refused:
            return False
        return not any(f"{one['Key']}={one['Value']}" == SUPERSEDED for one in answer["TagSet"])

    def close(self) -> None:
        """Close the client's connections."""
        if self._client is not None:
            self._client.close()

    def _read(self, **request: Any) -> bytes:
        """An answer counts once its whole body is read: the connection may break before."""
        return self._connected().get_object(**request)["Body"].read()

    def _connected(self) -> "S3Client":
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client
