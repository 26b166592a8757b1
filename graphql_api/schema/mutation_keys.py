"""Keys are made, rotated and revoked."""

from typing import Annotated

import strawberry

from graphql_api.errors import BadInput
from graphql_api.guard.deeds import NO_SUCH_KEY, NewKey
from graphql_api.guard.idempotency import Request
from graphql_api.guard.key_deeds import GRACE
from graphql_api.schema.access import KEYS_WRITE
from graphql_api.schema.account import Account, ApiKey, Scope
from graphql_api.schema.catalogue import FREE, member
from graphql_api.schema.context import Context, Info
from graphql_api.schema.node import named_by
from graphql_api.schema.scalars import DateTime
from graphql_api.stores.records import Scope as KeptScope

__all__ = [
    "IDEMPOTENCY_KEY",
    "CreateApiKeyPayload",
    "KeyMutations",
    "KeyTerms",
    "account_named",
    "kept_scopes",
    "key_named",
    "request_of",
]

IDEMPOTENCY_KEY = (
    "A name of your own for this request, best a UUID. Sent again within a day it makes nothing "
    "twice: the answer has the same key, with a null secret."
)


@strawberry.input
class KeyTerms:
    """What a new key shall be good for."""

    label: str | None = strawberry.field(default=None, description="What it is for.")
    scopes: list[Scope] | None = strawberry.field(
        default_factory=lambda: [member(Scope, "SIGNALS_READ")],
        description="What it may do; nothing that the caller may not.",
    )
    not_before: DateTime | None = strawberry.field(
        default=None, description="From when it is taken; at once, where none is given."
    )
    expires_at: DateTime | None = strawberry.field(
        default=None, description="When it ends by itself; never, where none is given."
    )
    networks: list[str] | None = strawberry.field(
        default=None,
        description="The only blocks of addresses from which it is taken, in CIDR form as "
        "192.0.2.0/24; from anywhere, where none is given. A key that has networks itself gives "
        "only keys for those.",
    )


@strawberry.input(description="The key that is wanted.")
class CreateApiKeyInput(KeyTerms):
    """What it shall be good for, and whose it is."""

    account_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose key it is: the caller's own account, or as an admin any."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.input(description="The key that is to be replaced.")
