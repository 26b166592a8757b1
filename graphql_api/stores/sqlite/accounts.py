"""Accounts, keys and the audit log in SQLite."""

import json
import sqlite3
from contextlib import suppress
from dataclasses import asdict, astuple, fields
from typing import Any, Final

from graphql_api.stores.records import (
    NEWEST,
    Account,
    ApiKey,
    AuditEntry,
    Once,
    Overrides,
    Scope,
    Slice,
)
from graphql_api.stores.sqlite.file import SqliteFile

__all__ = ["INSERT_AUDIT", "SqliteAccounts", "audit_row"]

COLUMNS: Final = tuple(one.name for one in fields(ApiKey))
ONE_KEY: Final = f"SELECT {', '.join(COLUMNS)} FROM keys WHERE id = ?"  # noqa: S608  # names of fields
KEYS: Final = ONE_KEY.replace("WHERE id = ?", "WHERE account_id = ? ORDER BY created_at, id")
INSERT_KEY: Final = f"""
INSERT OR IGNORE INTO keys ({", ".join(COLUMNS)})
SELECT {", ".join(f":{name}" for name in COLUMNS)}
WHERE EXISTS (SELECT 1 FROM accounts WHERE id = :account_id)"""  # noqa: S608  # likewise
REPLACE: Final = """
UPDATE keys SET expires_at = :expires_at, revoked_at = :revoked_at, replaced_by = :replaced_by
WHERE id = :id AND revoked_at IS NULL AND replaced_by IS NULL"""
ONE_ACCOUNT: Final = """
SELECT id, name, plan, created_at, per_second, burst, units_per_day, single_query
FROM accounts WHERE id = ?"""
INSERT_ACCOUNT: Final = "INSERT OR IGNORE INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
MOVE: Final = """
UPDATE accounts SET plan = coalesce(?, plan), per_second = ?, burst = ?, units_per_day = ?,
       single_query = ?
WHERE id = ?"""
ACCOUNTS: Final = ONE_ACCOUNT.replace("id = ?", ":of = ''")
AUDIT: Final = """
SELECT id, account_id, at, actor, action, details FROM audit WHERE account_id = :of"""
BETWEEN: Final = """
 AND (:low IS NULL OR id > :low) AND (:high IS NULL OR id < :high)
ORDER BY id {direction} LIMIT :limit"""
INSERT_AUDIT: Final = "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)"
INSERT_ONCE: Final = """
INSERT INTO once VALUES (:account_id, :id, :fingerprint, :result, :until)
ON CONFLICT (account_id, id) DO UPDATE
SET fingerprint = excluded.fingerprint, result = excluded.result, until = excluded.until
WHERE until <= :now"""
MARK: Final = """
INSERT INTO usage (account_id, day, revoked) VALUES (:account, :day, :key)
ON CONFLICT (account_id, day) DO UPDATE SET revoked = trim(revoked || ' ' || excluded.revoked)
WHERE instr(revoked, excluded.revoked) = 0"""


