"""Alpaca, Tiingo, Alpha Vantage, Yahoo and Stooq: splits, dividends, sentences instead of data."""

import pytest

from engine.types import Interval
from market_data.calendar import DAY, HOUR, MINUTE, SECOND
from market_data.errors import BadAnswer, NotOffered, NotPermitted, RateLimited, UnknownAtSource
from market_data.instruments import ActionKind
from market_data.sources.base import RawAction, RawBar
from market_data.sources.sifting import sift

FIFTEEN, ONE_DAY, ONE_WEEK = Interval.FIFTEEN_MINUTES, Interval.ONE_DAY, Interval.ONE_WEEK
SPLIT, DIVIDEND = ActionKind.SPLIT, ActionKind.DIVIDEND


@pytest.fixture
def january(source, day):
    """Ask a source for January 2020."""

    def january(name, interval=ONE_DAY):
        return source(name).fetch("ACME", interval, day("2020-01-01"), day("2020-02-01"))

    return january


# Alpaca


@pytest.fixture
def alpaca(local, reply):
    """The server answers Alpaca's bars page by page, and these corporate actions."""

    def alpaca(*pages, actions=None):
        def answer(asked):
            if asked.path == "/v1/corporate-actions":
                return reply.json({"corporate_actions": actions or {}, "next_page_token": None})
            number = int(asked.query.get("page_token", "0"))
            token = str(number + 1) if number + 1 < len(pages) else None
            return reply.json({"bars": pages[number], "symbol": "ACME", "next_page_token": token})

        local.answer = answer

    return alpaca


def alpaca_bar(time, close=10.5):
    return {"t": time, "o": 10, "h": 11, "l": 9, "c": close, "v": 100, "n": 1, "vw": 10.1}


def test_alpaca_is_asked_for_raw_prices_of_all_exchanges(january, alpaca, local):
    alpaca([])
    january("alpaca")
    bars, actions = local.asked
    assert bars.path == "/v2/stocks/ACME/bars"
    assert bars.query["adjustment"] == "raw"
    assert (bars.query["feed"], bars.query["timeframe"]) == ("sip", "1Day")
    assert actions.query["types"] == "forward_split,reverse_split,stock_dividend,cash_dividend"


def test_pages_of_alpaca_follow_their_token(january, alpaca, local, day):
    alpaca([alpaca_bar("2020-01-06T05:00:00Z")], None, [alpaca_bar("2020-01-07T05:00:00Z")])
    times = [bar.time for bar in january("alpaca").bars]
    assert times == [day("2020-01-06"), day("2020-01-07")]
    assert [one.query.get("page_token") for one in local.asked] == [None, "1", "2", None]


def test_a_token_of_alpaca_that_comes_again_ends_the_fetch(january, local, reply):
    local.script(reply.json({"bars": [], "next_page_token": "same"}))
    with pytest.raises(BadAnswer, match="the page before once more"):
        january("alpaca")
    assert len(local.asked) == 2


def test_trading_outside_of_the_session_is_left_out_and_told(january, alpaca, day):
    times = ("2020-01-06T14:15:00Z", "2020-01-06T14:30:00Z", "2020-01-06T20:45:00Z")
    alpaca([alpaca_bar(time) for time in (*times, "2020-01-06T21:00:00Z")])
    batch = january("alpaca", FIFTEEN)
    opened = day("2020-01-06") + 14 * HOUR + 30 * MINUTE
    assert [bar.time for bar in batch.bars] == [opened, opened + 375 * MINUTE]
    assert batch.notes == ("2 bars outside of the sessions are left out.",)
    assert sift(batch, "XNAS").refused == ()


def test_weeks_of_alpaca_begin_on_monday(january, alpaca, day):
    alpaca([alpaca_bar("2020-01-06T05:00:00Z")])
    assert sift(january("alpaca", ONE_WEEK), "XNYS").bars.time.tolist() == [day("2020-01-06")]


def test_what_free_keys_may_not_see_is_not_asked_for(source, alpaca, local, clock):
    alpaca([])
    ask = source("alpaca").fetch
    assert ask("ACME", FIFTEEN, clock.now - 10 * MINUTE, clock.now).bars == ()
    assert local.asked == []
    ask("ACME", FIFTEEN, clock.now - HOUR, clock.now + DAY)
    assert local.asked[0].query["end"] == "2020-03-02T11:44:00Z"


