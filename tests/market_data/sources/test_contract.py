"""What every source over HTTP keeps to, asked of a server that answers in its documented format."""

import logging

import pytest

from engine.types import Interval
from market_data.calendar import DAY, HOUR
from market_data.errors import (
    BadAnswer,
    NotOffered,
    NotPermitted,
    RateLimited,
    SourceUnavailable,
    UnknownAtSource,
)
from market_data.sources.base import RawBar, Source
from market_data.sources.opening import REMOTE, open_source
from market_data.sources.registry import TERMS
from market_data.sources.sifting import Refusal, sift

ONE_DAY = Interval.ONE_DAY
# What sources differ in, by their names.
CSV = {"stooq"}
SILENT = {"stooq"}  # of an unknown symbol it says what it says of a range without bars
KEYS_IN_ADDRESS = {"alpha_vantage", "stooq"}


@pytest.fixture(params=sorted(REMOTE))
def name(request):
    return request.param


@pytest.fixture
def bars(day):
    """Three sessions, with numbers that no float would give back as they are written."""
    return [
        RawBar(day("2020-01-06"), "10.10", "11.0000", "9.0", "10.500000000000001", "1000"),
        RawBar(day("2020-01-07"), "10.5", "12", "10.25", "11.75", "123456789012"),
        RawBar(day("2020-01-08"), "11.75", "12.5", "11", "12.0", "0"),
    ]


@pytest.fixture
def fetch(source, name, day):
    def fetch(symbol="ACME", start="2020-01-01", end="2020-02-01", interval=ONE_DAY):
        return source(name).fetch(symbol, interval, day(start), day(end))

    return fetch


def test_a_source_says_what_it_gives_and_allows(source, name):
    typed: Source = source(name)
    assert typed.terms is TERMS[name]
    assert set(REMOTE[name].names) == set(typed.terms.intervals)


def test_bars_arrive_in_order_with_their_numbers_as_they_were_written(
    fetch, provider, name, bars, clock
):
    provider(name, bars)
    batch = fetch()
    assert batch.bars == tuple(bars)
    assert (batch.source, batch.symbol, batch.interval) == (name, "ACME", ONE_DAY)
    assert batch.fetched_at == clock.now
    assert batch.delay == TERMS[name].delay
    assert len(sift(batch, "XNYS").bars) == 3


def test_only_the_range_is_told_its_end_not_included(fetch, provider, name, bars):
    provider(name, bars)
    assert fetch(start="2020-01-07", end="2020-01-08").bars == (bars[1],)
    assert fetch(start="2020-01-09").bars == ()
    assert fetch(start="2020-01-08", end="2020-01-08").bars == ()


def test_an_empty_range_is_not_asked_for(fetch, local):
    assert fetch(start="2020-02-01", end="2020-01-01").bars == ()
    assert local.asked == []


def test_an_unknown_symbol_is_told(fetch, provider, name, bars):
    provider(name, bars)
    if name in SILENT:
        batch = fetch("NONE")
        assert batch.bars == ()
        assert any("unknown symbol" in note for note in batch.notes)
        return
    with pytest.raises(UnknownAtSource, match=f"{name} has no symbol NONE"):
        fetch("NONE")


@pytest.mark.parametrize("symbol", ["", "..", "../x", "A B", "A\nB", "A" * 41, "A?x=1", "Ä", "-A"])
def test_what_can_be_no_symbol_is_not_asked_for(fetch, local, symbol):
    with pytest.raises(UnknownAtSource, match="has no symbol"):
        fetch(symbol)
    assert local.asked == []


