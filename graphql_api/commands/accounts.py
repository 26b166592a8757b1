"""intellpulse accounts: create, list, show, set-plan, limits and audit."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, Final, TypeVar

from graphql_api.commands.keys import deeds
from graphql_api.commands.keys import shown as shown_key
from graphql_api.commands.printing import print_json
from graphql_api.guard.plans import plan_of
from graphql_api.schema.scalars import rfc3339
from graphql_api.settings import Settings
from graphql_api.stores import Account, AuditEntry, Overrides, Slice

__all__ = ["audit", "create", "limits", "listing", "set_plan", "show"]

PAGE: Final = 100
LIMITS: Final = {
    "per_second": "perSecond",
    "burst": "burst",
    "units_per_day": "unitsPerDay",
    "single_query": "singleQuery",
}

Kept = TypeVar("Kept", Account, AuditEntry)


def create(asked: argparse.Namespace, settings: Settings) -> None:
    """A new account, without a key."""
    with deeds(settings) as managed:
        account = managed.create_account(asked.name, asked.plan, _overrides(asked))
    _print(account, asked.json)


def listing(asked: argparse.Namespace, settings: Settings) -> None:
    """All accounts, in order of their making."""
    with deeds(settings) as managed:
        found = list(_all(managed.list_accounts))
    if asked.json:
        print_json([shown(account) for account in found])
        return
    for account in found:
        print(_line(account))


def show(asked: argparse.Namespace, settings: Settings) -> None:
    """One account with its keys."""
    with deeds(settings) as managed:
        account = managed.find_account(asked.account)
        keys = managed.list_keys(asked.account)
    if asked.json:
        print_json(shown(account) | {"keys": [shown_key(key) for key in keys]})
        return
    print(_line(account))
    for name, value in shown(account)["limits"].items():
        own = "  its own" if shown(account)["overrides"][name] is not None else ""
        print(f"  {name:12} {value:,}{own}")
    print(f"  keys         {len(keys)}")


def set_plan(asked: argparse.Namespace, settings: Settings) -> None:
    """Another plan, with limits of the account's own in it or none."""
    with deeds(settings) as managed:
        account = managed.set_plan(asked.account, asked.plan, _overrides(asked))
    _print(account, asked.json)


def limits(asked: argparse.Namespace, settings: Settings) -> None:
    """Limits of the account's own, in place of those it had, in the plan that it has."""
    with deeds(settings) as managed:
        account = managed.set_plan(asked.account, None, _overrides(asked))
    _print(account, asked.json)


def audit(asked: argparse.Namespace, settings: Settings) -> None:
    """What was done to an account, newest first."""
    with deeds(settings) as managed:
        managed.find_account(asked.account)
        found = managed.audit_log(asked.account, Slice(asked.limit))
    if asked.json:
        print_json(
            [
                {
                    "id": entry.id,
                    "at": rfc3339(entry.at),
                    "actor": entry.actor,
                    "action": entry.action,
                    "details": dict(entry.details),
                }
                for entry in found
            ]
        )
        return
    for entry in found:
        details = "  ".join(f"{name}={value}" for name, value in entry.details.items() if value)
        print(f"{rfc3339(entry.at)}  {entry.action}  by {entry.actor}  {details}".rstrip())


def shown(account: Account) -> dict[str, Any]:
    """What may be shown of an account."""
    plan = plan_of(account)
    overrides = asdict(account.overrides)
    return {
        "id": account.id,
        "name": account.name,
        "plan": account.plan,
        "createdAt": rfc3339(account.created_at),
        "limits": {shown: getattr(plan, name, None) for name, shown in LIMITS.items()},
        "overrides": {shown: overrides[name] for name, shown in LIMITS.items()},
    }


def _all(load: Callable[[Slice], list[Kept]]) -> Iterator[Kept]:
    after: str | None = None
    while found := load(Slice(PAGE, after)):
        yield from found
        after = found[-1].id


def _overrides(asked: argparse.Namespace) -> Overrides:
    return Overrides(**{name: getattr(asked, name) for name in LIMITS})


def _print(account: Account, as_json: bool) -> None:
    if as_json:
        print_json(shown(account))
    else:
        print(_line(account))


def _line(account: Account) -> str:
    own = ", ".join(
        f"{name.replace('_', ' ')} {value:,}"
        for name, value in asdict(account.overrides).items()
        if value is not None
    )
    limited = f" with {own}" if own else ""
    return f"{account.id}  {account.plan}{limited}  {account.name}"