class SqliteAccounts(SqliteFile):
    """An AccountStore in a file."""

    def find_key(self, key_id: str) -> ApiKey | None:
        """See AccountStore.find_key."""
        with self.reading() as db:
            row = db.execute(ONE_KEY, (key_id,)).fetchone()
        return _key(row) if row else None

    def find_account(self, account_id: str) -> Account | None:
        """See AccountStore.find_account."""
        with self.reading() as db:
            row = db.execute(ONE_ACCOUNT, (account_id,)).fetchone()
        return _account(row) if row else None

    def list_keys(self, account_id: str) -> list[ApiKey]:
        """See AccountStore.list_keys."""
        with self.reading() as db:
            return [_key(row) for row in db.execute(KEYS, (account_id,))]

    def list_accounts(self, part: Slice) -> list[Account]:
        """See AccountStore.list_accounts."""
        return [_account(row) for row in self._part(ACCOUNTS, "", part, descending=False)]

    def audit_log(self, account_id: str, part: Slice = NEWEST) -> list[AuditEntry]:
        """See AccountStore.audit_log."""
        return [_entry(row) for row in self._part(AUDIT, account_id, part, descending=True)]

    def find_once(self, account_id: str, once_id: str) -> Once | None:
        """See AccountStore.find_once."""
        with self.reading() as db:
            row = db.execute(
                "SELECT account_id, id, fingerprint, result, until FROM once "
                "WHERE account_id = ? AND id = ?",
                (account_id, once_id),
            ).fetchone()
        return Once(*row) if row else None

    def create_account(
        self, account: Account, key: ApiKey | None, entry: AuditEntry, once: Once | None = None
    ) -> bool:
        """See AccountStore.create_account."""
        with suppress(_Refused), self.transaction() as db:
            row = (account.id, account.name, account.plan, account.created_at)
            _must_change(db.execute(INSERT_ACCOUNT, (*row, *astuple(account.overrides))))
            if key is not None:
                _must_change(db.execute(INSERT_KEY, _key_row(key)))
            _log(db, entry, once)
            return True
        return False

    def create_key(self, key: ApiKey, entry: AuditEntry, once: Once | None = None) -> bool:
        """See AccountStore.create_key."""
        with suppress(_Refused), self.transaction() as db:
            _must_change(db.execute(INSERT_KEY, _key_row(key)))
            _log(db, entry, once)
            return True
        return False

    def rotate_key(
        self,
        old: ApiKey,
        new: ApiKey,
        days: tuple[str, ...],
        entry: AuditEntry,
        once: Once | None = None,
    ) -> bool:
        """See AccountStore.rotate_key."""
        with suppress(_Refused), self.transaction() as db:
            _must_change(db.execute(INSERT_KEY, _key_row(new)))
            _must_change(db.execute(REPLACE, _key_row(old)))
            if old.revoked_at is not None:
                _mark(db, old, days)
            _log(db, entry, once)
            return True
        return False

    def revoke_key(self, key: ApiKey, at: int, days: tuple[str, ...], entry: AuditEntry) -> bool:
        """See AccountStore.revoke_key."""
        with suppress(_Refused), self.transaction() as db:
            _must_change(
                db.execute(
                    "UPDATE keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?",
                    (at, key.id),
                )
            )
            _mark(db, key, days)
            _log(db, entry)
            return True
        return False

    def set_plan(
        self, account_id: str, plan: str | None, overrides: Overrides, entry: AuditEntry
    ) -> bool:
        """See AccountStore.set_plan."""
        with suppress(_Refused), self.transaction() as db:
            _must_change(db.execute(MOVE, (plan, *astuple(overrides), account_id)))
            _log(db, entry)
            return True
        return False

    def touch_key(self, key_id: str, at: int, every: int) -> None:
        """See AccountStore.touch_key."""
        with self.transaction() as db:
            db.execute(
                "UPDATE keys SET last_used_at = :at "
                "WHERE id = :id AND (last_used_at IS NULL OR last_used_at <= :before)",
                {"id": key_id, "at": at, "before": at - every},
            )

    def _part(
        self, statement: str, of: str, part: Slice, *, descending: bool
    ) -> list[tuple[Any, ...]]:
        low, high = (part.before, part.after) if descending else (part.after, part.before)
        direction = "DESC" if descending is not part.from_end else "ASC"
        values = {"of": of, "low": low, "high": high, "limit": part.limit}
        with self.reading() as db:
            rows = db.execute(statement + BETWEEN.format(direction=direction), values).fetchall()
        return rows[::-1] if part.from_end else rows


class _Refused(Exception):
    """A condition did not hold; the transaction is rolled back."""


def _must_change(cursor: sqlite3.Cursor) -> None:
    if cursor.rowcount == 0:
        raise _Refused


def _mark(db: sqlite3.Connection, key: ApiKey, days: tuple[str, ...]) -> None:
    for day in days:
        db.execute(MARK, {"account": key.account_id, "day": day, "key": key.id})


def _log(db: sqlite3.Connection, entry: AuditEntry, once: Once | None = None) -> None:
    """Keep the audit entry, and the mark of a deed that is done once."""
    if once is not None:
        _must_change(db.execute(INSERT_ONCE, asdict(once) | {"now": entry.at}))
    db.execute(INSERT_AUDIT, audit_row(entry))


def _key_row(key: ApiKey) -> dict[str, Any]:
    row = {name: getattr(key, name) for name in COLUMNS}
    return row | {"scopes": " ".join(sorted(key.scopes)), "networks": " ".join(key.networks)}


def _key(row: tuple[Any, ...]) -> ApiKey:
    named = dict(zip(COLUMNS, row, strict=True))
    named["scopes"] = frozenset(map(Scope, named["scopes"].split()))
    named["networks"] = tuple(named["networks"].split())
    return ApiKey(**named)


def _account(row: tuple[Any, ...]) -> Account:
    account_id, name, plan, created_at, *overrides = row
    return Account(account_id, name, plan, created_at, Overrides(*overrides))


def audit_row(entry: AuditEntry) -> tuple[Any, ...]:
    """An entry as INSERT_AUDIT takes it."""
    details = json.dumps(dict(entry.details))
    return (entry.account_id, entry.id, entry.at, entry.actor, entry.action, details)


def _entry(row: tuple[Any, ...]) -> AuditEntry:
    entry_id, account_id, at, actor, action, details = row
    return AuditEntry(entry_id, account_id, at, actor, action, json.loads(details))
