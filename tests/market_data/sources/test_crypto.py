"""Binance and Coinbase: pages, weeks, and what they say when they refuse."""

import pytest

from engine.types import Interval
from market_data.calendar import DAY, HOUR, SECOND
from market_data.errors import BadAnswer, NotOffered, RateLimited, UnknownAtSource
from market_data.sources import remote
from market_data.sources.base import RawBar
from market_data.sources.sifting import sift

ONE_HOUR, ONE_WEEK = Interval.ONE_HOUR, Interval.ONE_WEEK


@pytest.fixture
def hours(day):
    def hours(count):
        start = day("2019-06-01")
        return [RawBar(start + n * HOUR, "10", "11", "9", "10", str(n)) for n in range(count)]

    return hours


@pytest.mark.parametrize(("name", "pages"), [("binance", 3), ("coinbase", 9)])
def test_a_long_range_is_asked_for_page_by_page_each_bar_once(
    source, provider, local, hours, name, pages
):
    bars = hours(2_500)
    provider(name, bars)
    batch = source(name).fetch("BTC", ONE_HOUR, bars[0].time, bars[-1].time + 1)
    assert batch.bars == tuple(bars)
    assert len(local.asked) == pages
    assert len(sift(batch, "24/7").bars) == 2_500


@pytest.mark.parametrize(("name", "most"), [("binance", 2_000), ("coinbase", 600)])
def test_a_range_of_too_many_pages_is_refused_with_what_would_fit(
    source, provider, local, hours, name, most, monkeypatch
):
    monkeypatch.setattr(remote, "MAX_PAGES", 2)
    bars = hours(2_500)
    provider(name, bars)
    with pytest.raises(NotOffered, match=f"at most {most} bars in one fetch; ask for a shorter"):
        source(name).fetch("BTC", ONE_HOUR, bars[0].time, bars[-1].time + 1)
    assert len(local.asked) == 2


def test_a_page_of_binance_that_comes_again_ends_the_fetch(source, local, reply, hours):
    klines = [[bar.time // 1000, *bar[1:]] for bar in hours(1_000)]
    local.script(reply.json(klines))
    with pytest.raises(BadAnswer, match="answered the page before once more"):
        source("binance").fetch("BTCUSDT", ONE_HOUR, klines[0][0] * 1000, klines[-1][0] * 3000)
    assert len(local.asked) == 2


def test_weeks_of_binance_begin_on_monday(source, provider, day):
    bars = [RawBar(day("2020-01-06"), "10", "11", "9", "10", "1")]
    provider("binance", bars)
    batch = source("binance").fetch("BTCUSDT", ONE_WEEK, day("2020-01-01"), day("2020-02-01"))
    assert len(sift(batch, "24/7").bars) == 1


@pytest.mark.parametrize(
    ("code", "message", "error", "what"),
    [
        (-1121, "Invalid symbol.", UnknownAtSource, "binance has no symbol BTCUSDT"),
        (-1100, "Illegal characters found in parameter 'symbol'", UnknownAtSource, "has no symbol"),
        (
            -1120,
            "Invalid interval.",
            BadAnswer,
            r"refused the question \(-1120\): Invalid interval",
        ),
    ],
)
def test_what_binance_refuses_is_told_in_its_words(
    source, local, reply, day, code, message, error, what
):
    local.script(reply.json({"code": code, "msg": message}, 400))
    with pytest.raises(error, match=what):
        source("binance").fetch("BTCUSDT", ONE_HOUR, day("2020-01-01"), day("2020-01-02"))


def test_the_ban_of_binance_is_told_with_its_end(source, local, reply, day):
    body = '{"code":-1003,"msg":"Way too much request weight used; IP banned until 1659146400000."}'
    local.script(reply(body, 418, {"Retry-After": "120"}))
    with pytest.raises(RateLimited, match="binance has banned this address") as refused:
        source("binance").fetch("BTCUSDT", ONE_HOUR, day("2020-01-01"), day("2020-01-02"))
    assert refused.value.retry_after == 120.0


def test_coinbase_is_asked_on_its_grid_and_not_about_the_future(source, provider, local, clock):
    provider("coinbase", [])
    start = clock.now - 2 * HOUR + 5 * SECOND
    assert source("coinbase").fetch("BTC-USD", ONE_HOUR, start, clock.now + 900 * DAY).bars == ()
    (asked,) = local.asked
    assert asked.query == {
        "granularity": "3600",
        "start": "2020-03-02T11:00:00Z",
        "end": "2020-03-02T12:00:00Z",
    }
    assert asked.path == "/products/BTC-USD/candles"


def test_what_coinbase_refuses_is_told_in_its_words(source, local, reply, day):
    local.script(reply.json({"message": "Unsupported granularity"}, 400))
    with pytest.raises(BadAnswer, match="refused the question: Unsupported granularity"):
        source("coinbase").fetch("BTC-USD", ONE_HOUR, day("2020-01-01"), day("2020-01-02"))


@pytest.mark.parametrize(
    ("name", "rows", "what"),
    [
        ("binance", [[1578268800000, "1", "1"]], "a kline of 3 fields"),
        ("binance", [["soon", "1", "1", "1", "1", "1"]], "'soon' where an epoch belongs"),
        ("coinbase", [[1, 2, 3]], "a candle of 3 fields"),
        ("coinbase", [[1.5, 1, 1, 1, 1, 1]], "'1.5' where an epoch belongs"),
        ("coinbase", [{"time": 1}], "an object where an array belongs"),
    ],
)
def test_a_row_in_another_shape_is_a_bad_answer(source, local, reply, day, name, rows, what):
    local.script(reply.json(rows))
    with pytest.raises(BadAnswer, match=what):
        source(name).fetch("BTC", ONE_HOUR, day("2020-01-01"), day("2020-01-02"))
