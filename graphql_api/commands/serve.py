"""intellpulse serve: the API on this machine, with sample bars and a demo key, and no AWS."""

import argparse
import contextlib
import os
import socket
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import uvicorn

from graphql_api.app import create_app, open_bars
from graphql_api.commands.keys import deeds
from graphql_api.settings import Settings
from market_data.sample import seed

__all__ = ["demo_key", "run"]

QUERY = (
    '{"query": "{ signal(symbol: \\"AAPL\\") '
    '{ ... on Signal { action score explanation { summary } } } }"}'
)


def run(asked: argparse.Namespace, settings: Settings) -> None:
    """Seed what is missing, say where to ask and by which key, and serve until interrupted."""
    settings = replace(settings, threads=True)
    listening = _listen(asked.host, asked.port)
    if settings.bars == "sqlite":  # a table of bars is nobody's sample
        with contextlib.closing(open_bars(settings)) as bars:
            seed(bars)
    app = create_app(settings)
    host, port = listening.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    print(_banner(address, demo_key(settings), here=ip_address(host).is_loopback), flush=True)
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # or else whoever asks could say from where
    )
    server = uvicorn.Server(config)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn has shut down, and passes Ctrl-C on
        server.run(sockets=[listening])


def demo_key(settings: Settings) -> str:
    """The demo key, kept in a file of the data folder that only its owner can read.

    It is the one key that is kept in the clear, so that a second start can print it again; it opens
    nothing but the demo account of this folder.
    """
    path = settings.data / "demo.key"
    kept = path.read_text().strip() if path.exists() else None
    with deeds(settings) as managed:
        secret = managed.ensure_demo(kept)
    if secret != kept:
        _write_secret(path, secret)
    return secret


def _write_secret(path: Path, secret: str) -> None:
    """Write a file that was never, not for a moment, readable by others."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret + "\n")


def _listen(host: str, port: int) -> socket.socket:
    """A socket that holds the address, before anything is said about it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise OSError(
            f"cannot listen on {host}:{port}: {error.strerror}; "
            "another port is chosen with --port, any free one with --port 0"
        ) from error


def _banner(address: str, key: str, *, here: bool) -> str:
    """Where to ask, and by which key; GraphiQL takes one out of a link on this machine alone."""
    link = f"\n  GraphiQL   {address}/#key={key}" if here else ""
    return f"""
IntellPulse is at {address}/ (GraphiQL) and {address}/graphql

  demo key   {key}{link}

  curl -s {address}/graphql -H 'x-api-key: {key}' \\
    -H 'content-type: application/json' \\
    -d '{QUERY}'

Stop with Ctrl-C. Keys, usage and bars are kept for the next start.
"""
