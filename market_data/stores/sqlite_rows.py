"""Rows of the SQLite store: how a series is read, and how a delivery is written."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.types import Bars, Interval
from market_data.bars import KnownAction, Series
from market_data.errors import BadInstrument
from market_data.instruments import ActionKind, CorporateAction, Instrument
from market_data.stores.base import AHEAD, CommitResult, withdrawal

__all__ = ["Delivery", "postpone", "profile", "profiles", "read", "version"]

# A row that was to be known at :known and that a later commit has told anew was never known.
_DROP_SUPERSEDED_BARS = """
DELETE FROM bars WHERE symbol = :symbol AND known = :known AND EXISTS (
    SELECT 1 FROM bars AS newer WHERE newer.symbol = bars.symbol
    AND newer.interval = bars.interval AND newer.time = bars.time AND newer.known > :known)
"""
_DROP_SUPERSEDED_ACTIONS = """
DELETE FROM actions WHERE symbol = :symbol AND known = :known AND EXISTS (
    SELECT 1 FROM actions AS newer WHERE newer.symbol = actions.symbol
    AND newer.ex_time = actions.ex_time AND newer.kind = actions.kind AND newer.known > :known)
"""
_POSTPONE_BARS = "UPDATE bars SET known = :later WHERE symbol = :symbol AND known = :known"
_POSTPONE_ACTIONS = "UPDATE actions SET known = :later WHERE symbol = :symbol AND known = :known"


def profiles(connection: sqlite3.Connection) -> list[Instrument]:
    """Every instrument, in order of symbol."""
    rows = connection.execute(
        "SELECT symbol, name, tick, calendar, source, source_symbol FROM instruments"
        " ORDER BY symbol"
    )
    return [Instrument(*row) for row in rows]


def profile(connection: sqlite3.Connection, symbol: str) -> Instrument | None:
    """The instrument of a symbol."""
    row = connection.execute(
        "SELECT symbol, name, tick, calendar, source, source_symbol FROM instruments"
        " WHERE symbol = ?",
        (symbol,),
    ).fetchone()
    return None if row is None else Instrument(*row)


def version(connection: sqlite3.Connection, symbol: str) -> int | None:
    """A number that moves with every change of a symbol's rows."""
    row = connection.execute(
        "SELECT version FROM instruments WHERE symbol = ?", (symbol,)
    ).fetchone()
    return None if row is None else int(row[0])


def read(connection: sqlite3.Connection, symbol: str, interval: Interval) -> Series | None:
    """All rows of one series; the caller holds a transaction, so that they belong together."""
    instrument, moved = profile(connection, symbol), version(connection, symbol)
    rows = connection.execute(
        "SELECT time, known, origin, open, high, low, close, volume FROM bars"
        " WHERE symbol = ? AND interval = ? ORDER BY time, known",
        (symbol, interval),
    ).fetchall()
    if instrument is None or moved is None or not rows:
        return None
    actions = connection.execute(
        "SELECT ex_time, kind, value, known FROM actions WHERE symbol = ? ORDER BY known, ex_time",
        (symbol,),
    )
    time, known, origin, *values = zip(*rows, strict=True)
    opens, high, low, close, volume = (np.array(column, np.float64) for column in values)
    origins = list(dict.fromkeys([instrument.source, *origin]))
    number = {name: i for i, name in enumerate(origins)}
    return Series(
        instrument,
        interval,
        moved,
        np.array(time, np.int64),
        np.array(known, np.int64),
        opens,
        high,
        low,
        close,
        volume,
        actions=tuple(
            KnownAction(CorporateAction(ex_time, ActionKind(kind), value), since)
            for ex_time, kind, value, since in actions
        ),
        origins=tuple(origins),
        origin=np.array([number[name] for name in origin], np.int64),
    )


def postpone(connection: sqlite3.Connection, symbol: str, known: int, now: int) -> int:
    """Move what is known from ``known`` to a new k; the new k.

    A row that another commit has told anew meanwhile was never known, and goes.
    """
    later = _next_known(connection, symbol, now)
    moved = {"symbol": symbol, "known": known, "later": later}
    for statement in (
        _DROP_SUPERSEDED_BARS,
        _DROP_SUPERSEDED_ACTIONS,
        _POSTPONE_BARS,
        _POSTPONE_ACTIONS,
    ):
        connection.execute(statement, moved)
    _move_head(connection, symbol, later)
    return later


def _next_known(connection: sqlite3.Connection, symbol: str, now: int) -> int:
    """The next commit's k: a little ahead of now, and after the last one."""
    (last,) = connection.execute(
        "SELECT last_known FROM instruments WHERE symbol = ?", (symbol,)
    ).fetchone()
    return int(max(now + AHEAD, last + 1))


