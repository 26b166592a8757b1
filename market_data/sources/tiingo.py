"""Tiingo: days of US stocks and funds, raw, with splits and dividends beside them.

https://www.tiingo.com/documentation/end-of-day

Exchanges correct their prices until 20:00 in New York, which is why a bar counts as closed four
hours after its session. The key travels in a header.
"""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from engine.types import Interval
from market_data.errors import NotPermitted, RateLimited, UnknownAtSource
from market_data.instruments import ActionKind
from market_data.sources.base import RawAction, RawBar
from market_data.sources.http import Answer
from market_data.sources.reading import as_written, date_of
from market_data.sources.remote import Asked, Found, RemoteSource

__all__ = ["Tiingo"]

KEY = "TIINGO_API_KEY"
HOUR = 3600.0  # seconds; its limits are by the hour and by the day


class Tiingo(RemoteSource):
    """End-of-day prices; a whole history is one page."""

    base: ClassVar[str] = "https://api.tiingo.com"
    names: ClassVar[dict[Interval, str]] = {Interval.ONE_DAY: "daily"}

    @classmethod
    def headers(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        """The token."""
        return {"Authorization": f"Token {credentials[KEY]}"}

    def _ask(self, found: Found, asked: Asked) -> None:
        query = {
            "startDate": date_of(asked.start).isoformat(),
            "endDate": date_of(asked.end - 1).isoformat(),
            "format": "json",
            "resampleFreq": self.names[asked.interval],
        }
        answer = self._http.get(f"/tiingo/daily/{quote(asked.symbol, safe='')}/prices", query)
        for row in self._reader.items(self._told(answer, asked.symbol), "prices"):
            self._row(found, self._reader.mapping(row, "price"))

    def _told(self, answer: Answer, symbol: str) -> Any:
        """The prices; what is said instead of them becomes an error."""
        text = self._reader.text(answer).strip()
        if text.startswith(("Error", "You have")):
            # Where a limit is passed, it is a sentence that is answered, with status 200.
            if "run over" in text:
                raise RateLimited(self._terms.name, "was asked as often as it allows", HOUR)
            raise self._reader.bad(f"answered: {text}")
        told = self._reader.json(answer)
        if answer.status == 200 and not isinstance(told, dict):
            return told
        error = self._reader.mapping(told, "error")
        if "detail" not in error:
            raise self._reader.bad(f"answered {answer.status} with an object without detail")
        detail = as_written(error["detail"])
        if "token" in detail.lower():
            raise NotPermitted(self._terms.name, f"does not permit it: {self._http.told(detail)}")
        if answer.status == 404 or "not found" in detail.lower():
            raise UnknownAtSource(self._terms.name, f"has no symbol {symbol}")
        raise self._reader.bad(f"refused the question: {detail}")

    def _row(self, found: Found, row: Mapping[str, Any]) -> None:
        read = self._reader
        day = read.day(row.get("date"), "date")
        columns = ("open", "high", "low", "close", "volume")
        found.bars.append(RawBar(day, *(read.number(row, name) for name in columns)))
        split, paid = read.number(row, "splitFactor"), read.number(row, "divCash")
        if split not in {"1", "1.0"}:
            found.actions.append(RawAction(day, ActionKind.SPLIT, split))
        if paid not in {"0", "0.0"}:
            found.actions.append(RawAction(day, ActionKind.DIVIDEND, paid))
