"""The Lambda entry of the API: Function URL events in, answers out."""

import gc

# What is imported stays: looking through it for garbage, again and again as it grows, would cost an
# eighth of the start.
gc.disable()

import asyncio
from typing import TYPE_CHECKING, Final, cast

from mangum import Mangum

from graphql_api.app import open_service, serve
from graphql_api.settings import Settings, variable

if TYPE_CHECKING:
    from mangum.types import ASGI

__all__ = ["handler"]

GIVING_BACK: Final = 300_000  # microseconds, of the 500 ms that Lambda leaves a process at its end

# Mangum runs requests on this thread's loop, which Python makes by itself no more since 3.12.
asyncio.set_event_loop(asyncio.new_event_loop())

settings = Settings.read()
service = open_service(settings)
app = serve(service, settings)

# Built when the environment starts, so that no request pays for it; without a lifespan, which
# Mangum would otherwise run once a request.
handler = Mangum(
    cast("ASGI", app),  # Starlette's name for the same thing
    lifespan="off",
    text_mime_types=[
        "text/",
        "application/json",
        "application/javascript",
        "application/xml",
        "application/graphql-response+json",
        "image/svg+xml",
    ],
)

if (runtime_api := variable("AWS_LAMBDA_RUNTIME_API")) is not None:
    from graphql_api.ending import at_end

    at_end(runtime_api, lambda: service.guard.close(GIVING_BACK))

# And none of it need be looked through when a request leaves garbage behind.
gc.freeze()
gc.enable()
