"""Limits of sources that several processes keep together."""

import logging
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_data.calendar import SECOND
from market_data.errors import Damaged, RateLimited, StoreUnavailable
from market_data.sources.base import Limit
from market_data.sources.opening import open_source
from market_data.sources.registry import TERMS
from market_data.sources.turns import CommonPace, KeptTurns, Turns

NOON = 1_795_003_200 * SECOND


class Shelf:
    """A store in memory; `before` is called when a write is about to be made."""

    def __init__(self):
        self.kept = {}
        self.away = False
        self.before = lambda: None
        self.writes = 0

    def swap(self, name, version, packed, until):
        self.before()
        if self.away:
            raise StoreUnavailable("DynamoDB did not answer")
        there = self.kept.get(name, KeptTurns(0, ""))
        if there.version != version:
            return there
        self.kept[name] = KeptTurns(version + 1, packed)
        self.writes += 1
        return None

    def close(self):
        pass


class Time:
    """The true time, which goes on by itself and by sleeping."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += round(seconds * SECOND)


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def pace(time, shelf):
    """Makes what one process has, whose clock may be off."""

    def make(limit, patience=60.0, name="told#key", ahead=0):
        return CommonPace(
            name, "told", limit, shelf, lambda: time.now + ahead, time.sleep, patience
        )

    return make


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([Limit(3, 10.0), Limit(25, 86_400.0, 1.0), Limit(120, 60.0), Limit(10, 1.0)]),
    st.randoms(use_true_random=False),
)
def test_no_window_holds_more_than_the_limit_however_many_ask_with_clocks_apart(limit, chance):
    time, shelf, sent = Time(), Shelf(), []
    clocks = [chance.randint(-200_000, 200_000) for _ in range(4)]
    paces = [
        CommonPace(
            "told#key", "told", limit, shelf, lambda ahead=ahead: time.now + ahead, time.sleep, 1e9
        )
        for ahead in clocks
    ]
    for _ in range(2 * limit.requests + 5):
        chance.choice(paces).take()
        sent.append(time.now)
        time.now += chance.choice([0, 0, 1, round(chance.random() * limit.seconds * SECOND / 9)])
    window = round(limit.seconds * SECOND)
    for i in range(len(sent) - limit.requests):
        assert sent[i + limit.requests] - sent[i] > window
    assert all(len(kept.packed) < 1_000 for kept in shelf.kept.values())


def test_a_full_window_goes_out_at_once_and_the_next_waits_for_it_to_end(pace, time):
    one, other = pace(Limit(4, 100.0), patience=200.0), pace(Limit(4, 100.0), patience=200.0)
    for each in (one, other, one, other):
        each.take()
    assert time.now - NOON < SECOND  # but for pauses where they met
    other.take()
    assert 100.0 <= (time.now - NOON) / SECOND <= 103.0


def test_who_would_have_to_wait_too_long_is_told_how_long(pace, time):
    one, other = pace(Limit(2, 3_600.0)), pace(Limit(2, 3_600.0))
    one.take()
    one.take()
    with pytest.raises(RateLimited, match="told was asked as often as it allows") as refused:
        other.take()
    assert 3_600 <= refused.value.retry_after <= 3_700
    time.now += round(refused.value.retry_after * SECOND)
    other.take()


def test_a_process_that_begins_anew_remembers_what_was_asked_today(pace, time):
    limit = TERMS["alpha_vantage"].limit
    for _ in range(limit.requests):
        pace(limit).take()  # a new environment each time
    time.now += 23 * 3_600 * SECOND
    with pytest.raises(RateLimited):
        pace(limit).take()
    time.now += 2 * 3_600 * SECOND
    pace(limit).take()


def test_requests_are_as_far_apart_as_is_asked(pace, time):
    limit = Limit(100, 60.0, apart=1.0)
    one, other = pace(limit), pace(limit)
    one.take()
    other.take()
    other.take()
    assert time.now - NOON >= 2 * SECOND


def test_a_rest_that_a_source_asks_for_is_kept_by_all(pace, time):
    one, other = pace(Limit(100, 60.0)), pace(Limit(100, 60.0))
    other.take()
    one.pause(300.0)
    with pytest.raises(RateLimited) as refused:
        other.take()
    assert refused.value.retry_after == pytest.approx(300.0, abs=1.0)
    time.now += 300 * SECOND
    other.take()


def test_one_write_a_request_where_nobody_else_asks(pace, shelf, time):
    one, slept = pace(Limit(100, 60.0)), time.now
    for _ in range(20):
        one.take()
    assert (shelf.writes, time.now) == (20, slept)


def test_whose_write_is_beaten_counts_the_other_and_tries_again(pace, shelf, time):
    limit = Limit(2, 100.0)
    one, other = pace(limit), pace(limit)
    one.take()
    meet = [other.take]
    shelf.before = lambda: meet.pop()() if meet else None
    with pytest.raises(RateLimited):
        one.take()  # the other had the second turn
    assert Turns.unpack(shelf.kept["told#key"].packed).counts[NOON // (2 * SECOND)] == 2


def test_without_the_store_requests_go_out_by_the_limit_of_each_process(pace, shelf, time, caplog):
    one = pace(Limit(1, 3_600.0))
    one.take()
    shelf.away = True
    with caplog.at_level(logging.WARNING, "market_data"):
        for _ in range(3):
            one._seen = (0, Turns())
            one.take()
        one.pause(1.0)
    assert "told is asked by its limit here alone: DynamoDB did not answer" in caplog.text
    shelf.away = False
    with pytest.raises(RateLimited):
        one.take()


def test_turns_that_cannot_be_read_are_no_reason_to_ask_nothing(pace, shelf, caplog):
    shelf.kept["told#key"] = KeptTurns(7, "no turns")
    with caplog.at_level(logging.WARNING, "market_data"):
        pace(Limit(1, 10.0)).take()
    assert "cannot be read" in caplog.text
    for packed in ("[1]", "[1,2,3]", '{"a":1}', "[1,2,null,4]", "null"):
        with pytest.raises(Damaged):
            Turns.unpack(packed)


def test_a_store_that_has_forgotten_begins_anew(pace, shelf):
    one = pace(Limit(5, 10.0))
    one.take()
    shelf.kept.clear()
    one.take()
    assert shelf.kept["told#key"].version == 1


def test_a_store_that_always_says_another_came_first_is_given_up(pace, shelf, monkeypatch):
    monkeypatch.setattr(shelf, "swap", lambda *_: KeptTurns(9, Turns().pack()))
    pace(Limit(5, 10.0)).take()


def test_turns_come_back_as_they_were_packed():
    chance = random.Random(3)
    turns = Turns(last=NOON)
    for _ in range(200):
        turns = turns.taken(Limit(3_000, 60.0), turns.last + chance.randint(0, 2 * SECOND))
    turns = turns.paused(NOON + 7)
    assert Turns.unpack(turns.pack()) == turns
    assert len(turns.counts) <= 52


def test_only_who_uses_the_same_key_shares_a_limit_and_no_name_tells_a_key(shelf, local):
    names = []
    for key in ("first secret", "second secret", "first secret"):
        opened = open_source("tiingo", {"TIINGO_API_KEY": key}, base=local.base, turns=shelf)
        names.append(opened._http._common._name)
        opened.close()
    assert names[0] == names[2] != names[1]
    assert all(name.startswith("tiingo#") and "secret" not in name for name in names)


def test_each_request_takes_a_turn_and_a_ban_is_kept_in_common(http, local, reply, pace, shelf):
    common = pace(Limit(100, 60.0))
    local.script(reply("{}"), reply("", 429, {"Retry-After": "90"}))
    client = http(common=common)
    client.get("/", {})
    with pytest.raises(RateLimited):
        client.get("/", {})
    assert Turns.unpack(shelf.kept["told#key"].packed).not_before == NOON + 90 * SECOND
    with pytest.raises(RateLimited):
        http(common=pace(Limit(100, 60.0))).get("/", {})
    assert len(local.asked) == 2
