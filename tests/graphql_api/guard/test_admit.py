"""Admission: what is charged, what is refused, in how many calls, and what the caller is told."""

import threading

import pytest

from graphql_api.errors import (
    BadInput,
    QueryTooComplex,
    QuotaExceeded,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from graphql_api.guard.admit import Guard
from graphql_api.stores import Outcome, StoreUntouched, UsageDay

SECOND = 1_000_000
NOON = 1_795_262_400 * SECOND
MIDNIGHT = NOON + 43_200 * SECOND


def spend(guard, caller, requests, cost=0):
    return [guard.admit(caller, cost) for _ in range(requests)][-1]


def refused_rate(guard, caller, cost=0):
    with pytest.raises(RateLimited) as refused:
        guard.admit(caller, cost)
    return refused.value


def refused_quota(guard, caller, cost):
    with pytest.raises(QuotaExceeded) as refused:
        guard.admit(caller, cost)
    return refused.value


def test_one_request_is_one_call_and_says_what_is_left(guard, caller, store):
    admission = guard.admit(caller, 3)
    assert store.calls == ["idle"]
    assert (admission.cost, admission.units_used, admission.requests) == (3, 3, 1)
    assert (admission.units_limit, admission.units_remaining) == (10_000, 9_997)
    assert (admission.per_second, admission.burst, admission.available) == (100, 190, 189)
    assert admission.rate_resets_at == NOON + 10_000
    assert (admission.day, admission.resets_at) == ("2026-11-21", MIDNIGHT)
    assert admission.headers() == {
        "RateLimit-Policy": '"burst";q=190;w=2, "daily";q=10000;w=86400;qu="units"',
        "RateLimit": '"burst";r=189;t=1, "daily";r=9997;t=43200',
    }


def test_a_steady_caller_pays_one_call_a_request(guard, caller, store, clock):
    for pause in (0, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.3, 5, 0.001, 60, 3_600) * 3:
        clock.move(pause)
        guard.admit(caller, 1)
    assert len(store.calls) == 36


def test_the_burst_is_granted_and_then_the_rate(guard, caller, clock):
    spend(guard, caller, 190)
    refused_rate(guard, caller)
    clock.move(0.01)
    spend(guard, caller, 1)
    refused_rate(guard, caller)
    clock.move(1)
    spend(guard, caller, 100)
    refused_rate(guard, caller)


def test_too_many_at_once_are_told_which_limit_and_when_to_come_back(guard, caller, store):
    spend(guard, caller, 190, cost=2)
    store.calls.clear()
    error = refused_rate(guard, caller, cost=2)
    assert error.status == 429
    assert error.message == (
        "Too many requests at once: the plan BASIC allows 100 a second. Try again in 1 s."
    )
    assert error.extensions() == {
        "code": "RATE_LIMITED",
        "limit": "burst",
        "retryAfter": 1,
        "resetsAt": "2026-11-21T12:00:01.900Z",
    }
    assert error.headers() == {
        "Retry-After": "1",
        "RateLimit-Policy": '"burst";q=190;w=2, "daily";q=10000;w=86400;qu="units"',
        "RateLimit": '"burst";r=0;t=1, "daily";r=9620;t=43200',
    }
    assert store.calls == []


def test_whoever_waits_as_told_is_admitted(guard, accounts, clock):
    demo = accounts.open_account("Demo", "DEMO")
    caller = guard.authenticate({"x-api-key": demo.secret})
    spend(guard, caller, 9)
    clock.move(refused_rate(guard, caller).retry_after)
    guard.admit(caller, 0)


def test_a_refusal_charges_nothing(guard, caller, sqlite, clock):
    spend(guard, caller, 190, cost=1)
    before = sqlite.usage(caller.account_id, "2026-11-21")
    for _ in range(10):
        refused_rate(guard, caller, cost=1)
    assert sqlite.usage(caller.account_id, "2026-11-21") == before


def test_the_day_is_spent_to_its_last_unit_and_not_beyond(guard, caller, clock):
    spend_day(guard, caller, clock, 9_999)
    error = refused_quota(guard, caller, cost=2)
    assert error.status == 429
    assert "9,999 of 10,000 (plan BASIC) are used, and this query costs 2" in error.message
    assert error.extensions() == {
        "code": "QUOTA_EXCEEDED",
        "limit": "daily",
        "retryAfter": -(-(MIDNIGHT - clock()) // SECOND),
        "resetsAt": "2026-11-22T00:00:00.000Z",
    }
    assert error.headers()["Retry-After"] == str(error.retry_after)
    assert '"daily";r=1;' in error.headers()["RateLimit"]
    assert guard.admit(caller, 1).units_remaining == 0
    refused_quota(guard, caller, cost=1)


def spend_day(guard, caller, clock, units):
    while units:
        cost = min(500, units)
        clock.move(0.01)
        guard.admit(caller, cost)
        units -= cost


def test_what_costs_nothing_is_answered_when_the_day_is_spent(guard, caller, clock):
    spend_day(guard, caller, clock, 10_000)
    assert guard.admit(caller, 0).units_used == 10_000
    refused_quota(guard, caller, cost=1)


def test_what_costs_nothing_is_answered_when_a_plan_was_lowered(
    guard, caller, clock, accounts, basic
):
    spend_day(guard, caller, clock, 2_000)
    accounts.set_plan(caller.account_id, "DEMO")
    clock.move(60)
    lowered = guard.authenticate({"x-api-key": basic.secret})
    admission = guard.admit(lowered, 0)
    assert (admission.units_used, admission.units_remaining) == (2_000, 0)
    refused_quota(guard, lowered, cost=1)


def test_a_spent_day_is_refused_from_memory_and_looked_at_every_three_seconds(
    guard, caller, store, clock
):
    spend_day(guard, caller, clock, 10_000)
    store.calls.clear()
    for _ in range(750):
        clock.move(0.04)
        refused_quota(guard, caller, cost=1)
    assert len(store.calls) == 10
    assert set(store.calls) <= {"busy", "idle"}


def test_a_plan_that_rises_ends_the_refusals(guard, caller, clock, accounts, basic):
    spend_day(guard, caller, clock, 10_000)
    refused_quota(guard, caller, cost=1)
    accounts.set_plan(caller.account_id, "PREMIUM")
    clock.move(60)
    risen = guard.authenticate({"x-api-key": basic.secret})
    assert guard.admit(risen, 1).units_remaining == 89_999


def test_units_that_another_environment_gave_back_are_found_within_seconds(
    guard, caller, clock, sqlite
):
    spend_day(guard, caller, clock, 10_000)
    sqlite.give_back(caller.account_id, "2026-11-21", 1, 500)
    for _ in range(64):
        refused_quota(guard, caller, cost=1)
    clock.move(3)
    assert guard.admit(caller, 1).units_used == 9_501


def test_a_failure_by_our_fault_is_given_back_at_once(guard, caller, clock, sqlite):
    spend_day(guard, caller, clock, 9_500)
    admission = guard.admit(caller, 500)
    refused_quota(guard, caller, cost=1)
    guard.refund(caller, admission)
    usage = sqlite.usage(caller.account_id, "2026-11-21")
    assert (usage.units_used, usage.requests) == (9_500, 19)
    assert guard.admit(caller, 500).units_remaining == 0


def test_a_refund_after_midnight_goes_to_the_day_that_was_charged(guard, caller, clock, sqlite):
    clock.now = MIDNIGHT - 1
    admission = guard.admit(caller, 5)
    clock.now = MIDNIGHT + SECOND
    guard.refund(caller, admission)
    usage = sqlite.usage(caller.account_id, "2026-11-21")
    assert (usage.units_used, usage.requests) == (0, 0)
    assert sqlite.usage(caller.account_id, "2026-11-22") == UsageDay("2026-11-22")


def test_units_charged_too_much_are_given_back_and_the_request_is_not(guard, caller, clock, sqlite):
    spend_day(guard, caller, clock, 9_500)
    admission = guard.admit(caller, 500)
    assert guard.refund(caller, admission, 120) is True
    usage = sqlite.usage(caller.account_id, "2026-11-21")
    assert (usage.units_used, usage.requests) == (9_880, 20)
    assert guard.admit(caller, 120).units_remaining == 0


@pytest.mark.parametrize("units", [-1, 6])
def test_never_more_is_given_back_than_was_charged(guard, caller, store, units):
    admission = guard.admit(caller, 5)
    with pytest.raises(ValueError, match="units of 5"):
        guard.refund(caller, admission, units)
    assert store.calls == ["idle"]


def test_a_refund_that_fails_is_logged_and_raises_nothing(guard, caller, store, caplog):
    admission = guard.admit(caller, 5)
    store.broken = True
    assert guard.refund(caller, admission) is False
    assert "not given back" in caplog.text
    assert store.calls == ["idle", "give_back"]
    store.broken = False
    guard.admit(caller, 5)  # and it is not sent again, since it may have been done
    assert store.calls == ["idle", "give_back", "busy"]


@pytest.mark.parametrize("plan", ["BASIC", "PREMIUM"])
def test_a_refund_that_was_surely_not_sent_is_done_once_when_the_store_is_there_again(
    guard, accounts, sqlite, store, plan
):
    def refused():
        raise StoreUntouched("nobody listens")

    caller = guard.authenticate({"x-api-key": accounts.open_account(plan, plan).secret})
    admission = guard.admit(caller, 5)
    store.calls.clear()
    store.before["give_back"] = refused
    assert guard.refund(caller, admission) is False
    for _ in range(3):
        guard.admit(caller, 2)
    assert store.calls.count("give_back") == 2
    guard.close()
    usage = sqlite.usage(caller.account_id, "2026-11-21")
    assert (usage.requests, usage.units_used) == (3, 6)


def test_a_query_dearer_than_one_may_be_is_too_complex(guard, caller, store):
    with pytest.raises(QueryTooComplex) as refused:
        guard.admit(caller, 501)
    assert refused.value.message == (
        "This query costs 501 units, and the plan BASIC allows 500 in one. "
        "Ask for less, or in parts."
    )
    assert refused.value.extensions() == {
        "code": "QUERY_TOO_COMPLEX",
        "limit": "cost",
        "value": 501,
        "maximum": 500,
    }
    assert store.calls == []
    guard.admit(caller, 500)


def test_a_negative_cost_is_a_fault_of_ours(guard, caller):
    with pytest.raises(ValueError, match="-1"):
        guard.admit(caller, -1)


def test_at_midnight_the_units_begin_anew_and_the_bucket_opens_empty(guard, caller, clock, store):
    clock.now = MIDNIGHT - 100_000
    spend(guard, caller, 190, cost=1)
    clock.now = MIDNIGHT
    store.calls.clear()
    error = refused_rate(guard, caller, cost=1)
    assert store.calls == []
    assert error.retry_after == 1
    clock.now = MIDNIGHT + 10_000
    admission = guard.admit(caller, 1)
    assert store.calls == ["new"]
    assert (admission.day, admission.units_used, admission.available) == ("2026-11-22", 1, 0)
    refused_rate(guard, caller)
    clock.now = MIDNIGHT + SECOND
    spend(guard, caller, 99)
    refused_rate(guard, caller)
    clock.now = MIDNIGHT + 4 * SECOND
    spend(guard, caller, 190)


def test_a_caller_who_comes_later_in_the_day_has_the_whole_burst(guard, caller, clock, store):
    clock.now = MIDNIGHT + 2 * SECOND
    spend(guard, caller, 190)
    assert store.calls[0] == "idle"
    refused_rate(guard, caller)


def test_a_cold_environment_finds_the_form_in_two_calls(guard, caller, store, clock):
    spend(guard, caller, 30)
    clock.move(0.1)
    cold = Guard(store, store, clock)
    store.calls.clear()
    cold.admit(caller, 1)
    assert store.calls == ["idle", "busy"]
    cold.admit(caller, 1)
    assert store.calls == ["idle", "busy", "busy"]


def test_environments_that_know_nothing_of_one_another_share_a_slot_of_time_in_one_call_each(
    guard, caller, store, clock
):
    for pause in (0, 0.05, 0.049):
        clock.move(pause)
        Guard(store, store, clock).admit(caller, 1)
        spend(guard, caller, 20)
    cold = Guard(store, store, clock)
    store.calls.clear()
    assert cold.admit(caller, 1).requests == 64
    assert store.calls == ["idle"]


def test_the_mark_of_an_old_slot_is_no_mark_of_one_that_has_its_name(guard, caller, store, clock):
    guard.admit(caller, 1)
    clock.move(32 * 0.1)  # so many names there are
    store.calls.clear()
    Guard(store, store, clock).admit(caller, 1)
    assert store.calls == ["idle", "idle"]
    for _ in range(4):
        clock.move(32 * 0.1)
        guard.admit(caller, 1)
    assert store.calls == ["idle"] * 6  # whoever knows of it asks once


def test_a_cold_environment_learns_from_one_call_that_the_bucket_is_empty(
    guard, caller, store, clock
):
    spend(guard, caller, 190)
    cold = Guard(store, store, clock)
    store.calls.clear()
    for _ in range(5):
        refused_rate(cold, caller)
    assert store.calls == ["idle"]


def test_a_cold_environment_learns_from_one_call_that_the_day_is_spent(guard, caller, store, clock):
    spend_day(guard, caller, clock, 10_000)
    cold = Guard(store, store, clock)
    store.calls.clear()
    clock.move(5)
    for _ in range(5):
        refused_quota(cold, caller, cost=1)
    assert store.calls == ["idle"]


def test_a_young_day_that_another_environment_opened_is_found_in_two_calls(
    guard, caller, store, clock
):
    clock.now = MIDNIGHT + SECOND
    guard.admit(caller, 1)
    cold = Guard(store, store, clock)
    store.calls.clear()
    cold.admit(caller, 1)
    assert store.calls == ["new", "busy"]


def test_environments_that_share_a_bucket_pay_little_more_than_one_call(
    guard, caller, store, clock
):
    """Each comes so seldom that the last ``tat`` it saw lies below the band."""
    guards = [Guard(store, store, clock) for _ in range(32)]
    for sharer in guards:
        clock.move(0.009)
        sharer.admit(caller, 0)
    store.calls.clear()
    for _ in range(10):
        for sharer in guards:
            clock.move(0.009)
            try:
                sharer.admit(caller, 0)
            except RateLimited:
                continue
    assert len(store.calls) <= 1.05 * 320


def test_a_sharer_left_alone_goes_back_to_one_call(guard, caller, store, clock):
    others = [Guard(store, store, clock) for _ in range(8)]
    for sharer in [guard, *others] * 30:
        clock.move(0.011)
        sharer.admit(caller, 0)
    store.calls.clear()
    for _ in range(20):
        clock.move(0.6)
        guard.admit(caller, 0)
    assert len(store.calls) <= 21
    assert store.calls[-10:] == ["idle"] * 10


def test_a_race_that_is_lost_costs_a_second_call_and_no_request(guard, caller, store, clock):
    rival = Guard(store.store, store.store, clock)

    def overtake():
        clock.move(0.1)
        rival.admit(caller, 1)
        clock.move(-0.1)

    store.before["idle"] = overtake
    admission = guard.admit(caller, 1)
    assert store.calls == ["idle", "busy"]
    assert (admission.requests, admission.units_used) == (2, 2)


def test_an_older_answer_never_overwrites_a_newer(guard, caller, store):
    """A thread that is held up reads an answer whose ``tat`` others have long passed."""
    guard.admit(caller, 1)
    store.after["busy"] = lambda: spend(guard, caller, 188)
    assert guard.admit(caller, 1).requests == 2
    store.calls.clear()
    refused_rate(guard, caller)
    assert store.calls == []


def test_whoever_loses_every_race_is_told_to_try_again(guard, caller, store, monkeypatch):
    monkeypatch.setattr(
        store.store, "idle", lambda charge, x, tat, slot: Outcome(False, UsageDay(charge.day))
    )
    with pytest.raises(RateLimited, match="Too many requests at once") as refused:
        guard.admit(caller, 1)
    assert refused.value.headers()["Retry-After"] == "1"
    assert store.calls == ["idle"] * 6


@pytest.mark.parametrize("plan", ["BASIC", "PREMIUM"])
def test_whoever_was_over_its_rate_when_a_slow_store_answered_is_told_so(
    guard, accounts, store, clock, monkeypatch, plan
):
    """Meanwhile others have room again, but no time is left to ask for it."""
    busy = store.store.busy

    def emptied(charge, lo, hi, step, slots):
        with store.store.transaction() as db:
            db.execute("UPDATE usage SET tat = ?", (hi + step,))
        return busy(charge, lo, hi, step, slots)

    caller = guard.authenticate({"x-api-key": accounts.open_account(plan, plan).secret})
    guard.admit(caller, 1)
    monkeypatch.setattr(store.store, "busy", emptied)
    store.seconds = 0.4
    store.calls.clear()
    with pytest.raises(RateLimited) as refused:
        guard.admit(caller, 1)
    assert store.calls == ["busy"]
    assert refused.value.headers()["Retry-After"] == "1"
    assert '"burst";r=0' in refused.value.headers()["RateLimit"]
    monkeypatch.undo()
    clock.move(1)
    assert guard.admit(caller, 1).requests == 2  # the refused one was not charged


def test_whoever_was_not_over_its_rate_is_not_told_so_though_a_slow_store_leaves_no_time(
    guard, caller, store, monkeypatch
):
    """The form did not fit what was there; that no time is left is the store's doing."""
    monkeypatch.setattr(
        store.store, "busy", lambda charge, *_: Outcome(False, UsageDay(charge.day, NOON))
    )
    guard.admit(caller, 1)
    store.seconds = 0.4
    store.calls.clear()
    with pytest.raises(Unavailable, match="in time"):
        guard.admit(caller, 1)
    assert store.calls == ["busy"]


def test_a_key_revoked_elsewhere_stops_at_the_next_admission(guard, caller, accounts, basic):
    guard.admit(caller, 1)
    accounts.revoke_key(caller.account_id, caller.key_id)
    with pytest.raises(Unauthenticated, match="revoked"):
        guard.admit(caller, 1)
    with pytest.raises(Unauthenticated, match="revoked"):
        guard.authenticate({"x-api-key": basic.secret})


def test_a_revoked_key_stays_revoked_over_midnight(guard, caller, accounts, clock):
    clock.now = MIDNIGHT - SECOND
    accounts.revoke_key(caller.account_id, caller.key_id)
    clock.now = MIDNIGHT + SECOND
    with pytest.raises(Unauthenticated, match="revoked"):
        guard.admit(caller, 1)


def test_revoking_one_key_leaves_the_others_of_its_account(guard, caller, accounts):
    other = accounts.create_key(caller.account_id)
    accounts.revoke_key(caller.account_id, caller.key_id)
    admission = guard.admit(guard.authenticate({"x-api-key": other.secret}), 1)
    assert admission.requests == 1


def test_an_unreachable_store_is_503_and_never_an_open_door(guard, caller, store):
    guard.admit(caller, 1)
    store.broken = True
    with pytest.raises(Unavailable) as refused:
        guard.admit(caller, 1)
    assert (refused.value.status, refused.value.headers()) == (503, {"Retry-After": "1"})
    assert refused.value.extensions() == {"code": "UNAVAILABLE", "retryAfter": 1}
    assert "cable" not in refused.value.message
    assert store.calls == ["idle", "busy"]
    store.broken = False
    assert guard.admit(caller, 1).requests == 2


def test_a_request_has_one_second_for_all_its_store_calls(guard, basic, store, clock):
    store.seconds = 0.3
    began = clock()
    reach = guard.reach()
    with pytest.raises(Unavailable, match="in time"):
        guard.admit(guard.authenticate({"x-api-key": basic.secret}, reach), 1, reach)
    assert store.calls == ["find_key", "find_account"]
    assert clock() - began <= SECOND


def test_peeking_reads_once_and_charges_nothing(guard, caller, store):
    guard.admit(caller, 7)
    store.calls.clear()
    standing = guard.peek(caller)
    assert store.calls == ["usage"]
    assert (standing.units_used, standing.requests, standing.available) == (7, 1, 189)
    assert guard.peek(caller) == standing


def test_the_history_has_every_day_with_today_last(guard, caller, clock):
    clock.now = NOON - 3 * 86_400 * SECOND
    guard.admit(caller, 4)
    clock.now = NOON
    guard.admit(caller, 5)
    days = guard.history(caller, days=4)
    assert [(usage.day, usage.units_used) for usage in days] == [
        ("2026-11-18", 4),
        ("2026-11-19", 0),
        ("2026-11-20", 0),
        ("2026-11-21", 5),
    ]
    assert len(guard.history(caller)) == 30


@pytest.mark.parametrize("days", [0, -1, 31])
def test_the_history_goes_back_1_to_30_days(guard, caller, days):
    with pytest.raises(BadInput, match="1 to 30"):
        guard.history(caller, days)


def test_racing_threads_of_one_guard_are_never_over_the_day(guard, caller, sqlite, clock):
    demo = Guard(sqlite, sqlite, clock)
    admitted = []

    def run():
        for _ in range(20):
            try:
                admitted.append(demo.admit(caller, 93).cost)
            except (QuotaExceeded, RateLimited):
                return

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(admitted) == 107 * 93
    assert sqlite.usage(caller.account_id, "2026-11-21").units_used == 107 * 93
