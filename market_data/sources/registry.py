"""The sources there are: what each gives, limits, asks for and allows.

Where an entry says nothing else, prices may not be passed on, and no key is asked for.
"""

from collections.abc import Iterable

from engine.types import Interval
from market_data.calendar import HOUR, MINUTE
from market_data.sources.base import Limit, Terms

__all__ = ["CREDENTIALS", "TERMS", "may_redistribute"]

FIFTEEN, ONE_HOUR, FOUR_HOURS, ONE_DAY, ONE_WEEK = Interval

TERMS: dict[str, Terms] = {
    one.name: one
    for one in (
        Terms(
            name="binance",
            title="Binance spot klines",
            intervals=(FIFTEEN, ONE_HOUR, FOUR_HOURS, ONE_DAY, ONE_WEEK),
            limit=Limit(3_000, 60.0),
            page=1_000,
            reason="Its terms license the data for one's own use and permit no passing on.",
            terms_page="https://www.binance.com/en/terms",
            documentation="https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints",
            calendar="24/7",
        ),
        Terms(
            name="coinbase",
            title="Coinbase Exchange candles",
            intervals=(FIFTEEN, ONE_HOUR, ONE_DAY),
            limit=Limit(10, 1.0),
            page=300,
            reason="Its market data terms forbid redistribution without written consent.",
            terms_page="https://www.coinbase.com/legal/market_data",
            documentation="https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products/get-product-candles",
            calendar="24/7",
            sparse=True,
        ),
        Terms(
            name="alpaca",
            title="Alpaca bars of US stocks",
            intervals=(FIFTEEN, ONE_DAY, ONE_WEEK),
            limit=Limit(200, 60.0),
            page=10_000,
            credentials=("ALPACA_KEY_ID", "ALPACA_SECRET_KEY"),
            reason="The exchanges' agreements behind it forbid redistribution without a licence.",
            terms_page="https://files.alpaca.markets/disclosures/library/TermsAndConditions.pdf",
            documentation="https://docs.alpaca.markets/reference/stockbarsingle-1",
            delay=16 * MINUTE,
        ),
        Terms(
            name="tiingo",
            title="Tiingo end-of-day prices",
            intervals=(ONE_DAY,),
            limit=Limit(40, 3_600.0),  # of 50 an hour and 1,000 a day; this keeps to both
            page=20_000,
            credentials=("TIINGO_API_KEY",),
            reason="Passing its data on needs a redistribution licence.",
            terms_page="https://www.tiingo.com/documentation/appendix/developers",
            documentation="https://www.tiingo.com/documentation/end-of-day",
            delay=4 * HOUR,
        ),
        Terms(
            name="alpha_vantage",
            title="Alpha Vantage daily prices",
            intervals=(ONE_DAY,),
            limit=Limit(25, 86_400.0, apart=1.0),
            page=20_000,
            credentials=("ALPHA_VANTAGE_API_KEY",),
            personal_use=True,
            reason="Free keys are for personal use; anything else needs a commercial agreement.",
            terms_page="https://www.alphavantage.co/terms_of_service/",
            documentation="https://www.alphavantage.co/documentation/",
            delay=4 * HOUR,
        ),
        Terms(
            name="yahoo",
            title="Yahoo's chart endpoint",
            intervals=(FIFTEEN, ONE_HOUR, ONE_DAY, ONE_WEEK),
            limit=Limit(60, 60.0),
            page=20_000,
            personal_use=True,
            reason="Its terms are for personal use, and the endpoint is no published product.",
            terms_page="https://legal.yahoo.com/us/en/yahoo/terms/otos/index.html",
            documentation="https://ranaroussi.github.io/yfinance/",
            delay=20 * MINUTE,
        ),
        Terms(
            name="stooq",
            title="Stooq daily CSV",
            intervals=(ONE_DAY,),
            limit=Limit(60, 60.0),
            page=20_000,
            credentials=("STOOQ_API_KEY",),
            personal_use=True,
            reason="It is offered for personal use and publishes no licence to pass its data on.",
            terms_page="https://stooq.com/db/h/",
            documentation="https://stooq.com/db/h/",
            delay=4 * HOUR,
        ),
        Terms(
            name="file",
            title="Files of your own",
            intervals=tuple(Interval),
            limit=Limit(1_000_000, 1.0),
            page=1_000_000,
            redistributable=True,
            reason="Whoever brings a file knows what may be done with it.",
            terms_page="",
            documentation="docs/sources.md",
        ),
    )
}

CREDENTIALS = tuple(sorted({key for terms in TERMS.values() for key in terms.credentials}))
"""The names of all keys that some source asks for."""


def may_redistribute(origins: Iterable[str], licensed: Iterable[str] = ()) -> bool:
    """Whether prices that come from all of these may be passed on to callers.

    Parameters
    ----------
    origins : iterable of str
        Where rows come from; one that is no source of ours was brought by hand, by somebody who
        knows.
    licensed : iterable of str
        Sources whose licence the operator has bought.
    """
    allowed = frozenset(licensed)
    return all(
        origin in allowed or origin not in TERMS or TERMS[origin].redistributable
        for origin in origins
    )
