"""Binance: public klines of spot markets, without a key.

https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints

A kline is an array of open time (ms), open, high, low, close and volume as texts, and more. Weeks
begin on Monday at 00:00Z. Symbols are written without a dash: BTCUSDT.
"""

from typing import ClassVar

from engine.types import Interval
from market_data.errors import UnknownAtSource
from market_data.sources.base import RawBar
from market_data.sources.reading import as_written
from market_data.sources.remote import Asked, Found, RemoteSource

__all__ = ["Binance"]

MILLISECOND = 1_000
INVALID_SYMBOL = "-1121"
ILLEGAL_CHARACTERS = "-1100"


class Binance(RemoteSource):
    """Klines, up to 1,000 a page."""

    base: ClassVar[str] = "https://data-api.binance.vision"
    names: ClassVar[dict[Interval, str]] = {
        Interval.FIFTEEN_MINUTES: "15m",
        Interval.ONE_HOUR: "1h",
        Interval.FOUR_HOURS: "4h",
        Interval.ONE_DAY: "1d",
        Interval.ONE_WEEK: "1w",
    }

    def _ask(self, found: Found, asked: Asked) -> None:
        first = -(-asked.start // MILLISECOND)
        for _ in self._pages():
            query = {
                "symbol": asked.symbol,
                "interval": self.names[asked.interval],
                "startTime": str(first),
                "endTime": str((asked.end - 1) // MILLISECOND),
                "limit": str(self._terms.page),
            }
            bars = self._page(asked.symbol, query)
            found.bars += bars
            if len(bars) < self._terms.page:
                return
            newest = bars[-1].time // MILLISECOND
            if newest < first:
                raise self._reader.bad("answered the page before once more")
            first = newest + 1

    def _page(self, symbol: str, query: dict[str, str]) -> list[RawBar]:
        answer = self._http.get("/api/v3/klines", query)
        told = self._reader.json(answer)
        if answer.status != 200:
            told = self._reader.mapping(told, "error")
            code, message = as_written(told.get("code")), as_written(told.get("msg"))
            if code in {INVALID_SYMBOL, ILLEGAL_CHARACTERS}:
                raise UnknownAtSource(self._terms.name, f"has no symbol {symbol}")
            raise self._reader.bad(f"refused the question ({code}): {message}")
        return [self._bar(row) for row in self._reader.items(told, "klines")]

    def _bar(self, row: object) -> RawBar:
        kline = self._reader.items(row, "kline")
        if len(kline) < 6:
            raise self._reader.bad(f"answered a kline of {len(kline)} fields and not 6 or more")
        time = self._reader.epoch(kline[0], MILLISECOND, "open time")
        return RawBar(time, *(as_written(value) for value in kline[1:6]))
