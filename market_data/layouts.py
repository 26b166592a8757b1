"""The layouts in which people have bars: which field of a row is what, found from its first rows.

    a header of names          Date, Time, Datetime, Timestamp or open_time; Open, High, Low, Close,
                               Volume, in any case and order; also Alpaca's t, o, h, l, c, v
    Yahoo's, of three lines    Price,Close,High,... / Ticker,AAPL,... / Date,,,...
    Stooq's and MetaTrader 5's <TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,...
    Binance's, without one     1578268800000,10,11,9,10.5,1000,1578355199999,... (12 fields)
    MetaTrader 4's, likewise   2020.01.06,00:00,10,11,9,10.5,1000

What may mean two things is refused with what would be right, never guessed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.types import Interval
from market_data.errors import BadCsv

__all__ = ["COLUMNS", "Layout", "find_layout"]

COLUMNS = ("time", "open", "high", "low", "close", "volume")

# How files call the columns, in lower case, without blanks, dots, dashes, underscores and <>.
NAMES = {
    "date": "time",
    "time": "time",
    "datetime": "time",
    "timestamp": "time",
    "opentime": "time",
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "volume": "volume",
    "vol": "volume",
}
LETTERS = dict(zip("tohlcv", COLUMNS, strict=True))
ADJUSTED = frozenset({"adjclose", "adjustedclose"})

# The name of the column that says of which symbol a row is, and that of its interval.
TICKERS = frozenset({"symbol", "ticker"})
PERIOD = "per"

BINANCE = (
    *("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume"),
    *("count", "taker_buy_volume", "taker_buy_quote_volume", "ignore"),
)
METATRADER = ("date", "time", "open", "high", "low", "close", "volume")

# How Stooq calls the intervals.
PERIODS = {
    "15": Interval.FIFTEEN_MINUTES,
    "60": Interval.ONE_HOUR,
    "D": Interval.ONE_DAY,
    "W": Interval.ONE_WEEK,
}
INTRADAY = frozenset({Interval.FIFTEEN_MINUTES, Interval.ONE_HOUR, Interval.FOUR_HOURS})

_EPOCH = re.compile(r"[0-9]{9,19}")
_DOTTED = re.compile(r"[0-9]{4}\.[0-9]{2}\.[0-9]{2}")
_MIDNIGHTS = ("04:00", "05:00")  # of New York, in UTC


def plain(name: str) -> str:
    """A header's name as it is looked up."""
    return re.sub(r"[\s._<>-]", "", name).lower()


