"""One request as data: a query, its document, its cost, its admission, its answer."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

import orjson
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationType,
    execute,
)
from graphql.execution.values import get_variable_values

from graphql_api.asked import Asked
from graphql_api.columns import ColumnExecutor
from graphql_api.decisions import Decisions
from graphql_api.documents import Documents, Unfit
from graphql_api.errors import BadRequest, LimitReached, MethodNotAllowed, QueryTooComplex
from graphql_api.exchange import Answer, Query
from graphql_api.finality import tag_of
from graphql_api.guard.admit import Guard
from graphql_api.guard.caller import Caller
from graphql_api.guard.reach import Reach
from graphql_api.guard.standing import Admission
from graphql_api.introspection import Introspections, asks_about_the_schema
from graphql_api.judgement import Judge
from graphql_api.limits import check_flips
from graphql_api.observability import note
from graphql_api.registry import Registry
from graphql_api.schema.access import Access
from graphql_api.schema.context import Context
from graphql_api.schema.cost import Prices
from graphql_api.schema.errors import OUR_FAULT, present
from graphql_api.schema.foresight import foreseen
from graphql_api.schema.work import work
from graphql_api.stores import AccountStore, Scope
from graphql_api.trusted import Trusted
from market_data.quarantine import QuarantineStore
from market_data.stores import BarStore, ReadingStore

__all__ = ["MAX_ERRORS", "Service"]

MAX_ERRORS = 5


class Service:
    """Answers admitted queries.

    Nothing runs before it is paid for: the document is read from a cache, its cost is read off the
    schema's prices, one conditional write admits it, and only then do resolvers run.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        prices: Prices,
        access: Access,
        guard: Guard,
        bars: BarStore,
        readings: ReadingStore,
        quarantine: QuarantineStore,
        clock: Callable[[], int],
        trusted: Trusted,
        store: AccountStore,
        licensed: Iterable[str] = (),
    ) -> None:
        self.guard = guard
        self._licensed = frozenset(licensed)
        self._schema = schema
        self._prices = prices
        self._access = access
        self._bars = bars
        self._readings = readings
        self._quarantine = quarantine
        self._clock = clock
        self._store = store
        self._trusted = trusted
        self._documents = Documents(schema)
        self._registry = Registry(store, self._documents, trusted, clock)
        self._introspections = Introspections()
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
            asked = self._read(query, reach)
        except Unfit as unfit:
            return self._unfit(caller, reach, unfit)
        cost = self._price(caller, asked)
        if query.dry_run:
            return self._estimate(caller, reach, cost)
        admission = self._admit(caller, cost, reach)
        if asks_about_the_schema(asked.operation, asked.document.fragments):
            known = self._introspect(admission, asked)
            if known is not None:
                return known
        return self._run(caller, admission, reach, asked)

    def context(
        self, caller: Caller, admission: Admission, reach: Reach, ends: float = inf
    ) -> Context:
        """What the resolvers of one admitted request are given."""
        now = self._clock()
        return Context(
            caller=caller,
            deeds=self.guard.deeds(caller, reach),
            admission=admission,
            guard=self.guard,
            reach=reach,
            bars=self._bars,
            judge=Judge(self._bars, self._readings, self._decisions, now, self._licensed),
            registrar=self._registry,
            quarantine=self._quarantine,
            now=now,
            ends=ends,
        )

    def close(self) -> None:
        """Give back what was leased, and let go of the stores."""
        self.guard.close()
        for store in (self._store, self._bars, self._readings, self._quarantine):
            store.close()

    def _read(self, query: Query, reach: Reach) -> Asked:
        """A query's text, its document, its operation and its variables.

        Raises
        ------
        Unfit
            When the document or its variables are over a limit or do not fit the schema.
        ApiError
            When the document or the operation is not there, or may not be run by a GET.
        """
        source = self._source(query, reach)
        document = self._documents.read(source)
        if query.sha256 is not None:
            self._trusted.learn(query.sha256, source)
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
            raise Unfit(variables, "BAD_USER_INPUT")
        return Asked(query, source, document, operation, variables)

    def _price(self, caller: Caller, asked: Asked) -> int:
        """The units of a query that this caller may ask; others are refused by an ApiError."""
        self._access.check(caller, *asked.parts)
        cost = self._prices.of(*asked.parts)
        if cost:
            caller.require(Scope.SIGNALS_READ)
        if cost <= caller.plan.single_query:  # else it is too dear, which is said instead
            check_flips(self._prices, cost, *asked.parts)
        return cost

    def _admit(self, caller: Caller, cost: int, reach: Reach) -> Admission:
        """The admission of a query; where a limit refuses it, the refusal tells its price."""
        try:
            return self.guard.admit(caller, cost, reach)
        except (LimitReached, QueryTooComplex) as refused:
            refused.units = cost
            raise

    def _estimate(self, caller: Caller, reach: Reach, cost: int) -> Answer:
        """The price of a query that is not run; it costs no units and counts for the rate."""
        admission = self.guard.admit(caller, 0, reach)
        note(cost=0)
        body = {"data": None} | _extensions(admission, 0)
        body["extensions"]["cost"] |= {
            "requestedQueryCost": cost,
            "maximumQueryCost": caller.plan.single_query,
        }
        body["extensions"]["dryRun"] = True
        return Answer(body, admission.headers(), executed=True)

    def _introspect(self, admission: Admission, asked: Asked) -> Answer | None:
        """The answer to a query about the schema alone, unless it has errors to tell."""
        key = self._introspections.key(asked.source, asked.operation, asked.query.variables)
        data = self._introspections.find(key)
        if data is None:
            result = self._execute(asked)
            if result.errors:
                return None
            data = orjson.dumps(result.data)
            self._introspections.keep(key, data)
        note(cost=admission.cost)
        body = {"data": orjson.Fragment(data)} | _extensions(admission, admission.cost)
        return Answer(body, admission.headers(), executed=True)

    def _run(self, caller: Caller, admission: Admission, reach: Reach, asked: Asked) -> Answer:
        """The answer of the resolvers; what was charged too much is given back before it."""
        # What a mutation has done is told, however long it took.
        reads = asked.operation.operation is OperationType.QUERY
        context = self.context(caller, admission, reach, asked.query.ends if reads else inf)
        context.judge.prepare(foreseen(self._schema, *asked.parts))
        result = self._execute(asked, context_value=context, executor_class=ColumnExecutor)
        logged: set[int] = set()
        errors = [present(error, logged=logged) for error in _errors(result, context)]
        codes = [error["extensions"]["code"] for error in errors]
        if any(code in OUR_FAULT for code in codes):
            actual = 0 if self.guard.refund(caller, admission, reach=reach) else admission.cost
        elif errors or result.data is None:
            actual = admission.cost
        else:
            actual = self._settle(caller, admission, reach, asked, result.data)
        note(cost=actual, errors=codes or None)
        told = {"errors": errors[:MAX_ERRORS]} if errors else {}  # where they are not overlooked
        body = told | {"data": result.data} | _extensions(admission, actual)
        etag = None if errors else tag_of(asked, context.judge)
        return Answer(body, admission.headers(), executed=True, etag=etag)

    def _execute(self, asked: Asked, **more: Any) -> ExecutionResult:
        operation = asked.operation
        result = execute(
            self._schema,
            asked.document.ast,
            variable_values=dict(asked.query.variables),
            operation_name=operation.name.value if operation.name else None,
            **more,
        )
        assert isinstance(result, ExecutionResult)  # noqa: S101  # no resolver is asynchronous
        return result

    def _settle(
        self, caller: Caller, admission: Admission, reach: Reach, asked: Asked, data: dict[str, Any]
    ) -> int:
        """The units of what was answered; what was charged beyond them is given back."""
        charged = admission.cost
        done = work(self._prices, *asked.parts, data) if charged else 0
        if done < charged and self.guard.refund(caller, admission, charged - done, reach):
            return done
        return charged

    def _source(self, query: Query, reach: Reach) -> str:
        """The text of the document that is asked for, in whichever way."""
        if query.document_id is not None:
            return self._trusted.named(query.document_id, reach)
        if query.sha256 is not None:
            return self._trusted.hashed(query.sha256, query.source, reach)
        return query.source or ""

    def _unfit(self, caller: Caller, reach: Reach, unfit: Unfit) -> Answer:
        """The answer to a query that cannot run; it costs no units and counts for the rate."""
        admission = self.guard.admit(caller, 0, reach)
        shown = [_refused(error, unfit.code) for error in unfit.errors[:MAX_ERRORS]]
        note(cost=0, errors=[error["extensions"]["code"] for error in shown])
        body = {"errors": shown} | _extensions(admission, 0)
        return Answer(body, admission.headers(), executed=False)


def _errors(result: ExecutionResult, context: Context) -> list[GraphQLError]:
    """What resolvers have raised, and why they left something out."""
    return [*(result.errors or ()), *context.left_out]


def _refused(error: GraphQLError, code: str) -> dict[str, Any]:
    """An error of the query itself; one over a limit says which, the value and the bound."""
    shown = present(error, code)
    if code == QueryTooComplex.code:
        shown["extensions"] |= error.extensions or {}
    return shown


def _extensions(admission: Admission, actual: int) -> dict[str, Any]:
    return {
        "extensions": {
            "cost": {
                "requestedQueryCost": admission.cost,
                "actualQueryCost": actual,
                "throttleStatus": admission.throttle(),
            }
        }
    }
