"""The caller: its account, its key, what it has used and what it may still use."""

import enum
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, TypeAlias

import strawberry

from graphql_api.errors import BadInput, Internal
from graphql_api.guard.caller import Caller
from graphql_api.guard.plans import PLANS, plan_of
from graphql_api.schema.catalogue import FREE, derived_enum, member
from graphql_api.schema.context import Context, Info
from graphql_api.schema.node import Node, global_id
from graphql_api.schema.scalars import Date, DateTime
from graphql_api.stores.records import Account as KeptAccount
from graphql_api.stores.records import ApiKey as KeptKey
from graphql_api.stores.records import Scope as KeptScope
from graphql_api.stores.records import UsageDay as KeptDay

__all__ = ["Account", "ApiKey", "Plan", "RateLimit", "Scope", "Usage", "Viewer"]

HISTORY_MAXIMUM = 30
"""Days of use that are kept and shown."""

SCOPES: Mapping[KeptScope, str] = {
    KeptScope.SIGNALS_READ: "May ask for signals and all else that costs units.",
    KeptScope.KEYS_WRITE: "May create, rotate and revoke the account's keys.",
    KeptScope.ADMIN: "May do everything, to every account.",
}

if TYPE_CHECKING:
    Plan: TypeAlias = enum.Enum
    Scope: TypeAlias = enum.Enum
else:
    Plan = derived_enum(
        "Plan",
        {
            name: f"{plan.per_second:,} requests a second, {plan.units_per_day:,} units a day."
            for name, plan in PLANS.items()
        },
        "What an account may use.",
    )
    Scope = derived_enum(
        "Scope", {scope.name: text for scope, text in SCOPES.items()}, "What a key may do."
    )


@strawberry.type(description="A key, without the secret, which is never kept.", directives=FREE)
class ApiKey(Node):
    """What is known of a key."""

    label: str | None = strawberry.field(description="What it is for.")
    last_four: str = strawberry.field(description="The secret's last characters.")
    scopes: list[Scope] = strawberry.field(description="What it may do.")
    created_at: DateTime = strawberry.field(description="When it was made.")
    not_before: DateTime | None = strawberry.field(description="From when it is taken.")
    expires_at: DateTime | None = strawberry.field(description="When it ends by itself.")
    last_used_at: DateTime | None = strawberry.field(
        description="When it was last used, to the hour."
    )
    revoked_at: DateTime | None = strawberry.field(description="When it was revoked.")
    networks: list[str] = strawberry.field(
        description="The blocks of addresses from which alone it is taken, in CIDR form; none "
        "means from anywhere."
    )
    replaces: strawberry.ID | None = strawberry.field(
        description="The key in whose place it came when that was rotated."
    )
    replaced_by: strawberry.ID | None = strawberry.field(
        description="The key that came in its place when it was rotated."
    )

    @classmethod
    def of(cls, kept: KeptKey) -> "ApiKey":
        """A key as it is kept."""
        return cls(
            id=global_id("ApiKey", kept.id),
            label=kept.label or None,
            last_four=kept.last_four,
            scopes=[member(Scope, scope.name) for scope in sorted(kept.scopes)],
            created_at=DateTime(kept.created_at),
            not_before=_moment(kept.not_before),
            expires_at=_moment(kept.expires_at),
            last_used_at=_moment(kept.last_used_at),
            revoked_at=_moment(kept.revoked_at),
            networks=list(kept.networks),
            replaces=_key_id(kept.replaces),
            replaced_by=_key_id(kept.replaced_by),
        )


@strawberry.type(description="What an account may use, as it counts.", directives=FREE)
class AccountLimits:
    """The plan's limits with what is overridden."""

    per_second: int = strawberry.field(description="Requests a second.")
    burst: int = strawberry.field(description="Requests at once, after a rest.")
    units_per_day: int = strawberry.field(description="Units a day, UTC.")
    single_query: int = strawberry.field(description="Units that one query may cost.")


@strawberry.type(
    description="Limits of an account's own; null where its plan's counts.", directives=FREE
)
class AccountOverrides:
    """What is overridden."""

    per_second: int | None = strawberry.field(description="Requests a second.")
    burst: int | None = strawberry.field(description="Requests at once, after a rest.")
    units_per_day: int | None = strawberry.field(description="Units a day, UTC.")
    single_query: int | None = strawberry.field(description="Units that one query may cost.")


