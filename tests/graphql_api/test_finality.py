"""Which fields may be kept by a client."""

from graphql import GraphQLObjectType, GraphQLUnionType, get_named_type

from graphql_api.finality import SETTLED
from graphql_api.schema import core_schema

LIVE = {"Account", "ApiKey", "Instrument", "Node", "RateLimit", "Usage", "UsageDay", "Viewer"}
"""What differs by caller or by moment, whatever bars were known."""


def test_nothing_that_may_be_kept_leads_to_what_differs_by_caller_or_moment() -> None:
    schema = core_schema()
    query = schema.query_type
    seen: set[str] = set()
    waiting = [query.fields[name].type for name in SETTLED if name != "__typename"]
    while waiting:
        type_ = get_named_type(waiting.pop())
        if type_.name in seen:
            continue
        seen.add(type_.name)
        if isinstance(type_, GraphQLUnionType):
            waiting.extend(type_.types)
        elif isinstance(type_, GraphQLObjectType):
            waiting.extend(field.type for field in type_.fields.values())
    assert {"Signal", "Backtest", "Strategy"} <= seen
    assert set(schema.type_map) >= LIVE
    assert not seen & LIVE
