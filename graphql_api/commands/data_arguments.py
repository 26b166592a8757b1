"""What the commands bars and sentiment take."""

import argparse
from datetime import date
from pathlib import Path

from engine.types import Interval
from graphql_api.commands import bars, fetching, quarantine, sentiment
from graphql_api.commands.account_arguments import Commands
from market_data.calendar import CALENDARS

__all__ = ["add_bars", "add_sentiment"]


def add_bars(commands: Commands, keeps: argparse.ArgumentParser) -> None:
    """Intellpulse bars"""  # noqa: D400  # a command
    group = commands.add_parser("bars", help="import and list price bars")
    parts = group.add_subparsers(required=True, metavar="COMMAND")
    bring = parts.add_parser(
        "import", parents=[keeps], help="read bars from a file of CSV or Parquet"
    )
    bring.add_argument("file", type=Path, metavar="FILE")
    bring.add_argument("--symbol", required=True)
    _add_interval(bring)
    _add_profile(bring)
    bring.add_argument("--actions", type=Path, metavar="FILE", help="CSV of splits and dividends")
    bring.add_argument(
        "--quarantine",
        action="store_true",
        help="hold each bad row for a decision, keep the others; else one refuses the whole file",
    )
    bring.set_defaults(run=bars.bring)
    acts = parts.add_parser(
        "actions", parents=[keeps], help="read splits and dividends of a symbol that is kept"
    )
    acts.add_argument("file", type=Path, metavar="FILE", help="CSV of date,kind,value")
    acts.add_argument("--symbol", required=True)
    acts.set_defaults(run=bars.actions)
    export = parts.add_parser(
        "export", parents=[keeps], help="everything that is known of a series, as CSV or Parquet"
    )
    export.add_argument("symbol", metavar="SYMBOL")
    _add_interval(export, Interval.ONE_DAY)
    export.add_argument(
        "--file", type=_export, help="a name in .parquet, .csv or .csv.gz; else CSV to stdout"
    )
    export.set_defaults(run=bars.export)
    listing = parts.add_parser("list", parents=[keeps], help="the bars that are kept")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=bars.listing)
    _add_storage(parts, keeps)
    _add_fetching(parts, keeps)
    _add_quarantine(parts, keeps)


def _add_storage(parts: Commands, keeps: argparse.ArgumentParser) -> None:
    panel = parts.add_parser(
        "panel", parents=[keeps], help="write what a universe has into one object for screeners"
    )
    panel.add_argument("universe", metavar="UNIVERSE")
    panel.add_argument(
        "--session", type=_day, required=True, metavar="DATE", help="after which it is written"
    )
    panel.add_argument("--symbols", nargs="+", metavar="SYMBOL", help="default: all")
    _add_interval(panel, Interval.ONE_DAY)
    panel.set_defaults(run=bars.panel)
    sweeping = parts.add_parser(
        "sweep", parents=[keeps], help="find what commits that died on their way have left"
    )
    sweeping.add_argument(
        "--apply", action="store_true", help="let go of it; without, nothing is changed"
    )
    sweeping.set_defaults(run=bars.sweep)


def _add_fetching(parts: Commands, keeps: argparse.ArgumentParser) -> None:
    fetch = parts.add_parser("fetch", parents=[keeps], help="bring bars from their source")
    fetch.add_argument("spelling", metavar="SYMBOL", help="as the source spells it: BTCUSDT")
    fetch.add_argument("--source", choices=fetching.REMOTE, required=True)
    _add_interval(fetch)
    fetch.add_argument(
        "--since", type=fetching.moment, metavar="DATE", help="else what is missing is fetched"
    )
    fetch.add_argument("--until", type=fetching.moment, metavar="DATE", help="else up to now")
    fetch.add_argument("--symbol", help="of a new symbol: its name here, else the source's")
    _add_profile(fetch)
    fetch.add_argument(
        "--check-with",
        type=fetching.second_source,
        metavar="SOURCE:SYMBOL",
        help="another source, which may contradict or confirm jumps",
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


def _add_quarantine(parts: Commands, keeps: argparse.ArgumentParser) -> None:
    listing = parts.add_parser(
        "quarantine", parents=[keeps], help="the rows that sources gave and that were not taken"
    )
    listing.add_argument("--symbol", help="of this symbol alone")
    listing.add_argument("--all", action="store_true", help="those that were decided too")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=quarantine.listing)
    release = parts.add_parser(
        "release", parents=[keeps], help="take rows of the quarantine after all"
    )
    release.add_argument("ids", nargs="+", metavar="ID")
    release.set_defaults(run=quarantine.release)
    drop = parts.add_parser("drop", parents=[keeps], help="decide that rows are wrong")
    drop.add_argument("ids", nargs="+", metavar="ID")
    drop.set_defaults(run=quarantine.drop)


def _add_interval(parser: argparse.ArgumentParser, default: Interval | None = None) -> None:
    """The interval of the bars, required where none is meant by itself."""
    parser.add_argument(
        "--interval",
        type=_interval,
        default=default,
        required=default is None,
        metavar="INTERVAL",
        help=", ".join(Interval),
    )


def _add_profile(parser: argparse.ArgumentParser) -> None:
    """What is said of a symbol with its first bars."""
    parser.add_argument("--name", help="of a new symbol, in words")
    parser.add_argument(
        "--tick", type=float, default=0.01, help="of a new symbol: its price's step"
    )
    parser.add_argument("--calendar", choices=list(CALENDARS), help="of a new symbol")


def add_sentiment(commands: Commands, keeps: argparse.ArgumentParser) -> None:
    """Intellpulse sentiment"""  # noqa: D400  # a command
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


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-11-18") from None


def _export(text: str) -> Path:
    if not text.endswith((".parquet", ".csv", ".csv.gz")):
        raise argparse.ArgumentTypeError(f"{text!r} ends in none of .parquet, .csv and .csv.gz")
    return Path(text)


def _seconds(text: str) -> float:
    if not text.isdigit() or not 1 <= int(text) <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 1 to 86400")
    return float(text)


def _interval(text: str) -> Interval:
    try:
        return Interval(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(Interval)}") from None