def test_splits_and_dividends_of_alpaca_become_actions(january, alpaca, day):
    alpaca(
        [],
        actions={
            "forward_splits": [{"ex_date": "2020-01-13", "new_rate": 4, "old_rate": 1}],
            "reverse_splits": [{"ex_date": "2020-01-20", "new_rate": 1, "old_rate": 10}],
            "stock_dividends": [
                {"ex_date": "2020-01-27", "rate": 0.05},
                {"ex_date": "2020-01-28", "rate": None},
            ],
            "cash_dividends": [
                {"ex_date": "2020-01-07", "rate": 0.77, "special": False},
                {"ex_date": "2020-01-07", "rate": 1.5, "special": True},
            ],
        },
    )
    batch = january("alpaca")
    assert set(batch.actions) == {
        RawAction(day("2020-01-13"), SPLIT, "4/1"),
        RawAction(day("2020-01-20"), SPLIT, "1/10"),
        RawAction(day("2020-01-27"), SPLIT, "1.05"),
        RawAction(day("2020-01-28"), SPLIT, "null"),
        RawAction(day("2020-01-07"), DIVIDEND, "2.27"),
    }
    assert [one.value for one in sift(batch, "XNYS").actions] == [2.27, 4.0, 0.1, 1.05]
    assert [one.row.value for one in sift(batch, "XNYS").refused] == ["null"]


def test_what_alpaca_does_not_understand_is_told_in_its_words(january, local, reply):
    local.script(reply.json({"message": "invalid timeframe"}, 400))
    with pytest.raises(BadAnswer, match="refused the question: invalid timeframe"):
        january("alpaca")
    local.script(reply.json({"message": "subscription does not permit querying recent SIP"}, 403))
    with pytest.raises(NotPermitted, match="recent SIP"):
        january("alpaca")


# Tiingo


def tiingo_row(date, split=1.0, paid=0.0):
    numbers = {"open": 10, "high": 11, "low": 9, "close": 10.5, "volume": 100}
    return {"date": date, **numbers, "divCash": paid, "splitFactor": split}


def test_splits_and_dividends_of_tiingo_become_actions(january, local, reply, day):
    rows = [
        tiingo_row("2020-01-06T00:00:00.000Z", paid=0.25),
        tiingo_row("2020-01-07T00:00:00.000Z", split=4.0),
    ]
    local.script(reply.json(rows))
    batch = january("tiingo")
    assert set(batch.actions) == {
        RawAction(day("2020-01-06"), DIVIDEND, "0.25"),
        RawAction(day("2020-01-07"), SPLIT, "4.0"),
    }
    assert local.asked[0].path == "/tiingo/daily/ACME/prices"
    assert local.asked[0].query["endDate"] == "2020-01-31"


@pytest.mark.parametrize(
    ("body", "status", "error", "what"),
    [
        (
            "Error: You have run over your 500 symbol look up for this month.",
            200,
            RateLimited,
            "as",
        ),
        ("You have run over your hourly request allocation.", 200, RateLimited, "as often as"),
        ("Error: resampleFreq must be daily", 400, BadAnswer, "answered: Error: resampleFreq"),
        ('{"detail": "Not found."}', 404, UnknownAtSource, "has no symbol ACME"),
        ('{"detail": "Invalid token."}', 200, NotPermitted, "Invalid token"),
        ('{"detail": "Bad date"}', 400, BadAnswer, "refused the question: Bad date"),
        ("[7]", 200, BadAnswer, "a text where an object belongs: price"),
        ('[{"date": "soon"}]', 200, BadAnswer, "'soon' where a date belongs"),
        ('[{"date": "2020-01-06", "open": 1}]', 200, BadAnswer, "a row without high"),
    ],
)
def test_sentences_of_tiingo_become_errors(january, local, reply, body, status, error, what):
    local.script(reply(body, status))
    with pytest.raises(error, match=what):
        january("tiingo")


# Alpha Vantage


@pytest.fixture
def alpha_vantage(local, reply):
    def alpha_vantage(**told):
        empty = {"SPLITS": {"data": []}, "DIVIDENDS": {"data": []}}
        series = {"TIME_SERIES_DAILY": {"Time Series (Daily)": {}}}
        local.answer = lambda asked: reply.json((empty | series | told)[asked.query["function"]])

    return alpha_vantage


