"""The whole put together in one place: settings, stores, guard, schema, and the app over them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from graphql_api import observability, schema
from graphql_api.errors import BadRequest
from graphql_api.execution import Service
from graphql_api.guard.admit import Guard
from graphql_api.http import graphiql
from graphql_api.http.health import health
from graphql_api.http.media import JSON
from graphql_api.http.scalars import scalars
from graphql_api.http.view import GraphQLView, respond
from graphql_api.schema.errors import refusal
from graphql_api.settings import Settings, variable
from graphql_api.stores.protocols import AccountStore, UsageStore
from graphql_api.trusted import Trusted
from market_data.calendar import SECOND
from market_data.clock import Clock, now
from market_data.quarantine import QuarantineStore
from market_data.stores import BarStore, ReadingStore, SqliteBarStore, SqliteReadingStore
from market_data.stores.deliveries import Deliveries, SqliteDeliveries
from market_data.stores.sqlite_quarantine import SqliteQuarantine

if TYPE_CHECKING:
    from graphql_api.guard.tokens import Tokens
    from market_data.sources.turns import TurnStore

__all__ = [
    "create_app",
    "documents_file",
    "open_accounts",
    "open_bars",
    "open_deliveries",
    "open_quarantine",
    "open_readings",
    "open_service",
    "open_tokens",
    "open_turns",
    "serve",
]

EXPOSED = ["RateLimit", "RateLimit-Policy", "Retry-After", "ETag", "x-request-id"]
SENT = ["content-type", "x-api-key", "authorization", "if-none-match", "x-request-id", "x-dry-run"]
# What clients and tracers of web pages send by themselves: it is not looked at, but refused in a
# preflight it would keep a page from asking at all.
SENT_BESIDE = [
    "apollo-require-preflight",
    "apollographql-client-name",
    "apollographql-client-version",
    "baggage",
    "sentry-trace",
    "traceparent",
    "tracestate",
    "x-apollo-operation-name",
]


def create_app(settings: Settings, clock: Clock = now) -> ASGIApp:
    """The app that serves the API."""
    return serve(open_service(settings, clock), settings, clock)


def open_service(
    settings: Settings, clock: Clock = now, usage: UsageStore | None = None
) -> Service:
    """What answers queries, over its stores.

    Parameters
    ----------
    usage : UsageStore, optional
        Counts requests and units, in place of the store of accounts.
    """
    accounts, counted = open_accounts(settings)
    guard = Guard(
        accounts,
        counted if usage is None else usage,
        clock=clock,
        environment=settings.environment,
        tokens=open_tokens(settings, clock),
    )
    return Service(
        schema=schema.core_schema(),
        prices=schema.prices(),
        access=schema.access(),
        guard=guard,
        bars=open_bars(settings, clock),
        readings=open_readings(settings, clock),
        quarantine=open_quarantine(settings),
        clock=clock,
        licensed=settings.licensed_sources,
        trusted=Trusted(
            documents_file(settings),
            registers=settings.persisted_queries,
            store=accounts,
            clock=clock,
        ),
        store=accounts,
    )


def serve(service: Service, settings: Settings, clock: Clock = now) -> ASGIApp:
    """The app around a service.

    CORS stands outside of everything that can refuse or fail, so that every answer carries its
    headers; the log outside of CORS, so that every answer has its line.
    """
    observability.configure()
    view = GraphQLView(service, max_body_bytes=settings.max_body_bytes, threads=settings.threads)
    routes: list[BaseRoute] = [
        Route("/graphql", view),
        Route("/health", health),
        Route("/scalars", scalars),
    ]
    if settings.graphiql:
        routes += [Route("/", graphiql.page), *graphiql.routes()]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        """A server that stops gives back what it leased, and closes its files."""
        yield
        service.close()

    starlette = Starlette(
        routes=routes, exception_handlers={HTTPException: _http_error}, lifespan=lifespan
    )
    # A redirect would name the host that we were called by, which behind a CDN is not its own.
    starlette.router.redirect_slashes = False
    app: ASGIApp = starlette
    app = CORSMiddleware(
        app,
        allow_origins=settings.allowed_origins,
        allow_methods=["GET", "POST"],
        allow_headers=SENT + SENT_BESIDE,
        expose_headers=EXPOSED,
        max_age=600,
    )
    if settings.origin_secret:
        app = _behind_cdn(app, settings, clock)
    return observability.RequestLog(app)


def open_bars(settings: Settings, clock: Clock = now) -> BarStore:
    """The store of bars: a table and a bucket, a file that is only read, or one of the folder."""
    held = settings.bars_held_megabytes * 1024 * 1024
    fresh_for = settings.bars_fresh_seconds * SECOND
    if settings.bars == "dynamodb":
        from market_data.stores.dynamodb import DynamoDBBarStore, connect, connect_s3

        return DynamoDBBarStore(
            connect(),
            connect_s3,
            settings.bars_table,
            settings.bars_bucket,
            clock,
            held=held,
            fresh_for=fresh_for,
        )
    sealed = settings.bars_file
    return SqliteBarStore(
        sealed or _folder(settings.data) / "bars.sqlite",
        clock,
        held=held,
        fresh_for=fresh_for,
        read_only=sealed is not None,
    )


def open_readings(settings: Settings, clock: Clock = now) -> ReadingStore:
    """The store of sentiment: beside the bars on AWS, or a file that the first commit makes."""
    fresh_for = settings.bars_fresh_seconds * SECOND
    if settings.bars == "dynamodb":
        from market_data.stores.dynamodb import DynamoDBReadingStore, connect

        return DynamoDBReadingStore(connect, settings.bars_table, clock, fresh_for=fresh_for)
    return SqliteReadingStore(settings.data / "sentiment.sqlite", clock, fresh_for=fresh_for)


def open_quarantine(settings: Settings) -> QuarantineStore:
    """Where rows are held that were not taken: beside the bars, or a file made for the first."""
    if settings.bars == "dynamodb":
        from market_data.stores.dynamodb import DynamoDBQuarantine, connect

        return DynamoDBQuarantine(connect, settings.bars_table)
    return SqliteQuarantine(settings.data / "quarantine.sqlite")


def open_deliveries(settings: Settings, clock: Clock = now) -> Deliveries:
    """What came last of each source: beside the bars, or a file made for the first delivery."""
    if settings.bars == "dynamodb":
        from market_data.stores.dynamodb import DynamoDBDeliveries, connect

        return DynamoDBDeliveries(connect, settings.bars_table, clock)
    return SqliteDeliveries(settings.data / "deliveries.sqlite", clock)


def open_turns(settings: Settings) -> "TurnStore | None":
    """Where sources' limits are kept together with other processes: beside the bars on AWS."""
    if settings.bars == "dynamodb":
        from market_data.stores.dynamodb import DynamoDBTurns, connect

        return DynamoDBTurns(connect, settings.bars_table)
    return None


