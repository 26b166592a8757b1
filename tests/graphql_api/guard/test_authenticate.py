"""Who asks: every kind of credential, good and bad."""

import dataclasses

import pytest

from graphql_api.errors import Forbidden, Internal, Unauthenticated, Unavailable
from graphql_api.guard import authenticate, keys
from graphql_api.guard.admit import Guard
from graphql_api.guard.plans import PLANS
from graphql_api.stores import Account, AuditEntry, Overrides, Scope


def refusal(guard, **headers):
    """The sentence of a 401, which has a challenge and repeats nothing of what was sent."""
    with pytest.raises(Unauthenticated) as refused:
        guard.authenticate({name.replace("_", "-"): value for name, value in headers.items()})
    error = refused.value
    assert (error.status, error.extensions()) == (401, {"code": "UNAUTHENTICATED"})
    assert error.headers() == {"WWW-Authenticate": 'ApiKey realm="IntellPulse", header="x-api-key"'}
    for value in headers.values():
        assert not value or value not in error.message
    return error.message


def test_a_good_key_names_its_account_plan_and_scopes(guard, basic, clock):
    caller = guard.authenticate({"x-api-key": basic.secret, "accept": "application/json"})
    assert (caller.account_id, caller.account_name) == (basic.account.id, "Basic")
    assert caller.plan == PLANS["BASIC"]
    assert (caller.key.label, caller.key.last_four) == ("laptop", basic.secret[-4:])
    assert caller.key_id == keys.digest(basic.secret)
    assert caller.scopes == {Scope.SIGNALS_READ}


def test_no_credentials_are_told_where_a_key_goes(guard, store):
    assert refusal(guard) == "An API key is needed, in the header x-api-key."
    assert store.calls == []


@pytest.mark.parametrize("authorization", ["Bearer abc.def.ghi", "Basic dXNlcjpwYXNz", ""])
def test_a_token_is_told_to_come_as_a_key(guard, store, authorization):
    assert "send an API key in x-api-key" in refusal(guard, authorization=authorization)
    assert store.calls == []


def test_two_credentials_at_once_are_refused(guard, basic):
    assert "send one" in refusal(guard, x_api_key=basic.secret, authorization="Bearer abc")


def test_of_several_keys_none_counts(guard, basic, store):
    for several in (f"{basic.secret}, junk", f"junk,{basic.secret}", f"{basic.secret},"):
        assert "more than one key" in refusal(guard, x_api_key=several)
    assert store.calls == []


@pytest.mark.parametrize("junk", ["", "null", "ip_live_short", "ip_live_" + "a" * 36, "a" * 10_000])
def test_junk_is_refused_without_a_look_up(guard, store, junk):
    refusal(guard, x_api_key=junk)
    assert store.calls == []


def test_a_key_of_another_environment_is_refused_without_a_look_up(guard, store):
    assert "This is a test key" in refusal(guard, x_api_key=keys.mint("test"))
    assert store.calls == []


def test_an_unknown_key_is_looked_up_once_and_again_after_a_while(guard, store, clock):
    key = keys.mint("live")
    for _ in range(3):
        assert refusal(guard, x_api_key=key) == "This API key is not known here."
    assert store.calls == ["find_key"]
    clock.move(5)
    refusal(guard, x_api_key=key)
    assert store.calls == ["find_key", "find_key"]


def test_a_key_whose_account_is_gone_is_unknown(guard, basic, store, monkeypatch):
    monkeypatch.setattr(store.store, "find_account", lambda account_id: None)
    assert refusal(guard, x_api_key=basic.secret) == "This API key is not known here."


def test_a_revoked_key_is_told_so(guard, basic, accounts):
    accounts.revoke_key(basic.account.id, basic.key.id)
    assert refusal(guard, x_api_key=basic.secret) == "This API key was revoked."


def test_a_key_expires_on_the_microsecond_even_while_remembered(guard, basic, accounts, clock):
    new = accounts.create_key(basic.account.id, expires_at=clock() + 10_000_000)
    guard.authenticate({"x-api-key": new.secret})
    clock.move(9.999_999)
    guard.authenticate({"x-api-key": new.secret})
    clock.move(0.000_001)
    assert refusal(guard, x_api_key=new.secret) == "This API key has expired."


