"""Leases: requests that are charged ahead, spent without a call, and given back."""

import pytest

TODAY = "2026-11-21"


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


def test_steady_traffic_needs_a_call_for_every_so_many_requests(guard, caller, store, clock):
    steady(guard, caller, clock, 80)
    store.calls.clear()
    steady(guard, caller, clock, 400)
    assert len(store.calls) <= 0.1 * 400


def test_what_is_told_is_what_was_answered(guard, caller, store, clock):
    for number in range(1, 200):
        admission = steady(guard, caller, clock, 1)
        assert (admission.requests, admission.units_used) == (number, 2 * number)


def test_closing_gives_back_what_is_held(guard, caller, sqlite, clock):
    steady(guard, caller, clock, 95)
    assert sqlite.usage(caller.account_id, TODAY).requests > 95
    guard.close()
    usage = sqlite.usage(caller.account_id, TODAY)
    assert (usage.requests, usage.units_used) == (95, 190)
