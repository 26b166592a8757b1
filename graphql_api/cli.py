"""The command line: serving, accounts and keys, bars, sentiment, documents, each on one folder."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from engine.types import Interval
from graphql_api import schema
from graphql_api.commands import (
    bars,
    documents,
    fetching,
    quarantine,
    sentiment,
    serve,
    verify,
)
from graphql_api.commands.account_arguments import add_accounts, add_keys
from graphql_api.errors import ApiError
from graphql_api.settings import BadSetting, Settings
from market_data.calendar import CALENDARS
from market_data.errors import MarketDataError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it was done, 1 when it was refused, with a sentence on stderr."""
    asked = _parser().parse_args(arguments)
    overrides = {"data": asked.data} if getattr(asked, "data", None) else {}
    try:
        return int(asked.run(asked, Settings.read(**overrides)) or 0)
    except (ApiError, BadSetting, MarketDataError, OSError) as error:
        print(f"intellpulse: {error}", file=sys.stderr)
        return 1


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
    _add_bars(commands, keeps)
    _add_sentiment(commands, keeps)
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
    serving.add_argument("--host", default="127.0.0.1")
    serving.add_argument("--port", type=_port, default=8000)
    serving.set_defaults(run=serve.run)


def _add_bars(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", keeps: argparse.ArgumentParser
) -> None:
    group = commands.add_parser("bars", help="import and list price bars")
    parts = group.add_subparsers(required=True, metavar="COMMAND")
    bring = parts.add_parser("import", parents=[keeps], help="read bars from a CSV file")
    bring.add_argument("file", type=Path, metavar="FILE")
    bring.add_argument("--symbol", required=True)
    bring.add_argument(
        "--interval", type=_interval, required=True, metavar="INTERVAL", help=", ".join(Interval)
    )
    bring.add_argument("--name", help="of a new symbol, in words")
    bring.add_argument("--tick", type=float, default=0.01, help="of a new symbol: its price's step")
    bring.add_argument("--calendar", choices=list(CALENDARS), help="of a new symbol")
    bring.add_argument("--actions", type=Path, metavar="FILE", help="CSV of splits and dividends")
    bring.set_defaults(run=bars.bring)
    panel = parts.add_parser(
        "panel", parents=[keeps], help="write what a universe has into one object for screeners"
    )
    panel.add_argument("universe", metavar="UNIVERSE")
    panel.add_argument(
        "--session", type=_day, required=True, metavar="DATE", help="after which it is written"
    )
    panel.add_argument("--symbols", nargs="+", metavar="SYMBOL", help="default: all")
    panel.add_argument("--interval", type=_interval, default=Interval.ONE_DAY, metavar="INTERVAL")
    panel.set_defaults(run=bars.panel)
    export = parts.add_parser(
        "export", parents=[keeps], help="everything that is known of a series, as CSV or Parquet"
    )
    export.add_argument("symbol", metavar="SYMBOL")
    export.add_argument(
        "--interval",
        type=_interval,
        default=Interval.ONE_DAY,
        metavar="INTERVAL",
        help=", ".join(Interval),
    )
    export.add_argument(
        "--file", type=Path, help="a name in .parquet, .csv or .csv.gz; else CSV to stdout"
    )
    export.set_defaults(run=bars.export)
    listing = parts.add_parser("list", parents=[keeps], help="the bars that are kept")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=bars.listing)
    _add_fetching(parts, keeps)
    _add_quarantine(parts, keeps)


def _add_fetching(
    parts: "argparse._SubParsersAction[argparse.ArgumentParser]", keeps: argparse.ArgumentParser
) -> None:
    fetch = parts.add_parser("fetch", parents=[keeps], help="bring bars from their source")
    fetch.add_argument("spelling", metavar="SYMBOL", help="as the source spells it: BTCUSDT")
    fetch.add_argument("--source", choices=fetching.REMOTE, required=True)
    fetch.add_argument(
        "--interval", type=_interval, required=True, metavar="INTERVAL", help=", ".join(Interval)
    )
    fetch.add_argument(
        "--since", type=fetching.moment, metavar="DATE", help="else what is missing is fetched"
    )
    fetch.add_argument("--until", type=fetching.moment, metavar="DATE", help="else up to now")
    fetch.add_argument("--symbol", help="of a new symbol: its name here, else the source's")
    fetch.add_argument("--name", help="of a new symbol, in words")
    fetch.add_argument("--tick", type=float, default=0.01, help="of a new symbol: its price's step")
    fetch.add_argument("--calendar", choices=list(CALENDARS), help="of a new symbol")
    fetch.add_argument(
        "--check-with",
        type=fetching.second_source,
        metavar="SOURCE:SYMBOL",
        help="another source, which may contradict jumps",
    )
    fetch.set_defaults(run=fetching.fetch)
    watch = parts.add_parser(
        "watch", parents=[keeps], help="fetch the bars of all that is kept as they close"
    )
    watch.add_argument(
        "--every", type=_seconds, default=60.0, metavar="SECONDS", help="how often to look"
    )
    watch.add_argument("--once", action="store_true", help="look once and stop, as a cron job")
    watch.set_defaults(run=fetching.watch)


def _add_quarantine(
    parts: "argparse._SubParsersAction[argparse.ArgumentParser]", keeps: argparse.ArgumentParser
) -> None:
    listing = parts.add_parser(
        "quarantine", parents=[keeps], help="the rows that sources gave and that were not taken"
    )
    listing.add_argument("--symbol", help="of this symbol alone")
    listing.add_argument("--all", action="store_true", help="those that were decided too")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=quarantine.listing)
    release = parts.add_parser(
        "release", parents=[keeps], help="take a row of the quarantine after all"
    )
    release.add_argument("id", metavar="ID")
    release.set_defaults(run=quarantine.release)
    drop = parts.add_parser("drop", parents=[keeps], help="decide that a row is wrong")
    drop.add_argument("id", metavar="ID")
    drop.set_defaults(run=quarantine.drop)


def _add_sentiment(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", keeps: argparse.ArgumentParser
) -> None:
    group = commands.add_parser("sentiment", help="import, fetch, list and export sentiment")
    parts = group.add_subparsers(required=True, metavar="COMMAND")
    bring = parts.add_parser("import", parents=[keeps], help="read scored values from a CSV file")
    bring.add_argument("file", type=Path, metavar="FILE")
    bring.add_argument("--symbol", required=True)
    bring.add_argument(
        "--headlines",
        action="store_true",
        help="the file holds dated headlines, which are scored by VADER",
    )
    bring.set_defaults(run=sentiment.bring)
    fetch = parts.add_parser(
        "fetch", parents=[keeps], help="the Fear & Greed Index of alternative.me, for crypto"
    )
    fetch.add_argument("--symbol", required=True, help="whose sentiment it is to be: BTC-USD")
    fetch.add_argument(
        "--since", type=fetching.moment, metavar="DATE", help="else what is missing is fetched"
    )
    fetch.set_defaults(run=sentiment.fetch)
    listing = parts.add_parser("list", parents=[keeps], help="the symbols that have sentiment")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=sentiment.listing)
    export = parts.add_parser("export", parents=[keeps], help="every reading of a symbol, as CSV")
    export.add_argument("symbol", metavar="SYMBOL")
    export.set_defaults(run=sentiment.export)


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


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-11-18") from None


def _port(text: str) -> int:
    if not text.isdigit() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; it is a number from 0 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    if not text.isdigit() or not 1 <= int(text) <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 1 to 86400")
    return float(text)


def _interval(text: str) -> Interval:
    try:
        return Interval(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(Interval)}") from None


if __name__ == "__main__":
    sys.exit(main())