def test_a_key_begins_when_it_says(guard, basic, sqlite, clock):
    secret = keys.mint("live")
    key = type(basic.key)(
        id=keys.digest(secret),
        account_id=basic.account.id,
        label="",
        last_four=secret[-4:],
        scopes=frozenset({Scope.SIGNALS_READ}),
        created_at=clock(),
        not_before=clock() + 1_000_000,
    )
    sqlite.create_key(key, AuditEntry("1", basic.account.id, clock(), "cli", "key.created"))
    assert refusal(guard, x_api_key=secret) == "This API key is not valid yet."
    clock.move(1)
    assert guard.authenticate({"x-api-key": secret}).key_id == key.id


def test_a_good_key_is_looked_up_once_a_minute(guard, basic, store, clock):
    for _ in range(5):
        guard.authenticate({"x-api-key": basic.secret})
    assert store.calls == ["find_key", "find_account", "touch_key"]
    clock.move(59)
    guard.authenticate({"x-api-key": basic.secret})
    assert len(store.calls) == 3
    clock.move(1)
    guard.authenticate({"x-api-key": basic.secret})
    assert store.calls[3:] == ["find_key", "find_account"]


def test_the_last_use_is_written_once_an_hour(guard, basic, store, sqlite, clock):
    for minutes in (0, 2, 57, 2):
        clock.move(60 * minutes)
        guard.authenticate({"x-api-key": basic.secret})
    assert store.calls.count("touch_key") == 2
    assert sqlite.find_key(basic.key.id).last_used_at == clock()


def test_of_many_processes_that_see_a_use_one_writes(basic, store, sqlite, clock, monkeypatch):
    monkeypatch.setattr(store.store, "find_key", lambda _: basic.key)  # before anybody wrote
    began = clock()
    for _ in range(4):
        Guard(store, store, clock).authenticate({"x-api-key": basic.secret})
        clock.move(1)
    monkeypatch.undo()
    assert store.calls.count("touch_key") == 4
    assert sqlite.find_key(basic.key.id).last_used_at == began


def test_a_key_is_read_again_more_often_than_its_use_is_written():
    assert authenticate.KNOWN_FOR < authenticate.USED_EVERY


def test_a_last_use_that_cannot_be_written_keeps_nobody_out(guard, basic, store, caplog):
    store.before["touch_key"] = lambda: setattr(store, "broken", True)
    assert guard.authenticate({"x-api-key": basic.secret}).key_id == basic.key.id
    assert "left undone: the cable is cut" in caplog.text


def test_a_changed_plan_is_followed_within_a_minute(guard, basic, accounts, clock):
    guard.authenticate({"x-api-key": basic.secret})
    accounts.set_plan(basic.account.id, "PREMIUM")
    clock.move(60)
    assert guard.authenticate({"x-api-key": basic.secret}).plan == PLANS["PREMIUM"]


def test_an_unreachable_store_lets_nobody_in_and_says_when_to_come_back(guard, basic, store):
    store.broken = True
    with pytest.raises(Unavailable) as refused:
        guard.authenticate({"x-api-key": basic.secret})
    assert refused.value.status == 503
    assert refused.value.headers() == {"Retry-After": "1"}
    store.broken = False
    assert guard.authenticate({"x-api-key": basic.secret}).account_id == basic.account.id


def test_a_flood_of_unknown_keys_stays_bounded_and_pushes_no_known_key_out(
    basic, store, clock, monkeypatch
):
    monkeypatch.setattr(authenticate, "UNKNOWN_KEYS", 20)
    guard = Guard(store, store, clock)
    guard.authenticate({"x-api-key": basic.secret})
    for _ in range(50):
        refusal(guard, x_api_key=keys.mint("live"))
    store.calls.clear()
    guard.authenticate({"x-api-key": basic.secret})
    assert store.calls == []
    assert len(guard._authenticator._refused) == 20


def test_a_plan_that_this_version_does_not_know_is_not_served(guard, sqlite, basic, accounts):
    entry = AuditEntry("2", basic.account.id, 0, "cli", "plan.set")
    sqlite.set_plan(basic.account.id, "PLATINUM", Overrides(), entry)
    with pytest.raises(Internal):
        guard.authenticate({"x-api-key": basic.secret})


