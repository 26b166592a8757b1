"""Quarantine in one SQLite file: the home on a laptop."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

from engine.types import Interval
from market_data.instruments import ActionKind
from market_data.quarantine import Quarantined, State
from market_data.sources.base import RawAction, RawBar
from market_data.sources.sifting import Refusal
from market_data.stores.small_file import SmallFile
from market_data.stores.sqlite_header import Header

__all__ = ["SqliteQuarantine"]

APPLICATION: Final = 0x49505154  # "IPQT"
LAYOUT: Final = """
CREATE TABLE IF NOT EXISTS quarantine (
    id TEXT PRIMARY KEY, symbol TEXT NOT NULL, interval TEXT NOT NULL, source TEXT NOT NULL,
    time INTEGER NOT NULL, row TEXT NOT NULL, code TEXT NOT NULL, "column" TEXT NOT NULL,
    reason TEXT NOT NULL, fetched_at INTEGER NOT NULL, state TEXT NOT NULL, decided_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_symbol ON quarantine (symbol, interval, time, id)"""
INSERT: Final = """
INSERT INTO quarantine VALUES (:id, :symbol, :interval, :source, :time, :row, :code, :column,
    :reason, :fetched_at, 'HELD', NULL)
ON CONFLICT (id) DO UPDATE SET fetched_at = max(fetched_at, excluded.fetched_at)"""
# What the same source said of the same time before, and is held undecided.
OUTDATED: Final = """
DELETE FROM quarantine WHERE symbol = :symbol AND interval = :interval AND source = :source
AND time = :time AND fetched_at < :fetched_at AND state = 'HELD' AND id <> :id"""
ROWS: Final = """
SELECT symbol, interval, source, row, code, "column", reason, fetched_at, state, decided_at
FROM quarantine """
FIND: Final = ROWS + "WHERE id = ?"
_MATCHING: Final = """
WHERE (:symbol IS NULL OR symbol = :symbol) AND (:state IS NULL OR state = :state)
AND (:after IS NULL OR (symbol, interval, time, id) >
    (SELECT symbol, interval, time, id FROM quarantine WHERE id = :after))
ORDER BY symbol, interval, time, id LIMIT :limit"""
LISTING: Final = ROWS + _MATCHING
OF_SERIES: Final = ROWS + "WHERE symbol = ? AND interval = ?"
SETTLE: Final = """
DELETE FROM quarantine WHERE symbol = ? AND interval = ? AND time = ? AND fetched_at < ?
AND state = 'HELD'"""


class SqliteQuarantine:
    """A QuarantineStore in a file, made when the first row is held."""

    def __init__(self, path: str | Path) -> None:
        self._file = SmallFile(path, Header("quarantine", APPLICATION, 1), LAYOUT)

    def put(self, rows: Sequence[Quarantined]) -> int:
        """See QuarantineStore.put."""
        if not rows:
            return 0
        with self._file.writing() as file:
            file.execute("BEGIN IMMEDIATE")
            (before,) = file.execute("SELECT count(*) FROM quarantine").fetchone()
            values = [_values(row) for row in rows]
            gone = file.executemany(OUTDATED, values).rowcount
            file.executemany(INSERT, values)
            (after,) = file.execute("SELECT count(*) FROM quarantine").fetchone()
            file.execute("COMMIT")
        return int(after - before + gone)

    def find(self, row_id: str) -> Quarantined | None:
        """See QuarantineStore.find."""
        with self._file.reading() as file:
            if file is None:
                return None
            row = file.execute(FIND, (row_id,)).fetchone()
        return None if row is None else _quarantined(row)

    def listing(
        self,
        *,
        symbol: str | None = None,
        state: State | None = State.HELD,
        after: str | None = None,
        limit: int = 50,
    ) -> list[Quarantined]:
        """See QuarantineStore.listing."""
        asked = {"symbol": symbol, "state": state, "after": after, "limit": limit}
        with self._file.reading() as file:
            return [_quarantined(row) for row in file.execute(LISTING, asked)] if file else []

    def of_series(self, symbol: str, interval: Interval) -> list[Quarantined]:
        """See QuarantineStore.of_series."""
        with self._file.reading() as file:
            rows = file.execute(OF_SERIES, (symbol, interval)) if file else ()
            return [_quarantined(row) for row in rows]

    def decide(self, row_id: str, state: State, at: int) -> bool:
        """See QuarantineStore.decide."""
        with self._file.reading() as file:
            if file is None:
                return False
            done = file.execute(
                "UPDATE quarantine SET state = ?, decided_at = ? WHERE id = ? AND state = 'HELD'",
                (state, at, row_id),
            )
            return done.rowcount == 1

    def settle(
        self, symbol: str, interval: Interval, times: Collection[int], fetched_at: int
    ) -> int:
        """See QuarantineStore.settle."""
        with self._file.reading() as file:
            if file is None or not times:
                return 0
            file.execute("BEGIN IMMEDIATE")
            told = [(symbol, interval, time, fetched_at) for time in times]
            done = file.executemany(SETTLE, told).rowcount
            file.execute("COMMIT")
        return done

    def close(self) -> None:
        """Nothing stays open between two calls."""


def _values(row: Quarantined) -> dict[str, Any]:
    return {
        "id": row.id,
        "symbol": row.symbol,
        "interval": row.interval,
        "source": row.source,
        "time": row.time,
        "row": json.dumps(row.row),
        "code": row.code,
        "column": row.column,
        "reason": row.reason,
        "fetched_at": row.fetched_at,
    }


def raw_row(packed: str) -> RawBar | RawAction:
    """The row that was packed as JSON."""
    parts = json.loads(packed)
    if len(parts) == len(RawAction._fields):
        return RawAction(parts[0], ActionKind(parts[1]), parts[2])
    return RawBar(*parts)


def _quarantined(row: tuple[Any, ...]) -> Quarantined:
    symbol, interval, source, packed, code, column, reason, fetched_at, state, decided_at = row
    return Quarantined(
        symbol,
        Interval(interval),
        source,
        raw_row(packed),
        Refusal(code),
        column,
        reason,
        fetched_at,
        State(state),
        decided_at,
    )
