"""The custom scalars: symbols, moments and days, each read strictly and written one way."""

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any, NewType

import strawberry
from graphql import EnumValueNode, GraphQLError, ValueNode, value_from_ast_untyped

__all__ = ["SCALARS", "Date", "DateTime", "Symbol", "is_symbol", "micros", "rfc3339"]

Symbol = NewType("Symbol", str)
"""An instrument's name: 1 to 20 of A-Z 0-9 . - ^ ="""

DateTime = NewType("DateTime", int)
"""A moment: microseconds since the epoch, UTC."""

Date = NewType("Date", str)
"""A UTC day, as YYYY-MM-DD."""

_SYMBOL = re.compile(r"[A-Z0-9.\-^=]{1,20}")
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_MICROSECOND = dt.timedelta(microseconds=1)
_DAY = 86_400_000_000


def micros(text: str) -> int:
    """Microseconds since the epoch of an RFC 3339 time; digits past the sixth are cut off.

    Raises
    ------
    ValueError, OverflowError
        When the text is no RFC 3339 time with an offset, or names no moment of the years 1 to 9999.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 time")
    day, clock, fraction, offset = match.groups()
    offset = "+00:00" if offset in "Zz" else offset
    # In UTC, too, it must lie in the years 1 to 9999, in which alone it can be told again.
    moment = dt.datetime.fromisoformat(f"{day}T{clock}{offset}").astimezone(dt.UTC)
    whole = (moment - _EPOCH) // _MICROSECOND
    return whole + int((fraction or ".0")[1:7].ljust(6, "0"))


def rfc3339(moment: int) -> str:
    """The UTC time of a moment, with a fraction only where there is one."""
    day, rest = divmod(moment, _DAY)
    if not rest:  # as most bars of a day open
        return f"{dt.date.fromordinal(day + _EPOCH_DAY).isoformat()}T00:00:00Z"
    text = (_EPOCH + moment * _MICROSECOND).isoformat().replace("+00:00", "Z")
    return text if "." not in text else text[:-1].rstrip("0") + "Z"


def _refuse(what: str, value: Any, right: str) -> GraphQLError:
    shown = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    shown = shown if len(shown) <= 40 else shown[:40] + "..."
    return GraphQLError(f"{shown} is no {what}: {right}.", extensions={"code": "BAD_USER_INPUT"})


def is_symbol(text: str) -> bool:
    """Whether a text is written as symbols are."""
    return _SYMBOL.fullmatch(text) is not None


def _symbol(value: Any) -> str:
    if isinstance(value, str) and is_symbol(value):
        return value
    right = "a symbol is 1 to 20 of A-Z 0-9 . - ^ =, as in AAPL or BTC-USD"
    if isinstance(value, str) and is_symbol(value.upper()):
        right = f"write {value.upper()}"
    raise _refuse("Symbol", value, right)


def _moment(value: Any) -> int:
    try:
        if isinstance(value, str):
            return micros(value)
    except (ValueError, OverflowError):
        pass
    right = "write RFC 3339 with an offset, as in 2026-01-31T16:00:00Z"
    if isinstance(value, str) and ":60" in value:
        right = "leap seconds are not counted; write the second after it"
    raise _refuse("DateTime", value, right)


def _day(value: Any) -> str:
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
            return dt.date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise _refuse("Date", value, "write a day, as in 2026-01-31")


def _literal(parse: Callable[[Any], Any]) -> Callable[..., Any]:
    """Reads what stands in a document, so that a mistake there is told with its place."""

    def read(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
        if isinstance(node, EnumValueNode):
            raise GraphQLError(
                f"{node.value[:40]} stands without quotes; write it as a string.",
                node,
                extensions={"code": "BAD_USER_INPUT"},
            )
        try:
            return parse(value_from_ast_untyped(node, variables))
        except GraphQLError as error:
            raise GraphQLError(error.message, node, extensions=error.extensions) from None

    return read


SCALARS: dict[object, Any] = {
    Symbol: strawberry.scalar(
        name="Symbol",
        description="An instrument's name: 1 to 20 of A-Z 0-9 . - ^ =, as in AAPL or BTC-USD.",
        specified_by_url="/scalars#Symbol",
        serialize=str,
        parse_value=_symbol,
        parse_literal=_literal(_symbol),
    ),
    DateTime: strawberry.scalar(
        name="DateTime",
        description="A moment by RFC 3339, with its offset; answered in UTC: 2026-01-31T16:00:00Z.",
        specified_by_url="/scalars#DateTime",
        serialize=rfc3339,
        parse_value=_moment,
        parse_literal=_literal(_moment),
    ),
    Date: strawberry.scalar(
        name="Date",
        description="A day of UTC: 2026-01-31.",
        specified_by_url="https://scalars.graphql.org/andimarek/local-date",
        serialize=str,
        parse_value=_day,
        parse_literal=_literal(_day),
    ),
}
