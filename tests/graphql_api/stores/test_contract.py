"""What every store must do, whatever stands behind it."""

import dataclasses

import pytest

from graphql_api.stores import (
    Account,
    ApiKey,
    AuditEntry,
    Charge,
    Outcome,
    Overrides,
    Scope,
    Slice,
    Slot,
    UsageDay,
)
from graphql_api.stores.records import SLOTS

NOON = 1_795_262_400_000_000
TODAY, TOMORROW = "2026-11-21", "2026-11-22"
ACCOUNT = Account("01ACCOUNT", "Café Größe", "BASIC", NOON)
KEY = ApiKey(
    id="a" * 64,
    account_id=ACCOUNT.id,
    label="laptop",
    last_four="wxyz",
    scopes=frozenset({Scope.SIGNALS_READ, Scope.KEYS_WRITE}),
    created_at=NOON,
    not_before=NOON + 1,
    expires_at=NOON + 2,
    networks=("192.0.2.0/24", "2001:db8::/32"),
    replaces="c" * 64,
    replaced_by="d" * 64,
)
PLAIN = ApiKey("b" * 64, ACCOUNT.id, "", "0000", frozenset({Scope.ADMIN}), NOON + 5)


def entry(number=1, action="account.created", **details):
    return AuditEntry(f"{number:026d}", ACCOUNT.id, NOON + number, "cli", action, details)


def charge(requests=1, units=2, room=98, key=KEY.id, day=TODAY):
    return Charge(ACCOUNT.id, day, key, requests, units, room)


@pytest.fixture
def account(store):
    assert store.create_account(ACCOUNT, KEY, entry(plan="BASIC"))
    return store


def test_what_is_created_is_found_again(account):
    assert account.find_account(ACCOUNT.id) == ACCOUNT
    assert account.find_key(KEY.id) == KEY
    assert account.list_keys(ACCOUNT.id) == [KEY]
    assert account.audit_log(ACCOUNT.id) == [entry(plan="BASIC")]


def test_what_is_not_there_is_none(store):
    assert store.find_account("nobody") is None
    assert store.find_key("f" * 64) is None
    assert store.list_keys("nobody") == []
    assert store.audit_log("nobody") == []
    assert store.usage("nobody", TODAY) == UsageDay(TODAY)
    assert store.history("nobody", TODAY, TOMORROW) == []


def test_an_account_can_be_created_without_a_key(store):
    assert store.create_account(ACCOUNT, None, entry())
    assert store.find_account(ACCOUNT.id) == ACCOUNT
    assert store.list_keys(ACCOUNT.id) == []


def test_an_account_is_created_once_and_a_refused_creation_leaves_no_trace(account):
    other = dataclasses.replace(ACCOUNT, name="other")
    assert not account.create_account(other, PLAIN, entry(2))
    assert account.find_account(ACCOUNT.id) == ACCOUNT
    assert account.find_key(PLAIN.id) is None
    assert len(account.audit_log(ACCOUNT.id)) == 1


def test_a_key_that_is_there_already_refuses_the_whole_account(account):
    other = dataclasses.replace(ACCOUNT, id="01OTHER")
    theirs = dataclasses.replace(KEY, account_id=other.id)
    assert not account.create_account(other, theirs, entry(2))
    assert account.find_account(other.id) is None
    assert account.find_key(KEY.id) == KEY


def test_keys_are_listed_oldest_first(account):
    assert account.create_key(PLAIN, entry(2, "key.created"))
    assert account.list_keys(ACCOUNT.id) == [KEY, PLAIN]


def test_a_key_of_no_account_is_refused(store):
    assert not store.create_key(KEY, entry())
    assert store.find_key(KEY.id) is None
    assert store.audit_log(ACCOUNT.id) == []


def test_a_key_is_created_once(account):
    assert not account.create_key(KEY, entry(2))
    assert len(account.audit_log(ACCOUNT.id)) == 1


def test_the_audit_log_is_newest_first_and_ends_at_its_limit(account):
    for number in range(2, 6):
        assert account.set_plan(ACCOUNT.id, "PREMIUM", Overrides(), entry(number, "plan.set"))
    assert [e.at - NOON for e in account.audit_log(ACCOUNT.id, Slice(3))] == [5, 4, 3]


def test_a_plan_moves_and_nothing_else(account):
    moved = dataclasses.replace(ACCOUNT, plan="PREMIUM")
    assert account.set_plan(ACCOUNT.id, "PREMIUM", Overrides(), entry(2, "plan.set"))
    assert account.find_account(ACCOUNT.id) == moved


