"""Accounts are made, and moved to other plans and limits: an operator's deeds."""

from typing import Annotated

import strawberry

from graphql_api.schema.access import ADMIN
from graphql_api.schema.account import Account, ApiKey, Plan
from graphql_api.schema.catalogue import FREE
from graphql_api.schema.context import Info
from graphql_api.schema.mutation_keys import (
    IDEMPOTENCY_KEY,
    KeyTerms,
    account_named,
    kept_scopes,
    request_of,
)
from graphql_api.stores.records import Overrides

__all__ = ["AccountMutations"]


@strawberry.input(description="Limits of an account's own, in place of its plan's.")
class OverridesInput:
    """Each may be left out."""

    per_second: int | None = strawberry.field(
        default=None, description="Requests a second: 1 to 10000."
    )
    burst: int | None = strawberry.field(
        default=None, description="Requests at once, after a rest: 2 to 100000."
    )
    units_per_day: int | None = strawberry.field(
        default=None, description="Units a day, UTC: 1 to 1000000000."
    )
    single_query: int | None = strawberry.field(
        default=None, description="Units that one query may cost: 1 to 100000."
    )


@strawberry.input(description="The first key of a new account.")
class FirstKeyInput(KeyTerms):
    """What it shall be good for."""


@strawberry.input(description="The account that is wanted.")
class CreateAccountInput:
    """A name, a plan, and what else there is to say."""

    name: str = strawberry.field(description="Its name, 1 to 100 characters.")
    plan: Plan = strawberry.field(description="Its plan.")
    overrides: OverridesInput | None = strawberry.field(
        default=None, description="Limits of its own in that plan."
    )
    first_key: FirstKeyInput | None = strawberry.field(
        default=None, description="A key to begin with; none is made where none is given."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.input(description="What an account shall be allowed from now on.")
class SetPlanInput:
    """The plan and the limits, whole."""

    account_id: strawberry.ID = strawberry.field(description="The account's id.")
    plan: Plan = strawberry.field(description="Its plan.")
    overrides: OverridesInput | None = strawberry.field(
        default=None,
        description="Limits of its own in that plan. They take the place of those it had: what is "
        "left out is the plan's.",
    )


@strawberry.type(description="An account that was made.", directives=FREE)
class CreateAccountPayload:
    """The account, and its first key where one was wanted."""

    account: Account = strawberry.field(description="The account.")
    key: ApiKey | None = strawberry.field(description="Its first key; null where none was wanted.")
    secret: str | None = strawberry.field(
        description="The key as it is sent in x-api-key, shown once: null where none was wanted, "
        "or the same request had made it before."
    )


@strawberry.type(description="An account that was moved.", directives=FREE)
class SetPlanPayload:
    """The account as it is now."""

    account: Account = strawberry.field(description="The account.")


@strawberry.type
class AccountMutations:
    """What is done to accounts."""

    @strawberry.mutation(
        description="Makes an account, with its first key or without.", directives=ADMIN
    )
    def create_account(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            CreateAccountInput, strawberry.argument(description="The account that is wanted.")
        ],
    ) -> CreateAccountPayload | None:
        """A new account."""
        deeds, first = info.context.deeds, input.first_key
        request = request_of(info.context, input.idempotency_key)
        overrides, plan = _overrides(input.overrides), input.plan.name
        if first is None:
            made = deeds.create_account(input.name, plan, overrides, request)
            return CreateAccountPayload(account=Account.of(made), key=None, secret=None)
        scopes, networks = kept_scopes(first.scopes), first.networks or ()
        info.context.caller.check_grant(scopes, networks, None)
        new = deeds.open_account(
            input.name,
            plan,
            first.label or "",
            scopes,
            first.expires_at,
            not_before=first.not_before,
            networks=networks,
            overrides=overrides,
            request=request,
        )
        return CreateAccountPayload(
            account=Account.of(new.account, new.key),
            key=ApiKey.of(new.key),
            secret=new.secret or None,
        )

    @strawberry.mutation(
        description="Gives an account a plan, and limits of its own or none. Whatever knows the "
        "account follows within a minute.",
        directives=ADMIN,
    )
    def set_plan(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            SetPlanInput, strawberry.argument(description="What the account shall be allowed.")
        ],
    ) -> SetPlanPayload | None:
        """An account with what it is allowed from now on."""
        account_id = account_named(input.account_id)
        moved = info.context.deeds.set_plan(
            account_id, input.plan.name, _overrides(input.overrides)
        )
        return SetPlanPayload(account=Account.of(moved))


def _overrides(given: OverridesInput | None) -> Overrides:
    if given is None:
        return Overrides()
    return Overrides(given.per_second, given.burst, given.units_per_day, given.single_query)