def _move_head(connection: sqlite3.Connection, symbol: str, known: int) -> None:
    connection.execute(
        "UPDATE instruments SET version = version + 1, last_known = ? WHERE symbol = ?",
        (known, symbol),
    )


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one commit brings."""

    instrument: Instrument
    interval: Interval
    bars: Bars
    actions: Sequence[CorporateAction]
    fetched_at: int
    origin: str

    def write(self, connection: sqlite3.Connection, now: int) -> CommitResult:
        """Write what is new, with the k that belongs to ``now``; the caller holds the lock."""
        self._keep_profile(connection)
        known = _next_known(connection, self.instrument.symbol, now)
        added, restated, unchanged, outdated = self._write_bars(connection, known)
        actions = self._write_actions(connection, known)
        changed = bool(added or restated or actions)
        if changed:
            _move_head(connection, self.instrument.symbol, known)
        return CommitResult(
            known if changed else None, added, restated, unchanged, outdated, actions
        )

    def _keep_profile(self, connection: sqlite3.Connection) -> None:
        new = self.instrument
        kept = profile(connection, new.symbol)
        if kept is None:
            connection.execute(
                "INSERT INTO instruments (symbol, name, tick, calendar, source, source_symbol,"
                " version, last_known) VALUES (?, ?, ?, ?, ?, ?, 0, 0)",
                (new.symbol, new.name, new.tick, new.calendar, new.source, new.source_symbol),
            )
        elif (kept.source, kept.calendar) != (new.source, new.calendar):
            raise BadInstrument(
                f"{new.symbol} is kept from {kept.source!r} on the calendar {kept.calendar},"
                f" not from {new.source!r} on {new.calendar}"
            )

    def _write_bars(self, connection: sqlite3.Connection, known: int) -> tuple[int, int, int, int]:
        """How many bars are new, restated, unchanged and outdated, after writing them."""
        if not len(self.bars):
            return 0, 0, 0, 0
        symbol, times = self.instrument.symbol, self.bars.time.tolist()
        # Of several rows of one bar the last known comes last, and stays in the dict.
        kept = {
            time: (fetched, since, origin, values)
            for time, fetched, since, origin, *values in connection.execute(
                "SELECT time, fetched, known, origin, open, high, low, close, volume FROM bars"
                " WHERE symbol = ? AND interval = ? AND time BETWEEN ? AND ? ORDER BY time, known",
                (symbol, self.interval, times[0], times[-1]),
            )
        }
        new, confirmed = [], []
        added = unchanged = outdated = 0
        bars = self.bars
        columns = (
            column.tolist() for column in (bars.open, bars.high, bars.low, bars.close, bars.volume)
        )
        for time, *values in zip(times, *columns, strict=True):
            nothing = self.fetched_at - 1, 0, "", None
            fetched, since, origin, old = kept.get(time, nothing)
            if old == values and not withdrawal(origin, self.origin):
                unchanged += 1
                if self.fetched_at > fetched:
                    confirmed.append((self.fetched_at, symbol, self.interval, time, since))
            elif self.fetched_at <= fetched:
                outdated += 1
            else:
                added += old is None
                new.append(
                    (symbol, self.interval, time, known, self.fetched_at, self.origin, *values)
                )
        connection.executemany(
            "INSERT INTO bars (symbol, interval, time, known, fetched, origin, open, high, low,"
            " close, volume) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            new,
        )
        # Told again by a newer fetch: an older one that comes late must not change it.
        connection.executemany(
            "UPDATE bars SET fetched = ? WHERE symbol = ? AND interval = ? AND time = ?"
            " AND known = ?",
            confirmed,
        )
        return added, len(new) - added, unchanged, outdated

    def _write_actions(self, connection: sqlite3.Connection, known: int) -> int:
        """How many actions are new or told anew, after writing them."""
        symbol, written = self.instrument.symbol, 0
        for action in self.actions:
            row = connection.execute(
                "SELECT fetched, value, known FROM actions WHERE symbol = ? AND ex_time = ?"
                " AND kind = ? ORDER BY known DESC LIMIT 1",
                (symbol, action.ex_time, action.kind),
            ).fetchone()
            fetched, value, since = row or (self.fetched_at - 1, None, 0)
            if self.fetched_at <= fetched:
                continue
            if value == action.value:
                connection.execute(
                    "UPDATE actions SET fetched = ? WHERE symbol = ? AND ex_time = ? AND kind = ?"
                    " AND known = ?",
                    (self.fetched_at, symbol, action.ex_time, action.kind, since),
                )
                continue
            connection.execute(
                "INSERT INTO actions (symbol, ex_time, kind, known, fetched, value)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (symbol, action.ex_time, action.kind, known, self.fetched_at, action.value),
            )
            written += 1
        return written