def test_an_interval_that_is_not_offered_is_not_asked_for(fetch, local, name):
    for interval in set(Interval) - set(TERMS[name].intervals):
        with pytest.raises(NotOffered, match=f"{name} gives no bars of {interval}; it gives "):
            fetch(interval=interval)
    assert local.asked == []


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("close", "NaN", Refusal.NOT_FINITE),
        ("high", "null", Refusal.NOT_A_NUMBER),
        ("volume", "Infinity", Refusal.NOT_FINITE),
        ("open", "-1", Refusal.OUT_OF_RANGE),
        ("low", "11.5", Refusal.BROKEN_PRICES),
    ],
)
def test_a_number_that_is_none_costs_its_row_alone(fetch, provider, name, bars, column, text, code):
    bad = bars[1]._replace(**{column: text})
    provider(name, [bars[0], bad, bars[2]])
    sifted = sift(fetch(), "XNYS")
    assert len(sifted.bars) == 2
    assert [(one.row, one.code, one.column) for one in sifted.refused] == [(bad, code, column)]


def test_bars_of_today_and_of_the_future_are_told_apart(fetch, provider, name, bars, day, clock):
    clock.now = day("2020-01-08") + 15 * HOUR
    later = [bars[0]._replace(time=day(text)) for text in ("2020-01-09", "2020-01-10")]
    provider(name, [*bars, *later])
    batch = fetch()
    sifted = sift(batch, "XNYS")
    assert sifted.bars.time.tolist() == [day("2020-01-06"), day("2020-01-07")]
    codes = [one.code for one in sifted.refused]
    assert codes == [Refusal.UNCLOSED, Refusal.FUTURE, Refusal.FUTURE][: len(codes)]
    assert sum(one.time > clock.now for one in batch.bars) == codes.count(Refusal.FUTURE)


def test_the_day_is_closed_once_its_session_and_the_delay_are_over(
    fetch, provider, name, bars, day, clock
):
    provider(name, bars)
    clock.now = day("2020-01-08") + 21 * HOUR + TERMS[name].delay
    assert len(sift(fetch(), "XNYS").bars) == 3
    clock.now -= 1
    assert len(sift(fetch(), "XNYS").bars) == 2


def test_a_changed_history_is_another_batch(fetch, provider, name, bars, clock):
    provider(name, bars)
    first = fetch()
    clock.now += DAY
    assert fetch().identity == first.identity
    provider(name, [bars[0], bars[1]._replace(close="11.5"), bars[2]])
    later = fetch()
    assert later.identity != first.identity
    assert later.fetched_at > first.fetched_at
    assert later.bars[1].close == "11.5"


@pytest.mark.parametrize(
    "body",
    [
        "<!DOCTYPE html><html><body>Checking your browser</body></html>",
        "  <html>",
        '{"chart": {"result": [{"meta": {',
        "[[1578268800000, ",
        "[[1]]",
        "[7]",
        "{}",
        "null",
        "[" * 100_000,
        '{"bars": 7}',
        '{"bars": {"t": 1}}',
        '{"Time Series (Daily)": []}',
        '{"chart": {"result": [], "error": null}}',
        b"\xff\xfe\x00",
        "surprise",
    ],
)
def test_what_is_no_answer_is_refused_and_says_what_came(fetch, local, answer_with, body):
    answer_with(body)
    with pytest.raises(BadAnswer, match="answered") as refused:
        fetch()
    assert len(str(refused.value)) < 300
    assert len(local.asked) == 1


@pytest.mark.parametrize("share", [n / 16 for n in range(1, 16)])
def test_half_an_answer_is_refused_or_tells_what_the_whole_one_does(
    fetch, local, provider, reply, name, bars, share
):
    """Cut anywhere, also in the middle of a number, and however right its length is said to be."""
    provider(name, bars)
    whole = local.answer
    for left in range(8):

        def cut(asked, left=left):
            told = whole(asked)
            body = told.body if isinstance(told.body, bytes) else told.body.encode()
            return reply(body[: max(1, int(len(body) * share) - left)], told.status, told.headers)

        local.answer = cut
        try:
            batch = fetch()
        except BadAnswer:
            continue
        assert name in CSV
        assert set(batch.bars) <= set(bars)
        assert len(batch.bars) < len(bars)


@pytest.fixture
def answer_with(local, reply):
    def answer_with(body="", status=200, **headers):
        local.script(reply(body, status, headers))

    return answer_with