def test_alpha_vantage_is_asked_for_its_whole_history_only_where_it_is_needed(
    source, alpha_vantage, local, clock
):
    alpha_vantage()
    ask = source("alpha_vantage").fetch
    ask("ACME", ONE_DAY, clock.now - 30 * DAY, clock.now)
    ask("ACME", ONE_DAY, clock.now - 300 * DAY, clock.now)
    sizes = [one.query["outputsize"] for one in local.asked if "outputsize" in one.query]
    assert sizes == ["compact", "full"]


def test_splits_and_dividends_of_alpha_vantage_become_actions(january, alpha_vantage, day):
    alpha_vantage(
        SPLITS={
            "data": [
                {"effective_date": "2020-01-13", "split_factor": "4.0000"},
                {"effective_date": "1999-05-27", "split_factor": "2.0000"},
            ]
        },
        DIVIDENDS={"data": [{"ex_dividend_date": "2020-01-07", "amount": "0.77"}]},
    )
    assert set(january("alpha_vantage").actions) == {
        RawAction(day("2020-01-13"), SPLIT, "4.0000"),
        RawAction(day("2020-01-07"), DIVIDEND, "0.77"),
    }


@pytest.mark.parametrize(
    ("member", "said", "error", "wait"),
    [
        (
            "Information",
            "We have detected your API key as s3cret-and-long-0 and our standard API rate limit is "
            "25 requests per day. Please subscribe to any of the premium plans.",
            RateLimited,
            21_600.0,
        ),
        ("Note", "Please consider spreading out your free API requests.", RateLimited, 2.0),
        (
            "Information",
            "Thank you for using Alpha Vantage! Please consider spreading out your free API "
            "requests more sparingly (1 request per second). You may subscribe to any of the "
            "premium plans to lift the free key rate limit (25 requests per day), raise the "
            "per-second burst limit, and instantly unlock all premium endpoints",
            RateLimited,
            2.0,
        ),
        (
            "Information",
            "Thank you for using Alpha Vantage! The outputsize=full parameter value is a premium "
            "feature for the TIME_SERIES_DAILY endpoint.",
            NotPermitted,
            None,
        ),
        ("Note", "Our standard API call frequency is 5 calls per minute.", RateLimited, 60.0),
        ("Information", "Thank you! This is a premium endpoint.", NotPermitted, None),
        (
            "Error Message",
            "the parameter apikey is invalid or missing: s3cret-and-long-0",
            NotPermitted,
            None,
        ),
        ("Error Message", "Invalid API call. Please retry.", UnknownAtSource, None),
        ("Information", "Something new about s3cret-and-long-0", BadAnswer, None),
    ],
)
def test_sentences_of_alpha_vantage_become_errors_that_hide_the_key(
    january, local, reply, member, said, error, wait
):
    local.script(reply.json({member: said}))
    with pytest.raises(error) as refused:
        january("alpha_vantage")
    assert "s3cret" not in str(refused.value)
    assert getattr(refused.value, "retry_after", None) == wait


# Yahoo


@pytest.fixture
def chart(local, reply):
    """The server answers with a chart of these moments (s) and columns of one number."""

    def chart(times, prices, volumes=None, meta=None, **events):
        quote = dict.fromkeys(("open", "high", "low", "close"), prices)
        quote["volume"] = volumes or [100] * len(times)
        result = {
            "meta": {"gmtoffset": -18000} | (meta or {}),
            "timestamp": times,
            "indicators": {"quote": [quote]},
        }
        if events:
            result["events"] = events
        local.script(reply.json({"chart": {"result": [result], "error": None}}))

    return chart


