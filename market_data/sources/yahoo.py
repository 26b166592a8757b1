"""Yahoo's chart endpoint: stocks, funds, indices, currencies and coins, for personal use.

It is not documented by Yahoo; how it answers is known from those who use it, as yfinance does:
https://ranaroussi.github.io/yfinance/

Its prices, volumes and dividends have every later split worked in, so all splits up to now are
asked for with the bars and taken out again. Days and weeks carry the moment of their first trade,
which becomes their date where the exchange is. Symbols: AAPL, VOD.L, BTC-USD, ^GSPC.
"""

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal, InvalidOperation
from typing import Any, ClassVar, NamedTuple
from urllib.parse import quote

from engine.types import Interval
from market_data.calendar import DAY, HOUR, SECOND
from market_data.errors import NotOffered, SourceError, UnknownAtSource
from market_data.instruments import ActionKind
from market_data.sources.base import RawAction, RawBar
from market_data.sources.reading import as_written
from market_data.sources.remote import Asked, Found, RemoteSource

__all__ = ["Yahoo"]

MONDAY = 4 * DAY  # 1970-01-05
COLUMNS = ("open", "high", "low", "close", "volume")
# Its prices are 32-bit floats in the end, which carry seven digits.
PRICE, VOLUME = Context(prec=7), Context(prec=15)


class Split(NamedTuple):
    """A split that is worked into everything before its date."""

    day: int
    new: Decimal
    old: Decimal


