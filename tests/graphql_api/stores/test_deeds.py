"""What every store must do of rotations, of deeds done once, and of long lists."""

import dataclasses

import pytest

from graphql_api.stores import Account, ApiKey, AuditEntry, Once, Scope, Slice

NOON = 1_795_262_400_000_000
DAYS = ("2026-11-21", "2026-11-22")
ACCOUNT = Account("01ACCOUNT", "name", "BASIC", NOON)
OLD = ApiKey("a" * 64, ACCOUNT.id, "", "wxyz", frozenset({Scope.SIGNALS_READ}), NOON)
NEW = dataclasses.replace(OLD, id="b" * 64, replaces=OLD.id, created_at=NOON + 1)
ENDING = dataclasses.replace(OLD, replaced_by=NEW.id, expires_at=NOON + 9)
STOPPED = dataclasses.replace(OLD, replaced_by=NEW.id, revoked_at=NOON)
MARK = Once(ACCOUNT.id, "0" * 64, "1" * 64, NEW.id, until=NOON + 100)


def entry(number, account_id=ACCOUNT.id):
    return AuditEntry(f"{number:026d}", account_id, NOON + number, "cli", "deed")


@pytest.fixture
def account(store):
    assert store.create_account(ACCOUNT, OLD, entry(1))
    return store


def test_a_rotation_keeps_both_keys_as_they_have_become(account):
    assert account.rotate_key(ENDING, NEW, DAYS, entry(2))
    assert account.find_key(OLD.id) == ENDING
    assert account.find_key(NEW.id) == NEW
    assert len(account.audit_log(ACCOUNT.id)) == 2
    assert not account.usage(ACCOUNT.id, DAYS[0]).revoked


def test_a_rotation_without_grace_names_the_old_key_in_both_days(account):
    assert account.rotate_key(STOPPED, NEW, DAYS, entry(2))
    assert account.find_key(OLD.id) == STOPPED
    assert [account.usage(ACCOUNT.id, day).revoked for day in DAYS] == [{OLD.id}] * 2


def test_a_key_is_rotated_once_and_a_refused_rotation_leaves_no_trace(account):
    account.rotate_key(ENDING, NEW, DAYS, entry(2))
    third = dataclasses.replace(NEW, id="c" * 64)
    again = dataclasses.replace(STOPPED, replaced_by=third.id)
    assert not account.rotate_key(again, third, DAYS, entry(3))
    assert account.find_key(third.id) is None
    assert account.find_key(OLD.id) == ENDING
    assert len(account.audit_log(ACCOUNT.id)) == 2
    assert not account.usage(ACCOUNT.id, DAYS[0]).revoked


def test_a_revoked_key_or_none_is_not_rotated(account):
    account.revoke_key(OLD, NOON, DAYS, entry(2))
    assert not account.rotate_key(ENDING, NEW, DAYS, entry(3))
    assert account.find_key(OLD.id).replaced_by is None
    gone = dataclasses.replace(ENDING, id="f" * 64)
    assert not account.rotate_key(gone, NEW, DAYS, entry(4))
    assert account.find_key(NEW.id) is None


def test_a_mark_is_kept_with_its_deed_and_refuses_a_second(account):
    assert account.find_once(ACCOUNT.id, MARK.id) is None
    assert account.create_key(NEW, entry(2), MARK)
    assert account.find_once(ACCOUNT.id, MARK.id) == MARK
    assert account.find_once("01OTHER", MARK.id) is None
    third = dataclasses.replace(NEW, id="c" * 64)
    assert not account.create_key(third, entry(3), MARK)
    assert not account.rotate_key(ENDING, third, DAYS, entry(4), MARK)
    other = dataclasses.replace(ACCOUNT, id="01OTHER")
    assert not account.create_account(other, None, entry(5, other.id), MARK)
    assert account.find_key(third.id) is None
    assert account.find_account(other.id) is None
    assert len(account.audit_log(ACCOUNT.id)) == 2


def test_a_mark_that_is_out_of_date_makes_room(account):
    account.create_key(NEW, entry(2), MARK)
    third = dataclasses.replace(NEW, id="c" * 64)
    later = dataclasses.replace(MARK, result=third.id, until=NOON + 500)
    assert not account.create_key(third, entry(99), later)
    assert account.create_key(third, entry(100), later)
    assert account.find_once(ACCOUNT.id, MARK.id) == later


def test_a_deed_that_is_refused_leaves_no_mark(account):
    assert not account.create_key(OLD, entry(2), MARK)
    assert account.find_once(ACCOUNT.id, MARK.id) is None


def parts(load, ids):
    """Every part of a list that two ids bound, from either end, against the list itself."""
    for start in (None, *range(len(ids))):
        for end in (None, *range(len(ids))):
            inside = ids[0 if start is None else start + 1 : end]
            for limit in (1, 2, len(ids)):
                for from_end in (False, True):
                    after = None if start is None else ids[start]
                    before = None if end is None else ids[end]
                    found = [one.id for one in load(Slice(limit, after, before, from_end))]
                    assert found == (inside[-limit:] if from_end else inside[:limit])


def test_every_part_of_the_accounts_is_found_in_order(store):
    accounts = [dataclasses.replace(ACCOUNT, id=f"01{n}", created_at=NOON - n) for n in range(3)]
    for number, account in enumerate(reversed(accounts)):
        store.create_account(account, None, entry(number, account.id))
    assert store.list_accounts(Slice(9)) == accounts
    parts(store.list_accounts, [account.id for account in accounts])


def test_every_part_of_the_audit_log_is_found_newest_first(account):
    for number in (2, 3):
        account.set_plan(ACCOUNT.id, "DEMO", ACCOUNT.overrides, entry(number))
    ids = [entry(number).id for number in (3, 2, 1)]
    parts(lambda part: account.audit_log(ACCOUNT.id, part), ids)


def test_no_account_is_an_empty_list(store):
    assert store.list_accounts(Slice(5)) == []
