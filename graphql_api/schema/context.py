"""What a resolver may use: who asks, when, and the decisions that the request shares."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import strawberry
from graphql import GraphQLError

from graphql_api.errors import ApiError
from graphql_api.guard.accounts import Accounts
from graphql_api.guard.admit import Guard
from graphql_api.guard.caller import Caller
from graphql_api.guard.reach import Reach
from graphql_api.guard.standing import Admission
from graphql_api.judgement import Judge
from market_data.quarantine import QuarantineStore
from market_data.stores import BarStore

__all__ = ["Context", "Info", "Registered", "Registrar"]


@dataclass(frozen=True, slots=True)
class Registered:
    """A document that is kept under its name."""

    name: str
    operations: list[str]
    is_new: bool


class Registrar(Protocol):
    """Keeps documents for administrators."""

    def register(self, caller: Caller, texts: Sequence[str], reach: Reach) -> list[Registered]:
        """Keep some documents, all of them or none."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """One admitted request. Nothing that has not been admitted has one."""

    caller: Caller
    deeds: Accounts
    admission: Admission
    guard: Guard
    reach: Reach
    bars: BarStore
    judge: Judge
    registrar: Registrar
    quarantine: QuarantineStore
    now: int
    ends: float  # when all that it does must have begun, on the monotonic clock
    left_out: list[GraphQLError] = field(default_factory=list)

    def leave_out(self, info: "Info", why: ApiError) -> None:
        """Tell why a part is left out where the schema lets nothing be null.

        An error that a resolver raises there would take the whole page with it.
        """
        at = info.path.as_list()
        self.left_out.append(GraphQLError(why.message, path=at, original_error=why))


Info: TypeAlias = strawberry.Info[Context, None]
