"""intellpulse bars quarantine, release and drop: what was not taken, and what becomes of it."""

import argparse
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from graphql_api.app import open_bars, open_quarantine
from graphql_api.commands.printing import plain, print_json
from graphql_api.schema.scalars import rfc3339
from graphql_api.settings import Settings
from market_data.clock import now, wait_until
from market_data.ingest import Ingestion
from market_data.quarantine import Quarantined, State

__all__ = ["drop", "listing", "release"]

PAGE = 200


def listing(asked: argparse.Namespace, settings: Settings) -> None:
    """The rows that wait for a decision, or all there ever were."""
    with closing(open_quarantine(settings)) as quarantine:
        rows: list[Quarantined] = []
        state = None if asked.all else State.HELD
        while page := quarantine.listing(
            symbol=asked.symbol, state=state, after=rows[-1].id if rows else None, limit=PAGE
        ):
            rows += page
    if asked.json:
        print_json([shown(row) for row in rows])
        return
    for row in rows:
        told = ", ".join(f"{name} {value}" for name, value in _values(row).items())
        state_told = "" if row.state is State.HELD else f"  ({row.state.lower()})"
        line = (
            f"{row.id}  {row.symbol} {row.interval} {rfc3339(row.time)}  {row.source}: {told}  "
            f"{row.column}: {row.reason}{state_told}"
        )
        print(plain(line))
    if not rows:
        whose = "" if asked.symbol is None else f" of {asked.symbol}"
        print(f"nothing{whose} is in quarantine")


def release(asked: argparse.Namespace, settings: Settings) -> None:
    """Take rows after all, and wait until they are answered."""
    known = 0
    with _ingestion(settings) as ingestion:
        for row_id in asked.ids:
            known = max(known, ingestion.release(row_id).known or 0)
            print(f"{row_id} is released")
    wait_until(known, now, time.sleep)


def drop(asked: argparse.Namespace, settings: Settings) -> None:
    """Decide that rows are wrong."""
    with _ingestion(settings) as ingestion:
        for row_id in asked.ids:
            ingestion.drop(row_id)
            print(f"{row_id} is dropped, and not held again")


def shown(row: Quarantined) -> dict[str, Any]:
    """A row as programs read it."""
    return {
        "id": row.id,
        "symbol": row.symbol,
        "interval": row.interval,
        "time": rfc3339(row.time),
        "source": row.source,
        "values": _values(row),
        "code": row.code,
        "column": row.column,
        "reason": row.reason,
        "fetchedAt": rfc3339(row.fetched_at),
        "state": row.state,
        "decidedAt": None if row.decided_at is None else rfc3339(row.decided_at),
    }


def _values(row: Quarantined) -> dict[str, str]:
    """The numbers of a row as its source wrote them, by their names."""
    return {name: str(value) for name, value in zip(row.row._fields[1:], row.row[1:], strict=True)}


@contextmanager
def _ingestion(settings: Settings) -> Iterator[Ingestion]:
    with closing(open_bars(settings)) as bars, closing(open_quarantine(settings)) as quarantine:
        yield Ingestion(bars, quarantine)