def open_accounts(settings: Settings) -> tuple[AccountStore, UsageStore]:
    """The store of accounts and the store of usage, which are one."""
    if settings.store == "dynamodb":
        from graphql_api.stores.dynamodb import DynamoDBStore, connect

        remote = DynamoDBStore(connect(), settings.accounts_table)
        return remote, remote
    from graphql_api.stores.sqlite import SqliteStore

    local = SqliteStore(_folder(settings.data) / "accounts.sqlite")
    return local, local


def open_tokens(settings: Settings, clock: Clock = now) -> "Tokens | None":
    """What verifies tokens, where an issuer is set; cryptography is not loaded for less."""
    if not settings.token_issuer:
        return None
    from graphql_api.guard.jwks import IssuerKeys
    from graphql_api.guard.tokens import Rules, Tokens

    rules = Rules(
        issuer=settings.token_issuer,
        audiences=settings.token_audience,
        account_claim=settings.token_account_claim,
        scope_claims=settings.token_scope_claims,
        scope_prefix=settings.token_scope_prefix,
    )
    return Tokens(rules, IssuerKeys(settings.jwks_url, clock), clock)


def _behind_cdn(app: ASGIApp, settings: Settings, clock: Clock) -> ASGIApp:
    """The app for nobody but our own CDN: outside of all but the log."""
    from graphql_api.guard.secrets import Secret
    from graphql_api.http.origin import BehindCdn

    return BehindCdn(
        app,
        Secret(settings.origin_secret, clock, variable),
        viewer_header=settings.viewer_address_header,
        threads=settings.threads,
    )


def documents_file(settings: Settings) -> Path:
    """Where the documents are that were deployed; there may be none."""
    return settings.documents_file or settings.data / "documents.json"


def _folder(data: Path) -> Path:
    """The data folder, for its owner alone: it holds the demo key."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return data


async def _http_error(_: Request, error: Exception) -> Response:
    """What Starlette itself refuses, in the one shape that errors have."""
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for no other
    refused = BadRequest(f"{error.detail}: the API is at /graphql.")
    return respond(refusal(refused), JSON, error.status_code, error.headers or {})