@dataclass(slots=True)
class Layout:
    """Where the columns of a file stand.

    Attributes
    ----------
    header : list of str
        The names of the fields, as the file has them or as its kind is known to.
    place : dict
        The field of each column.
    clock : int or None
        The field of a time of day beside its date.
    ticker : int or None
        The field that names the symbol.
    period : int or None
        The field that names the interval.
    new_york : bool
        Whether a day is told as its midnight in New York, in UTC, as Alpaca does.
    begun : list
        The rows that were read to find it and that are bars, with their lines.
    notes : list of str
    """

    header: list[str]
    place: dict[str, int] = field(default_factory=dict)
    clock: int | None = None
    ticker: int | None = None
    period: int | None = None
    new_york: bool = False
    begun: list[tuple[int, list[str]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def used(self) -> set[int | None]:
        """The fields that are read."""
        return {*self.place.values(), self.clock, self.ticker, self.period}

    def check(
        self, file: str, line: int, fields: list[str], interval: Interval, symbol: str | None
    ) -> str | None:
        """The symbol that the file is of, so far: that of this row, where none was before it.

        Raises
        ------
        BadCsv
            When a row has too few fields, is of another symbol, or of another interval.
        """
        if len(fields) != len(self.header):
            reason = f"{len(fields)} fields under a header of {len(self.header)}"
            raise BadCsv(file, line, "", ",".join(fields), reason)
        if self.period is not None and PERIODS.get(fields[self.period].strip()) is not interval:
            reason = f"not a bar of {interval}"
            raise BadCsv(file, line, self.header[self.period], fields[self.period], reason)
        if self.ticker is None:
            return None
        told = fields[self.ticker]
        if symbol not in {None, told}:
            reason = f"another symbol than {symbol} above; give each a file of its own"
            raise BadCsv(file, line, self.header[self.ticker], told, reason)
        return told

    def told(self) -> tuple[str, ...]:
        """What is worth knowing of the file: its notes, and the fields that are not read."""
        return tuple(self.notes) + tuple(
            f"Column {name} is not read"
            + (", for prices are kept raw, beside their splits and dividends." if adjusted else ".")
            for i, name in enumerate(self.header)
            if i not in self.used()
            for adjusted in [plain(name) in ADJUSTED]
        )

    def time_text(self, fields: list[str], interval: Interval) -> str:
        """The time of a row, date and time of day put together."""
        text = fields[self.place["time"]].strip()
        text = re.sub(r"^([0-9]{4})[./]([0-9]{2})[./]([0-9]{2})(?![0-9])", r"\1-\2-\3", text)
        if self.clock is not None:
            clock = fields[self.clock].strip()
            # 000000 and 00:00 of a day say nothing; 153000 is 15:30:00.
            if re.fullmatch(r"[0-9]{6}", clock):
                clock = f"{clock[:2]}:{clock[2:4]}:{clock[4:]}"
            text = f"{text} {clock}" if clock else text
        if self.new_york and interval not in INTRADAY and text[11:16] in _MIDNIGHTS:
            text = text[:10]
        return text


def find_layout(file: str, rows: Iterator[tuple[int, list[str]]], interval: Interval) -> Layout:
    """The layout of a file, of whose rows the first are taken.

    Raises
    ------
    BadCsv
        Where a column is missing, or could be another.
    """
    line, first = next(rows, (1, []))
    fields = [text.strip() for text in first]
    if fields and plain(fields[0]) == "price":
        layout = _yahoo(file, fields, rows)
    elif len(fields) == len(BINANCE) and _EPOCH.fullmatch(fields[0]):
        layout = Layout(list(BINANCE), begun=[(line, first)])
    elif len(fields) == len(METATRADER) and _DOTTED.fullmatch(fields[0]):
        layout = Layout(list(METATRADER), begun=[(line, first)])
    else:
        layout = Layout(fields)
    _place(file, layout)
    _check_clock(file, layout, interval)
    return layout


def _yahoo(file: str, fields: list[str], rows: Iterator[tuple[int, list[str]]]) -> Layout:
    """Yahoo's header of three lines, as yfinance writes it."""
    line, tickers = next(rows, (2, [""]))
    if plain(tickers[0]) != "ticker":
        raise BadCsv(file, line, "", ",".join(tickers), "after Price comes a line of Ticker")
    symbols = sorted({one.strip() for one in tickers[1:]})
    if len(symbols) != 1:
        raise BadCsv(
            file, line, "Ticker", ", ".join(symbols), "several symbols; give each a file of its own"
        )
    line, dates = next(rows, (3, [""]))
    if NAMES.get(plain(dates[0])) != "time":
        raise BadCsv(file, line, "", ",".join(dates), "after Ticker comes a line of Date")
    layout = Layout([dates[0].strip(), *fields[1:]])
    if not ADJUSTED & {plain(name) for name in fields}:
        layout.notes.append(
            "yfinance works dividends into such prices unless it is told auto_adjust=False; they "
            "are kept as if they were raw."
        )
    return layout


def _place(file: str, layout: Layout) -> None:
    """Find the columns by their names."""
    names = [plain(name) for name in layout.header]
    known = LETTERS if set(LETTERS) <= set(names) else NAMES
    for i, name in enumerate(names):
        if name in TICKERS:
            layout.ticker = i
        if name == PERIOD:
            layout.period = i
        column = known.get(name)
        if column == "time" and name == "time" and "date" in names:
            if layout.clock is not None:
                raise BadCsv(file, 1, layout.header[i], "", "a second time of day")
            layout.clock = i
            continue
        if column in layout.place:
            first = layout.header[layout.place[column]]
            raise BadCsv(file, 1, layout.header[i], "", f"a second {column}, after column {first}")
        if column is not None:
            layout.place[column] = i
    if "volume" not in layout.place and "tickvol" in names:
        layout.place["volume"] = names.index("tickvol")
    for column in COLUMNS:
        if column not in layout.place:
            there = ", ".join(layout.header)
            raise BadCsv(file, 1, column, there, "the header lacks this column")
    layout.new_york = {"tradecount", "vwap"} <= set(names) or known is LETTERS


def _check_clock(file: str, layout: Layout, interval: Interval) -> None:
    """Refuse times of day that are told by clocks which the file does not name."""
    beside = layout.clock is not None
    if beside and interval in INTRADAY:
        name = layout.header[layout.clock or 0]
        raise BadCsv(
            file,
            1,
            name,
            "",
            "times of a clock that the file does not name; give them in one column with their "
            "offset, such as 2020-01-06T09:30:00-05:00, or as an epoch",
        )
