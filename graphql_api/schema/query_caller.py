"""Queries about the caller, and for what an identifier names."""

from typing import Annotated

import strawberry

from graphql_api.schema.account import RateLimit, Usage, Viewer
from graphql_api.schema.context import Info
from graphql_api.schema.cost import Cost
from graphql_api.schema.node import Node
from graphql_api.schema.nodes import find

__all__ = ["CallerQueries"]


@strawberry.type
class CallerQueries:
    """Who asks, and what that is good for."""

    @strawberry.field(description="Who is asking, by which key.", directives=[Cost(weight="0")])
    def viewer(self, info: Info) -> Viewer:
        """The caller."""
        return Viewer.of(info.context.caller)

    @strawberry.field(
        description="What the account has used today, and what it may still use.",
        directives=[Cost(weight="0")],
    )
    def usage(self, info: Info) -> Usage:
        """The caller's day."""
        return Usage.of(info.context)

    @strawberry.field(
        description="How many requests the account may make now.", directives=[Cost(weight="0")]
    )
    def rate_limit(self, info: Info) -> RateLimit:
        """The caller's bucket."""
        return RateLimit.of(info.context)

    @strawberry.field(
        description="What an id names; null where it names nothing that this caller may see.",
        directives=[Cost(weight="1")],
    )
    def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="As an answer gave it.")],  # noqa: A002
    ) -> Node | None:
        """One object by its identifier."""
        return find(info, id)
