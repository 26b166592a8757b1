"""One request as data: a query, its document, its cost, its admission, its answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute,
)
from graphql.execution.values import get_variable_values

from graphql_api.documents import Document, Documents, Unfit
from graphql_api.errors import BadRequest, MethodNotAllowed
from graphql_api.guard.admit import Guard
from graphql_api.guard.caller import Caller
from graphql_api.guard.reach import Reach
from graphql_api.guard.standing import Admission
from graphql_api.judgement import Decisions, Judge
from graphql_api.observability import note
from graphql_api.schema.context import Context
from graphql_api.schema.cost import Prices
from graphql_api.schema.errors import OUR_FAULT, present
from graphql_api.stores.records import Scope
from market_data.stores import BarStore

__all__ = ["Answer", "Query", "Service"]

MAX_ERRORS = 5


@dataclass(frozen=True, slots=True)
class Query:
    """What a caller asks."""

    source: str
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    reads_only: bool = False  # a GET


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller gets: the body of a GraphQL answer, and the headers of its admission."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    executed: bool


class Service:
    """Answers admitted queries.

    Nothing runs before it is paid for: the document is read from a cache, its cost is read off the
    schema's prices, one conditional write admits it, and only then do resolvers run.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        prices: Prices,
        guard: Guard,
        bars: BarStore,
        clock: Callable[[], int],
    ) -> None:
        self.guard = guard
        self._schema = schema
        self._prices = prices
        self._bars = bars
        self._clock = clock
        self._documents = Documents(schema)
        self._decisions = Decisions()

    def answer(self, caller: Caller, query: Query, reach: Reach) -> Answer:
        """The answer to a query of a caller who has been authenticated.

        Raises
        ------
        ApiError
            When the query is refused before it runs: over a limit, not for this caller, or with
            the store out of reach.
        """
        try:
            document = self._documents.read(query.source)
        except Unfit as unfit:
            return self._unfit(caller, reach, unfit.errors, unfit.code)
        try:
            operation = document.operation(query.operation_name)
        except LookupError as error:
            raise BadRequest(str(error.args[0])) from None
        if query.reads_only and operation.operation is not OperationType.QUERY:
            raise MethodNotAllowed("A GET only reads; send a mutation by POST.", allowed=("POST",))
        note(operation=query.operation_name, kind=operation.operation.value)
        variables = get_variable_values(
            self._schema, operation.variable_definitions or (), dict(query.variables), MAX_ERRORS
        )
        if isinstance(variables, list):
            return self._unfit(caller, reach, variables, "BAD_USER_INPUT")
        cost = self._prices.of(operation, document.fragments, variables)
        if cost:
            caller.require(Scope.SIGNALS_READ)
        admission = self.guard.admit(caller, cost, reach)
        return self._run(caller, admission, reach, document, operation, query)

    def _run(
        self,
        caller: Caller,
        admission: Admission,
        reach: Reach,
        document: Document,
        operation: OperationDefinitionNode,
        query: Query,
    ) -> Answer:
        now = self._clock()
        result = execute(
            self._schema,
            document.ast,
            context_value=Context(
                caller=caller,
                admission=admission,
                guard=self.guard,
                reach=reach,
                bars=self._bars,
                judge=Judge(self._bars, self._decisions, now),
                now=now,
            ),
            variable_values=dict(query.variables),
            operation_name=operation.name.value if operation.name else None,
        )
        assert isinstance(result, ExecutionResult)  # noqa: S101  # no resolver is asynchronous
        errors = [present(error) for error in (result.errors or [])[:MAX_ERRORS]]
        actual = admission.cost
        if any(error["extensions"]["code"] in OUR_FAULT for error in errors):
            self.guard.refund(caller, admission)
            actual = 0
        note(cost=actual, errors=[error["extensions"]["code"] for error in errors] or None)
        body: dict[str, Any] = {"data": result.data}
        if errors:
            body["errors"] = errors
        return Answer(body | _extensions(admission, actual), admission.headers(), executed=True)

    def _unfit(self, caller: Caller, reach: Reach, errors: list[GraphQLError], code: str) -> Answer:
        """The answer to a query that cannot run; it costs no units and counts for the rate."""
        admission = self.guard.admit(caller, 0, reach)
        shown = [present(error, code) for error in errors[:MAX_ERRORS]]
        note(cost=0, errors=[error["extensions"]["code"] for error in shown])
        body = {"errors": shown} | _extensions(admission, 0)
        return Answer(body, admission.headers(), executed=False)


def _extensions(admission: Admission, actual: int) -> dict[str, Any]:
    return {
        "extensions": {
            "cost": {
                "requestedQueryCost": admission.cost,
                "actualQueryCost": actual,
                "throttleStatus": {
                    "maximumAvailable": admission.burst,
                    "currentlyAvailable": admission.available,
                    "restoreRate": admission.per_second,
                },
            }
        }
    }