def test_overrides_take_the_place_of_all_others_with_the_plan_or_without(account):
    own = Overrides(per_second=7, burst=9, units_per_day=2**31 - 1, single_query=1)
    for number, (plan, overrides) in enumerate(
        [("PREMIUM", own), (None, Overrides(burst=3)), (None, own), ("DEMO", Overrides())], start=2
    ):
        before = account.find_account(ACCOUNT.id)
        assert account.set_plan(ACCOUNT.id, plan, overrides, entry(number, "plan.set"))
        after = dataclasses.replace(before, plan=plan or before.plan, overrides=overrides)
        assert account.find_account(ACCOUNT.id) == after


def test_an_account_may_begin_with_overrides(store):
    account = dataclasses.replace(ACCOUNT, overrides=Overrides(units_per_day=5))
    assert store.create_account(account, None, entry())
    assert store.find_account(ACCOUNT.id) == account


def test_the_plan_of_no_account_does_not_move(store):
    assert not store.set_plan(ACCOUNT.id, "PREMIUM", Overrides(), entry())
    assert store.audit_log(ACCOUNT.id) == []


def test_a_revoked_key_is_named_in_todays_and_tomorrows_item(account):
    assert account.revoke_key(KEY, NOON + 9, (TODAY, TOMORROW), entry(2, "key.revoked"))
    assert account.find_key(KEY.id) == dataclasses.replace(KEY, revoked_at=NOON + 9)
    for day in (TODAY, TOMORROW):
        assert account.usage(ACCOUNT.id, day) == UsageDay(day, revoked=frozenset({KEY.id}))


def test_revoking_again_keeps_the_first_time(account):
    account.revoke_key(KEY, NOON + 9, (TODAY,), entry(2))
    assert account.revoke_key(KEY, NOON + 99, (TODAY, TOMORROW), entry(3))
    assert account.find_key(KEY.id).revoked_at == NOON + 9
    assert account.usage(ACCOUNT.id, TODAY).revoked == {KEY.id}


def test_two_keys_revoked_on_one_day_are_both_named(account):
    account.create_key(PLAIN, entry(2))
    account.idle(charge(), NOON, NOON + 10)
    for number, key in enumerate((KEY, PLAIN), start=3):
        account.revoke_key(key, NOON, (TODAY,), entry(number))
    usage = account.usage(ACCOUNT.id, TODAY)
    assert usage == UsageDay(TODAY, NOON + 10, 2, 1, frozenset({KEY.id, PLAIN.id}))


def test_a_key_that_is_not_there_cannot_be_revoked(store):
    assert not store.revoke_key(KEY, NOON, (TODAY,), entry())
    assert store.usage(ACCOUNT.id, TODAY) == UsageDay(TODAY)


def test_the_last_use_of_a_key_is_written_once_an_hour_and_moves_forward_only(account):
    hour = 3_600_000_000
    for later, stands in ((7, 7), (6, 7), (hour + 6, 7), (hour + 7, hour + 7), (0, hour + 7)):
        account.touch_key(KEY.id, NOON + later, hour)
        assert account.find_key(KEY.id).last_used_at == NOON + stands


def test_the_last_use_of_a_key_that_is_gone_is_not_written(store):
    store.touch_key("f" * 64, NOON, 0)
    assert store.find_key("f" * 64) is None


@pytest.mark.parametrize("form", ["idle", "new"])
def test_a_day_without_an_item_opens(store, form):
    opened = open_day(store, form, tat=NOON)
    assert opened == Outcome(True, UsageDay(TODAY, NOON, 2, 1))
    assert store.usage(ACCOUNT.id, TODAY) == opened.usage


@pytest.mark.parametrize("form", ["idle", "new"])
def test_a_day_whose_item_holds_only_a_revocation_opens_for_other_keys(account, form):
    account.revoke_key(PLAIN, NOON, (TODAY,), entry(2))  # not kept, so not named
    account.revoke_key(KEY, NOON, (TODAY,), entry(3))
    refused = open_day(account, form, tat=NOON)
    assert refused == Outcome(False, UsageDay(TODAY, revoked=frozenset({KEY.id})))
    assert open_day(account, form, tat=NOON, key=PLAIN.id).admitted


def open_day(store, form, tat, **charged):
    if form == "idle":
        return store.idle(charge(**charged), NOON - 100, tat)
    return store.new(charge(**charged), tat)


def test_new_admits_only_where_nothing_was(store):
    store.new(charge(), NOON)
    assert store.new(charge(), NOON + 50) == Outcome(False, UsageDay(TODAY, NOON, 2, 1))


@pytest.mark.parametrize(("x", "admitted"), [(-1, False), (0, True), (1, True)])
def test_idle_admits_up_to_its_edge(store, x, admitted):
    store.idle(charge(), NOON, NOON)
    after = UsageDay(TODAY, NOON + 50, 4, 2) if admitted else UsageDay(TODAY, NOON, 2, 1)
    assert store.idle(charge(), NOON + x, NOON + 50) == Outcome(admitted, after)


