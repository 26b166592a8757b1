"""The Lambda entry of the API: Function URL events in, answers out."""

import gc

# What is imported stays: looking through it for garbage, again and again as it grows, would cost an
# eighth of the start.
gc.disable()

import asyncio
from typing import TYPE_CHECKING, cast

from mangum import Mangum

from graphql_api.app import create_app
from graphql_api.settings import Settings

if TYPE_CHECKING:
    from mangum.types import ASGI

__all__ = ["handler"]

# Mangum runs requests on this thread's loop, which Python makes by itself no more since 3.12.
asyncio.set_event_loop(asyncio.new_event_loop())

# Built when the environment starts, so that no request pays for it; without a lifespan, which
# Mangum would otherwise run once a request.
handler = Mangum(
    cast("ASGI", create_app(Settings.read())),  # Starlette's name for the same thing
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

# And none of it need be looked through when a request leaves garbage behind.
gc.freeze()
gc.enable()
