"""Files of the first format, which had a row a bar: brought to chunks in one transaction."""

import sqlite3
from itertools import groupby
from typing import Any

import numpy as np

from engine.types import Interval
from market_data.calendar import LENGTH
from market_data.instruments import Instrument
from market_data.rows import COLUMNS, Rows
from market_data.stores.chunking import encode_chunks
from market_data.stores.head import Actions, Head, Manifest, pack
from market_data.stores.merging import ActionRow, pack_actions
from market_data.stores.objects import Name
from market_data.stores.sqlite_backend import keep, swap

__all__ = ["upgrade"]


def upgrade(connection: sqlite3.Connection) -> None:
    """Write every series as chunks and HEADs, each row with its own k, and drop the old tables."""
    profiles = connection.execute(
        "SELECT symbol, name, tick, calendar, source, source_symbol, version, last_known"
        " FROM instruments"
    ).fetchall()
    for *profile, changes, last_known in profiles:
        instrument = Instrument(*profile)
        manifests, objects = _chunks(connection, instrument.symbol)
        actions = _actions(connection, instrument.symbol)
        told = None
        if actions:
            body = pack_actions(actions, 0)
            name = Name.actions(instrument.symbol, body)
            objects[name] = body
            told = Actions(name.sort, max(row.known for row in actions))
        head = Head(instrument, 1, changes, last_known, 0, "format 1", told, manifests)
        _, packed, parts = pack(head)
        keep(connection, objects | parts)
        swap(connection, instrument, 0, packed)
    for table in ("instruments", "bars", "actions"):
        connection.execute(f"DROP TABLE {table}")


def _chunks(
    connection: sqlite3.Connection, symbol: str
) -> tuple[dict[Interval, Manifest], dict[Name, bytes]]:
    rows = connection.execute(
        "SELECT interval, time, known, fetched, origin, open, high, low, close, volume FROM bars"
        " WHERE symbol = ? ORDER BY interval, time, known",
        (symbol,),
    )
    manifests: dict[Interval, Manifest] = {}
    objects: dict[Name, bytes] = {}
    for told, group in groupby(rows, key=lambda row: row[0]):
        interval = Interval(told)
        chunks, bodies = encode_chunks(symbol, interval, _rows([row[1:] for row in group]), 0)
        manifests[interval] = Manifest((), tuple(chunks))
        objects |= bodies
    return dict(sorted(manifests.items(), key=lambda item: LENGTH[item[0]])), objects


def _rows(told: list[tuple[int, int, int, str, float, float, float, float, float]]) -> Rows:
    time, known, fetched, named, *values = zip(*told, strict=True)
    origins = tuple(dict.fromkeys(named))
    times = [np.array(column, np.int64) for column in (time, known, fetched)]
    prices = [np.array(column, np.float64) for column in values]
    origin = np.array([origins.index(name) for name in named], np.int64)
    columns: dict[str, Any] = dict(zip(COLUMNS, [*times, origin, *prices], strict=True))
    return Rows(**columns, origins=origins)


def _actions(connection: sqlite3.Connection, symbol: str) -> list[ActionRow]:
    rows = connection.execute(
        "SELECT ex_time, kind, value, known, fetched FROM actions WHERE symbol = ?"
        " ORDER BY known, ex_time, kind",
        (symbol,),
    )
    return [ActionRow(*row) for row in rows]
