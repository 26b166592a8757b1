"""The caller: its account, its key, what it has used and what it may still use."""

import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, TypeAlias

import strawberry

from graphql_api.errors import BadInput
from graphql_api.guard.caller import Caller
from graphql_api.guard.plans import PLANS
from graphql_api.schema.catalogue import FREE, derived_enum, member
from graphql_api.schema.context import Context, Info
from graphql_api.schema.node import Node, global_id
from graphql_api.schema.scalars import Date, DateTime
from graphql_api.stores.records import Account as KeptAccount
from graphql_api.stores.records import ApiKey as KeptKey
from graphql_api.stores.records import Scope as KeptScope
from graphql_api.stores.records import UsageDay as KeptDay

__all__ = ["RateLimit", "Usage", "Viewer"]

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
    expires_at: DateTime | None = strawberry.field(description="When it ends by itself.")
    last_used_at: DateTime | None = strawberry.field(
        description="When it was last used, to the hour."
    )
    revoked_at: DateTime | None = strawberry.field(description="When it was revoked.")

    @classmethod
    def of(cls, kept: KeptKey) -> "ApiKey":
        """A key as it is kept."""
        return cls(
            id=global_id("ApiKey", kept.id),
            label=kept.label or None,
            last_four=kept.last_four,
            scopes=[member(Scope, scope.name) for scope in sorted(kept.scopes)],
            created_at=DateTime(kept.created_at),
            expires_at=_moment(kept.expires_at),
            last_used_at=_moment(kept.last_used_at),
            revoked_at=_moment(kept.revoked_at),
        )


@strawberry.type(description="Who pays, and whose limits count.", directives=FREE)
class Account(Node):
    """An account."""

    name: str = strawberry.field(description="As its owner named it.")
    plan: Plan = strawberry.field(description="Its plan.")
    created_at: DateTime = strawberry.field(description="When it was made.")

    @strawberry.field(description="Its keys, oldest first, revoked ones too.", directives=FREE)
    def keys(self, info: Info) -> list[ApiKey]:
        """The keys of the account, which is always the caller's."""
        context = info.context
        return [ApiKey.of(key) for key in context.guard.keys(context.caller, context.reach)]

    @classmethod
    def of(cls, kept: KeptAccount) -> "Account":
        """An account as it is kept."""
        return cls(
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

    @classmethod
    def of(cls, caller: Caller) -> "Viewer":
        """The caller of this request."""
        return cls(
            account=Account.of(caller.account),
            key=None if caller.key is None else ApiKey.of(caller.key),
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


def _moment(kept: int | None) -> DateTime | None:
    return None if kept is None else DateTime(kept)
