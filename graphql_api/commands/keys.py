"""intellpulse keys: create, list and revoke."""

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import orjson

from graphql_api.app import open_accounts
from graphql_api.guard.accounts import Accounts
from graphql_api.guard.keys import digest
from graphql_api.schema.scalars import rfc3339
from graphql_api.settings import Settings
from graphql_api.stores import ApiKey
from market_data.clock import now

__all__ = ["create", "deeds", "listing", "revoke"]


@contextmanager
def deeds(settings: Settings) -> Iterator[Accounts]:
    """Account management on the stores of some settings."""
    with closing(open_accounts(settings)[0]) as accounts:
        yield Accounts(accounts, now, settings.environment)


def create(asked: argparse.Namespace, settings: Settings) -> None:
    """A new key, of a new account where none is named; its secret is printed this once."""
    with deeds(settings) as managed:
        if asked.account:
            new = managed.create_key(asked.account, asked.label)
        else:
            new = managed.open_account(asked.name, asked.plan, asked.label)
    if asked.json:
        print_json({"key": new.secret, "plan": new.account.plan} | shown(new.key))
        return
    print(new.secret)
    print(f"account {new.account.id}, plan {new.account.plan}; the key is not shown again")


def listing(asked: argparse.Namespace, settings: Settings) -> None:
    """The keys of an account, without their secrets."""
    with deeds(settings) as managed:
        found = managed.list_keys(asked.account)
    if asked.json:
        print_json([shown(key) for key in found])
        return
    for key in found:
        state = f"revoked {rfc3339(key.revoked_at)}" if key.revoked_at else "in force"
        print(f"{key.id}  ...{key.last_four}  {state}  {key.label}".rstrip())


def revoke(asked: argparse.Namespace, settings: Settings) -> None:
    """Stop a key, named by itself or by its id."""
    key_id = digest(asked.key) if asked.key.startswith("ip_") else asked.key
    with deeds(settings) as managed:
        key = managed.find_key(key_id)
        managed.revoke_key(key.account_id, key_id)
    print(f"...{key.last_four} is revoked")


def shown(key: ApiKey) -> dict[str, Any]:
    """What may be shown of a key."""
    return {
        "id": key.id,
        "account": key.account_id,
        "label": key.label,
        "lastFour": key.last_four,
        "scopes": sorted(key.scopes),
        "createdAt": rfc3339(key.created_at),
        "revokedAt": None if key.revoked_at is None else rfc3339(key.revoked_at),
    }


def print_json(value: Any) -> None:
    """One JSON value, for programs that read us."""
    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
