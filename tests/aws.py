"""AWS in this process: moto, which does once for all tests what it would do for each call."""

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import Any

import botocore.session
import moto.core.responses
import moto.dynamodb.models
import pytest
from moto import mock_aws
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.validators import ActionCountValidator, OverlappingPathsValidator
from moto.dynamodb.responses import DynamoHandler

__all__ = ["REGION", "in_memory", "make_atomic"]

REGION = "eu-central-1"
ENVIRON = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}

# A new session reads what every service is, and moto begins one each time; it looks a handler's
# methods up for each call, and reads an expression twice for each update; it works on copies of it.
_create_loader = cache(botocore.session.create_loader)
_method_names = cache(moto.core.responses.method_names_from_class)
_parsed = lru_cache(256)(UpdateExpressionParser.make)


@contextmanager
def in_memory() -> Iterator[pytest.MonkeyPatch]:
    """Every service of AWS, empty, met by whatever client is made; what else is set, until then.

    One that is entered within another sees the same.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRON.items():
            patch.setenv(name, value)
        patch.setattr(botocore.session, "create_loader", _create_loader)
        patch.setattr(moto.core.responses, "method_names_from_class", _method_names)
        patch.setattr(UpdateExpressionParser, "make", staticmethod(_parsed))
        for validator in (ActionCountValidator, OverlappingPathsValidator):
            patch.setattr(validator, "traverse", _validate_whole)
        _copy_once_a_transaction(patch)
        with mock_aws():
            yield patch


def make_atomic(patch: pytest.MonkeyPatch) -> None:
    """Change items in one step, as DynamoDB does; moto takes several, and loses racing writes."""
    lock = threading.Lock()
    unlocked = DynamoHandler.call_action

    def locked(self: DynamoHandler) -> Any:
        with lock:
            return unlocked(self)

    patch.setattr(DynamoHandler, "call_action", locked)


def _validate_whole(self: Any, expression: Any) -> Any:
    """Look at an expression once; moto looks again at each part of it, which tells it no more."""
    return self.process(expression)


def _copy_once_a_transaction(patch: pytest.MonkeyPatch) -> None:
    """Copy a table once for each transaction; moto copies it for each write of one."""
    backend = moto.dynamodb.models.DynamoDBBackend
    transact = backend.transact_write_items
    running = threading.local()

    def deepcopy(one: Any) -> Any:
        if not isinstance(one, Table):
            return copy.deepcopy(one)
        if one.name not in running.copies:
            running.copies[one.name] = copy.deepcopy(one)
        return running.copies[one.name]

    def transact_write_items(self: Any, transact_items: Any) -> None:
        running.copies = {}
        transact(self, transact_items)

    patch.setattr(moto.dynamodb.models, "copy", SimpleNamespace(deepcopy=deepcopy))
    patch.setattr(backend, "transact_write_items", transact_write_items)
