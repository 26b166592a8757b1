"""Deeds at the same time, on both stores: one of two wins, and nothing is done by half."""

import threading

import pytest

from graphql_api.errors import BadInput, Unauthenticated
from graphql_api.guard import reach
from graphql_api.guard.accounts import Accounts
from graphql_api.guard.admit import Guard
from graphql_api.guard.idempotency import Request
from graphql_api.stores import Scope, Slice
from market_data.clock import now

THREADS = 8


@pytest.fixture(autouse=True)
def _time_for_moto(monkeypatch):
    """Moto works in this process, and takes its turn with the threads that wait for it."""
    monkeypatch.setattr(reach, "PATIENCE", 60_000_000)


@pytest.fixture
def deeds(store):
    return Accounts(store, now)


@pytest.fixture
def owner(deeds):
    return deeds.open_account("Owner", "ENTERPRISE", "", [Scope.SIGNALS_READ])


def at_once(*deeds):
    """Runs deeds in threads that start together; what each answered or was refused with."""
    start = threading.Barrier(len(deeds))
    answers = [None] * len(deeds)

    def run(place, deed):
        start.wait()
        try:
            answers[place] = deed()
        except (BadInput, Unauthenticated) as error:
            answers[place] = error

    threads = [threading.Thread(target=run, args=one) for one in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_one_request_sent_eight_times_at_once_makes_one_key(deeds, owner):
    account = owner.account.id
    request = Request(account, "6f1c")
    made = at_once(*[lambda: deeds.create_key(account, "ci", request=request)] * THREADS)
    assert len({new.key.id for new in made}) == 1
    assert sum(bool(new.secret) for new in made) == 1
    assert len(deeds.list_keys(account)) == 2
    assert len(deeds.audit_log(account, Slice(99))) == 2


def test_one_request_sent_eight_times_at_once_makes_one_account(deeds, owner):
    request = Request(owner.account.id, "6f1c")
    made = at_once(*[lambda: deeds.open_account("A", "DEMO", request=request)] * THREADS)
    assert len({(new.account.id, new.key.id) for new in made}) == 1
    assert sum(bool(new.secret) for new in made) == 1
    assert len(deeds.list_accounts(Slice(99))) == 2
    bare = Request(owner.account.id, "6f1d")
    again = at_once(*[lambda: deeds.create_account("B", "DEMO", request=bare)] * THREADS)
    assert len({account.id for account in again}) == 1


def test_of_two_rotations_at_once_one_wins(deeds, owner):
    account, key = owner.account.id, owner.key.id
    made = at_once(*[lambda: deeds.rotate_key(account, key)] * 2)
    (refused,) = [one for one in made if isinstance(one, BadInput)]
    assert "rotated already" in refused.message
    (new,) = [one for one in made if one is not refused]
    assert deeds.find_key(key).replaced_by == new.key.id
    assert refused.details == {"successor": new.key.id}
    assert len(deeds.list_keys(account)) == 2


def test_a_key_that_is_revoked_while_it_is_rotated_has_no_half_successor(deeds, owner):
    account, key = owner.account.id, owner.key.id
    rotated, _ = at_once(
        lambda: deeds.rotate_key(account, key), lambda: deeds.revoke_key(account, key)
    )
    old = deeds.find_key(key)
    assert old.revoked_at is not None
    if isinstance(rotated, BadInput):
        assert "revoked already" in rotated.message
        assert old.replaced_by is None
        assert len(deeds.list_keys(account)) == 1
    else:
        assert old.replaced_by == rotated.key.id


def test_a_key_revoked_while_it_is_busy_is_admitted_by_nobody_afterwards(store, deeds, owner):
    """Several environments know the key, and are in the middle of asking."""
    guards = [Guard(store, store, now) for _ in range(4)]
    headers = {"x-api-key": owner.secret}
    for guard in guards:
        guard.admit(guard.authenticate(headers), 1)
    stop, admitted = threading.Event(), []

    def ask(guard):
        while not stop.is_set():
            try:
                admission = guard.admit(guard.authenticate(headers), 0)
            except Unauthenticated:
                return
            admitted.append(admission.at)

    def revoke():
        deeds.revoke_key(owner.account.id, owner.key.id)
        return now()

    try:
        timer = threading.Timer(60, stop.set)  # or else a key that is never refused hangs here
        timer.start()
        *_, revoked_at = at_once(*[lambda g=guard: ask(g) for guard in guards], revoke)
    finally:
        timer.cancel()
    assert not stop.is_set()
    # What was leased lives on for a second at most.
    assert all(at <= revoked_at + 1_000_000 for at in admitted)
    for guard in guards:
        with pytest.raises(Unauthenticated):
            guard.admit(guard.authenticate(headers), 1)
        guard.close()
