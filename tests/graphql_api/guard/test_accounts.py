"""Making, listing, moving and revoking accounts and keys; each deed is in the audit log."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from graphql_api.errors import BadInput, Unavailable
from graphql_api.guard import key_deeds, keys
from graphql_api.guard.accounts import DEMO_ACCOUNT, Accounts, ulid
from graphql_api.guard.idempotency import Request
from graphql_api.stores import ApiKey, Scope
from graphql_api.stores.records import NEWEST

SECOND = 1_000_000
NOON = 1_795_262_400 * SECOND


def log(sqlite, account_id):
    return [(entry.action, entry.actor) for entry in sqlite.audit_log(account_id)]


def test_an_account_and_its_first_key_are_one_deed(accounts, sqlite):
    new = accounts.open_account("Acme", "BASIC", "laptop", [Scope.SIGNALS_READ], NOON + 1)
    keys.check(new.secret, "live")
    assert sqlite.find_account(new.account.id) == new.account
    assert sqlite.find_key(keys.digest(new.secret)) == new.key
    assert new.key == ApiKey(
        id=keys.digest(new.secret),
        account_id=new.account.id,
        label="laptop",
        last_four=new.secret[-4:],
        scopes=frozenset({Scope.SIGNALS_READ}),
        created_at=NOON,
        expires_at=NOON + 1,
    )
    (entry,) = sqlite.audit_log(new.account.id)
    assert entry.action == "account.created"
    assert entry.details == {
        "name": "Acme",
        "plan": "BASIC",
        "key": new.key.id,
        "label": "laptop",
        "scopes": "signals:read",
    }


def test_an_account_may_begin_without_a_key(accounts, sqlite):
    account = accounts.create_account("  Acme  ", "ENTERPRISE")
    assert sqlite.find_account(account.id) == account
    assert (account.name, account.plan, account.created_at) == ("Acme", "ENTERPRISE", NOON)
    assert accounts.list_keys(account.id) == []


def test_a_secret_is_in_no_repr_and_no_audit_entry(accounts, sqlite, basic):
    other = accounts.create_key(basic.account.id, "other")
    told = repr((basic, other, sqlite.audit_log(basic.account.id), accounts))
    assert basic.secret not in told
    assert other.secret not in told


def test_keys_are_listed_with_the_revoked_ones(accounts, basic, clock):
    clock.move(1)
    other = accounts.create_key(basic.account.id, "other", [Scope.ADMIN])
    accounts.revoke_key(basic.account.id, basic.key.id)
    first, second = accounts.list_keys(basic.account.id)
    assert (first.id, first.revoked_at) == (basic.key.id, clock())
    assert second == other.key


def test_a_revocation_can_be_repeated_and_keeps_its_time(accounts, basic, clock, sqlite):
    first = accounts.revoke_key(basic.account.id, basic.key.id)
    clock.move(5)
    assert accounts.revoke_key(basic.account.id, basic.key.id) == first
    assert first.revoked_at == NOON
    for day in ("2026-11-21", "2026-11-22"):
        assert sqlite.usage(basic.account.id, day).revoked == {basic.key.id}


def test_only_an_account_s_own_keys_can_be_revoked(accounts, basic, sqlite):
    other = accounts.open_account("Other", "DEMO")
    for account_id, key_id in ((other.account.id, basic.key.id), (basic.account.id, "f" * 64)):
        with pytest.raises(BadInput, match="no such key"):
            accounts.revoke_key(account_id, key_id)
    assert sqlite.find_key(basic.key.id).revoked_at is None


def test_a_plan_is_moved(accounts, basic, sqlite):
    assert accounts.set_plan(basic.account.id, "PREMIUM").plan == "PREMIUM"
    assert sqlite.find_account(basic.account.id).plan == "PREMIUM"


def test_every_deed_is_logged_with_who_did_it(sqlite, clock):
    accounts = Accounts(sqlite, clock, actor="key 01")
    new = accounts.open_account("Acme", "BASIC")
    for deed in (
        lambda: accounts.create_key(new.account.id),
        lambda: accounts.set_plan(new.account.id, "PREMIUM"),
        lambda: accounts.revoke_key(new.account.id, new.key.id),
    ):
        clock.move(1)
        deed()
    assert log(sqlite, new.account.id) == [
        ("key.revoked", "key 01"),
        ("plan.set", "key 01"),
        ("key.created", "key 01"),
        ("account.created", "key 01"),
    ]


@pytest.mark.parametrize("plan", ["", "basic", "GOLD"])
def test_a_plan_that_is_not_sold_is_refused_with_those_that_are(accounts, basic, plan):
    for deed in (
        lambda: accounts.create_account("Acme", plan),
        lambda: accounts.set_plan(basic.account.id, plan),
    ):
        with pytest.raises(BadInput, match="DEMO, BASIC, PREMIUM, ENTERPRISE"):
            deed()


@pytest.mark.parametrize("name", ["", "  ", "x" * 101])
def test_a_name_has_1_to_100_characters(accounts, name):
    with pytest.raises(BadInput, match="1 to 100"):
        accounts.create_account(name, "BASIC")


def test_a_key_that_could_do_nothing_is_refused(accounts, basic, clock):
    account_id = basic.account.id
    with pytest.raises(BadInput, match="expired already"):
        accounts.create_key(account_id, expires_at=clock())
    with pytest.raises(BadInput, match="scope"):
        accounts.create_key(account_id, scopes=[])
    with pytest.raises(BadInput, match="label"):
        accounts.create_key(account_id, label="x" * 101)


def test_an_account_that_is_not_there_is_named(accounts):
    for deed in (
        lambda: accounts.create_key("nobody"),
        lambda: accounts.set_plan("nobody", "BASIC"),
    ):
        with pytest.raises(BadInput, match="no account nobody"):
            deed()


def test_an_account_that_goes_away_meanwhile_gets_no_key(accounts, basic, sqlite, monkeypatch):
    monkeypatch.setattr(sqlite, "create_key", lambda key, entry, once: False)
    with pytest.raises(BadInput, match="no account"):
        accounts.create_key(basic.account.id)


def test_an_unreachable_store_is_unavailable(store, clock):
    store.broken = True
    with pytest.raises(Unavailable):
        Accounts(store, clock).create_account("Acme", "BASIC")


def test_the_demo_key_is_made_once_and_kept(accounts, sqlite):
    secret = accounts.ensure_demo()
    assert sqlite.find_account(DEMO_ACCOUNT).plan == "DEMO"
    assert accounts.ensure_demo(secret) == secret
    assert len(accounts.list_keys(DEMO_ACCOUNT)) == 1


def test_a_demo_key_that_is_lost_is_replaced(accounts, basic, clock):
    first = accounts.ensure_demo()
    lost = [None, "junk", keys.mint("live"), keys.mint("test"), basic.secret]
    replaced = [accounts.ensure_demo(secret) for secret in lost]
    assert len({first, *replaced}) == 6
    assert len(accounts.list_keys(DEMO_ACCOUNT)) == 6


def test_a_demo_key_that_was_revoked_is_replaced(accounts):
    secret = accounts.ensure_demo()
    accounts.revoke_key(DEMO_ACCOUNT, keys.digest(secret))
    assert accounts.ensure_demo(secret) != secret


def test_two_who_make_the_demo_account_at_once_do_not_make_two(accounts, sqlite, monkeypatch):
    accounts.ensure_demo()
    monkeypatch.setattr(sqlite, "find_account", lambda account_id: None)
    with pytest.raises(BadInput, match="already"):
        accounts.ensure_demo()


def test_a_ulid_sorts_by_time():
    ids = [ulid(NOON + 1_000 * ms) for ms in range(100)]
    assert ids == sorted(ids)
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{26}", one) for one in ids)
    assert ulid(0)[:10] == "0" * 10
    assert len({ulid(NOON) for _ in range(100)}) == 100


def test_an_id_that_is_taken_is_said_and_nothing_is_made(accounts, sqlite, monkeypatch):
    monkeypatch.setattr(sqlite, "create_account", lambda account, key, entry, once: False)
    for deed in (accounts.create_account, accounts.open_account):
        with pytest.raises(BadInput, match="already"):
            deed("Acme", "BASIC")
    assert sqlite.list_accounts(NEWEST) == []


def test_a_key_that_goes_away_while_it_is_rotated_is_said(accounts, basic, sqlite, monkeypatch):
    monkeypatch.setattr(sqlite, "rotate_key", lambda *rest: False)
    with pytest.raises(BadInput, match="no such key"):
        accounts.rotate_key(basic.account.id, basic.key.id)


def test_an_expired_key_is_not_rotated(accounts, basic, clock):
    short = accounts.create_key(basic.account.id, expires_at=clock() + SECOND)
    clock.move(1)
    with pytest.raises(BadInput, match="expired already"):
        accounts.rotate_key(basic.account.id, short.key.id)


def test_a_successor_lives_as_long_as_the_old_key_was_to_live(accounts, basic, clock):
    day = 86_400 * SECOND
    old = accounts.create_key(basic.account.id, expires_at=clock() + 30 * day)
    clock.move(20 * 86_400)
    new = accounts.rotate_key(basic.account.id, old.key.id, grace=20 * 86_400)
    assert new.key.expires_at == clock() + 30 * day
    assert new.replaced.expires_at == old.key.expires_at  # never later than it was to be
    given = accounts.rotate_key(basic.account.id, new.key.id, 0, expires_at=clock() + day)
    assert given.key.expires_at == clock() + day


def test_a_request_is_forgotten_after_a_day(accounts, basic, clock):
    request = Request(basic.account.id, "6f1c")
    first = accounts.create_key(basic.account.id, request=request)
    clock.move(86_399)
    assert accounts.create_key(basic.account.id, request=request).key == first.key
    clock.move(1)
    again = accounts.create_key(basic.account.id, request=request)
    assert again.secret
    assert again.key.id != first.key.id


def test_a_request_that_was_done_is_answered_however_full_the_account_is(
    accounts, basic, monkeypatch
):
    request = Request(basic.account.id, "6f1c")
    first = accounts.create_key(basic.account.id, request=request)
    monkeypatch.setattr(key_deeds, "MOST_KEYS", 1)
    assert accounts.create_key(basic.account.id, request=request).key == first.key
    with pytest.raises(BadInput, match="keys in force"):
        accounts.create_key(basic.account.id)


def test_who_acts_on_another_s_account_is_logged_as_an_operator(sqlite, clock, basic):
    other = Accounts(sqlite, clock).create_account("Other", "DEMO")
    acting = Accounts(sqlite, clock, actor="key:01", home=basic.account)
    acting.set_plan(other.id, "BASIC")
    acting.set_plan(basic.account.id, "DEMO")
    assert log(sqlite, other.id)[0] == ("plan.set", "operator:key:01")
    assert log(sqlite, basic.account.id)[0] == ("plan.set", "key:01")


def test_ulids_of_one_moment_count_up_from_whatever_thread():
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ulid(NOON), range(500)))
    assert len(set(made)) == 500
    ids = [ulid(NOON) for _ in range(100)]
    assert ids == sorted(ids)
