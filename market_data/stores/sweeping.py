"""Letting go of objects that no HEAD names: what commits leave behind that died on their way.

Why nothing is lost to a writer at work
---------------------------------------
A commit puts its objects and then, on condition of the version that it has read, a HEAD that names
them. So an object without a HEAD is either left behind or about to be named. A sweep tells which by
making the second impossible: it lists the objects first and reads the HEAD after; where some are
not named, it writes that HEAD once more under the next version, with nothing else changed. If that
succeeds, every commit that had read the version before fails, and is drafted anew; and a new draft
names no old object, since each has a salt of its own and puts all that it names. If it does not
succeed, a commit came first, and the sweep looks again.

Only then are the objects let go of, as those that a commit supersedes: they are deleted 7 days
later, and one that is put again meanwhile stays. Two kinds are left alone: parts of manifests,
which have no salt, so that a new draft may name an old one; and what belongs to a symbol without a
HEAD, for which there is no version to move: its first commit may be on its way.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from market_data.clock import Clock
from market_data.errors import MarketDataError
from market_data.stores.head import Head, pack, unpack
from market_data.stores.objects import Backend, Name
from market_data.stores.reading import Reader

__all__ = ["Swept", "sweep"]

LOOKS: Final = 3  # at a symbol to which others commit
NO_HEAD: Final = "it has no HEAD: its first commit may be on its way"
BUSY: Final = "others commit to it just now"


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found of one symbol.

    Parameters
    ----------
    symbol : str
    objects : tuple of Name
        What no HEAD names, and nobody has let go of yet.
    left : str
        Why these were left where they are; empty where they were let go of, or would be.
    """

    symbol: str
    objects: tuple[Name, ...]
    left: str = ""

    @property
    def size(self) -> int:
        """How many bytes the objects have."""
        return sum(name.size for name in self.objects)


def sweep(backend: Backend, clock: Clock, *, apply: bool) -> Iterator[Swept]:
    """Look at each symbol, and where ``apply`` is set let go of what no HEAD names.

    Raises
    ------
    StoreUnavailable
        The store cannot be asked what it holds. Where it fails at one symbol, that one is left.
    """
    listed = sorted(name for name in backend.names() if name.kind != "M")
    for symbol, names in groupby(listed, key=lambda name: name.symbol):
        try:
            swept = _sweep_symbol(backend, clock, symbol, set(names), apply)
        except MarketDataError as error:
            swept = Swept(symbol, (), str(error))
        if swept.objects or swept.left:
            yield swept


def _sweep_symbol(
    backend: Backend, clock: Clock, symbol: str, names: set[Name], apply: bool
) -> Swept:
    orphans: tuple[Name, ...] = ()
    for _ in range(LOOKS):
        kept = backend.heads([symbol]).get(symbol)
        head = kept and unpack(kept.packed)
        named = _named(backend, clock, head) if head else set()
        orphans = tuple(sorted(backend.lasting(names - named)))
        if head is None or not orphans or not apply:
            return Swept(symbol, orphans, NO_HEAD if orphans and head is None else "")
        if _moved(backend, head):
            backend.expire(orphans, clock())
            return Swept(symbol, orphans)
    return Swept(symbol, orphans, BUSY)


def _named(backend: Backend, clock: Clock, head: Head) -> set[Name]:
    """Everything that a HEAD names, itself or by the parts of its manifests."""
    names = head.names()
    wanted = [(head, interval) for interval in head.manifests]
    for chunks in Reader(backend, clock, held=0, fresh_for=0).chunks(wanted):
        if isinstance(chunks, MarketDataError):
            raise chunks
        names |= set(chunks)
    return names


def _moved(backend: Backend, head: Head) -> bool:
    """Write a HEAD once more under the next version; whether nobody came first."""
    split, packed, parts = pack(replace(head, version=head.version + 1))
    if parts:
        backend.keep(parts)
    return backend.swap(split.instrument, head.version, packed)
