"""Queries about the caller, and for what an identifier names."""

from collections.abc import Callable
from typing import Annotated, Any

import strawberry

import engine
from engine.errors import EngineError
from engine.types import Interval
from graphql_api.judgement import Question, SymbolUnknown
from graphql_api.schema.account import Account, ApiKey, RateLimit, Usage, Viewer
from graphql_api.schema.context import Info
from graphql_api.schema.cost import Cost
from graphql_api.schema.instruments import Instrument
from graphql_api.schema.node import Node, named_by
from graphql_api.schema.signal import Signal

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
        type_name, key = named_by(id)
        find, kinds = _FINDERS.get(type_name, (None, ()))
        if find is None or tuple(map(type, key)) != kinds:
            return None
        return find(info, *key)


def _instrument(info: Info, symbol: str) -> Node | None:
    kept = info.context.bars.instrument(symbol)
    return None if kept is None else Instrument.of(kept, info.context.bars)


def _account(info: Info, account_id: str) -> Node | None:
    account = info.context.caller.account
    return Account.of(account) if account.id == account_id else None


def _api_key(info: Info, key_id: str) -> Node | None:
    key = info.context.caller.key
    return ApiKey.of(key) if key is not None and key.id == key_id else None


def _signal(
    info: Info,
    symbol: str,
    interval: str,
    strategy: str,
    parameters: dict[str, Any],
    bar_time: int,
    as_of: int,
) -> Node | None:
    """The signal as it was given: the same bar, as known at the same moment."""
    if interval not in list(Interval) or strategy not in engine.strategies():
        return None
    asked = Question(symbol, Interval(interval), strategy, tuple(parameters.items()), as_of=as_of)
    try:
        judgement = info.context.judge.ask(asked)
    except (SymbolUnknown, EngineError):
        return None
    bar = judgement.find(bar_time)
    return None if bar is None else Signal.of(judgement.at(bar))


_FINDERS: dict[str, tuple[Callable[..., Node | None], tuple[type, ...]]] = {
    "Instrument": (_instrument, (str,)),
    "Account": (_account, (str,)),
    "ApiKey": (_api_key, (str,)),
    "Signal": (_signal, (str, str, str, dict, int, int)),
}