@pytest.mark.parametrize("first", ["idle", "busy"])
@pytest.mark.parametrize(
    ("lo", "hi", "admitted"), [(0, 0, True), (-9, 9, True), (1, 9, False), (-9, -1, False)]
)
def test_idle_is_busy_for_whoever_comes_second_in_a_slot_of_time(store, first, lo, hi, admitted):
    """The bucket stands beyond the edge of IDLE, and once that was so before the slot began."""
    if first == "idle":
        store.idle(charge(), NOON - 80, NOON, Slot((5,), 0, 0))
    else:
        store.idle(charge(), NOON, NOON - 10, Slot((4,), 0, 0))
        store.give_back(ACCOUNT.id, TODAY, 1, 2)
        store.busy(charge(), 0, NOON, 10, (5,))
    slot = Slot((5,), NOON + lo, NOON + hi)
    outcome = store.idle(charge(requests=3, units=10), NOON - 80, NOON - 50, slot)
    after = UsageDay(TODAY, NOON + 30, 12, 4) if admitted else UsageDay(TODAY, NOON, 2, 1)
    assert outcome == Outcome(admitted, after)
    assert store.usage(ACCOUNT.id, TODAY) == after


@pytest.mark.parametrize("last", [(6,), (), "new"])
def test_only_the_mark_of_the_last_admission_counts(store, last):
    """A mark says where ``tat`` stands: an older one would let it fall back."""
    if last == "new":
        store.new(charge(), NOON + 40)
    else:
        store.idle(charge(), NOON, NOON, Slot((5,), 0, 0))
        store.busy(charge(), 0, NOON, 40, last)
    before = store.usage(ACCOUNT.id, TODAY)
    refused = store.idle(charge(), NOON, NOON + 10, Slot((5,), 0, 2 * NOON))
    assert refused == Outcome(False, before)
    rested = store.idle(charge(), NOON + 40, NOON + 50, Slot((5,), 0, 2 * NOON))
    assert (rested.admitted, rested.usage.tat) == (True, NOON + 50)


def test_a_mark_that_is_not_to_be_heeded_does_not_matter_and_stays(store):
    store.idle(charge(), NOON, NOON, Slot((5,), 0, 0))
    assert not store.idle(charge(), NOON - 1, NOON + 9, Slot((5,), 0, NOON, heeded=False)).admitted
    blind = store.idle(charge(), NOON, NOON + 9, Slot((5,), 0, 0, heeded=False))
    assert blind.usage.tat == NOON + 9
    assert store.idle(charge(), 0, 10, Slot((5,), 0, 2 * NOON)).usage.tat == NOON + 19


def test_without_a_slot_a_mark_does_not_matter_and_is_taken_off(store):
    store.idle(charge(), NOON, NOON, Slot((5,), 0, 0))
    assert not store.idle(charge(), NOON, NOON + 9, Slot((5,), NOON + 1, NOON + 2)).admitted
    assert store.idle(charge(), NOON, NOON + 9).usage.tat == NOON + 9
    assert not store.idle(charge(), NOON, NOON + 9, Slot((5,), 0, 2 * NOON)).admitted
    assert store.idle(charge(), NOON + 9, NOON + 19, Slot((5,), 0, 0)).usage.tat == NOON + 19


@pytest.mark.parametrize("form", ["idle", "busy"])
def test_an_admission_marks_the_slots_that_it_is_told_and_looks_for_the_first(store, form):
    store.idle(charge(), NOON, NOON, Slot((5, 6), 0, 0))
    if form == "busy":
        store.busy(charge(), 0, NOON, 0, (5, 6))
    for other in ((4, 5), (7, 6)):
        assert not store.idle(charge(), 0, 10, Slot(other, 0, 2 * NOON)).admitted
    assert store.idle(charge(), 0, 10, Slot((6, 7), 0, 2 * NOON)).usage.tat == NOON + 10
    assert not store.idle(charge(), 0, 10, Slot((5,), 0, 2 * NOON)).admitted
    assert store.idle(charge(), 0, 10, Slot((7,), 0, 2 * NOON)).usage.tat == NOON + 20


@pytest.mark.parametrize("number", range(SLOTS))
def test_every_slot_has_a_mark_of_its_own(store, number):
    store.idle(charge(), NOON, NOON, Slot((number,), 0, 0))
    for other in (number - 1, number + 1):
        assert not store.idle(charge(), 0, 10, Slot((other % SLOTS,), 0, 2 * NOON)).admitted
    assert store.idle(charge(), 0, 10, Slot((number,), 0, 2 * NOON)).usage.tat == NOON + 10


