"""Alpha Vantage: days of stocks, raw, with splits and dividends from functions of their own.

https://www.alphavantage.co/documentation/ and https://www.alphavantage.co/premium/

A key that costs nothing may ask once a second and 25 times a day, and gets the last 100 sessions:
``outputsize=full`` of TIME_SERIES_DAILY has become a premium feature.
It answers status 200 whatever happened: errors are objects with the one member "Error Message",
"Information" or "Note". The key travels in the address, for it is taken nowhere else, and some of
its sentences repeat the key.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from engine.types import Interval
from market_data.calendar import DAY
from market_data.errors import NotPermitted, RateLimited, SourceError, UnknownAtSource
from market_data.instruments import ActionKind
from market_data.sources.base import RawAction, RawBar
from market_data.sources.reading import as_written
from market_data.sources.remote import Asked, Found, RemoteSource

__all__ = ["AlphaVantage"]

KEY = "ALPHA_VANTAGE_API_KEY"
COLUMNS = ("1. open", "2. high", "3. low", "4. close", "5. volume")
SERIES = "Time Series (Daily)"

# A compact answer has the last 100 sessions, which is more than these days.
COMPACT = 130 * DAY
# Seconds until asking again is of use: after too many in a second, in a minute, and in a day.
SECONDS, MINUTE, QUARTER_DAY = 2.0, 60.0, 21_600.0


class AlphaVantage(RemoteSource):
    """Daily bars, in one answer without pages."""

    base: ClassVar[str] = "https://www.alphavantage.co"
    names: ClassVar[dict[Interval, str]] = {Interval.ONE_DAY: "TIME_SERIES_DAILY"}

    def _ask(self, found: Found, asked: Asked) -> None:
        size = "compact" if asked.start > asked.now - COMPACT else "full"
        told = self._function(self.names[asked.interval], asked.symbol, outputsize=size)
        rows = self._reader.mapping(told.get(SERIES), SERIES)
        for day, row in sorted(rows.items()):
            numbers = self._reader.mapping(row, day)
            time = self._reader.day(day, SERIES)
            found.bars.append(RawBar(time, *(self._reader.number(numbers, c) for c in COLUMNS)))
        for function, kind, date, value in (
            ("SPLITS", ActionKind.SPLIT, "effective_date", "split_factor"),
            ("DIVIDENDS", ActionKind.DIVIDEND, "ex_dividend_date", "amount"),
        ):
            told = self._function(function, asked.symbol)
            for item in self._reader.items(told.get("data"), function):
                action = self._reader.mapping(item, function)
                ex_time = self._reader.day(action.get(date), date)
                if asked.start <= ex_time < asked.end:
                    text = self._reader.number(action, value)
                    found.actions.append(RawAction(ex_time, kind, text))

    def _function(self, function: str, symbol: str, **options: str) -> Mapping[str, Any]:
        query = {"function": function, "symbol": symbol, **options}
        answer = self._http.get("/query", query | {"apikey": self._credentials[KEY]})
        told = self._reader.mapping(self._reader.json(answer), function)
        for member in ("Error Message", "Information", "Note"):
            if member in told:
                raise self._error(as_written(told[member]), symbol)
        return told

    def _error(self, said: str, symbol: str) -> SourceError:
        """What a sentence means that is answered instead of data."""
        name, text = self._terms.name, said.lower()
        if "outputsize=full" in text:
            what = "gives more than the last 100 sessions to premium keys only"
            return NotPermitted(name, f"{what}: ask from a later day on")
        # Its word on the second speaks of premium endpoints and of the day as well.
        if "spreading out" in text or "per second" in text:
            return RateLimited(name, "was asked twice within a second", SECONDS)
        if "premium endpoint" in text or "premium feature" in text:
            return NotPermitted(name, "gives this to premium keys only")
        if "per minute" in text or "call frequency" in text:
            return RateLimited(name, "was asked too often", MINUTE)
        if "per day" in text:
            return RateLimited(name, "was asked as often as it allows in a day", QUARTER_DAY)
        if "apikey" in text or "api key" in text:
            return NotPermitted(name, f"does not permit it: {self._http.told(said)}")
        if "invalid api call" in text:
            return UnknownAtSource(name, f"has no symbol {symbol}")
        return self._reader.bad(f"answered: {said}")
