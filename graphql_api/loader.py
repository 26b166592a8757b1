"""The loader of one request: what is wanted together is asked for together, and each thing once."""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

import engine
from engine.types import Interval
from graphql_api.errors import DataDamaged
from market_data.bars import Series
from market_data.errors import Damaged, MarketDataError
from market_data.readings import Readings
from market_data.stores import BarStore, ReadingStore, StoredInterval

__all__ = ["Loader", "Wanted", "readable"]

Read = TypeVar("Read", Series | None, Readings, list[StoredInterval])


class Wanted(NamedTuple):
    """A series that will be asked about, and whether what people say of its symbol is heard too."""

    symbol: str
    interval: Interval
    hears: bool = False

    @classmethod
    def judged(cls, symbol: str, interval: Interval, strategy: str) -> "Wanted":
        """What a strategy wants of a symbol."""
        return cls(symbol, interval, "sentiment" in engine.strategies()[strategy].beside)


class Loader:
    """Series and readings of one request, made for it and let go with it.

    A load takes at most two rounds of store calls: in the first the HEADs of bars and all readings,
    side by side, in the second what the HEADs name. What could not be read is not tried again.
    """

    def __init__(self, bars: BarStore, readings: ReadingStore) -> None:
        self._bars = bars
        self._readings = readings
        self._series: dict[tuple[str, Interval], Series | MarketDataError | None] = {}
        self._heard: dict[str, Readings | MarketDataError] = {}

    def load(self, wanted: Iterable[Wanted]) -> None:
        """Load whatever of this is not loaded yet; where something cannot be read, that is kept."""
        wanted = list(wanted)
        keys = dict.fromkeys((one.symbol, one.interval) for one in wanted)
        missing = [key for key in keys if key not in self._series]
        hearing = dict.fromkeys(one.symbol for one in wanted if one.hears)
        unheard = [symbol for symbol in hearing if symbol not in self._heard]
        told = self._readings.ask(unheard) if unheard else None
        if missing:
            self._load_series(missing)
        if told is not None:
            self._heard |= told()

    def series(self, symbol: str, interval: Interval) -> Series | None:
        """A series; None where no bars are kept under that name.

        Raises
        ------
        DataDamaged, StoreUnavailable
            When it cannot be read.
        """
        self.load([Wanted(symbol, interval)])
        return readable(symbol, self._series[symbol, interval])

    def readings(self, symbol: str) -> Readings:
        """What people say of a symbol; no rows where nothing is kept.

        Raises
        ------
        DataDamaged, StoreUnavailable
            When it cannot be read.
        """
        if symbol not in self._heard:
            self._heard |= self._readings.ask([symbol])()
        return readable(symbol, self._heard[symbol])

    def _load_series(self, missing: list[tuple[str, Interval]]) -> None:
        try:
            found = self._bars.load(missing)
        except MarketDataError as error:
            self._series.update(dict.fromkeys(missing, error))
        else:
            self._series.update((key, found.get(key)) for key in missing)


def readable(symbol: str, found: Read | MarketDataError) -> Read:
    """What was found, if it could be read.

    Raises
    ------
    DataDamaged, StoreUnavailable
    """
    if isinstance(found, Damaged):
        raise DataDamaged(symbol) from found
    if isinstance(found, MarketDataError):
        raise found
    return found