@pytest.mark.parametrize("body", ["", "[]", "{}"])
def test_an_empty_answer_is_empty_or_bad_and_never_an_accident(fetch, answer_with, body):
    answer_with(body)
    try:
        bars = fetch().bars
    except BadAnswer:
        return
    assert bars == ()


def test_a_source_in_trouble_is_asked_again_and_then_given_up(
    fetch, local, answer_with, seconds, name
):
    answer_with("<html>502</html>", 502)
    with pytest.raises(SourceUnavailable, match="answered 502"):
        fetch()
    assert len(local.asked) == 4
    # Where requests are to be further apart than these waits, the rest of that is waited for too.
    apart = TERMS[name].limit.apart
    rests = [[wait, *([apart - wait] if apart > wait else [])] for wait in (0.5, 1.0, 2.0)]
    assert seconds.slept == [wait for each in rests for wait in each]


def test_a_source_that_recovers_is_heard(fetch, local, provider, name, bars, reply):
    provider(name, bars)
    healthy, failures = local.answer, [reply("", 503), reply("", 500)]
    local.answer = lambda asked: failures.pop() if failures else healthy(asked)
    assert fetch().bars == tuple(bars)


def test_a_wait_that_is_asked_for_is_waited(fetch, local, provider, name, bars, reply, seconds):
    provider(name, bars)
    healthy, failures = local.answer, [reply("{}", 429, {"Retry-After": "7"})]
    local.answer = lambda asked: failures.pop() if failures else healthy(asked)
    assert fetch().bars == tuple(bars)
    assert sum(seconds.slept) >= 7


@pytest.mark.parametrize(
    ("headers", "wait"),
    [({}, None), ({"Retry-After": "3600"}, 3600.0), ({"Retry-After": "x"}, None)],
)
def test_too_often_is_told_with_when_to_come_back(fetch, local, answer_with, headers, wait):
    answer_with("{}", 429, **headers)
    with pytest.raises(RateLimited, match="asked too often") as refused:
        fetch()
    assert refused.value.retry_after == wait
    assert len(local.asked) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_taken_is_told_and_never_shown(
    source, name, fetch, local, answer_with, status, caplog
):
    caplog.set_level(logging.DEBUG)
    keys = list(source(name)._credentials.values())
    answer_with(f"no such key: {' '.join(keys)}", status)
    with pytest.raises(NotPermitted, match="does not permit it") as refused:
        fetch()
    assert len(local.asked) == 1
    for key in keys:
        assert key not in str(refused.value)
        assert key not in repr(refused.value.__dict__)
        assert key not in "".join(
            f"{one.getMessage()} {one.args}"
            for one in caplog.records
            if one.name.startswith("market_data")
        )


def test_keys_travel_in_headers_where_they_are_taken_there(
    source, name, fetch, local, provider, bars
):
    provider(name, bars)
    keys = set(source(name)._credentials.values())
    fetch()
    for asked in local.asked:
        assert asked.headers["User-Agent"].startswith("IntellPulse")
        in_headers = {key for key in keys if any(key in v for v in asked.headers.values())}
        in_query = keys & set(asked.query.values())
        assert in_headers | in_query == keys
        assert bool(in_query) == (name in KEYS_IN_ADDRESS)


def test_a_source_without_its_keys_is_not_opened(name):
    if not TERMS[name].credentials:
        opened = open_source(name)
        assert opened.terms.name == name
        opened.close()
        return
    with pytest.raises(NotPermitted, match=f"{name} asks for a key: {TERMS[name].credentials[0]}"):
        open_source(name)


def test_an_opened_source_asks_where_it_is_told_to(name, local, provider, bars, day, clock):
    provider(name, bars)
    keys = dict.fromkeys(TERMS[name].credentials, "key")
    opened = open_source(name, keys, clock, base=local.base)
    assert opened.fetch("ACME", ONE_DAY, day("2020-01-01"), day("2020-02-01")).bars == tuple(bars)
    opened.close()
