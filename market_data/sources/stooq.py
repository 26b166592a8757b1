"""Stooq: days of stocks, indices, currencies and futures as CSV.

https://stooq.com/db/h/

``o`` has a digit for each kind of event that its page can leave out of the prices: splits,
dividends, subscription rights, denominations and three more, the boxes o_s, o_d, o_p, o_n, o_o,
o_m and o_x of https://stooq.com/q/d/. Asked with ``o=1111111`` prices are as traded; it tells no
events. Instead of CSV it answers sentences, all with status 200. The key travels in the address,
for it is taken nowhere else. Symbols are in small letters with their market: aapl.us, ^spx, eurusd.
"""

import csv
from typing import ClassVar

from engine.types import Interval
from market_data.errors import NotPermitted, RateLimited
from market_data.sources.base import RawBar
from market_data.sources.reading import date_of
from market_data.sources.remote import Asked, Found, RemoteSource

__all__ = ["Stooq"]

KEY = "STOOQ_API_KEY"
HEADER = ["Date", "Open", "High", "Low", "Close", "Volume"]
QUARTER_DAY = 21_600.0  # seconds; its limit is by the day


class Stooq(RemoteSource):
    """Daily bars, in one answer without pages."""

    base: ClassVar[str] = "https://stooq.com"
    names: ClassVar[dict[Interval, str]] = {Interval.ONE_DAY: "d"}

    def _ask(self, found: Found, asked: Asked) -> None:
        query = {
            "s": asked.symbol.lower(),
            "i": self.names[asked.interval],
            "d1": date_of(asked.start).strftime("%Y%m%d"),
            "d2": date_of(asked.end - 1).strftime("%Y%m%d"),
            "o": "1111111",
            "apikey": self._credentials[KEY],
        }
        answer = self._reader.text(self._http.get("/q/d/l/", query))
        text = answer.strip()
        found.notes.append("Stooq tells no splits and dividends.")
        if text.lower() in {"no data", "brak danych"}:
            found.notes.append(
                "Stooq says «No data» of a range without bars and of an unknown symbol alike."
            )
            return
        self._read(found, text, whole=answer.endswith("\n"))

    def _read(self, found: Found, text: str, *, whole: bool) -> None:
        header, *rows = csv.reader(text.splitlines() or [""])
        if header not in (HEADER, HEADER[:-1]):
            raise self._instead(text)
        if rows and not whole:
            # Half a number is a number too.
            rows.pop()
            found.notes.append("The answer broke off: its last row is left out.")
        for fields in rows:
            if len(fields) != len(header):
                raise self._reader.bad(f"answered {len(fields)} fields under {len(header)}")
            day = self._reader.day(fields[0], "Date")
            # Indices and currencies have no volume.
            found.bars.append(RawBar(day, *[*fields[1:], "0"][:5]))

    def _instead(self, text: str) -> Exception:
        """What it answered that is no CSV."""
        name, said = self._terms.name, text.lower()
        if "exceeded" in said and "limit" in said:
            return RateLimited(name, "was asked as often as it allows in a day", QUARTER_DAY)
        if "apikey" in said or "write to www" in said:
            return NotPermitted(name, f"does not permit it: {self._http.told(text)}")
        if text.startswith("<"):
            return self._reader.bad("answered with a page of HTML instead of CSV")
        return self._reader.bad(f"answered: {text}")
