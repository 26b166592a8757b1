"""Alpaca: bars of US stocks, raw, with splits and dividends beside them.

https://docs.alpaca.markets/reference/stockbarsingle-1
https://docs.alpaca.markets/reference/corporateactions-1

Asked of all exchanges (feed=sip), which a free key may see when 15 minutes old. Its bars of a
quarter hour also cover trading before and after the session; those are left out, and that is told.
The hours are made of quarters by whoever wants them, because Alpaca's begin on the hour. A dividend
paid in shares is a split. Keys travel in headers.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar
from urllib.parse import quote

from engine.types import Interval
from market_data.calendar import DAY, MINUTE, in_session
from market_data.errors import UnknownAtSource
from market_data.instruments import ActionKind
from market_data.sources.base import RawAction, RawBar
from market_data.sources.reading import as_written, date_of, rfc3339
from market_data.sources.remote import Asked, Found, RemoteSource

__all__ = ["Alpaca"]

KEY, SECRET = "ALPACA_KEY_ID", "ALPACA_SECRET_KEY"
COLUMNS = ("o", "h", "l", "c", "v")
CALENDAR = "XNYS"  # XNAS holds the same sessions
WITHHELD = 16 * MINUTE  # what is younger is not given to free keys
ACTIONS = 1_000  # a page


class Alpaca(RemoteSource):
    """Bars, up to 10,000 a page."""

    base: ClassVar[str] = "https://data.alpaca.markets"
    names: ClassVar[dict[Interval, str]] = {
        Interval.FIFTEEN_MINUTES: "15Min",
        Interval.ONE_DAY: "1Day",
        Interval.ONE_WEEK: "1Week",
    }

    @classmethod
    def headers(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        """The key's two halves."""
        return {
            "APCA-API-KEY-ID": credentials[KEY],
            "APCA-API-SECRET-KEY": credentials[SECRET],
        }

    def _ask(self, found: Found, asked: Asked) -> None:
        symbol, interval, start, end, now = asked
        last = min(end - 1, now - WITHHELD)
        if last < start:
            return
        query = {
            "timeframe": self.names[interval],
            "start": rfc3339(start),
            "end": rfc3339(last),
            "limit": str(self._terms.page),
            "adjustment": "raw",
            "feed": "sip",
            "sort": "asc",
        }
        outside = 0
        for told in self._answers(f"/v2/stocks/{quote(symbol, safe='')}/bars", query, symbol):
            # Null where there are none.
            rows = [] if told.get("bars", ...) is None else told.get("bars")
            for row in self._reader.items(rows, "bars"):
                bar = self._bar(self._reader.mapping(row, "bar"), interval)
                if interval is Interval.FIFTEEN_MINUTES and not in_session(bar.time, CALENDAR):
                    outside += 1
                else:
                    found.bars.append(bar)
        if outside:
            found.notes.append(f"{outside} bars outside of the sessions are left out.")
        self._actions(found, symbol, start, last)

    def _answers(
        self, path: str, query: dict[str, str], symbol: str
    ) -> Iterator[Mapping[str, Any]]:
        """The pages of an answer."""
        token = ""
        for _ in self._pages():
            page = query | ({"page_token": token} if token else {})
            answer = self._http.get(path, page)
            told = self._reader.mapping(self._reader.json(answer), "answer")
            if answer.status != 200:
                said = as_written(told.get("message"))
                if answer.status == 404 or "symbol" in said.lower():
                    raise UnknownAtSource(self._terms.name, f"has no symbol {symbol}")
                raise self._reader.bad(f"refused the question: {said}")
            yield told
            following = told.get("next_page_token")
            if following is None:
                return
            if following == token:
                raise self._reader.bad("answered the page before once more")
            token = self._reader.string(following, "next_page_token")

    def _bar(self, row: Mapping[str, Any], interval: Interval) -> RawBar:
        time = self._reader.moment(row.get("t"), "t")
        if interval is not Interval.FIFTEEN_MINUTES:
            # Midnight in New York is 04:00Z or 05:00Z of the same date.
            time -= time % DAY
        return RawBar(time, *(self._reader.number(row, name) for name in COLUMNS))

    def _actions(self, found: Found, symbol: str, start: int, last: int) -> None:
        query = {
            "symbols": symbol,
            "types": "forward_split,reverse_split,stock_dividend,cash_dividend",
            "start": date_of(start).isoformat(),
            "end": date_of(last).isoformat(),
            "limit": str(ACTIONS),
            "sort": "asc",
        }
        read = self._reader
        for told in self._answers("/v1/corporate-actions", query, symbol):
            told = read.mapping(told.get("corporate_actions", {}), "corporate_actions")
            for name in ("forward_splits", "reverse_splits"):
                for item in read.items(told.get(name, []), name):
                    row = read.mapping(item, name)
                    ratio = f"{read.number(row, 'new_rate')}/{read.number(row, 'old_rate')}"
                    day = read.day(row.get("ex_date"), "ex_date")
                    found.actions.append(RawAction(day, ActionKind.SPLIT, ratio))
            for item in read.items(told.get("stock_dividends", []), "stock_dividends"):
                row = read.mapping(item, "stock_dividends")
                shares = _with_one(read.number(row, "rate"))
                day = read.day(row.get("ex_date"), "ex_date")
                found.actions.append(RawAction(day, ActionKind.SPLIT, shares))
            for item in read.items(told.get("cash_dividends", []), "cash_dividends"):
                row = read.mapping(item, "cash_dividends")
                day = read.day(row.get("ex_date"), "ex_date")
                paid = RawAction(day, ActionKind.DIVIDEND, read.number(row, "rate"))
                found.actions.append(paid)


def _with_one(rate: str) -> str:
    """The shares that there are for one after so many more were paid; as it was, if no number."""
    try:
        return str(1 + Decimal(rate))
    except InvalidOperation:
        return rate
