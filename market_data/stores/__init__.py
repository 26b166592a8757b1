"""The homes of bars and of sentiment, each behind one interface."""

from market_data.stores.base import BarStore, CommitResult, StoredInterval
from market_data.stores.readings import ReadingsCommitted, ReadingStore
from market_data.stores.sqlite import SqliteBarStore
from market_data.stores.sqlite_readings import SqliteReadingStore

__all__ = [
    "BarStore",
    "CommitResult",
    "ReadingStore",
    "ReadingsCommitted",
    "SqliteBarStore",
    "SqliteReadingStore",
    "StoredInterval",
]
