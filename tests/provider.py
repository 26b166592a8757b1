"""A provider on this machine, of bars and of sentiment, as Binance and alternative.me answer."""

import json
import time
from urllib.parse import parse_qs, urlsplit

from infra.local_server import Handler, LocalServer

__all__ = ["NOW", "WEEK", "Provider", "weeks"]

# Weeks, so that no test straddles the end of a bar but in one moment of the week.
WEEK = 7 * 86_400
MONDAY = 4 * 86_400  # the first of the epoch
NOW = int(time.time())


class Provider(LocalServer):
    """Answers as Binance and alternative.me do, by what it was given."""

    def __init__(self) -> None:
        self.klines: dict[int, str] = {}  # close by open time, epoch seconds
        self.mood: list[tuple[int, str]] = []
        self.status = 200
        self.asked: list[dict[str, str]] = []
        provider = self

        class Answers(Handler):
            def do_GET(self) -> None:
                place = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(place.query).items()}
                provider.asked.append(query)
                told = provider.answer(place.path, query)
                body = json.dumps(told).encode() if provider.status == 200 else b"busy"
                self.send(provider.status, {"Content-Type": "application/json"}, body)

        super().__init__(Answers)
        self.base = f"http://{self.address}"

    def answer(self, path: str, query: dict[str, str]) -> object:
        if path == "/fng/":
            rows = [{"value": value, "timestamp": str(at)} for at, value in self.mood]
            return {"name": "Fear and Greed Index", "data": rows, "metadata": {"error": None}}
        first, last = int(query["startTime"]), int(query["endTime"])
        return [
            [at * 1000, c, c, c, c, "7.5", (at + WEEK) * 1000 - 1, "0", 1, "0", "0", "0"]
            for at, c in sorted(self.klines.items())
            if first <= at * 1000 <= last
        ]


def weeks(count: int, ending: int = NOW) -> dict[int, str]:
    """So many weekly closes, the newest of the week in which a moment lies."""
    newest = ending - (ending - MONDAY) % WEEK
    times = (newest - i * WEEK for i in range(count))
    return {at: str(100 + at // WEEK % 50) for at in times}
