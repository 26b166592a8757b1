"""The Fear & Greed Index of alternative.me: the mood of crypto markets, one reading a day.

https://alternative.me/crypto/fear-and-greed-index/#api

The index lies on 0 (extreme fear) to 100 (extreme greed), reaches back to 2018-02-01, and is made
from 00:00Z on of the date that it is dated: ``time_until_update`` counts down to that moment. When
each was there is not told, so it counts as public a quarter of an hour later, and no bar that
closes at midnight hears what was made after it. 60 requests a minute are allowed. Its terms ask
that the source be named where its data are shown.
"""

from typing import Final

import numpy as np

from market_data.calendar import DAY, MINUTE, SECOND
from market_data.clock import Clock
from market_data.errors import BadReadings
from market_data.readings import Delivered
from market_data.sources.base import Limit
from market_data.sources.http import Http
from market_data.sources.pacing import shared
from market_data.sources.reading import Reader

__all__ = ["BASE", "LIMIT", "NAME", "FearGreed", "open_fear_greed"]

NAME: Final = "fear_greed"
BASE: Final = "https://api.alternative.me"
LIMIT: Final = Limit(60, 60.0)
LOWEST, HIGHEST = 0, 100
MADE_IN: Final = 15 * MINUTE  # from the moment that a reading is dated, and surely no longer


class FearGreed:
    """The index, by day.

    Parameters
    ----------
    http : Http
    clock : Clock
        From which ``fetched_at`` is taken.
    """

    def __init__(self, http: Http, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._reader = Reader(NAME, http.told)

    def close(self) -> None:
        """Let go of open connections."""
        self._http.close()

    def fetch(self, start: int, end: int) -> Delivered:
        """The readings of the days from ``start`` up to, and not at, ``end``, as 0 to 1.

        A reading is public a quarter of an hour after the moment that it is dated, or when it was
        fetched if that was sooner.

        Raises
        ------
        SourceUnavailable, RateLimited, NotPermitted, BadAnswer
        """
        fetched_at = self._clock()
        days = max(1, -(-(fetched_at - start) // DAY) + 1)
        answer = self._http.get("/fng/", {"limit": str(days), "format": "json"})
        told = self._reader.mapping(self._reader.json(answer), "the answer")
        error = self._reader.mapping(told.get("metadata", {}), "metadata").get("error")
        if error:
            raise self._reader.bad(f"answered an error: {error}")
        rows: dict[int, float] = {}
        for item in self._reader.items(told.get("data"), "data"):
            row = self._reader.mapping(item, "data")
            time = self._reader.epoch(row.get("timestamp"), SECOND, "timestamp")
            if start <= time < min(end, fetched_at + 1):
                rows[time] = self._value(row.get("value"))
        times = sorted(rows)
        moments = np.array(times, np.int64)
        values = np.array([rows[time] for time in times], np.float64)
        try:
            public = np.minimum(moments + MADE_IN, fetched_at)
            return Delivered(moments, public, values, NAME, fetched_at)
        except BadReadings as error:
            raise self._reader.bad(str(error)) from error

    def _value(self, told: object) -> float:
        text = self._reader.string(told, "value")
        if not (text.isascii() and text.isdigit() and LOWEST <= int(text[:4]) <= HIGHEST):
            raise self._reader.bad(f"answered {text[:40]!r} where 0 to 100 belongs: value")
        return int(text) / HIGHEST


def open_fear_greed(clock: Clock) -> FearGreed:
    """The index, ready to be asked; its pace and its breaker are those of the whole process."""
    return FearGreed(Http(NAME, BASE, *shared(NAME, LIMIT)), clock)
