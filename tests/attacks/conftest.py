"""The app as an attacker meets it, with a key and without."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from graphql_api.app import create_app, open_accounts
from graphql_api.guard.accounts import Accounts
from graphql_api.settings import Settings
from market_data.clock import now

Send = Callable[..., Any]


@pytest.fixture(scope="session")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, str]]:
    """The running app and a key of the largest plan, so that nothing is refused for its rate."""
    folder: Path = tmp_path_factory.mktemp("attacked")
    settings = Settings(data=folder)
    with closing(open_accounts(settings)[0]) as accounts:
        secret = Accounts(accounts, now).open_account("Attacker", "ENTERPRISE").secret
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client, secret


@pytest.fixture(scope="session")
def send(door: tuple[TestClient, str]) -> Send:
    """Sends a body of JSON with the key, or whatever else is asked for."""
    client, secret = door

    def post(body: Any, *, key: bool = True, **headers: str) -> Any:
        sent = {"content-type": "application/json"} | ({"x-api-key": secret} if key else {})
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post("/graphql", content=content, headers=sent | headers)

    return post


@pytest.fixture(scope="session")
def ask(send: Send) -> Send:
    """Sends a query with the key."""
    return lambda query, **more: send({"query": query}, **more)
