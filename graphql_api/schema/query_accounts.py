"""Queries about accounts: their keys, what was done to them, and, for administrators, which."""

from typing import Annotated

import strawberry

from graphql_api.errors import Forbidden
from graphql_api.schema.access import ADMIN, KEYS_WRITE
from graphql_api.schema.account_lists import (
    ACCOUNTS,
    ENTRIES,
    AccountConnection,
    ApiKeyConnection,
    AuditConnection,
    read_page,
)
from graphql_api.schema.catalogue import FREE
from graphql_api.schema.connection import After, Before, First, Last, Paging
from graphql_api.schema.context import Context, Info
from graphql_api.schema.mutation_keys import account_named
from graphql_api.stores.records import Scope as KeptScope

__all__ = ["AccountQueries"]

AccountId = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="The caller's own account, or as an admin any."),
]


@strawberry.type
class AccountQueries:
    """What is kept of accounts."""

    @strawberry.field(
        description="The keys of an account, oldest first, revoked ones too. A key that was made "
        "or changed a moment ago may not be seen so yet.",
        directives=FREE,
    )
    def api_keys(
        self,
        info: Info,
        account_id: AccountId = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> ApiKeyConnection:
        """Whoever may ask anything may see which keys its own account has."""
        kept = info.context.deeds.list_keys(_seen(info.context, account_id))
        return ApiKeyConnection.page(kept, Paging(first, after, last, before))

    @strawberry.field(
        description="All accounts, in order of their making.",
        directives=ADMIN,
    )
    def accounts(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> AccountConnection:
        """For administrators."""
        paging = Paging(first, after, last, before)
        return AccountConnection.of(*read_page(info.context.deeds.list_accounts, paging, ACCOUNTS))

    @strawberry.field(
        description="What was done to an account, newest first.",
        directives=KEYS_WRITE,
    )
    def audit_log(
        self,
        info: Info,
        account_id: AccountId = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> AuditConnection:
        """For whoever manages the account."""
        deeds, caller = info.context.deeds, info.context.caller
        named = None if account_id is None else account_named(account_id)
        account = caller.managed(named)
        paging = Paging(first, after, last, before)
        found, ends = read_page(lambda part: deeds.audit_log(account, part), paging, ENTRIES)
        return AuditConnection.of(found, ends, to_admin=caller.is_admin)


def _seen(context: Context, account_id: strawberry.ID | None) -> str:
    """The account that is asked about: the caller's own, or as an admin's any."""
    own = context.caller.account_id
    named = own if account_id is None else account_named(account_id)
    if named != own and not context.caller.is_admin:
        raise Forbidden(f"This needs the scope {KeptScope.ADMIN.value}: it is another's account.")
    return named
