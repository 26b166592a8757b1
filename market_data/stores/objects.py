"""What a home keeps: named immutable objects, and one small HEAD a symbol that names them."""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Set
from types import MappingProxyType
from typing import NamedTuple, Protocol

from engine.types import Interval
from market_data.errors import Damaged, StoreUnavailable
from market_data.instruments import Instrument

__all__ = ["KEPT_DAYS", "NOTHING", "Backend", "Beside", "Kept", "Name", "Source", "verified"]

KEPT_DAYS = 7
"""How long a superseded object stays for those who read its HEAD before."""

HASH = 32
"""How many hex digits of the SHA-256 of its bytes an object's name ends in."""

_PATH = re.compile(
    r"(?P<partition>B#[^#/]+(?:#[A-Z_]+)?)/(?P<sort>(?:[CTM]#-?\d+|A)#\d+#[0-9a-f]{32})"
)


class Name(NamedTuple):
    """The name of an immutable object: what it is, how long, and the hash of its bytes.

    B#<symbol>#<interval> / C#<time of the first bar>#<bytes>#<hash>   a sealed chunk of rows
    B#<symbol>#<interval> / T#<time of the first bar>#<bytes>#<hash>   the open tail
    B#<symbol>#<interval> / M#<decade>#<bytes>#<hash>                  a part of a long manifest
    B#<symbol>            / A#<bytes>#<hash>                           splits and dividends
    S#<symbol>            / R#<salt>#<bytes>#<hash>                    readings of sentiment
    """

    partition: str
    sort: str

    @classmethod
    def chunk(
        cls, symbol: str, interval: Interval, first: int, body: bytes, *, sealed: bool
    ) -> "Name":
        """The name of a block of rows."""
        kind = "C" if sealed else "T"
        return cls(f"B#{symbol}#{interval}", f"{kind}#{first}#{_measured(body)}")

    @classmethod
    def part(cls, symbol: str, interval: Interval, decade: int, body: bytes) -> "Name":
        """The name of a part of a manifest."""
        return cls(f"B#{symbol}#{interval}", f"M#{decade}#{_measured(body)}")

    @classmethod
    def actions(cls, symbol: str, body: bytes) -> "Name":
        """The name of a symbol's splits and dividends."""
        return cls(f"B#{symbol}", f"A#{_measured(body)}")

    @classmethod
    def readings(cls, symbol: str, salt: int, body: bytes) -> "Name":
        """The name of a symbol's sentiment; no two writers give the same."""
        return cls(f"S#{symbol}", f"R#{salt}#{_measured(body)}")

    @property
    def kind(self) -> str:
        """The letter before the first #."""
        return self.sort[:1]

    @classmethod
    def parse(cls, path: str) -> "Name | None":
        """The name behind a path; None where it is another thing's."""
        found = _PATH.fullmatch(path)
        return found and cls(found["partition"], found["sort"])

    @property
    def symbol(self) -> str:
        """Whose object it is."""
        return self.partition.split("#")[1]

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return int(self.sort.rsplit("#", 2)[-2])

    @property
    def path(self) -> str:
        """Both halves as one text, as S3 and SQLite have them."""
        return f"{self.partition}/{self.sort}"


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:HASH]


def _measured(body: bytes) -> str:
    return f"{len(body)}#{_hash(body)}"


def verified(name: Name, body: bytes) -> bytes:
    """The bytes of an object, if they are those that its name speaks of; else Damaged."""
    if name.sort.rpartition("#")[2] != _hash(body):
        raise Damaged(f"{name.path} does not hold what was written there")
    return body


class Kept(NamedTuple):
    """A HEAD as it lies in its home."""

    version: int
    packed: bytes


class Beside(NamedTuple):
    """What changes with a HEAD in one transaction, in a home that can do so.

    Parameters
    ----------
    objects : mapping
        What it names anew.
    superseded : set
        What no HEAD names any more, let go KEPT_DAYS after ``now``.
    now : int, microseconds UTC
    """

    objects: Mapping[Name, bytes] = MappingProxyType({})
    superseded: Set[Name] = frozenset()
    now: int = 0


NOTHING = Beside()


class Source(Protocol):
    """Where HEADs and objects are read. StoreUnavailable where that cannot be reached.

    Each of the first two is one round of calls, side by side, however much is asked for.
    """

    def heads(self, symbols: Collection[str]) -> dict[str, Kept]:
        """The HEADs of those symbols that have one, as they are at this moment."""
        ...

    def fetch(self, names: Collection[Name]) -> dict[Name, bytes | StoreUnavailable]:
        """The bytes of those objects that are there, whether they are right or not.

        Where some lie in a place that cannot be reached, they alone are the error.
        """
        ...

    def refetch(self, name: Name) -> Iterator[bytes]:
        """Whatever other copies of an object there are, for when the first is damaged or gone."""
        ...


class Backend(Source, Protocol):
    """Where HEADs and objects lie. StoreUnavailable where that cannot be reached.

    Attributes
    ----------
    transactional : bool
        Whether `swap` writes what changes beside a HEAD in the one transaction that writes the
        HEAD. Where it does not, objects are kept before it, and let go of after it.
    """

    transactional: bool

    def profiles(self) -> list[Instrument]:
        """Every symbol that has ever been committed, in order of symbol."""
        ...

    def keep(self, objects: Mapping[Name, bytes]) -> None:
        """Write objects; writing one again changes nothing."""
        ...

    def swap(
        self, instrument: Instrument, version: int, packed: bytes, beside: Beside = NOTHING
    ) -> bool:
        """Make bytes the next HEAD if ``version`` is that of the present one; whether it was.

        One atomic write; 0 is the version of a symbol that has no HEAD yet. Whether a swap that
        raised StoreUnavailable happened is unknown.
        """
        ...

    def expire(self, names: Collection[Name], now: int) -> None:
        """Let objects go KEPT_DAYS after ``now``: whoever read the HEAD before still finds them."""
        ...

    def names(self) -> Iterator[Name]:
        """Every object that is there, also those that are let go of; some perhaps twice."""
        ...

    def lasting(self, names: Collection[Name]) -> set[Name]:
        """Those of some objects that are there and that nobody has let go of."""
        ...

    def keep_panel(self, name: str, body: bytes) -> None:
        """Write a panel, in place of the one of that name."""
        ...

    def panel(self, name: str) -> bytes | None:
        """A panel; None where there is none of that name."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...
