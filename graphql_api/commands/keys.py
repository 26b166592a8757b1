"""intellpulse keys: create, list, rotate and revoke."""

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from graphql_api.app import open_accounts
from graphql_api.commands.printing import print_json
from graphql_api.guard.accounts import Accounts, NewKey
from graphql_api.guard.keys import digest
from graphql_api.schema.scalars import rfc3339
from graphql_api.settings import Settings
from graphql_api.stores import ApiKey, Scope
from market_data.clock import now

__all__ = ["create", "deeds", "listing", "revoke", "rotate"]


@contextmanager
def deeds(settings: Settings) -> Iterator[Accounts]:
    """Account management on the stores of some settings."""
    with closing(open_accounts(settings)[0]) as accounts:
        yield Accounts(accounts, now, settings.environment)


def create(asked: argparse.Namespace, settings: Settings) -> None:
    """A new key, of a new account where none is named; its secret is printed this once."""
    with deeds(settings) as managed:
        terms = (asked.label, asked.scope or [Scope.SIGNALS_READ], asked.expires_at)
        more = {"not_before": asked.not_before, "networks": asked.network}
        if asked.account:
            new = managed.create_key(asked.account, *terms, **more)
        else:
            new = managed.open_account(asked.name, asked.plan, *terms, **more)
    _print_new(new, asked.json)


def rotate(asked: argparse.Namespace, settings: Settings) -> None:
    """A new key in place of an old one, which lives on for a while."""
    with deeds(settings) as managed:
        old = managed.find_key(_id(asked.key))
        new = managed.rotate_key(old.account_id, old.id, asked.grace, asked.expires_at)
    _print_new(new, asked.json)


def listing(asked: argparse.Namespace, settings: Settings) -> None:
    """The keys of an account, without their secrets."""
    with deeds(settings) as managed:
        managed.find_account(asked.account)
        found = managed.list_keys(asked.account)
    if asked.json:
        print_json([shown(key) for key in found])
        return
    for key in found:
        print(f"{key.id}  ...{key.last_four}  {_state(key)}  {key.label}".rstrip())


def revoke(asked: argparse.Namespace, settings: Settings) -> None:
    """Stop a key, named by itself or by its id."""
    with deeds(settings) as managed:
        key = managed.find_key(_id(asked.key))
        revoked = managed.revoke_key(key.account_id, key.id)
    if asked.json:
        print_json(shown(revoked))
        return
    print(f"...{key.last_four} is revoked")


def shown(key: ApiKey) -> dict[str, Any]:
    """What may be shown of a key."""
    return {
        "id": key.id,
        "account": key.account_id,
        "label": key.label,
        "lastFour": key.last_four,
        "scopes": sorted(key.scopes),
        "networks": list(key.networks),
        "createdAt": rfc3339(key.created_at),
        "notBefore": moment(key.not_before),
        "expiresAt": moment(key.expires_at),
        "lastUsedAt": moment(key.last_used_at),
        "revokedAt": moment(key.revoked_at),
        "replaces": key.replaces,
        "replacedBy": key.replaced_by,
    }


def moment(at: int | None) -> str | None:
    """A time as it is printed, where there is one."""
    return None if at is None else rfc3339(at)


def _print_new(new: NewKey, as_json: bool) -> None:
    if as_json:
        print_json({"key": new.secret, "plan": new.account.plan} | shown(new.key))
        return
    print(new.secret)
    print(f"account {new.account.id}, plan {new.account.plan}; the key is not shown again")
    if new.replaced is not None:
        print(f"...{new.replaced.last_four}: {_state(new.replaced)}")


def _id(named: str) -> str:
    """The id of a key that is named by itself or by its id."""
    return digest(named) if named.startswith("ip_") else named


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return f"revoked {rfc3339(key.revoked_at)}"
    if key.expires_at is None:
        return "in force"
    return f"{'expired' if key.expires_at <= now() else 'in force until'} {rfc3339(key.expires_at)}"
