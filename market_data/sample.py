"""The packaged sample bars: real days of AAPL, GOOG, IBM and MSFT; see sample/README.md."""

import time
from dataclasses import dataclass
from importlib.resources import as_file, files

from engine.types import Interval
from market_data.actions_file import read_actions
from market_data.clock import Sleep, wait_until
from market_data.csv_file import read_csv
from market_data.instruments import Instrument
from market_data.stores.base import BarStore

__all__ = ["SAMPLE", "Seeded", "seed"]

SOURCE = "Quandl WIKI Prices (sample)"

SAMPLE = (
    Instrument("AAPL", "Apple Inc.", 0.01, "XNAS", SOURCE),
    # The source files Google's years before 2014 under the later name of that class of shares.
    Instrument("GOOG", "Google Inc.", 0.01, "XNAS", SOURCE, "GOOGL"),
    Instrument("IBM", "International Business Machines Corporation", 0.01, "XNYS", SOURCE),
    Instrument("MSFT", "Microsoft Corporation", 0.01, "XNAS", SOURCE),
)


@dataclass(frozen=True, slots=True)
class Seeded:
    """What seeding did.

    Attributes
    ----------
    symbols : tuple of str
        Those that were new to the store.
    known : int, microseconds UTC, or None
        Since when the last of them is known; None where none was new.
    """

    symbols: tuple[str, ...]
    known: int | None


def seed(store: BarStore, sleep: Sleep | None = time.sleep) -> Seeded:
    """Import the sample bars of the symbols that the store does not have.

    Bars are known from 2 s after their commit, and no rule is bent for the sample: `seed`
    returns when the last of them is known, so that a server started afterwards answers its first
    question. On a store that has them it returns at once, and what was imported for a symbol
    since stays.

    Parameters
    ----------
    sleep : Sleep or None
        None does not wait; then nothing is answered until the store's clock has reached `known`.
    """
    folder = files("market_data") / "sample"
    new = [instrument for instrument in SAMPLE if store.instrument(instrument.symbol) is None]
    for instrument in new:
        with (
            as_file(folder / f"{instrument.symbol}.csv.gz") as bars,
            as_file(folder / f"{instrument.symbol}.actions.csv") as actions,
        ):
            table = read_csv(bars, Interval.ONE_DAY, instrument.calendar, store.clock())
            told = read_actions(actions)
        store.commit(instrument, Interval.ONE_DAY, table.bars, told)
    # Asked of the store, because another process may have seeded the same just now.
    series = (store.series(instrument.symbol, Interval.ONE_DAY) for instrument in new)
    known = max((one.last_known for one in series if one is not None), default=None)
    if known is not None and sleep is not None:
        wait_until(known, store.clock, sleep)
    return Seeded(tuple(instrument.symbol for instrument in new), known)
