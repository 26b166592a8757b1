"""A warm request through Mangum, ours against Strawberry with the same resolvers as it comes.

The peer is strawberry.asgi.GraphQL under Mangum, with its defaults: it parses, validates and runs
each document anew, and does nothing else. Ours also reads the key, holds the limits, prices the
query, admits it, logs a line and tells costs and rates. On both sides the bars are in SQLite, the
decisions are remembered, and no store is written to: an object in memory grants each admission, but
for the last line of each size, where SQLite writes it.

    python benchmarks/warm_path.py [ROUNDS]
"""

import asyncio
import base64
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import strawberry
from mangum import Mangum
from strawberry.asgi import GraphQL
from strawberry.schema.config import StrawberryConfig

from graphql_api import observability
from graphql_api.app import create_app, open_accounts, open_service, serve
from graphql_api.execution import Service
from graphql_api.guard.accounts import Accounts
from graphql_api.schema.query import Query
from graphql_api.schema.scalars import SCALARS
from graphql_api.settings import Settings
from graphql_api.stores import Charge, Outcome, UsageDay
from market_data.clock import now
from market_data.sample import seed
from market_data.stores import SqliteBarStore

ROUNDS = 60

QUERIES = {
    "small: one signal, 3 values": """
        query Small($symbol: Symbol!) {
          signal(symbol: $symbol) { ... on Signal { action score barTime } } }""",
    "medium: 26 reasons, 8 values each": """
        query Medium($symbol: Symbol!) {
          signal(symbol: $symbol) { __typename ... on Signal { symbol interval action rating
            score barTime close strategy { name title hash }
            provenance { dataVersion final bars stale }
            explanation { summary baseline contributions {
              indicator label group value vote weight contribution reason } } } } }""",
    "large: 500 bars, 8 values each": """
        query Large($symbol: Symbol!) {
          bars(symbol: $symbol) { ... on BarSeries {
            bars(first: 500) { totalCount pageInfo { endCursor hasNextPage } edges { cursor node {
              __typename time open high low close volume } } } } } }""",
}  # fmt: skip


class Granting:
    """A store of usage that admits at once and keeps nothing: what is left is our own work."""

    def grant(self, charge: Charge, *_: int) -> Outcome:
        return Outcome(True, UsageDay(charge.day, None, charge.units, 1))

    busy = idle = new = grant

    def give_back(self, *_: Any) -> None:
        pass


def event(secret: str, query: str) -> dict[str, Any]:
    """A Function URL's event, as Lambda hands it over."""
    body = json.dumps({"query": query, "variables": {"symbol": "IBM"}}).encode()
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/graphql",
        "rawQueryString": "",
        "headers": {
            "host": "abc.lambda-url.eu-central-1.on.aws",
            "content-type": "application/json",
            "accept": "application/json",
            "x-api-key": secret,
        },
        "requestContext": {
            "http": {
                "method": "POST",
                "path": "/graphql",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "benchmark",
            },
            "requestId": "2bd3a7f4-5d34-4f3c-9f0e-3c1c3a1f2b11",
            "stage": "$default",
            "timeEpoch": 1795003200000,
        },
        "isBase64Encoded": True,
        "body": base64.b64encode(body).decode(),
    }


class Peer(GraphQL[Any, Any]):
    """Strawberry's own view, given the context that our resolvers need and nothing more.

    The caller is known and admitted once and for all; what a request loads it loads anew, as ours.
    """

    def __init__(self, service: Service, secret: str) -> None:
        super().__init__(strawberry.Schema(Query, config=StrawberryConfig(scalar_map=SCALARS)))
        self._service, self._reach = service, service.guard.reach()
        self._caller = service.guard.authenticate({"x-api-key": secret}, self._reach)
        self._admission = service.guard.admit(self._caller, 0, self._reach)

    async def get_context(self, *_: Any, **__: Any) -> Any:
        return self._service.context(self._caller, self._admission, self._reach)


def answered(handler: Any, asked: dict[str, Any]) -> Any:
    answer = handler(asked, None)
    text = answer["body"]
    body = json.loads(base64.b64decode(text) if answer["isBase64Encoded"] else text)
    assert answer["statusCode"] == 200, body
    assert "errors" not in body, body
    return body["data"]


def timed(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of processor time of each call, in turns, so that a noise meets all of them."""
    kept: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 5):
        gc.collect()
        for name, call in list(calls.items())[:: 1 if turn % 2 else -1]:
            began = time.process_time()
            for _ in range(5):
                call()
            if turn >= 5:
                kept[name].append((time.process_time() - began) * 1e3 / 5)
    return kept


def main(rounds: int) -> None:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        # Lines are written as in Lambda, to be thrown away.
        with redirect_stdout(nowhere):
            observability.configure()
        compare(rounds)


def compare(rounds: int) -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())
    folder = Path(tempfile.mkdtemp())
    bars = SqliteBarStore(folder / "bars.sqlite")
    seed(bars)
    settings = Settings(data=folder)
    accounts, _ = open_accounts(settings)
    secret = Accounts(accounts, now).open_account("Benchmark", "ENTERPRISE").secret
    service = open_service(settings, usage=Granting())
    ours = Mangum(serve(service, settings), lifespan="off")
    written = Mangum(create_app(settings), lifespan="off")
    peer = Mangum(Peer(service, secret), lifespan="off")
    print(f"milliseconds of processor time, median (quartiles) of {rounds} x 5")
    for size, query in QUERIES.items():
        asked = event(secret, query)
        told = answered(ours, asked)
        assert told == answered(peer, asked) == answered(written, asked)
        kept = timed(
            {
                "Strawberry + Mangum": partial(peer, asked, None),
                "ours": partial(ours, asked, None),
                "ours, admitted by SQLite": partial(written, asked, None),
            },
            rounds,
        )
        least = median(kept["Strawberry + Mangum"])
        print(f"\n{size}, {len(json.dumps(told)):,} characters")
        for name, times in kept.items():
            low, _, high = quantiles(times, n=4)
            middle = median(times)
            spread = f"({low:.3f} - {high:.3f})"
            print(f"  {name:26}{middle:9.3f} {spread:22}{least / middle:6.1f} times as fast")
    service.close()
    accounts.close()
    bars.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
