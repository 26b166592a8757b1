"""A server on this machine that answers as a source would, and sources that ask it."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from market_data.calendar import DAY, SECOND
from market_data.sources.http import Http
from market_data.sources.opening import REMOTE
from market_data.sources.pacing import Breaker, Pace
from market_data.sources.registry import TERMS

SECRET = "s3cret-and-long"


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass
class Reply:
    """An answer to be sent."""

    body: str | bytes = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200) -> "Reply":
        return cls(json.dumps(value), status, {"Content-Type": "application/json"})


class Local:
    """The server: it answers by ``answer``, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: Callable[[Asked], Reply] = lambda _: Reply(status=500)
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.base = f"http://127.0.0.1:{self._server.server_port}"

    def script(self, *replies: Reply) -> None:
        """Answer with one after the other, and with the last for ever."""
        left = list(replies)
        self.answer = lambda _: left.pop(0) if len(left) > 1 else left[0]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(local) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def do_GET(self) -> None:
                place = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(place.query).items()}
                asked = Asked(place.path, query, dict(self.headers.items()))
                local.asked.append(asked)
                reply = local.answer(asked)
                body = reply.body.encode() if isinstance(reply.body, str) else reply.body
                self.send_response(reply.status)
                for name, value in ({"Content-Length": str(len(body))} | reply.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                if reply.headers.get("Content-Length", str(len(body))) != str(len(body)):
                    # Less than was promised: nothing more comes.
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture(scope="session")
def _local() -> Iterator[Local]:
    server = Local()
    yield server
    server.close()


@pytest.fixture
def local(_local: Local) -> Local:
    """The server, asked nothing yet."""
    _local.asked = []
    _local.script(Reply(status=500))
    return _local


class Ticking:
    """Seconds that pass only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def seconds() -> Ticking:
    return Ticking()


@pytest.fixture
def http(local: Local, seconds: Ticking) -> Iterator[Callable[..., Http]]:
    """A client of the server, whose sleeps take no time."""
    opened: list[Http] = []

    def http(name: str = "told", **options: Any) -> Http:
        limit = TERMS[name].limit if name in TERMS else TERMS["file"].limit
        pace = options.pop("pace", None) or Pace(name, limit, seconds, seconds.sleep)
        breaker = options.pop("breaker", None) or Breaker(name, seconds)
        options = {"jitter": lambda most: most, "base": local.base} | options
        base = options.pop("base")
        client = Http(name, base, pace, breaker, clock=seconds, sleep=seconds.sleep, **options)
        opened.append(client)
        return client

    yield http
    for client in opened:
        client.close()


@pytest.fixture
def source(http, clock):
    """A source that asks the server, with keys that must not be seen."""

    def source(name: str):
        kind, terms = REMOTE[name], TERMS[name]
        given = {key: f"{SECRET}-{n}" for n, key in enumerate(terms.credentials)}
        client = http(name, headers=kind.headers(given), secrets=given.values())
        return kind(terms, client, clock, given)

    return source


# What each provider says of the same bars, in the format that it documents.


def _iso(time: int) -> str:
    return f"{datetime.fromtimestamp(time // SECOND, UTC):%Y-%m-%d}"


def _within(bars, asked, first, last, unit):
    start, end = int(asked.query[first]) * unit, int(asked.query[last]) * unit
    return [bar for bar in bars if start <= bar[0] <= end]


def _raw(text: str) -> Any:
    """A number that JSON writes as it is told, not as Python would."""
    return f"@{text}@"


def _document(value: Any) -> Reply:
    text = json.dumps(value).replace('"@', "").replace('@"', "")
    return Reply(text, 200, {"Content-Type": "application/json"})


def binance(bars):
    def answer(asked: Asked) -> Reply:
        if asked.query["symbol"] == "NONE":
            return Reply.json({"code": -1121, "msg": "Invalid symbol."}, 400)
        found = _within(bars, asked, "startTime", "endTime", 1000)[: int(asked.query["limit"])]
        klines = [[t // 1000, *rest, t // 1000 + 1, "0", 7, "0", "0", "0"] for t, *rest in found]
        return Reply.json(klines)

    return answer


def coinbase(bars):
    def answer(asked: Asked) -> Reply:
        if "NONE" in asked.path:
            return Reply.json({"message": "NotFound"}, 404)
        start, end = (
            int(datetime.fromisoformat(asked.query[name]).timestamp()) * SECOND
            for name in ("start", "end")
        )
        length = int(asked.query["granularity"]) * SECOND
        if (end - start) // length >= 300:
            text = "granularity too small for the requested time range"
            return Reply.json({"message": text}, 400)
        candles = [
            [t // SECOND, _raw(low), _raw(high), _raw(first), _raw(last), _raw(volume)]
            for t, first, high, low, last, volume in bars
            if start <= t <= end
        ]
        return _document(candles[::-1])

    return answer


def alpaca(bars):
    def answer(asked: Asked) -> Reply:
        if asked.path == "/v1/corporate-actions":
            return Reply.json({"corporate_actions": {}, "next_page_token": None})
        if "NONE" in asked.path:
            return Reply.json({"message": "invalid symbol: NONE"}, 400)
        start, end = (
            int(datetime.fromisoformat(asked.query[name]).timestamp()) * SECOND
            for name in ("start", "end")
        )
        # Its days begin at midnight in New York.
        told = [
            {"t": f"{_iso(t)}T05:00:00Z", "n": 7, "vw": 1.5}
            | dict(zip("ohlcv", map(_raw, rest), strict=True))
            for t, *rest in bars
            if start <= t + DAY * 5 // 24 <= end
        ]
        return _document({"bars": told or None, "symbol": "ACME", "next_page_token": None})

    return answer


def tiingo(bars):
    def answer(asked: Asked) -> Reply:
        if "NONE" in asked.path:
            return Reply.json({"detail": "Error: Ticker 'NONE' not found"}, 404)
        names = ("open", "high", "low", "close", "volume")
        rows = [
            {"date": f"{_iso(t)}T00:00:00.000Z", "adjClose": 1.5, "divCash": 0.0}
            | {"splitFactor": 1.0}
            | dict(zip(names, map(_raw, rest), strict=True))
            for t, *rest in bars
            if asked.query["startDate"] <= _iso(t) <= asked.query["endDate"]
        ]
        return _document(rows)

    return answer


def alpha_vantage(bars):
    names = ("1. open", "2. high", "3. low", "4. close", "5. volume")

    def answer(asked: Asked) -> Reply:
        if asked.query["symbol"] == "NONE":
            text = (
                "Invalid API call. Please retry or visit the documentation for TIME_SERIES_DAILY."
            )
            return Reply.json({"Error Message": text})
        if asked.query["function"] != "TIME_SERIES_DAILY":
            return Reply.json({"symbol": "ACME", "data": []})
        series = {_iso(t): dict(zip(names, rest, strict=True)) for t, *rest in reversed(bars)}
        meta = {"1. Information": "Daily Prices", "2. Symbol": "ACME"}
        return Reply.json({"Meta Data": meta, "Time Series (Daily)": series})

    return answer


def yahoo(bars):
    def answer(asked: Asked) -> Reply:
        if "NONE" in asked.path:
            text = "No data found, symbol may be delisted"
            error = {"code": "Not Found", "description": text}
            return Reply.json({"chart": {"result": None, "error": error}}, 404)
        # A day has the moment of its first trade.
        opened = [(t + 14 * 3600 * SECOND + 1800 * SECOND, *rest) for t, *rest in bars]
        found = _within(opened, asked, "period1", "period2", SECOND)
        names = ("open", "high", "low", "close", "volume")
        columns = list(zip(*found, strict=True)) or [()] * 6
        quote = {n: [_raw(v) for v in column] for n, column in zip(names, columns[1:], strict=True)}
        meta = {"currency": "USD", "gmtoffset": -18000, "exchangeTimezoneName": "America/New_York"}
        result: dict[str, Any] = {"meta": meta, "indicators": {"quote": [quote if found else {}]}}
        if found:
            result["timestamp"] = [t // SECOND for t in columns[0]]
        return _document({"chart": {"result": [result], "error": None}})

    return answer


def stooq(bars):
    def answer(asked: Asked) -> Reply:
        days = (asked.query["d1"], asked.query["d2"])
        rows = [
            ",".join([_iso(t), *rest])
            for t, *rest in bars
            if days[0] <= _iso(t).replace("-", "") <= days[1]
        ]
        if asked.query["s"] == "none" or not rows:
            return Reply("No data")
        return Reply("\r\n".join(["Date,Open,High,Low,Close,Volume", *rows, ""]))

    return answer


PROVIDERS = {
    one.__name__: one for one in (binance, coinbase, alpaca, tiingo, alpha_vantage, yahoo, stooq)
}


@pytest.fixture
def provider(local):
    """The server answers as that provider, with these bars."""

    def provider(name, bars):
        local.answer = PROVIDERS[name](bars)

    return provider


@pytest.fixture
def reply():
    return Reply
