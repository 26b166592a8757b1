"""The records that the stores keep and the guard reads: accounts, keys, days of use, audit entries.

All times are integer microseconds since the epoch, as the injected clock gives them.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

__all__ = [
    "NEWEST",
    "SLOTS",
    "Account",
    "ApiKey",
    "AuditEntry",
    "Charge",
    "Once",
    "Outcome",
    "Overrides",
    "Scope",
    "Slice",
    "Slot",
    "UsageDay",
]


class Scope(enum.StrEnum):
    """What a key may do."""

    SIGNALS_READ = "signals:read"
    KEYS_WRITE = "keys:write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Overrides:
    """Limits that an account has instead of its plan's; None leaves the plan's."""

    per_second: int | None = None
    burst: int | None = None
    units_per_day: int | None = None
    single_query: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Who pays and whose limits count."""

    id: str
    name: str
    plan: str  # a name in guard.plans.PLANS
    created_at: int
    overrides: Overrides = Overrides()


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key: everything but the key.

    ``id`` is the SHA-256 of the secret in hex. It is safe to show: 178 random bits cannot be
    searched for, and nothing accepts the hash in place of the key.

    ``networks`` are blocks of addresses in CIDR form, IPv4 or IPv6, from which alone the key is
    taken; empty means from anywhere. A key that was rotated names the one that took its place.
    """

    id: str
    account_id: str
    label: str
    last_four: str
    scopes: frozenset[Scope]
    created_at: int
    not_before: int | None = None
    expires_at: int | None = None
    revoked_at: int | None = None
    last_used_at: int | None = None
    networks: tuple[str, ...] = ()
    replaces: str | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class UsageDay:
    """What an account used on one UTC day, and where its bucket stands.

    ``tat`` is GCRA's theoretical arrival time in microseconds; None until a request was admitted.
    ``revoked`` holds the ids of keys that were revoked on that day or the day before.
    """

    day: str  # 2026-11-21
    tat: int | None = None
    units_used: int = 0
    requests: int = 0
    revoked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Charge:
    """What one admission adds to a day of use, and the room it needs.

    Both numbers are net: what is given back with the same write has been taken off already. So they
    may be negative, and then the day must hold so much. ``room`` is the most that may have been
    used before, daily limit minus units; None leaves the question out.
    """

    account_id: str
    day: str
    key_id: str
    requests: int
    units: int
    room: int | None


SLOTS: Final = 32
"""Names that a day's item has for the slots of time that the last admission to it has marked."""


class Slot(NamedTuple):
    """A slot of time, and where in it the bucket may stand for one more to be admitted.

    ``numbers`` are below SLOTS: its own first, then those that are marked with it. Names come round
    again, so ``lo`` tells an old mark from a new one. A mark that is known to be of no use is not
    ``heeded``.
    """

    numbers: tuple[int, ...]
    lo: int  # microseconds since the epoch
    hi: int
    heeded: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a conditional write went through, and the item as it stands after it."""

    admitted: bool
    usage: UsageDay


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to an account, written in the same transaction as the deed."""

    id: str  # a ULID, so entries sort by time
    account_id: str
    at: int
    actor: str
    action: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Once:
    """The mark of a deed that is done once however often it is asked for, kept with the deed."""

    account_id: str  # of whoever asks
    id: str  # SHA-256 of the asker's idempotency key
    fingerprint: str  # SHA-256 of what was asked
    result: str  # id of the key or account that was made
    until: int  # when the mark is forgotten


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of an ordered list that is wanted: between two ids, so many from either end."""

    limit: int
    after: str | None = None
    before: str | None = None
    from_end: bool = False


NEWEST: Final = Slice(100)
"""The hundred that come first."""
