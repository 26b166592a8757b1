"""One request end to end, by each of the two ways in: the HTTP server and the Lambda handler."""

import asyncio
import base64
import importlib
import json
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import boto3
import pytest
from starlette.testclient import TestClient

from graphql_api.app import create_app, open_accounts
from graphql_api.guard import keys, reach
from graphql_api.guard.accounts import Accounts, ulid
from graphql_api.guard.limits import SECOND
from graphql_api.settings import Settings
from graphql_api.stores import AuditEntry
from graphql_api.stores.dynamodb import TABLE
from market_data.clock import now
from tests.aws import in_memory


@dataclass(frozen=True)
class Reply:
    """An answer, whichever way it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the first error."""
        return self.json["errors"][0]["extensions"]["code"]


class Way(Protocol):
    """A way into the API."""

    deeds: Accounts  # what the command line would do to its accounts
    clock: Callable[[], int]

    def send(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply: ...


class HttpWay:
    def __init__(self, settings: Settings, clock: Callable[[], int]) -> None:
        self.clock = clock
        self.accounts = open_accounts(settings)[0]
        self.deeds = Accounts(self.accounts, clock)
        self.client = TestClient(create_app(settings, clock), raise_server_exceptions=False)

    def send(self, method, path, headers=None, body=None):
        answer = self.client.request(
            method, path, headers=headers or {}, content=body, follow_redirects=False
        )
        return Reply(answer.status_code, dict(answer.headers), answer.content)


class LambdaWay:
    """The handler of the deployed function, called with Function URL events (payload 2.0)."""

    invocation: Any = None  # what Lambda says of an invocation

    def __init__(self, settings: Settings) -> None:
        self.clock = now
        self.deeds = Accounts(open_accounts(settings)[0], now)
        sys.modules.pop("graphql_api.handler", None)
        self._handler = importlib.import_module("graphql_api.handler").handler

    def send(self, method, path, headers=None, body=None):
        raw_path, _, query = path.partition("?")
        event = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": raw_path,
            "rawQueryString": query,
            "headers": {"host": "abc.lambda-url.eu-central-1.on.aws"}
            | {name.lower(): value for name, value in (headers or {}).items()},
            "queryStringParameters": dict(urllib.parse.parse_qsl(query)),
            "requestContext": {
                "accountId": "anonymous",
                "apiId": "abc",
                "domainName": "abc.lambda-url.eu-central-1.on.aws",
                "domainPrefix": "abc",
                "http": {
                    "method": method,
                    "path": raw_path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.1",
                    "userAgent": "journey",
                },
                "requestId": "2bd3a7f4-5d34-4f3c-9f0e-3c1c3a1f2b11",
                "routeKey": "$default",
                "stage": "$default",
                "time": "18/Nov/2026:12:00:00 +0000",
                "timeEpoch": 1795003200000,
            },
            "isBase64Encoded": True,
            "body": base64.b64encode(body or b"").decode(),
        }
        answer = self._handler(event, self.invocation)
        content = answer["body"].encode()
        if answer["isBase64Encoded"]:
            content = base64.b64decode(content)
        return Reply(answer["statusCode"], answer["headers"], content)


@pytest.fixture(scope="module")
def more_settings() -> dict[str, str]:
    """Variables of the environment that a module of tests adds, by a fixture of this name."""
    return {}


@pytest.fixture
def http(data: Path, clock: Callable[[], int], more_settings: dict[str, str]) -> Iterator[HttpWay]:
    """The app as `intellpulse serve` runs it, on SQLite, with a clock set by hand."""
    way = HttpWay(Settings.read(more_settings, data=data, threads=True), clock)
    with way.client, closing(way.accounts):
        yield way


@pytest.fixture(scope="module")
def lambda_(sample_bars: Path, more_settings: dict[str, str]) -> Iterator[LambdaWay]:
    """The deployed handler, with accounts in DynamoDB and bars in a file that is only read.

    One for a module, as an environment lives for many requests; each test makes its own account.
    """
    environ = {
        "INTELLPULSE_STORE": "dynamodb",
        "INTELLPULSE_ACCOUNTS_TABLE": "accounts",
        "INTELLPULSE_BARS_FILE": str(sample_bars),
    }
    with in_memory() as patch:
        for name, value in (environ | more_settings).items():
            patch.setenv(name, value)
        # moto answers in this process, a hundred times slower than DynamoDB on a busy machine; what
        # slowness does to a request is tested where it is made by hand.
        patch.setattr(reach, "PATIENCE", 60 * SECOND)
        client = boto3.client("dynamodb")
        client.create_table(TableName="accounts", **TABLE)
        client.close()
        yield LambdaWay(Settings.read())
        asyncio.get_event_loop().close()
        asyncio.set_event_loop(None)


@pytest.fixture(params=["http", "lambda_"])
def way(request: pytest.FixtureRequest) -> Way:
    """Each way in."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def new_key() -> Callable[..., str]:
    """Makes an account with a key on the store of a way in."""

    def make(way: Way, plan: str = "BASIC", **more: Any) -> str:
        return way.deeds.open_account("Journey", plan, **more).secret

    return make


@pytest.fixture
def bound_key() -> Callable[..., str]:
    """Makes a key that is bound to networks, on the store of a way in."""

    def make(way: Way, *networks: str) -> str:
        return bind_key(way.deeds, networks)

    return make


def bind_key(deeds: Accounts, networks: tuple[str, ...]) -> str:
    made = deeds.open_account("Bound", "BASIC")
    secret = keys.mint("live")
    key = replace(made.key, id=keys.digest(secret), networks=networks)
    entry = AuditEntry(ulid(0), made.account.id, 0, "cli", "key.created")
    assert deeds._store.create_key(key, entry)
    return secret


@pytest.fixture
def served_key(server: Any) -> Iterator[Callable[..., str]]:
    """Makes a key that is bound to networks, on the store of the running server."""
    store = open_accounts(Settings(data=server.data))[0]
    with closing(store):
        yield lambda *networks: bind_key(Accounts(store, now), networks)


@pytest.fixture
def ask(new_key: Callable[..., str]) -> Callable[..., Reply]:
    """Sends a query by POST, with a new key where none is given."""

    def send(way: Way, query: str, key: str | None = None, **variables: Any) -> Reply:
        return way.send(
            "POST",
            "/graphql",
            {"x-api-key": key or new_key(way), "content-type": "application/json"},
            json.dumps({"query": query, "variables": variables}).encode(),
        )

    return send
