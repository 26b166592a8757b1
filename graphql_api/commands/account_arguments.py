"""What the commands keys and accounts take."""

import argparse
from typing import Any

from graphql_api.commands import accounts, keys
from graphql_api.guard.key_deeds import GRACE
from graphql_api.guard.plans import PLANS
from graphql_api.schema.scalars import micros
from graphql_api.stores import Scope

__all__ = ["Commands", "add_accounts", "add_keys"]

Commands = Any  # argparse keeps the name of its own type to itself


def add_keys(commands: Commands, keeps: argparse.ArgumentParser) -> None:
    """Intellpulse keys"""  # noqa: D400  # a command
    group = commands.add_parser("keys", help="create, list, rotate and revoke API keys")
    parts = group.add_subparsers(required=True, metavar="COMMAND")
    create = parts.add_parser("create", parents=[keeps], help="create a key; it is shown once")
    create.add_argument("--plan", choices=list(PLANS), default="BASIC", help="of a new account")
    create.add_argument("--account", metavar="ID", help="an existing account, instead of a new one")
    create.add_argument("--name", default="Account", help="of a new account")
    create.add_argument("--label", default="", help="what the key is for")
    create.add_argument(
        "--scope",
        action="append",
        type=_scope,
        metavar="SCOPE",
        help=f"{', '.join(Scope)}; may be repeated (default: signals:read)",
    )
    create.add_argument("--not-before", type=_moment, metavar="TIME", help="from when it is taken")
    _add_end(create)
    create.add_argument(
        "--network",
        action="append",
        default=[],
        metavar="CIDR",
        help="a block of addresses from which alone it is taken; may be repeated",
    )
    _add_json(create, keys.create)
    listing = parts.add_parser("list", parents=[keeps], help="the keys of an account")
    listing.add_argument("account", metavar="ACCOUNT")
    _add_json(listing, keys.listing)
    rotate = parts.add_parser(
        "rotate", parents=[keeps], help="create a key in place of another, which lives on a while"
    )
    rotate.add_argument("key", metavar="KEY", help="its id, or the key itself")
    rotate.add_argument(
        "--grace",
        type=int,
        default=GRACE,
        metavar="SECONDS",
        help=f"how long the old key goes on working; 0 revokes it (default: {GRACE})",
    )
    _add_end(rotate)
    _add_json(rotate, keys.rotate)
    revoke = parts.add_parser("revoke", parents=[keeps], help="make a key worthless")
    revoke.add_argument("key", metavar="KEY", help="its id, or the key itself")
    _add_json(revoke, keys.revoke)


def add_accounts(commands: Commands, keeps: argparse.ArgumentParser) -> None:
    """Intellpulse accounts"""  # noqa: D400  # a command
    group = commands.add_parser("accounts", help="create, list and move accounts; what was done")
    parts = group.add_subparsers(required=True, metavar="COMMAND")
    create = parts.add_parser("create", parents=[keeps], help="create an account without a key")
    create.add_argument("--name", required=True)
    create.add_argument("--plan", choices=list(PLANS), default="BASIC")
    _add_limits(create)
    _add_json(create, accounts.create)
    listing = parts.add_parser("list", parents=[keeps], help="all accounts")
    _add_json(listing, accounts.listing)
    show = parts.add_parser("show", parents=[keeps], help="an account with its limits and keys")
    show.add_argument("account", metavar="ACCOUNT")
    _add_json(show, accounts.show)
    move = parts.add_parser(
        "set-plan", parents=[keeps], help="another plan; limits that are not given are the plan's"
    )
    move.add_argument("account", metavar="ACCOUNT")
    move.add_argument("plan", choices=list(PLANS), metavar="PLAN", help=", ".join(PLANS))
    _add_limits(move)
    _add_json(move, accounts.set_plan)
    limits = parts.add_parser(
        "limits", parents=[keeps], help="limits of its own; those that are not given are the plan's"
    )
    limits.add_argument("account", metavar="ACCOUNT")
    _add_limits(limits)
    _add_json(limits, accounts.limits)
    audit = parts.add_parser("audit", parents=[keeps], help="what was done, newest first")
    audit.add_argument("account", metavar="ACCOUNT")
    audit.add_argument("--limit", type=_count, default=50, metavar="N", help="how many entries")
    _add_json(audit, accounts.audit)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--per-second", type=int, metavar="N", help="requests a second")
    parser.add_argument("--burst", type=int, metavar="N", help="requests at once, after a rest")
    parser.add_argument("--units-per-day", type=int, metavar="N")
    parser.add_argument("--single-query", type=int, metavar="N", help="units of one query")


def _add_end(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--expires-at", type=_moment, metavar="TIME", help="when it ends, as 2027-01-31T00:00:00Z"
    )


def _add_json(parser: argparse.ArgumentParser, run: Any) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def _scope(text: str) -> Scope:
    try:
        return Scope(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(Scope)}") from None


def _moment(text: str) -> int:
    try:
        return micros(text)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; write 2027-01-31T00:00:00Z"
        ) from None


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 10000")
    return int(text)
