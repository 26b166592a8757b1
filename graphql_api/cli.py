"""The command line: serving, accounts and keys, bars, sentiment, documents, each on one folder."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from graphql_api import schema
from graphql_api.commands import documents, serve, verify
from graphql_api.commands.account_arguments import add_accounts, add_keys
from graphql_api.commands.data_arguments import add_bars, add_sentiment
from graphql_api.errors import ApiError
from graphql_api.settings import BadSetting, Settings
from market_data.errors import MarketDataError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it was done, 1 when it was refused, with a sentence on stderr."""
    asked = _parser().parse_args(arguments)
    overrides = {"data": asked.data} if getattr(asked, "data", None) else {}
    try:
        status = int(asked.run(asked, Settings.read(**overrides)) or 0)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Whoever reads, as head does, has read enough; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except (ApiError, BadSetting, MarketDataError, OSError) as error:
        print(f"intellpulse: {_said(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("intellpulse: stopped", file=sys.stderr)
        return 130


def _said(error: Exception) -> str:
    """An error in a sentence; one of the system as the file that it is about, and what it is."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"


def _print_schema(_: argparse.Namespace, __: Settings) -> None:
    print(schema.sdl(), end="")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="intellpulse", description="Trading signals that explain themselves, as GraphQL."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    keeps = argparse.ArgumentParser(add_help=False)
    keeps.add_argument(
        "--data", type=Path, metavar="DIR", help="folder of the data (default: .intellpulse)"
    )
    _add_serve(commands, keeps)
    add_keys(commands, keeps)
    add_accounts(commands, keeps)
    add_bars(commands, keeps)
    add_sentiment(commands, keeps)
    _add_documents(commands, keeps)
    _add_verify(commands)
    printing = commands.add_parser("schema", help="print the GraphQL schema")
    printing.set_defaults(run=_print_schema)
    return parser


def _add_serve(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", keeps: argparse.ArgumentParser
) -> None:
    serving = commands.add_parser(
        "serve",
        parents=[keeps],
        help="serve the API on this machine, with sample bars and a demo key",
    )
    serving.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine alone)"
    )
    serving.add_argument(
        "--port", type=_port, default=8000, help="0 for any that is free (default: 8000)"
    )
    serving.set_defaults(run=serve.run)


def _add_documents(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", keeps: argparse.ArgumentParser
) -> None:
    group = commands.add_parser("documents", help="register and list trusted documents")
    parts = group.add_subparsers(required=True, metavar="COMMAND")
    register = parts.add_parser(
        "register", parents=[keeps], help="make documents known by their SHA-256"
    )
    register.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="a document, a manifest in JSON ({name: document} or Apollo's), or a folder of them",
    )
    register.set_defaults(run=documents.register)
    listing = parts.add_parser("list", parents=[keeps], help="the documents that are deployed")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=documents.listing)


def _add_verify(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verifying = commands.add_parser(
        "verify", help="recompute the signals of a saved answer from an export of bars"
    )
    verifying.add_argument("file", type=Path, metavar="FILE", help="the answer's JSON")
    verifying.add_argument(
        "--bars", type=Path, required=True, metavar="FILE", help="what bars export has written"
    )
    verifying.add_argument(
        "--sentiment",
        type=Path,
        metavar="FILE",
        help="what sentiment export has written, for a strategy that hears it",
    )
    verifying.add_argument(
        "--strategy", metavar="NAME", help="that was asked for, where the answer has no ids"
    )
    verifying.add_argument(
        "--set",
        type=_parameter,
        action="append",
        metavar="NAME=VALUE",
        help="a parameter that was given, likewise",
    )
    verifying.set_defaults(run=verify.run)


def _parameter(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} does not read fast=10") from None


def _port(text: str) -> int:
    if not text.isdigit() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; it is a number from 0 to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