@pytest.mark.parametrize(
    ("lo", "hi", "admitted"), [(0, 0, True), (-9, 9, True), (1, 9, False), (-9, -1, False)]
)
def test_busy_admits_between_its_edges(store, lo, hi, admitted):
    store.idle(charge(), NOON, NOON)
    after = UsageDay(TODAY, NOON + 30, 12, 4) if admitted else UsageDay(TODAY, NOON, 2, 1)
    outcome = store.busy(charge(requests=3, units=10), NOON + lo, NOON + hi, 30)
    assert outcome == Outcome(admitted, after)
    assert store.usage(ACCOUNT.id, TODAY) == after


def test_busy_refuses_a_day_without_an_item(store):
    assert store.busy(charge(), 0, NOON, 10) == Outcome(False, UsageDay(TODAY))
    assert store.history(ACCOUNT.id, TODAY, TODAY) == []


@pytest.mark.parametrize("form", ["busy", "idle"])
@pytest.mark.parametrize(("room", "admitted"), [(1, False), (2, True), (None, True)])
def test_the_room_of_the_day_is_kept(store, form, room, admitted):
    store.idle(charge(), NOON, NOON)
    if form == "busy":
        outcome = store.busy(charge(room=room), NOON, NOON, 10)
    else:
        outcome = store.idle(charge(room=room), NOON, NOON + 10)
    assert outcome.admitted is admitted
    assert outcome.usage.units_used == (4 if admitted else 2)


def test_busy_refuses_a_revoked_key_and_says_so(account):
    account.idle(charge(), NOON, NOON)
    account.revoke_key(KEY, NOON, (TODAY,), entry(2))
    outcome = account.busy(charge(), NOON, NOON, 10)
    assert outcome == Outcome(False, UsageDay(TODAY, NOON, 2, 1, frozenset({KEY.id})))
    assert account.busy(charge(key="token"), NOON, NOON, 10).admitted


@pytest.mark.parametrize("form", ["busy", "idle"])
def test_one_write_takes_a_request_and_gives_back_more(store, form):
    store.idle(charge(requests=9, units=40), NOON, NOON)
    net = charge(requests=1 - 8, units=3 - 40, room=98 + 40)
    if form == "busy":
        outcome = store.busy(net, NOON, NOON, 10)
    else:
        outcome = store.idle(net, NOON, NOON + 10)
    assert outcome == Outcome(True, UsageDay(TODAY, NOON + 10, 3, 2))


@pytest.mark.parametrize("form", ["busy", "idle", "new"])
@pytest.mark.parametrize(("requests", "units"), [(-2, 1), (1, -3), (-2, -3)])
def test_a_day_never_falls_below_nothing(store, form, requests, units):
    net = charge(requests=requests, units=units)
    if form == "new":
        assert open_day(store, form, tat=NOON, requests=requests, units=units) == Outcome(
            False, UsageDay(TODAY)
        )
        return
    assert open_day(store, "idle", tat=NOON, requests=requests, units=units) == Outcome(
        False, UsageDay(TODAY)
    )
    store.idle(charge(requests=1), NOON, NOON)
    if form == "busy":
        outcome = store.busy(net, NOON, NOON, 10)
    else:
        outcome = store.idle(net, NOON, NOON + 10)
    assert outcome == Outcome(False, UsageDay(TODAY, NOON, 2, 1))


def test_what_is_given_back_lowers_units_and_requests_and_leaves_tat(store):
    store.idle(charge(requests=3, units=10), NOON, NOON)
    store.give_back(ACCOUNT.id, TODAY, 1, 4)
    assert store.usage(ACCOUNT.id, TODAY) == UsageDay(TODAY, NOON, 6, 2)


def test_more_than_was_charged_is_never_given_back(store):
    store.idle(charge(), NOON, NOON)
    store.give_back(ACCOUNT.id, TODAY, 2, 1)
    store.give_back(ACCOUNT.id, TODAY, 1, 3)
    store.give_back(ACCOUNT.id, TOMORROW, 1, 1)
    assert store.usage(ACCOUNT.id, TODAY) == UsageDay(TODAY, NOON, 2, 1)
    assert store.history(ACCOUNT.id, TODAY, TOMORROW) == [UsageDay(TODAY, NOON, 2, 1)]


def test_history_is_the_days_that_were_used_oldest_first(store):
    for day in ("2026-11-20", "2026-12-01", "2026-11-19", TODAY, "2026-10-31"):
        store.idle(charge(day=day), NOON, NOON)
    days = [usage.day for usage in store.history(ACCOUNT.id, "2026-11-19", TODAY)]
    assert days == ["2026-11-19", "2026-11-20", TODAY]