def opened(day, date, hour=14.5):
    return int(day(date) // SECOND + hour * 3600)


def test_splits_are_taken_out_of_what_yahoo_tells(january, chart, day):
    times = [opened(day, date) for date in ("2020-01-06", "2020-01-07", "2020-01-08")]
    splits = {"1": {"date": times[1], "numerator": 4.0, "denominator": 1.0, "splitRatio": "4:1"}}
    later = {"2": {"date": opened(day, "2020-02-20", 13.5), "numerator": 3, "denominator": 2}}
    paid = {"3": {"date": times[0], "amount": 0.125}, "4": {"date": times[2], "amount": 0.1}}
    chart(times, [10.0999994, 10.25, None], [1200, 300, 0], splits=splits | later, dividends=paid)
    batch = january("yahoo")
    assert [bar.close for bar in batch.bars] == ["60.6", "15.375", "null"]
    assert [bar.volume for bar in batch.bars] == ["200", "200", "0"]
    assert set(batch.actions) == {
        RawAction(day("2020-01-07"), SPLIT, "4.0/1.0"),
        RawAction(day("2020-02-20"), SPLIT, "3/2"),
        RawAction(day("2020-01-06"), DIVIDEND, "0.75"),
        RawAction(day("2020-01-08"), DIVIDEND, "0.15"),
    }
    assert batch.notes[0].startswith("Splits were taken out of Yahoo's prices again")


def test_without_a_split_the_numbers_of_yahoo_stay_as_they_were_written(january, chart, day):
    chart([opened(day, "2020-01-06")], [132.69000244140625])
    assert january("yahoo").bars[0].close == "132.69000244140625"


def test_yahoo_is_asked_up_to_now_for_the_splits_since(january, chart, local, clock, day):
    chart([opened(day, "2020-01-06")], [10])
    january("yahoo")
    assert int(local.asked[0].query["period2"]) >= clock.now // SECOND
    assert local.asked[0].query["events"] == "div,splits"


def test_the_date_is_that_of_the_exchange_in_summer_and_winter(source, chart, day):
    """The offset that is told is today's, whatever the season of a bar."""
    for offset in (-18000, -14400):
        times = [opened(day, "2019-07-08", 13.5), opened(day, "2020-01-06")]
        chart(times, [10, 10], meta={"gmtoffset": offset})
        batch = source("yahoo").fetch("ACME", ONE_DAY, day("2019-07-01"), day("2020-02-01"))
        assert [bar.time for bar in batch.bars] == [day("2019-07-08"), day("2020-01-06")]


def test_weeks_of_yahoo_are_whole_and_begin_on_monday(source, chart, local, day):
    for offset in (-18000, -14400):
        times = [opened(day, "2019-07-08", 4), opened(day, "2020-01-06", 5)]
        chart(times, [10, 10], meta={"gmtoffset": offset})
        batch = source("yahoo").fetch("ACME", ONE_WEEK, day("2019-07-10"), day("2020-02-01"))
        assert [bar.time for bar in batch.bars] == [day("2020-01-06")]
        assert int(local.asked[-1].query["period1"]) <= day("2019-07-08") // SECOND
        # Midnight in New York, told by the other season's offset, is not yet or no more that day.
        batch = source("yahoo").fetch("ACME", ONE_WEEK, day("2019-07-01"), day("2020-02-01"))
        assert [bar.time for bar in batch.bars] == [day("2019-07-08"), day("2020-01-06")]


def test_the_running_price_at_the_end_is_no_bar(source, chart, day, clock):
    clock.now = day("2020-01-08") + 20 * HOUR
    now = opened(day, "2020-01-08", 19.99)
    chart([opened(day, "2020-01-06", 5), now], [10, 11], meta={"regularMarketTime": now})
    batch = source("yahoo").fetch("ACME", ONE_WEEK, day("2020-01-01"), day("2020-02-01"))
    assert [bar.close for bar in batch.bars] == ["10"]
    assert batch.notes == ("The last row was a running price and no bar; it is left out.",)
    chart([opened(day, "2020-01-08"), now], [10, 11], meta={"regularMarketTime": now})
    batch = source("yahoo").fetch("ACME", FIFTEEN, day("2020-01-08"), day("2020-01-09"))
    assert [bar.close for bar in batch.bars] == ["10"]
    closing = opened(day, "2020-01-07", 21)
    chart([opened(day, "2020-01-06"), closing], [10, 11], meta={"regularMarketTime": closing})
    batch = source("yahoo").fetch("ACME", ONE_DAY, day("2020-01-01"), day("2020-02-01"))
    assert [bar.time for bar in batch.bars] == [day("2020-01-06"), day("2020-01-07")]


@pytest.mark.parametrize(
    ("error", "kind", "what"),
    [
        (
            {
                "code": "Unprocessable Entity",
                "description": "The requested range must be within 60",
            },
            NotOffered,
            "does not go back as far",
        ),
        ({"code": "Not Found", "description": "No data found"}, UnknownAtSource, "no symbol ACME"),
        ({"code": "Bad Request", "description": "Invalid input"}, BadAnswer, r"\(Bad Request\)"),
    ],
)
def test_errors_of_yahoo_are_told_apart(january, local, reply, error, kind, what):
    local.script(reply.json({"chart": {"result": None, "error": error}}, 422))
    with pytest.raises(kind, match=what):
        january("yahoo")


def test_a_range_without_data_is_empty_at_yahoo(january, local, reply):
    error = {"code": "Bad Request", "description": "Data doesn't exist for startDate = 1"}
    local.script(reply.json({"chart": {"result": None, "error": error}}, 400))
    assert january("yahoo").bars == ()


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"volumes": [1, 2]}, "columns of different lengths"),
        ({"meta": {"gmtoffset": None}}, "where an epoch belongs: gmtoffset"),
        ({"splits": {"1": {"date": 1, "numerator": "x", "denominator": 1}}}, "a split without num"),
        ({"splits": {"1": {"date": 1, "numerator": 0, "denominator": 1}}}, "a split of nothing"),
        ({"splits": {"1": {"date": 1}}}, "a row without numerator"),
        ({"splits": []}, "an array where an object belongs: splits"),
        ({"dividends": {"1": 7}}, "a text where an object belongs: dividend"),
    ],
)
def test_a_chart_in_another_shape_is_a_bad_answer(january, chart, day, options, what):
    chart([opened(day, "2020-01-06")], [10], **options)
    with pytest.raises(BadAnswer, match=what):
        january("yahoo")


