"""Sources over HTTP, opened with their keys."""

from collections.abc import Mapping

from market_data import clock as system
from market_data.clock import Clock
from market_data.errors import NotPermitted
from market_data.sources.alpaca import Alpaca
from market_data.sources.alpha_vantage import AlphaVantage
from market_data.sources.binance import Binance
from market_data.sources.coinbase import Coinbase
from market_data.sources.http import Http
from market_data.sources.pacing import shared
from market_data.sources.registry import TERMS
from market_data.sources.remote import RemoteSource
from market_data.sources.stooq import Stooq
from market_data.sources.tiingo import Tiingo
from market_data.sources.yahoo import Yahoo

__all__ = ["REMOTE", "open_source"]

REMOTE: dict[str, type[RemoteSource]] = {
    "binance": Binance,
    "coinbase": Coinbase,
    "alpaca": Alpaca,
    "tiingo": Tiingo,
    "alpha_vantage": AlphaVantage,
    "yahoo": Yahoo,
    "stooq": Stooq,
}


def open_source(
    name: str,
    credentials: Mapping[str, str] | None = None,
    clock: Clock = system.now,
    *,
    base: str | None = None,
) -> RemoteSource:
    """A source over HTTP, ready to be asked.

    Its pace and its breaker are those of the whole process.

    Parameters
    ----------
    credentials : mapping
        Keys by the names that its terms give them; others are left out.
    base : str or None
        Where to ask instead of the source itself: a proxy of one's own.

    Raises
    ------
    KeyError
        When there is no such source over HTTP; files are opened by `market_data.sources.files`.
    NotPermitted
        When a key is missing.
    """
    kind, terms = REMOTE[name], TERMS[name]
    given = {key: (credentials or {}).get(key, "") for key in terms.credentials}
    if missing := [key for key, value in given.items() if not value]:
        raise NotPermitted(name, f"asks for a key: {', '.join(missing)}")
    http = Http(
        name,
        base or kind.base,
        *shared(name, terms.limit),
        headers=kind.headers(given),
        secrets=given.values(),
    )
    return kind(terms, http, clock, given)