def test_no_secret_is_in_any_text_or_log(guard, basic, store, caplog):
    caplog.set_level("DEBUG")
    caller = guard.authenticate({"x-api-key": basic.secret})
    store.broken = True
    with pytest.raises(Unavailable) as refused:
        guard.admit(caller, 1)
    told = [basic, basic.key, caller, refused.value, guard, store.store, caplog.text]
    assert not any(basic.secret in text for thing in told for text in (repr(thing), str(thing)))
    assert basic.secret.encode() not in store.store.path.read_bytes()


@pytest.fixture
def bound(basic, sqlite, clock):
    """A key of the office alone."""
    secret = keys.mint("live")
    key = dataclasses.replace(
        basic.key, id=keys.digest(secret), networks=("192.0.2.0/24", "2001:db8:1::/48")
    )
    sqlite.create_key(key, AuditEntry("3", basic.account.id, clock(), "cli", "key.created"))
    return secret


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8:1::7", "::ffff:192.0.2.7"])
def test_a_key_that_is_bound_to_networks_is_taken_from_there(guard, bound, address):
    assert guard.authenticate({"x-api-key": bound}, address=address).account_name == "Basic"


@pytest.mark.parametrize(
    "address", ["192.0.3.7", "2001:db8:2::7", None, "", "testclient", "192.0.2.7, 1.1.1.1"]
)
def test_from_elsewhere_it_is_forbidden_and_not_told_from_where_it_is_not(
    guard, bound, store, sqlite, address
):
    for _ in range(2):  # looked up, and from memory
        with pytest.raises(Forbidden) as refused:
            guard.authenticate({"x-api-key": bound}, address=address)
        assert (refused.value.status, refused.value.extensions()) == (403, {"code": "FORBIDDEN"})
        assert refused.value.message == (
            "This API key may not be used from the network that this request comes from."
        )
    assert store.calls == ["find_key", "find_account"]  # and that was no use of it
    assert guard.authenticate({"x-api-key": bound}, address="192.0.2.7")
    with pytest.raises(Forbidden):
        guard.authenticate({"x-api-key": bound}, address=address)
    assert store.calls == ["find_key", "find_account", "touch_key"]


def test_a_client_s_own_headers_say_nothing_of_where_it_is(guard, bound):
    for name in ("x-forwarded-for", "forwarded", "x-real-ip", "cloudfront-viewer-address"):
        with pytest.raises(Forbidden):
            guard.authenticate({"x-api-key": bound, name: "192.0.2.7"}, address="203.0.113.9")


def test_a_revoked_key_is_told_so_from_wherever(guard, bound, basic, accounts):
    accounts.revoke_key(basic.account.id, keys.digest(bound))
    with pytest.raises(Unauthenticated, match="was revoked"):
        guard.authenticate({"x-api-key": bound}, address="203.0.113.9")


def test_a_key_without_networks_is_taken_from_anywhere(guard, basic):
    for address in ("203.0.113.9", None):
        assert guard.authenticate({"x-api-key": basic.secret}, address=address)


def test_a_scope_that_is_missing_is_forbidden_and_admin_has_them_all(caller, accounts, guard):
    caller.require(Scope.SIGNALS_READ)
    with pytest.raises(Forbidden, match="keys:write") as refused:
        caller.require(Scope.KEYS_WRITE)
    assert refused.value.extensions() == {"code": "FORBIDDEN"}
    admin = accounts.create_key(caller.account_id, scopes=[Scope.ADMIN])
    guard.authenticate({"x-api-key": admin.secret}).require(Scope.KEYS_WRITE)


def test_a_test_environment_takes_test_keys(store, sqlite, clock):
    from graphql_api.guard.accounts import Accounts

    new = Accounts(sqlite, clock, "test").open_account("Tests", "DEMO")
    assert new.secret.startswith("ip_test_")
    guard = Guard(store, store, clock, "test")
    assert guard.authenticate({"x-api-key": new.secret}).plan.name == "DEMO"


def test_a_caller_without_a_key_has_a_name_that_is_no_key(caller):
    token = type(caller)(Account("a", "b", "DEMO", 0), PLANS["DEMO"], None, frozenset())
    assert token.key_id == "token"
