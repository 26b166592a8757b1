"""The Fear & Greed Index: what is read of it, when it counts as public, and what is none."""

import pytest

from market_data.calendar import DAY, MINUTE, SECOND
from market_data.errors import BadAnswer, RateLimited
from market_data.sources.fear_greed import FearGreed


@pytest.fixture
def index(http, clock):
    return FearGreed(http("fear_greed"), clock)


@pytest.fixture
def told(local, reply):
    """The server answers with readings, newest first, as the index does."""

    def script(*rows, **more):
        data = [{"value": value, "timestamp": str(at // SECOND)} for at, value in rows]
        body = {"name": "Fear and Greed Index", "data": data, "metadata": {"error": None}}
        local.script(reply.json(body | more))

    return script


def test_days_are_read_as_parts_of_one_oldest_first(index, told, local, clock):
    today = clock.now // DAY * DAY
    told((today, "40"), (today - DAY, "100"), (today - 2 * DAY, "0"), (today - 9 * DAY, "7"))
    found = index.fetch(today - 2 * DAY, clock.now + 1)
    assert found.time.tolist() == [today - 2 * DAY, today - DAY, today]
    assert found.value.tolist() == [0.0, 1.0, 0.4]
    assert (found.source, found.fetched_at) == ("fear_greed", clock.now)
    (asked,) = local.asked
    assert (asked.path, asked.query) == ("/fng/", {"limit": "4", "format": "json"})


def test_no_bar_that_closes_at_midnight_hears_what_is_made_from_midnight_on(index, told, clock):
    today = clock.now // DAY * DAY
    told((today, "40"), (today - DAY, "60"))
    found = index.fetch(0, clock.now + 1)
    assert (found.published - found.time).tolist() == [15 * MINUTE, 15 * MINUTE]
    clock.now = today + 2 * MINUTE  # fetched as soon as it is there: then it is public
    assert (index.fetch(0, clock.now + 1).published - today).tolist() == [
        15 * MINUTE - DAY,
        2 * MINUTE,
    ]


def test_a_reading_of_the_future_is_left_out(index, told, clock):
    tomorrow = clock.now // DAY * DAY + DAY
    told((tomorrow, "40"))
    assert len(index.fetch(0, tomorrow + DAY).time) == 0


def test_a_day_that_is_told_twice_is_one_reading(index, told, clock):
    today = clock.now // DAY * DAY
    told((today, "40"), (today, "41"))
    assert index.fetch(0, clock.now + 1).value.tolist() == [0.41]


@pytest.mark.parametrize(
    "value", ["101", "-1", "1e1", "", "fifty", "4.5", "00001000", "٣", None, 7.5]
)
def test_a_value_that_is_no_percent_refuses_the_answer(index, told, clock, value):
    told((clock.now // DAY * DAY, value))
    with pytest.raises(BadAnswer):
        index.fetch(0, clock.now + 1)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html><body>busy</body></html>", "HTML"),
        ('{"data": [{"value": "40", "time', "no whole JSON document"),
        ("[]", "where an object belongs"),
        ('{"data": {}}', "where an array belongs"),
        ('{"data": [7]}', "where an object belongs"),
        ('{"data": [{"value": "40", "timestamp": "today"}]}', "an epoch belongs"),
        ('{"data": [{"value": "40"}]}', "an epoch belongs"),
        ('{"data": [], "metadata": {"error": "no such limit"}}', "no such limit"),
        ("\udcff", "no UTF-8"),
    ],
)
def test_what_is_no_index_is_refused_with_what_it_is(index, local, reply, clock, body, said):
    local.script(reply(body.encode("utf-8", "surrogateescape")))
    with pytest.raises(BadAnswer, match=said):
        index.fetch(0, clock.now + 1)


def test_a_limit_is_told(index, local, reply, clock):
    local.script(reply("", 429, {"Retry-After": "300"}))
    with pytest.raises(RateLimited) as refused:
        index.fetch(0, clock.now + 1)
    assert refused.value.retry_after == 300.0
