"""Leases: requests that are charged ahead, spent without a call, and given back."""

import threading
import time
from contextlib import suppress
from itertools import pairwise

import pytest

from graphql_api.errors import QuotaExceeded, RateLimited, Unauthenticated, Unavailable
from graphql_api.guard import leasing, reach
from graphql_api.guard.admit import Guard
from graphql_api.stores import StoreThrottled, StoreUnavailable, StoreUntouched

SECOND = 1_000_000
NOON = 1_795_262_400 * SECOND
MIDNIGHT = NOON + 43_200 * SECOND
TODAY, TOMORROW = "2026-11-21", "2026-11-22"


@pytest.fixture
def premium(accounts):
    return accounts.open_account("Premium", "PREMIUM", "server")


@pytest.fixture
def caller(guard, premium, store):
    caller = guard.authenticate({"x-api-key": premium.secret})
    store.calls.clear()
    return caller


def steady(guard, caller, clock, requests, per_second=40, cost=2):
    """So many requests, evenly spaced."""
    for _ in range(requests):
        clock.move(1 / per_second)
        admission = guard.admit(caller, cost)
    return admission


def lease(guard, caller, clock, store, cost=2):
    """Traffic until the next request surely needs no call."""
    while True:
        store.calls.clear()
        admission = steady(guard, caller, clock, 1, cost=cost)
        if store.calls and admission.ready > 10:
            store.calls.clear()
            return admission


def used(sqlite, caller, day=TODAY):
    usage = sqlite.usage(caller.account_id, day)
    return usage.requests, usage.units_used


def test_steady_traffic_needs_a_call_for_every_so_many_requests(guard, caller, store, clock):
    steady(guard, caller, clock, 80)
    store.calls.clear()
    steady(guard, caller, clock, 400)
    assert len(store.calls) <= 0.1 * 400


def test_what_is_told_is_what_was_answered(guard, caller, clock):
    for number in range(1, 200):
        admission = steady(guard, caller, clock, 1)
        assert (admission.requests, admission.units_used) == (number, 2 * number)
        assert admission.units_remaining == 100_000 - 2 * number
        assert guard.peek(caller).units_used == 2 * number
        assert guard.history(caller, 1)[0].requests == number


def test_what_is_held_counts_as_available(guard, caller, clock, store):
    steady(guard, caller, clock, 600, per_second=5_000)
    leased = lease(guard, caller, clock, store)
    after = guard.admit(caller, 2)
    assert store.calls == []
    assert after.ready == leased.ready - 1
    assert after.available == leased.available - 1


def test_a_rested_caller_gets_the_burst_though_the_plan_has_leases(guard, caller, clock):
    for _ in range(950):
        clock.move(0.000_1)
        guard.admit(caller, 1)


def test_closing_gives_back_what_is_held(guard, caller, sqlite, clock):
    steady(guard, caller, clock, 95)
    assert used(sqlite, caller)[0] > 95
    guard.close()
    assert used(sqlite, caller) == (95, 190)


def test_after_closing_requests_are_admitted_one_by_one(guard, caller, sqlite, clock, store):
    guard.close()
    store.calls.clear()
    steady(guard, caller, clock, 60)
    assert len(store.calls) == 60
    assert used(sqlite, caller) == (60, 120)


def test_closing_while_the_store_is_away_is_logged_and_ends(guard, caller, clock, store, caplog):
    lease(guard, caller, clock, store)
    store.broken = True
    guard.close()
    assert store.calls == ["give_back"]
    assert "the cable is cut" in caplog.text


def test_closing_ends_within_seconds_however_much_is_held(guard, accounts, clock, store):
    for number in range(12):
        opened = accounts.open_account(f"Premium {number}", "PREMIUM")
        lease(guard, guard.authenticate({"x-api-key": opened.secret}), clock, store)
    store.seconds = 0.6
    guard.close()
    assert store.calls == ["give_back"] * 9


def take_nothing_back(store, times):
    """Have the store ask for fewer writes, so often, when it is given something back."""
    give_back, left = store.give_back, iter(range(times))

    def throttled(*debt):
        if next(left, None) is None:
            return give_back(*debt)
        store.calls.append("throttled")
        raise StoreThrottled("too many")

    store.give_back = throttled


def test_closing_tries_again_what_the_store_surely_did_not_take_back(
    guard, caller, sqlite, clock, store
):
    answered = lease(guard, caller, clock, store).requests
    take_nothing_back(store, times=3)
    guard.close()
    assert store.calls == ["throttled", "throttled", "throttled", "give_back"]
    assert used(sqlite, caller)[0] == answered


