"""The homes of bars, behind one Protocol."""

from market_data.stores.base import BarStore, CommitResult, StoredInterval
from market_data.stores.sqlite import SqliteBarStore

__all__ = ["BarStore", "CommitResult", "SqliteBarStore", "StoredInterval"]
