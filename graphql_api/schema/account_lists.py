"""Lists of accounts, of an account's keys, and of what was done to it, a page at a time."""

import re
from collections.abc import Callable
from typing import Final, TypeVar

import strawberry

from graphql_api.guard.deeds import OPERATOR
from graphql_api.schema.account import Account, ApiKey
from graphql_api.schema.catalogue import FREE
from graphql_api.schema.connection import PAGE, PageInfo, Paging, check_counts, page
from graphql_api.schema.cursors import Cursors, when
from graphql_api.schema.node import global_id
from graphql_api.schema.scalars import DateTime
from graphql_api.stores.records import Account as KeptAccount
from graphql_api.stores.records import ApiKey as KeptKey
from graphql_api.stores.records import AuditEntry as KeptEntry
from graphql_api.stores.records import Slice

__all__ = [
    "ACCOUNTS",
    "ENTRIES",
    "AccountConnection",
    "ApiKeyConnection",
    "AuditConnection",
    "read_page",
]

_ID = when(re.compile(r"[!-}]{1,100}").fullmatch)

ACCOUNTS: Final = Cursors("accounts", _ID)
ENTRIES: Final = Cursors("audit entries", _ID)
KEYS: Final = Cursors("keys", when(re.compile(r"[0-9]{17}[0-9a-f]{64}").fullmatch))
"""By a moment, and the key's id."""

Kept = TypeVar("Kept", KeptAccount, KeptEntry)


@strawberry.type(description="One account of a page.", directives=FREE)
class AccountEdge:
    """An account and its place."""

    node: Account = strawberry.field(description="The account.")
    cursor: str = strawberry.field(description="Its place; give it as after to go on from here.")


@strawberry.type(description="A page of accounts.", directives=FREE)
class AccountConnection:
    """All accounts, in order of their making."""

    edges: list[AccountEdge] = strawberry.field(description="The accounts with their places.")
    nodes: list[Account] = strawberry.field(description="The same without their places.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")

    @classmethod
    def of(cls, found: list[KeptAccount], info: PageInfo) -> "AccountConnection":
        """A page that was read."""
        edges = [AccountEdge(node=Account.of(one), cursor=ACCOUNTS.cursor(one.id)) for one in found]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=info)


@strawberry.type(description="One key of a page.", directives=FREE)
class ApiKeyEdge:
    """A key and its place."""

    node: ApiKey = strawberry.field(description="The key.")
    cursor: str = strawberry.field(description="Its place; give it as after to go on from here.")


@strawberry.type(description="A page of keys.", directives=FREE)
class ApiKeyConnection:
    """The keys of an account, oldest first."""

    edges: list[ApiKeyEdge] = strawberry.field(description="The keys with their places.")
    nodes: list[ApiKey] = strawberry.field(description="The same without their places.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many there are on all pages.")

    @classmethod
    def page(cls, kept: list[KeptKey], paging: Paging) -> "ApiKeyConnection":
        """A page of keys in order of their making."""
        by_place = {f"{key.created_at:017d}{key.id}": key for key in kept}
        places = sorted(by_place)
        part = page(places, paging, KEYS)
        edges = [
            ApiKeyEdge(node=ApiKey.of(by_place[one]), cursor=KEYS.cursor(one))
            for one in places[part.start : part.stop]
        ]
        return cls(**part.shown(edges))


@strawberry.type(description="One thing that an audit entry says.", directives=FREE)
class AuditDetail:
    """A name and a value."""

    name: str = strawberry.field(description="What it is: key, plan, label.")
    value: str = strawberry.field(description="Which, or what it was set to.")


@strawberry.type(description="Something that was done to an account.", directives=FREE)
class AuditEntry:
    """Who did what, and when."""

    id: strawberry.ID = strawberry.field(description="Names this entry among all.")
    at: DateTime = strawberry.field(description="When it was done.")
    actor: str = strawberry.field(
        description="Who did it: key: and the SHA-256 of a key, token: and a token's subject, cli; "
        "operator for an administrator, of whom another administrator sees which."
    )
    action: str = strawberry.field(
        description="What was done: account.created, plan.set, limits.set, key.created, "
        "key.rotated, key.revoked, documents.registered."
    )
    details: list[AuditDetail] = strawberry.field(description="To what, and how. Never a secret.")

    @classmethod
    def of(cls, kept: KeptEntry, *, to_admin: bool) -> "AuditEntry":
        """An entry, as much of it as the caller may see."""
        by_operator = kept.actor.startswith(f"{OPERATOR}:")
        return cls(
            id=global_id("AuditEntry", kept.account_id, kept.id),
            at=DateTime(kept.at),
            actor=OPERATOR if by_operator and not to_admin else kept.actor,
            action=kept.action,
            details=[AuditDetail(name=name, value=text) for name, text in kept.details.items()],
        )


@strawberry.type(description="One entry of a page.", directives=FREE)
class AuditEdge:
    """An entry and its place."""

    node: AuditEntry = strawberry.field(description="The entry.")
    cursor: str = strawberry.field(description="Its place; give it as after to go on from here.")


@strawberry.type(description="A page of an audit log.", directives=FREE)
class AuditConnection:
    """What was done to an account, newest first."""

    edges: list[AuditEdge] = strawberry.field(description="The entries with their places.")
    nodes: list[AuditEntry] = strawberry.field(description="The same without their places.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")

    @classmethod
    def of(cls, found: list[KeptEntry], info: PageInfo, *, to_admin: bool) -> "AuditConnection":
        """A page that was read."""
        edges = [
            AuditEdge(node=AuditEntry.of(one, to_admin=to_admin), cursor=ENTRIES.cursor(one.id))
            for one in found
        ]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=info)


def read_page(
    load: Callable[[Slice], list[Kept]], paging: Paging, cursors: Cursors[str]
) -> tuple[list[Kept], PageInfo]:
    """One page of a list that is too long to read whole, and where it stands.

    One more than fits is asked for, which tells whether there are more. On the side of a cursor
    that was given there are, since it is that of an element.
    """
    check_counts(paging)
    start, end = (
        None if given is None else cursors.place(argument, given)
        for argument, given in (("after", paging.after), ("before", paging.before))
    )
    size = paging.last or paging.first or PAGE
    backwards = paging.last is not None
    found = load(Slice(size + 1, start, end, backwards))
    more = len(found) > size
    found = found[-size:] if backwards else found[:size]
    return found, PageInfo(
        has_next_page=paging.before is not None if backwards else more,
        has_previous_page=more if backwards else paging.after is not None,
        start_cursor=cursors.cursor(found[0].id) if found else None,
        end_cursor=cursors.cursor(found[-1].id) if found else None,
    )
