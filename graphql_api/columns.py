"""Answers made column by column: objects of plain attributes are not completed one by one.

graphql-core resolves and completes each field of each object by itself, with a path, an info and a
dozen calls. Where a selection asks an object only for what stands in its attributes, that comes to
reading and checking them, which is done here for a whole list at once. Whatever is not so simple
goes the way of graphql-core: a field with a resolver or arguments, a union, an attribute that is an
error or does not fit its type. Attributes can be read again, so that nothing need be undone.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf, isfinite
from operator import attrgetter
from typing import Any, Final
from weakref import WeakKeyDictionary

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    Undefined,
    is_leaf_type,
)
from graphql.execution.executor import Executor
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graphql_api.limits import check_time

__all__ = ["ColumnExecutor"]

Column = Sequence[Any]
Complete = Callable[[Column], Column]
NONE: Final = type(None)
INT: Final = range(-(2**31), 2**31)
_MEMBERS: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()
"""How the members of an enum are answered, by its type: always the same, and slow to ask for."""


class _NotPlain(Exception):
    """graphql-core must look at this: it says what is wrong, or knows what to do."""


class ColumnExecutor(Executor[Any]):
    """graphql-core's executor, but for what can be read off attributes alone.

    A selection is understood once a request, after @skip and @include were applied to it, so that
    nothing which depends on variables outlives them.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._plans: dict[tuple[str, int], tuple[Any, _Plan]] = {}
        self._ends: float = getattr(self.context_value, "ends", inf)

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Any,
        grouped_field_set: Any,
        position_context: Any,
    ) -> Any:
        """One object, while there is time: its plain attributes first, so that no resolver runs
        twice.
        """
        if path is not None:  # whose errors have a place
            check_time(self._ends)
        plan = self._plan(parent_type, grouped_field_set)
        told: dict[str, Any] = {}
        if plan.columns and path is not None:
            try:
                (told,) = plan.rows([source_value])
            except Exception:
                told = {}
        if len(told) == len(grouped_field_set):
            return told
        if not told:
            return super().execute_fields(
                parent_type, source_value, path, grouped_field_set, position_context
            )
        rest = {name: one for name, one in grouped_field_set.items() if name not in told}
        more: Any = super().execute_fields(parent_type, source_value, path, rest, position_context)
        told |= more
        return {name: told[name] for name in grouped_field_set if name in told}

    def complete_list_value(
        self,
        return_type: GraphQLList[GraphQLOutputType],
        field_details_list: Any,
        info: Any,
        path: Any,
        result: Any,
        position_context: Any,
    ) -> Any:
        """A list of objects that are plain throughout, or of leaves."""
        if type(result) is list:
            try:
                return self._column(return_type.of_type, field_details_list)(result)
            except Exception:  # noqa: S110  # said by graphql-core, in its words and at its place
                pass
        return super().complete_list_value(
            return_type, field_details_list, info, path, result, position_context
        )

    def _plan(self, type_: GraphQLObjectType, fields: Mapping[str, Any]) -> "_Plan":
        """What there is to read off objects of a type; the fields are kept, so their id stays."""
        key = type_.name, id(fields)
        known = self._plans.get(key)
        if known is None:
            known = self._plans[key] = fields, self._understand(type_, fields)
        return known[1]

    def _understand(self, type_: GraphQLObjectType, fields: Mapping[str, Any]) -> "_Plan":
        definition = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        plan = _Plan(getattr(definition, "origin", None), len(fields))
        if plan.origin is None or self.middleware_manager is not None:
            return plan
        for answered, details in fields.items():
            name = details[0].node.name.value
            if name == "__typename":
                plan.columns[answered] = partial(_same, type_.name), _as_it_is
                continue
            field = type_.fields.get(name)
            # Strawberry's mark on what has no resolver, no permission and no extension of its own.
            if field is None or field.args or not getattr(field.resolve, "_is_default", False):
                continue
            attribute = field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].python_name
            try:
                plan.columns[answered] = attrgetter(attribute), self._column(field.type, details)
            except _NotPlain:
                continue
        return plan

    def _column(self, type_: GraphQLOutputType, details: Any) -> Complete:
        """How a column of values of a type is completed."""
        nullable = not isinstance(type_, GraphQLNonNull)
        bare = type_ if nullable else type_.of_type  # type: ignore[union-attr]
        if isinstance(bare, GraphQLList):
            each = self._column(bare.of_type, details)
            return _guarded(lambda column: [each(_a_list(value)) for value in column], nullable)
        if is_leaf_type(bare):
            return _leaves(bare, nullable)
        if not isinstance(bare, GraphQLObjectType):
            raise _NotPlain
        fields = self.collect_subfields(bare, details).grouped_field_set
        plan = self._plan(bare, fields)
        if not plan.is_whole:
            raise _NotPlain
        return _guarded(plan.rows, nullable)


class _Plan:
    """What is read off the objects of a type in one selection."""

    def __init__(self, origin: type | None, wanted: int) -> None:
        self.origin = origin
        self.columns: dict[str, tuple[Callable[[Any], Any], Complete]] = {}
        self._wanted = wanted

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left for graphql-core."""
        return len(self.columns) == self._wanted

    def rows(self, objects: Column) -> list[dict[str, Any]]:
        """The answers of some objects, with those of their fields that are plain."""
        if not {self.origin}.issuperset(map(type, objects)):
            raise _NotPlain
        if not self.columns:  # all of them left out by @skip
            return [{} for _ in objects]
        columns = [complete(list(map(get, objects))) for get, complete in self.columns.values()]
        names = tuple(self.columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _same(value: str, _: Any) -> str:
    return value


def _as_it_is(column: Column) -> Column:
    return column


def _a_list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise _NotPlain
    return value


def _guarded(complete: Complete, nullable: bool) -> Complete:
    """Completes what is not null; a null where none may be is graphql-core's to tell."""

    def guarded(column: Column) -> Column:
        if None not in column:
            return complete(column)
        if not nullable:
            raise _NotPlain
        found = iter(complete([value for value in column if value is not None]))
        return [None if value is None else next(found) for value in column]

    return guarded


def _leaves(type_: GraphQLLeafType, nullable: bool) -> Complete:
    """Completes leaves: what surely is of its type as it is, and all else as graphql-core does."""
    plain, fits = _PLAIN.get(type_, (NONE, None))
    known = _MEMBERS.setdefault(type_, {})

    def one(value: Any) -> Any:
        told = type_.coerce_output_value(value)
        if told is None or told is Undefined:
            raise _NotPlain
        return told

    def members(column: Column) -> Column:
        for value in set(column).difference(known):
            known[value] = one(value)
        return [known[value] for value in column]

    def leaves(column: Column) -> Column:
        if plain is not NONE and {plain}.issuperset(map(type, column)):
            if fits is None or all(map(fits, column)):
                return column
            raise _NotPlain
        return [one(value) for value in column]

    return _guarded(members if isinstance(type_, GraphQLEnumType) else leaves, nullable)


# The Python type that a standard scalar has in JSON as it is, and what must hold besides.
_PLAIN: Mapping[Any, tuple[type, Callable[[Any], bool] | None]] = {
    GraphQLBoolean: (bool, None),
    GraphQLFloat: (float, isfinite),
    GraphQLID: (str, None),
    GraphQLInt: (int, INT.__contains__),
    GraphQLString: (str, None),
}
