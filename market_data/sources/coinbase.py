"""Coinbase Exchange: public candles, without a key.

https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products/get-product-candles

A candle is an array of time (s), low, high, open, close and volume, the newest first; both ends of
a range belong to it, and it holds at most 300. Intervals without trades have no candle. Symbols are
products: BTC-USD.
"""

from typing import ClassVar
from urllib.parse import quote

from engine.types import Interval
from market_data.calendar import LENGTH, SECOND
from market_data.errors import UnknownAtSource
from market_data.sources.base import RawBar
from market_data.sources.reading import as_written, rfc3339
from market_data.sources.remote import Asked, Found, RemoteSource

__all__ = ["Coinbase"]


class Coinbase(RemoteSource):
    """Candles, 300 a page."""

    base: ClassVar[str] = "https://api.exchange.coinbase.com"
    names: ClassVar[dict[Interval, str]] = {
        Interval.FIFTEEN_MINUTES: "900",
        Interval.ONE_HOUR: "3600",
        Interval.ONE_DAY: "86400",
    }

    def _ask(self, found: Found, asked: Asked) -> None:
        symbol, interval, start, end, now = asked
        length = LENGTH[interval]
        first = -(-start // length) * length
        # Nothing has opened after now, and pages of nothing would be asked for one by one.
        end = min(end, now + 1)
        for _ in self._pages():
            if first >= end:
                return
            last = min(first + (self._terms.page - 1) * length, end - 1)
            query = {
                "granularity": self.names[interval],
                "start": rfc3339(first),
                "end": rfc3339(last),
            }
            found.bars += self._page(symbol, query)
            first += self._terms.page * length

    def _page(self, symbol: str, query: dict[str, str]) -> list[RawBar]:
        answer = self._http.get(f"/products/{quote(symbol, safe='')}/candles", query)
        told = self._reader.json(answer)
        if answer.status == 404:
            raise UnknownAtSource(self._terms.name, f"has no symbol {symbol}")
        if answer.status != 200:
            message = as_written(self._reader.mapping(told, "error").get("message"))
            raise self._reader.bad(f"refused the question: {message}")
        # The newest come first.
        return [self._bar(row) for row in reversed(self._reader.items(told, "candles"))]

    def _bar(self, row: object) -> RawBar:
        candle = self._reader.items(row, "candle")
        if len(candle) != 6:
            raise self._reader.bad(f"answered a candle of {len(candle)} fields and not 6")
        low, high, first, last, volume = (as_written(value) for value in candle[1:])
        return RawBar(self._reader.epoch(candle[0], SECOND, "time"), first, high, low, last, volume)
