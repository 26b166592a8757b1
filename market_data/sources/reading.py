"""What sources answer, read: JSON whose numbers stay as they were written, times, and errors."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from market_data.calendar import DAY, SECOND
from market_data.errors import BadAnswer
from market_data.sources.http import Answer, Redactor

__all__ = ["Reader", "as_written", "date_of", "rfc3339"]

_START = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY, _LAST_DAY = date.min.toordinal(), date.max.toordinal()
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = re.compile(r"-?[0-9]{1,16}")


class Reader:
    """Reads the answers of one source; what is not as documented is a BadAnswer that says what."""

    def __init__(self, source: str, told: Redactor) -> None:
        self.source = source
        self.told = told

    def bad(self, what: str) -> BadAnswer:
        """The error that says what was wrong with an answer."""
        return BadAnswer(self.source, self.told(what))

    def text(self, answer: Answer) -> str:
        """The body as text."""
        try:
            return answer.body.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise self.bad("answered bytes that are no UTF-8 text") from None

    def json(self, answer: Answer) -> Any:
        """The body as JSON, in which every number is the text that was written."""
        text = self.text(answer)
        if text.lstrip()[:1] == "<":
            raise self.bad(f"answered {answer.status} with a page of HTML instead of JSON")
        try:
            return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
        except ValueError:
            raise self.bad(
                f"answered {answer.status} with what is no whole JSON document"
            ) from None
        except RecursionError:
            raise self.bad("answered with JSON nested too deeply") from None

    def mapping(self, value: Any, where: str) -> Mapping[str, Any]:
        """A JSON object."""
        if not isinstance(value, dict):
            raise self.bad(f"answered {_shape(value)} where an object belongs: {where}")
        return value

    def items(self, value: Any, where: str) -> list[Any]:
        """A JSON array."""
        if not isinstance(value, list):
            raise self.bad(f"answered {_shape(value)} where an array belongs: {where}")
        return value

    def string(self, value: Any, where: str) -> str:
        """A JSON string or number."""
        if not isinstance(value, str):
            raise self.bad(f"answered {_shape(value)} where a text belongs: {where}")
        return value

    def number(self, row: Mapping[str, Any], name: str) -> str:
        """A number of a row, as it was written; whatever stands in its place, as JSON.

        Whether it is one is for the sifting to say, of this row alone.
        """
        if name not in row:
            raise self.bad(f"answered a row without {name}")
        return as_written(row[name])

    def epoch(self, value: Any, unit: int, where: str) -> int:
        """Microseconds of an epoch in a unit of so many microseconds."""
        text = as_written(value)
        if not _EPOCH.fullmatch(text):
            raise self.bad(f"answered {text[:40]!r} where an epoch belongs: {where}")
        return int(text) * unit

    def moment(self, value: Any, where: str) -> int:
        """Microseconds UTC of an RFC 3339 time."""
        try:
            moment = datetime.fromisoformat(self.string(value, where))
        except ValueError:
            raise self.bad(f"answered {value[:40]!r} where a time belongs: {where}") from None
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (zoned - _START) // timedelta(microseconds=1)

    def day(self, value: Any, where: str) -> int:
        """00:00Z of a date, of which a time may follow after a T or a blank."""
        text = self.string(value, where)
        try:
            found = date.fromisoformat(text[:10])
        except ValueError:
            raise self.bad(f"answered {text[:40]!r} where a date belongs: {where}") from None
        return (found.toordinal() - _EPOCH_DAY) * DAY


def as_written(value: Any) -> str:
    """A JSON value as text; a number or a string as it was written."""
    return value if isinstance(value, str) else json.dumps(value)[:80]


def rfc3339(moment: int) -> str:
    """A moment as sources are asked for it: whole seconds, UTC."""
    return f"{_START + timedelta(seconds=moment // SECOND):%Y-%m-%dT%H:%M:%SZ}"


def date_of(moment: int) -> date:
    """The UTC date of a moment, the nearest there is."""
    return date.fromordinal(min(max(moment // DAY + _EPOCH_DAY, _FIRST_DAY), _LAST_DAY))


def _shape(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a text", type(None): "null"}
    return names.get(type(value), "a value")
