"""What a process holds of a store: bounded by bytes, and the least recently used goes first."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Held"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Held(Generic[K, V]):
    """A dictionary bounded by bytes, for any number of threads.

    Parameters
    ----------
    most : int, bytes
        What all values together may take; one that takes more by itself is not held.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.bytes = 0
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K) -> V | None:
        """The value of a key, which is now the last to go."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: K, value: V, size: int) -> None:
        """Hold a value of so many bytes."""
        with self._lock:
            self._drop(key)
            if size > self.most:
                return
            self._values[key] = value, size
            self.bytes += size
            while self.bytes > self.most:
                self._drop(next(iter(self._values)))

    def drop(self, key: K) -> None:
        """Hold a value no longer."""
        with self._lock:
            self._drop(key)

    def _drop(self, key: K) -> None:
        _, size = self._values.pop(key, (None, 0))
        self.bytes -= size