class RotateApiKeyInput:
    """Which key, and how long it lives on."""

    id: strawberry.ID = strawberry.field(description="The key's id.")
    grace_seconds: int | None = strawberry.field(
        default=GRACE,
        description="How long the old key goes on working, never beyond its own end: 60 to "
        "2592000 (30 days), or 0 to revoke it now.",
    )
    expires_at: DateTime | None = strawberry.field(
        default=None,
        description="When the new key ends; where none is given it lives as long as the old one "
        "was to live.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.input(description="The key that is to stop.")
class RevokeApiKeyInput:
    """Which key."""

    id: strawberry.ID = strawberry.field(description="The key's id.")


@strawberry.type(description="A key that was made.", directives=FREE)
class CreateApiKeyPayload:
    """The key, and its secret this once."""

    key: ApiKey = strawberry.field(description="The key.")
    secret: str | None = strawberry.field(
        description="The key as it is sent in x-api-key. It is shown here, once, and kept nowhere: "
        "null where the same request had made the key before. Who lost it rotates the key."
    )
    account: Account = strawberry.field(description="Whose key it is.")
    replaced: ApiKey | None = strawberry.field(
        description="The key in whose place it comes, with the end that it has now; null where "
        "none was rotated."
    )

    @classmethod
    def of(cls, new: NewKey) -> "CreateApiKeyPayload":
        """A key that was made, or had been."""
        changed = [new.key] if new.replaced is None else [new.key, new.replaced]
        return cls(
            key=ApiKey.of(new.key),
            secret=new.secret or None,
            account=Account.of(new.account, *changed),
            replaced=None if new.replaced is None else ApiKey.of(new.replaced),
        )


@strawberry.type(description="A key that was stopped.", directives=FREE)
class RevokeApiKeyPayload:
    """The key as it is now."""

    key: ApiKey = strawberry.field(description="The key, with the time at which it was revoked.")
    was_callers_key: bool = strawberry.field(
        description="Whether it is the key by which this request came: the next one needs another."
    )


@strawberry.type
class KeyMutations:
    """What is done to keys."""

    @strawberry.mutation(
        description="Makes a key; its secret is shown once, here.", directives=KEYS_WRITE
    )
    def create_api_key(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            CreateApiKeyInput, strawberry.argument(description="The key that is wanted.")
        ],
    ) -> CreateApiKeyPayload | None:
        """A new key of the caller's account, or as an admin of any."""
        context = info.context
        named = None if input.account_id is None else account_named(input.account_id)
        account_id = context.caller.managed(named)
        scopes = kept_scopes(input.scopes)
        context.caller.check_grant(scopes, input.networks or (), account_id)
        new = context.deeds.create_key(
            account_id,
            input.label or "",
            scopes,
            input.expires_at,
            not_before=input.not_before,
            networks=input.networks or (),
            request=request_of(context, input.idempotency_key),
        )
        return CreateApiKeyPayload.of(new)

    @strawberry.mutation(
        description="Makes a key in place of another, which lives on for a while, so that nothing "
        "stops meanwhile. Label, scopes and networks stay.",
        directives=KEYS_WRITE,
    )
    def rotate_api_key(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            RotateApiKeyInput, strawberry.argument(description="The key that is to be replaced.")
        ],
    ) -> CreateApiKeyPayload | None:
        """A successor of a key that the caller could have made."""
        context = info.context
        account_id, key_id = key_named(context, input.id)
        old = context.deeds.find_key(key_id, account_id)
        context.caller.check_grant(old.scopes, old.networks, account_id)
        grace = GRACE if input.grace_seconds is None else input.grace_seconds
        new = context.deeds.rotate_key(
            account_id,
            key_id,
            grace,
            input.expires_at,
            request_of(context, input.idempotency_key),
        )
        if new.replaced is not None and new.replaced.revoked_at is not None:
            context.guard.forget(key_id)
        return CreateApiKeyPayload.of(new)

    @strawberry.mutation(
        description="Stops a key: nothing is admitted by it any more, wherever it is known, but "
        "for what was leased within the last second. May be repeated.",
        directives=KEYS_WRITE,
    )
    def revoke_api_key(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            RevokeApiKeyInput, strawberry.argument(description="The key that is to stop.")
        ],
    ) -> RevokeApiKeyPayload | None:
        """A key of the caller's account stops, or as an admin of any."""
        context = info.context
        account_id, key_id = key_named(context, input.id)
        key = context.deeds.revoke_key(account_id, key_id)
        context.guard.forget(key_id)
        own = context.caller.key
        return RevokeApiKeyPayload(
            key=ApiKey.of(key), was_callers_key=own is not None and own.id == key_id
        )


def account_named(identifier: strawberry.ID) -> str:
    """The account that an id names, whether or not there is one."""
    return _named("Account", identifier)


def key_named(context: Context, identifier: strawberry.ID) -> tuple[str, str]:
    """The account and the key that an id names: the caller's own, or as an admin's of any.

    Raises
    ------
    BadInput
        When the caller has no such key; that another has it is not told.
    """
    key_id = _named("ApiKey", identifier)
    if not context.caller.is_admin:
        return context.caller.managed(None), key_id
    return context.deeds.find_key(key_id).account_id, key_id


def request_of(context: Context, key: str | None) -> Request | None:
    """The caller's request under its own name, where it gave one."""
    return None if key is None else Request(context.caller.account_id, key)


def kept_scopes(given: list[Scope] | None) -> list[KeptScope]:
    """Scopes as they are kept; the default where null is given."""
    return [KeptScope.SIGNALS_READ] if given is None else [KeptScope[one.name] for one in given]


def _named(type_name: str, identifier: strawberry.ID) -> str:
    found, key = named_by(identifier)
    if found != type_name or len(key) != 1 or not isinstance(key[0], str):
        raise BadInput(NO_SUCH_KEY if type_name == "ApiKey" else "The id names no account.")
    return key[0]