@strawberry.type(description="Who pays, and whose limits count.", directives=FREE)
class Account(Node):
    """An account."""

    name: str = strawberry.field(description="As its owner named it.")
    plan: Plan = strawberry.field(description="Its plan.")
    created_at: DateTime = strawberry.field(description="When it was made.")

    limits: AccountLimits = strawberry.field(description="What it may use, as it counts.")
    overrides: AccountOverrides = strawberry.field(
        description="Which of the limits are its own, and not its plan's."
    )
    kept_id: strawberry.Private[str]
    made: strawberry.Private[tuple[KeptKey, ...]]

    @strawberry.field(
        description="Its keys, oldest first, revoked ones too. The list may be a moment behind "
        "what other requests have done, never behind this one.",
        directives=FREE,
    )
    def keys(self, info: Info) -> list[ApiKey]:
        """The keys of the account, with those that this request has made or changed as they are."""
        listed = info.context.deeds.list_keys(self.kept_id)
        known = {key.id: key for key in (*listed, *self.made)}
        in_order = sorted(known.values(), key=lambda key: (key.created_at, key.id))
        return [ApiKey.of(key) for key in in_order]

    @classmethod
    def of(cls, kept: KeptAccount, *made: KeptKey) -> "Account":
        """An account as it is kept, and keys that the list of its keys may not show yet."""
        plan = plan_of(kept)
        if plan is None:
            raise Internal  # written by a newer version
        return cls(
            kept_id=kept.id,
            made=made,
            limits=AccountLimits(
                per_second=plan.per_second,
                burst=plan.burst,
                units_per_day=plan.units_per_day,
                single_query=plan.single_query,
            ),
            overrides=AccountOverrides(**asdict(kept.overrides)),
            id=global_id("Account", kept.id),
            name=kept.name,
            plan=member(Plan, kept.plan),
            created_at=DateTime(kept.created_at),
        )


@strawberry.type(description="Who is asking.", directives=FREE)
class Viewer:
    """The caller."""

    account: Account = strawberry.field(description="The account that is charged.")
    key: ApiKey | None = strawberry.field(description="The key that was shown; null for a token.")
    scopes: list[Scope] = strawberry.field(description="What this key or token may do.")

    @classmethod
    def of(cls, caller: Caller) -> "Viewer":
        """The caller of this request."""
        return cls(
            account=Account.of(caller.account),
            key=None if caller.key is None else ApiKey.of(caller.key),
            scopes=[member(Scope, scope.name) for scope in sorted(caller.scopes)],
        )


@strawberry.type(description="What was used on one day.", directives=FREE)
class UsageDay:
    """A day of use."""

    date: Date = strawberry.field(description="The day, UTC.")
    units_used: int = strawberry.field(description="Units that were charged.")
    requests: int = strawberry.field(description="Requests that were admitted.")

    @classmethod
    def of(cls, kept: KeptDay) -> "UsageDay":
        """A day as it is kept."""
        return cls(date=Date(kept.day), units_used=kept.units_used, requests=kept.requests)


@strawberry.type(description="What the account has used today, with this request.", directives=FREE)
class Usage:
    """The caller's day."""

    plan: Plan = strawberry.field(description="The plan whose limits count.")
    date: Date = strawberry.field(description="Today, UTC.")
    units_used: int = strawberry.field(description="Units charged today.")
    units_limit: int = strawberry.field(description="Units that a day has.")
    units_remaining: int = strawberry.field(description="Units left of today.")
    requests: int = strawberry.field(description="Requests admitted today.")
    resets_at: DateTime = strawberry.field(description="When the next day begins.")

    @strawberry.field(description="The days up to today, oldest first.", directives=FREE)
    def history(
        self,
        info: Info,
        days: Annotated[
            int | None,
            strawberry.argument(description=f"How many, today among them: 1 to {HISTORY_MAXIMUM}."),
        ] = HISTORY_MAXIMUM,
    ) -> list[UsageDay]:
        """The caller's last days."""
        days = HISTORY_MAXIMUM if days is None else days
        if not 1 <= days <= HISTORY_MAXIMUM:
            raise BadInput(f"days is {days}; the history shows 1 to {HISTORY_MAXIMUM} days.")
        context = info.context
        found = context.guard.history(context.caller, days, context.reach)
        return [UsageDay.of(day) for day in found]

    @classmethod
    def of(cls, context: Context) -> "Usage":
        """The caller's day as this request's admission left it; nothing is read again."""
        stands = context.admission
        return cls(
            plan=member(Plan, stands.plan.name),
            date=Date(stands.day),
            units_used=stands.units_used,
            units_limit=stands.units_limit,
            units_remaining=stands.units_remaining,
            requests=stands.requests,
            resets_at=DateTime(stands.resets_at),
        )


@strawberry.type(description="How many requests fit at this moment.", directives=FREE)
class RateLimit:
    """The caller's bucket."""

    per_second: int = strawberry.field(description="Requests a second that are admitted for long.")
    burst: int = strawberry.field(description="Requests that are surely admitted at once.")
    available: int = strawberry.field(description="Requests that fit now.")
    resets_at: DateTime = strawberry.field(description="When the burst fits again, if none come.")
    cost: int = strawberry.field(description="Units that this query costs.")

    @classmethod
    def of(cls, context: Context) -> "RateLimit":
        """The caller's bucket as this request left it."""
        stands = context.admission
        return cls(
            per_second=stands.per_second,
            burst=stands.burst,
            available=stands.available,
            resets_at=DateTime(stands.rate_resets_at),
            cost=stands.cost,
        )


def _key_id(kept: str | None) -> strawberry.ID | None:
    return None if kept is None else global_id("ApiKey", kept)


def _moment(kept: int | None) -> DateTime | None:
    return None if kept is None else DateTime(kept)
