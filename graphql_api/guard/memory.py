"""A bounded memory: what was learnt from a store, for as long as it may be believed."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

__all__ = ["Memory"]

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """At most ``size`` entries; the one that was asked for longest ago makes room.

    Times are microseconds of the caller's clock, so that tests need not sleep.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key, now: int) -> Value | None:
        """What is remembered, unless its time is over."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            value, until = entry
            if now >= until:
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return value

    def put(self, key: Key, value: Value, until: int) -> None:
        """Remember a value until a moment."""
        with self._lock:
            self._entries[key] = (value, until)
            self._entries.move_to_end(key)
            if len(self._entries) > self._size:
                self._entries.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Forget a key, known or not."""
        with self._lock:
            self._entries.pop(key, None)