# Stooq


def test_stooq_is_asked_for_raw_prices(january, local, reply):
    local.script(reply("Date,Open,High,Low,Close\n2020-01-06,10,11,9,10.5\n"))
    batch = january("stooq")
    assert batch.bars[0][1:] == ("10", "11", "9", "10.5", "0")
    query = local.asked[0].query
    assert (query["s"], query["o"], query["i"]) == ("acme", "1111111", "d")
    assert (query["d1"], query["d2"]) == ("20200101", "20200131")
    assert "Stooq tells no splits and dividends." in batch.notes


@pytest.mark.parametrize(
    ("body", "error", "what"),
    [
        ("Exceeded the daily hits limit", RateLimited, "as often as it allows in a day"),
        ("Get your apikey:\n1. Open https://stooq.com/q/d/?get_apikey", NotPermitted, "permit"),
        ("<html>captcha</html>", BadAnswer, "a page of HTML"),
        ("Date,Open,High,Low,Close\n2020-01-06,10,11\n", BadAnswer, "answered 3 fields under 5"),
        ("Date,Close\n2020-01-06,10\n", BadAnswer, "answered: Date,Close"),
        ("Date,Open,High,Low,Close\n06/01/2020,1,1,1,1\n", BadAnswer, "where a date belongs: Date"),
    ],
)
def test_sentences_of_stooq_become_errors(january, local, reply, body, error, what):
    local.script(reply(body))
    with pytest.raises(error, match=what):
        january("stooq")


def test_a_row_of_a_time_zone_east_of_utc_has_its_own_date(source, chart, day):
    """In Sydney Monday's session begins on Sunday evening in UTC, in summer."""
    chart([opened(day, "2020-01-05", 23)], [10], meta={"gmtoffset": 39600})
    batch = source("yahoo").fetch("CBA.AX", ONE_DAY, day("2020-01-06"), day("2020-01-07"))
    assert batch.bars == (RawBar(day("2020-01-06"), "10", "10", "10", "10", "100"),)


@pytest.mark.parametrize(
    ("time", "what"),
    [(None, "null where a text belongs: t"), ("soon", "'soon' where a time belongs")],
)
def test_a_bar_of_alpaca_without_its_time_is_a_bad_answer(january, alpaca, time, what):
    alpaca([alpaca_bar(time)])
    with pytest.raises(BadAnswer, match=what):
        january("alpaca")


def test_dividends_that_are_no_numbers_are_told_as_they_came(january, alpaca, day):
    paid = [{"ex_date": "2020-01-07", "rate": rate} for rate in (0.77, None)]
    alpaca([], actions={"cash_dividends": paid})
    batch = january("alpaca")
    assert {one.value for one in batch.actions} == {"0.77", "null"}
    assert {one.code for one in sift(batch, "XNYS").refused} == {"CONTRADICTED"}
