"""Sources over HTTP, opened with their keys."""

import hashlib
from collections.abc import Iterable, Mapping

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
from market_data.sources.turns import CommonPace, TurnStore
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
    turns: TurnStore | None = None,
) -> RemoteSource:
    """A source over HTTP, ready to be asked.

    Its pace and its breaker are those of the whole process.

    Parameters
    ----------
    credentials : mapping
        Keys by the names that its terms give them; others are left out.
    base : str or None
        Where to ask instead of the source itself: a proxy of one's own.
    turns : TurnStore or None
        Where the limit is kept together with every process that uses the same key.

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
    common = None
    if turns is not None:
        common = CommonPace(_shared_by(name, given.values()), name, terms.limit, turns)
    http = Http(
        name,
        base or kind.base,
        *shared(name, terms.limit),
        common,
        headers=kind.headers(given),
        secrets=given.values(),
    )
    return kind(terms, http, clock, given)


def _shared_by(name: str, keys: Iterable[str]) -> str:
    """Whoever shares a source's limit: all that use the same key, which is not told."""
    digest = hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16]
    return f"{name}#{digest}"
