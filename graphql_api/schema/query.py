"""The root of every query, put together from its families."""

import strawberry

from graphql_api.schema.quarantine import QuarantineQueries
from graphql_api.schema.query_accounts import AccountQueries
from graphql_api.schema.query_backtest import BacktestQueries
from graphql_api.schema.query_caller import CallerQueries
from graphql_api.schema.query_material import MaterialQueries
from graphql_api.schema.query_signals import SignalQueries

__all__ = ["Query"]


@strawberry.type(description="What can be asked.")
class Query(
    SignalQueries,
    BacktestQueries,
    MaterialQueries,
    CallerQueries,
    AccountQueries,
    QuarantineQueries,
):
    """The fields at the root."""