def test_closing_ends_in_time_though_the_store_takes_nothing_back(store, caller, clock):
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        clock.move(seconds)

    guard = Guard(store, store, clock, sleep=sleep)
    lease(guard, caller, clock, store)
    take_nothing_back(store, times=1_000)
    guard.close(longest=SECOND // 4)
    assert 3 <= len(store.calls) <= 6
    assert 0.2 < sum(pauses) < 0.35


def test_who_holds_most_is_given_back_first(guard, accounts, clock, store):
    opened = [accounts.open_account(f"Premium {number}", "PREMIUM") for number in range(3)]
    for cost, new in zip((2, 9, 5), opened, strict=True):
        lease(guard, guard.authenticate({"x-api-key": new.secret}), clock, store, cost)
    given_back = []
    store.give_back = lambda account_id, *_: given_back.append(account_id)
    guard.close()
    assert given_back == [opened[number].account.id for number in (1, 2, 0)]


def test_what_is_left_of_a_lease_is_given_back_with_the_next_call(
    guard, caller, sqlite, clock, store
):
    steady(guard, caller, clock, 95)
    assert used(sqlite, caller)[0] > 95
    clock.move(20)
    store.calls.clear()
    guard.admit(caller, 2)
    assert store.calls == ["idle"]
    assert used(sqlite, caller) == (96, 192)


def test_what_is_left_at_midnight_goes_back_to_the_day_that_was_charged(
    guard, caller, sqlite, clock, store
):
    clock.now = MIDNIGHT - 2 * SECOND
    admission = steady(guard, caller, clock, 79)
    assert admission.ready > 0
    assert used(sqlite, caller)[0] > 79
    clock.now = MIDNIGHT + 500_000
    store.calls.clear()
    guard.admit(caller, 2)
    assert store.calls == ["give_back", "new"]
    assert used(sqlite, caller) == (79, 158)
    guard.close()
    assert used(sqlite, caller, TOMORROW) == (1, 2)


def test_what_could_not_be_sent_at_midnight_is_given_back_later(
    guard, caller, sqlite, clock, store
):
    clock.now = MIDNIGHT - 2 * SECOND
    steady(guard, caller, clock, 79)
    assert used(sqlite, caller)[0] > 79
    clock.now = MIDNIGHT + 500_000
    store.before["give_back"] = throttle
    guard.admit(caller, 2)
    assert used(sqlite, caller)[0] > 79
    assert guard.history(caller, 2)[0].requests == 79
    guard.close()
    assert used(sqlite, caller) == (79, 158)
    assert used(sqlite, caller, TOMORROW) == (1, 2)


def test_no_lease_outlives_its_day(guard, caller, clock, store):
    clock.now = MIDNIGHT - 2 * SECOND
    steady(guard, caller, clock, 79)
    clock.now = MIDNIGHT + 10_000
    store.broken = True
    with pytest.raises(Unavailable):
        guard.admit(caller, 2)


def test_no_lease_outlives_a_second(guard, caller, clock, store):
    lease(guard, caller, clock, store)
    clock.move(1)
    store.broken = True
    with pytest.raises(Unavailable):
        guard.admit(caller, 2)


def test_a_clock_that_is_set_back_ends_a_lease(guard, caller, clock, store):
    lease(guard, caller, clock, store)
    clock.move(-0.1)
    store.broken = True
    with pytest.raises(Unavailable):
        guard.admit(caller, 2)


def test_a_plan_that_loses_its_leases_gives_back_what_was_held(
    guard, caller, premium, accounts, sqlite, clock, store
):
    lease(guard, caller, clock, store)
    answered = guard.peek(caller).requests
    accounts.set_plan(caller.account_id, "BASIC")
    clock.move(60)
    lowered = guard.authenticate({"x-api-key": premium.secret})
    guard.admit(lowered, 2)
    assert used(sqlite, caller) == (answered + 1, 2 * answered + 2)


def test_an_account_that_makes_room_for_another_is_given_back_what_was_held(
    guard, caller, accounts, sqlite, clock, store, monkeypatch
):
    monkeypatch.setattr(leasing, "HOLDINGS", 1)
    leased = lease(guard, caller, clock, store)
    other = accounts.open_account("Other", "PREMIUM")
    guard.admit(guard.authenticate({"x-api-key": other.secret}), 1)
    assert used(sqlite, caller) == (leased.requests, leased.units_used)
    assert guard.refund(caller, leased)  # what it came from is held no more
    assert used(sqlite, caller) == (leased.requests, leased.units_used)
    assert leased.requests == used(sqlite, caller)[0]


def test_who_made_room_while_the_store_was_away_is_given_back_when_it_is_there_again(
    guard, caller, accounts, sqlite, clock, store, monkeypatch
):
    monkeypatch.setattr(leasing, "HOLDINGS", 1)
    answered = lease(guard, caller, clock, store).requests
    other = guard.authenticate({"x-api-key": accounts.open_account("2", "PREMIUM").secret})
    take_nothing_back(store, times=1)
    store.calls.clear()
    guard.admit(other, 1)
    assert store.calls == ["throttled", "idle", "give_back"]
    assert used(sqlite, caller)[0] == answered
    guard.admit(other, 1)
    assert store.calls.count("give_back") == 1


def test_a_failure_under_a_lease_is_given_back_into_it(guard, caller, sqlite, clock, store):
    leased = lease(guard, caller, clock, store)
    failed = guard.admit(caller, 2)
    assert guard.refund(caller, failed)
    assert store.calls == []
    assert (failed.requests, failed.units_used) == (leased.requests, leased.units_used)
    guard.close()
    assert used(sqlite, caller) == (leased.requests, leased.units_used)


def test_a_request_that_was_given_back_is_not_spent_again(guard, caller, clock, store):
    """The rate has seen it; its units are free again."""
    lease(guard, caller, clock, store)
    failed = guard.admit(caller, 2)
    guard.refund(caller, failed)
    again = guard.admit(caller, 2)
    assert store.calls == []
    assert again.ready == failed.ready - 1
    assert again.units_used == failed.units_used + 2


def test_a_failure_after_the_lease_is_given_back_at_once(guard, caller, sqlite, clock, store):
    admission = lease(guard, caller, clock, store)
    clock.move(1)
    before = used(sqlite, caller)
    assert guard.refund(caller, admission)
    assert store.calls == ["give_back"]
    assert used(sqlite, caller) == (before[0] - 1, before[1] - 2)


def test_units_that_were_too_many_are_spent_from_the_lease_again(guard, caller, clock, store):
    lease(guard, caller, clock, store)
    admission = guard.admit(caller, 2)
    assert guard.refund(caller, admission, 1)
    assert store.calls == []
    assert guard.admit(caller, 2).units_used == admission.units_used + 2


def test_while_the_store_is_away_what_is_leased_is_served_and_no_more(guard, caller, clock, store):
    leased = lease(guard, caller, clock, store)
    store.broken = True
    for _ in range(leased.ready):
        guard.admit(caller, 2)
    for _ in range(10):
        with pytest.raises(Unavailable) as refused:
            guard.admit(caller, 2)
        assert refused.value.headers() == {"Retry-After": "1"}
    assert len(store.calls) == 5  # then the circuit is open


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
def test_a_lost_answer_overcharges_by_a_lease_at_most_and_the_log_says_by_how_much(
    guard, caller, sqlite, clock, store, caplog, done
):
    steady(guard, caller, clock, 95)
    clock.move(2)
    moment = store.after if done else store.before
    moment["busy"] = moment["idle"] = lost
    with pytest.raises(Unavailable):
        guard.admit(caller, 2)
    moment.clear()
    steady(guard, caller, clock, 200)
    guard.close()
    requests, units = used(sqlite, caller)
    (told,) = [one.line for one in caplog.records if hasattr(one, "line")]
    assert told["account"] == caller.account_id
    assert 295 < requests <= 295 + told["requests"] <= 295 + 50
    assert 590 < units <= 590 + told["units"] <= 590 + 100


def lost():
    raise StoreUnavailable("the answer was lost")


def test_what_was_to_be_given_back_by_a_write_that_was_surely_not_sent_is_not_lost(
    guard, caller, sqlite, clock, store, caplog
):
    def refused():
        raise StoreUntouched("nobody listens")

    steady(guard, caller, clock, 95)
    assert used(sqlite, caller)[0] > 95
    clock.move(2)
    store.before["idle"] = refused
    with pytest.raises(Unavailable):
        guard.admit(caller, 2)
    assert not any(hasattr(one, "line") for one in caplog.records)
    guard.admit(caller, 2)
    assert used(sqlite, caller) == (96, 192)


def test_what_may_have_been_given_back_is_not_given_back_again_and_the_log_says_how_much(
    guard, caller, sqlite, clock, store, caplog
):
    steady(guard, caller, clock, 95)
    requests, units = used(sqlite, caller)
    store.after["give_back"] = lost
    guard.close()
    assert used(sqlite, caller) == (95, 190)
    (told,) = [one.line for one in caplog.records if hasattr(one, "line")]
    held = {"requests": requests - 95, "units": units - 190}
    assert told == {"account": caller.account_id, **held}


def test_a_throttled_store_is_left_alone_for_longer_each_time(guard, caller, clock, store):
    asked = []

    def throttled():
        asked.append(clock())
        raise StoreThrottled("too many")

    for _ in range(400):
        clock.move(0.01)
        store.before = dict.fromkeys(("busy", "idle", "new"), throttled)
        with pytest.raises(Unavailable) as refused:
            guard.admit(caller, 2)
        assert refused.value.retry_after == 1
    assert 5 <= len(asked) <= 12
    pauses = [after - before for before, after in pairwise(asked)]
    assert pauses == sorted(pauses)
    store.before = {}
    clock.move(1)
    assert guard.admit(caller, 2).requests == 1


def test_after_a_throttled_call_leases_are_twice_as_large(guard, caller, clock, store):
    steady(guard, caller, clock, 200)
    ordinary = max(steady(guard, caller, clock, 1).ready for _ in range(100))
    store.before = dict.fromkeys(("busy", "idle"), throttle)
    for _ in range(60):
        clock.move(0.025)
        try:
            guard.admit(caller, 2)
        except Unavailable:
            break
    store.before = {}
    clock.move(0.1)
    pressed = max(steady(guard, caller, clock, 1).ready for _ in range(100))
    assert pressed >= 1.7 * ordinary


def throttle():
    raise StoreThrottled("too many")


def test_a_key_that_is_revoked_elsewhere_stops_within_a_second_under_a_lease(
    guard, caller, accounts, clock, store
):
    lease(guard, caller, clock, store)
    accounts.revoke_key(caller.account_id, caller.key_id)
    for _ in range(40):
        clock.move(0.025)
        try:
            guard.admit(caller, 2)
        except Unauthenticated:
            break
    with pytest.raises(Unauthenticated, match="revoked"):
        guard.admit(caller, 2)


def test_a_revoked_key_stops_with_the_lease_that_another_key_fetches(
    guard, caller, premium, accounts, clock, store
):
    other = guard.authenticate({"x-api-key": accounts.create_key(caller.account_id).secret})
    lease(guard, caller, clock, store)
    accounts.revoke_key(caller.account_id, caller.key_id)
    lease(guard, other, clock, store)
    assert guard.admit(other, 2).ready > 0
    with pytest.raises(Unauthenticated, match="revoked"):
        guard.admit(caller, 2)
    assert store.calls == []


def test_a_dear_request_pays_for_itself_and_the_lease_goes_on(guard, caller, clock, store, sqlite):
    leased = lease(guard, caller, clock, store)
    dear = guard.admit(caller, 900)
    assert store.calls == ["busy"]
    assert dear.ready == leased.ready
    guard.admit(caller, 2)
    assert store.calls == ["busy"]
    guard.close()
    assert used(sqlite, caller) == (leased.requests + 2, leased.units_used + 902)


def test_what_costs_nothing_is_answered_when_the_day_is_spent(guard, caller, clock):
    spent = 0
    while spent < 100_000:
        clock.move(0.01)
        spent = guard.admit(caller, min(1_000, 100_000 - spent)).units_used
    steady(guard, caller, clock, 30, cost=0)
    with pytest.raises(QuotaExceeded):
        guard.admit(caller, 1)


def test_the_last_unit_of_the_day_is_found_in_what_is_held(guard, caller, clock, sqlite, store):
    """Two processes: what one holds the other is refused, until it is given back."""
    rest = 1_000
    while rest < 100_000:
        clock.move(0.01)
        rest = guard.admit(caller, 1_000).units_used + 1_000
    steady(guard, caller, clock, 400, cost=2)
    other = Guard(store, store, clock)
    clock.move(2)
    left = 100_000 - used(sqlite, caller)[1]
    with pytest.raises(QuotaExceeded):
        other.admit(caller, left + 1)
    guard.close()
    answered = guard.peek(caller).units_used
    cold = Guard(store, store, clock)
    assert cold.admit(caller, 100_000 - answered).units_remaining == 0


def test_an_item_that_was_lost_owes_nothing(guard, caller, clock, store, sqlite, caplog):
    steady(guard, caller, clock, 95)
    with sqlite.transaction() as db:
        db.execute("DELETE FROM usage")
    clock.move(2)
    assert guard.admit(caller, 2).requests == 1
    assert "holds less than a lease was charged" in caplog.text
    guard.close()
    assert used(sqlite, caller) == (1, 2)


def test_a_race_that_is_lost_gives_nothing_back_twice(guard, caller, clock, store, sqlite):
    rival = Guard(store.store, store.store, clock)
    steady(guard, caller, clock, 95)
    clock.move(3)
    store.before["idle"] = lambda: rival.admit(caller, 2)
    guard.admit(caller, 2)
    guard.close()
    assert used(sqlite, caller) == (97, 194)


def test_closing_while_a_lease_is_fetched_gives_that_back_too(guard, caller, clock, store, sqlite):
    answered = lease(guard, caller, clock, store).requests
    store.after = dict.fromkeys(("busy", "idle"), guard.close)
    while not store.calls:
        clock.move(0.025)
        last = guard.admit(caller, 2)
        answered += 1
    assert last.ready > 0
    assert store.calls[1:] == ["give_back"]
    assert used(sqlite, caller) == (answered, 2 * answered)


class Slow:
    """A store whose answers take a while of true time; it counts who asks at once."""

    def __init__(self, store, seconds):
        self.store = store
        self.seconds = seconds
        self.calls = 0

    def __getattr__(self, name):
        ask = getattr(self.store, name)

        def call(*arguments):
            self.calls += 1
            time.sleep(self.seconds)
            return ask(*arguments)

        return call


def race(run, threads=16):
    """What so many threads met, all at once."""
    met = []
    start = threading.Barrier(threads)

    def each():
        start.wait()
        try:
            met.append(run())
        except Exception as error:
            met.append(error)

    running = [threading.Thread(target=each) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return met


@pytest.fixture
def unhurried(monkeypatch):
    """Threads of a machine that may be busy; what a request's second does is tested by hand."""
    monkeypatch.setattr(reach, "PATIENCE", 60 * SECOND)


def test_threads_wait_for_the_one_that_fetches_and_do_not_ask_all(sqlite, caller, clock, unhurried):
    slow = Slow(sqlite, 0.02)
    guard = Guard(slow, slow, clock)
    met = race(lambda: [guard.admit(caller, 1) for _ in range(3)])
    assert all(isinstance(admissions, list) for admissions in met)
    assert slow.calls <= 12
    guard.close()
    assert used(sqlite, caller) == (48, 48)


def test_threads_that_waited_in_vain_are_refused_without_asking_each(caller, clock, unhurried):
    class Dead:
        calls = 0

        def __getattr__(self, name):
            def call(*_):
                self.calls += 1
                while guard._leasing._holdings[caller.account_id].traffic.current < 16:
                    time.sleep(0.01)  # until all have come
                time.sleep(0.2)
                lost()

            return call

    dead = Dead()
    guard = Guard(dead, dead, clock)
    met = race(lambda: guard.admit(caller, 1))
    assert all(isinstance(error, Unavailable) for error in met)
    assert dead.calls <= 4  # of who came to wait only after the answer


@pytest.mark.parametrize(("spent", "told"), [(True, RateLimited), (False, Unavailable)])
def test_who_waits_in_vain_for_a_fetch_is_told_of_the_rate_where_that_is_used_up(
    guard, caller, clock, store, monkeypatch, spent, told
):
    with suppress(RateLimited):
        while spent:
            guard.admit(caller, 1)
    fetching = guard._leasing._holding(caller.account_id, clock(), guard.reach()).fetching
    monkeypatch.setattr(reach, "PATIENCE", 10_000)  # microseconds that are waited in truth
    store.calls.clear()
    with fetching, pytest.raises(told):
        guard.admit(caller, 1)
    assert store.calls == []


def test_accounts_do_not_wait_for_one_another(sqlite, accounts, guard, clock, unhurried):
    callers = [
        guard.authenticate({"x-api-key": accounts.open_account(f"{number}", "PREMIUM").secret})
        for number in range(8)
    ]
    all_ask = threading.Barrier(8)

    class Together(Slow):
        def idle(self, *arguments):
            all_ask.wait(60)  # or else it breaks: nobody comes before another is done
            return self.store.idle(*arguments)

    store = Together(sqlite, 0)
    separate = Guard(store, store, clock)
    waiting = iter(callers)
    met = race(lambda: separate.admit(next(waiting), 1), threads=8)
    assert [admission.cost for admission in met] == [1] * 8
    separate.close()


def test_a_bucket_that_others_empty_is_not_asked_by_each_request(guard, caller, clock, store):
    """Refused or given little, a process keeps to its part of the rate."""
    rival = Guard(store.store, store.store, clock)
    calls = admitted = 0
    for number in range(4_000):
        clock.move(0.001)
        for sharer in (rival, guard):
            before = len(store.calls)
            try:
                sharer.admit(caller, 1)
            except RateLimited:
                continue
            finally:
                calls += number >= 2_000 and len(store.calls) > before
            admitted += number >= 2_000
    assert admitted >= 0.9 * 1_000
    assert calls <= 0.1 * admitted