class Yahoo(RemoteSource):
    """Charts, whole in one answer."""

    base: ClassVar[str] = "https://query1.finance.yahoo.com"
    names: ClassVar[dict[Interval, str]] = {
        Interval.FIFTEEN_MINUTES: "15m",
        Interval.ONE_HOUR: "60m",
        Interval.ONE_DAY: "1d",
        Interval.ONE_WEEK: "1wk",
    }

    def _ask(self, found: Found, asked: Asked) -> None:
        symbol, interval, start, end, now = asked
        if interval is Interval.ONE_WEEK:
            # From the middle of a week it would tell a part of that week as a whole one.
            start -= (start - MONDAY) % (7 * DAY)
        if interval in {Interval.ONE_DAY, Interval.ONE_WEEK}:
            # In the east a day begins before its date does in UTC.
            start -= DAY
        query = {
            "interval": self.names[interval],
            "period1": str(start // SECOND),
            # Also later than asked for, because a later split is worked into what is asked for.
            "period2": str(max(end, now) // SECOND + 1),
            "events": "div,splits",
            "includePrePost": "false",
        }
        chart = self._chart(symbol, query)
        if chart is not None:
            self._read(found, chart, interval)

    def _chart(self, symbol: str, query: dict[str, str]) -> Mapping[str, Any] | None:
        """What is told of the symbol; None where the range holds nothing."""
        read = self._reader
        answer = self._http.get(f"/v8/finance/chart/{quote(symbol, safe='')}", query)
        chart = read.mapping(read.mapping(read.json(answer), "answer").get("chart"), "chart")
        if chart.get("error") is not None:
            told = read.mapping(chart["error"], "error")
            said = as_written(told.get("description"))
            if "doesn't exist" in said:
                return None
            raise self._error(as_written(told.get("code")), said, symbol)
        results = read.items(chart.get("result"), "result")
        if len(results) != 1:
            raise read.bad(f"answered {len(results)} results and not one")
        return read.mapping(results[0], "result")

    def _error(self, code: str, said: str, symbol: str) -> SourceError:
        if code == "Not Found":
            return UnknownAtSource(self._terms.name, f"has no symbol {symbol}")
        if "must be within" in said or "not available" in said:
            return NotOffered(self._terms.name, f"does not go back as far: {said[:120]}")
        return self._reader.bad(f"refused the question ({code}): {said}")

    def _read(self, found: Found, chart: Mapping[str, Any], interval: Interval) -> None:
        read = self._reader
        meta = read.mapping(chart.get("meta"), "meta")
        offset = read.epoch(meta.get("gmtoffset"), SECOND, "gmtoffset")
        events = read.mapping(chart.get("events", {}), "events")
        splits = self._splits(events, offset)
        for split in splits:
            value = f"{split.new}/{split.old}"
            found.actions.append(RawAction(split.day, ActionKind.SPLIT, value))
        for paid in read.mapping(events.get("dividends", {}), "dividends").values():
            row = read.mapping(paid, "dividend")
            day = _day(read.epoch(row.get("date"), SECOND, "date"), offset)
            amount = _undone(read.number(row, "amount"), day, splits)
            found.actions.append(RawAction(day, ActionKind.DIVIDEND, amount))
        if splits:
            found.notes.append(
                "Splits were taken out of Yahoo's prices again, which leaves seven digits of them."
            )
        times = read.items(chart.get("timestamp", []), "timestamp")
        if times:
            self._bars(found, chart, interval, [read.epoch(t, SECOND, "timestamp") for t in times])

    def _bars(
        self, found: Found, chart: Mapping[str, Any], interval: Interval, times: list[int]
    ) -> None:
        read, meta = self._reader, chart["meta"]
        offset = read.epoch(meta["gmtoffset"], SECOND, "gmtoffset")
        splits = self._splits(read.mapping(chart.get("events", {}), "events"), offset)
        quotes = read.items(
            read.mapping(chart.get("indicators"), "indicators").get("quote"), "quote"
        )
        table = read.mapping(quotes[0] if quotes else None, "quote")
        columns = [read.items(table.get(name), name) for name in COLUMNS]
        if any(len(column) != len(times) for column in columns):
            raise read.bad("answered columns of different lengths")
        if "regularMarketTime" in meta:
            last_trade = read.epoch(meta["regularMarketTime"], SECOND, "regularMarketTime")
            if self._is_running(times, interval, offset, last_trade):
                times = times[:-1]
                found.notes.append("The last row was a running price and no bar; it is left out.")
        for i, time in enumerate(times):
            day = _day(time, offset)
            texts = [as_written(column[i]) for column in columns]
            texts[:4] = (_undone(text, day, splits) for text in texts[:4])
            texts[4] = _undone(texts[4], day, splits, volume=True)
            found.bars.append(RawBar(_opened(time, interval, offset), *texts))

    @staticmethod
    def _is_running(times: list[int], interval: Interval, offset: int, last_trade: int) -> bool:
        """Whether the last row is the price of a moment, appended to the bars."""
        if interval in {Interval.ONE_DAY, Interval.ONE_WEEK}:
            opened = [_opened(time, interval, offset) for time in times[-2:]]
            return len(opened) == 2 and opened[0] == opened[1]
        return times[-1] == last_trade

    def _splits(self, events: Mapping[str, Any], offset: int) -> list[Split]:
        read, splits = self._reader, []
        for told in read.mapping(events.get("splits", {}), "splits").values():
            row = read.mapping(told, "split")
            day = _day(read.epoch(row.get("date"), SECOND, "date"), offset)
            try:
                new, old = (Decimal(read.number(row, n)) for n in ("numerator", "denominator"))
            except InvalidOperation:
                raise read.bad("answered a split without numbers") from None
            if not (new.is_finite() and old.is_finite() and new > 0 and old > 0):
                raise read.bad("answered a split of nothing")
            splits.append(Split(day, new, old))
        return splits


def _day(time: int, offset: int) -> int:
    """The date at the exchange on which a day's or a week's first trade was.

    The offset is today's: it may be an hour off for the time, and the first trade of a week is
    told as its midnight; two hours later it is the same date all the same.
    """
    return (time + offset + 2 * HOUR) // DAY * DAY


def _opened(time: int, interval: Interval, offset: int) -> int:
    """The bar's time, as this project tells it."""
    if interval is Interval.ONE_DAY:
        return _day(time, offset)
    if interval is Interval.ONE_WEEK:
        day = _day(time, offset)
        return day - (day - MONDAY) % (7 * DAY)
    return time


def _undone(text: str, day: int, splits: Sequence[Split], *, volume: bool = False) -> str:
    """A number without the splits after its day; as it was written where there are none."""
    later = [split for split in splits if split.day > day]
    try:
        number = Decimal(text) if later else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        return text
    for split in later:
        number = number * split.old / split.new if volume else number * split.new / split.old
    # Neither zeros at the end nor an exponent.
    return f"{(VOLUME if volume else PRICE).plus(number).normalize():f}"
