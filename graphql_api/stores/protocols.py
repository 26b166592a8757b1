"""What the guard asks of a store, whatever stands behind it.

Every method raises StoreUnavailable when the store cannot be reached or does not answer in time.
"""

from collections.abc import Mapping
from typing import Protocol

from graphql_api.stores.records import (
    NEWEST,
    Account,
    ApiKey,
    AuditEntry,
    Charge,
    Once,
    Outcome,
    Overrides,
    Slice,
    Slot,
    UsageDay,
)

__all__ = ["AccountStore", "DocumentStore", "UsageStore"]


class DocumentStore(Protocol):
    """Documents that an administrator registered, by the hash of their text: kept for good."""

    def find_document(self, name: str) -> str | None:
        """The text of that name, if one is kept."""
        ...

    def keep_documents(
        self, documents: Mapping[str, str], entry: AuditEntry, most: int
    ) -> frozenset[str] | None:
        """Keep those that are new, and the audit entry: all or nothing; the names that were new.

        None, and nothing is kept, where that would be more than ``most`` in all.

        Parameters
        ----------
        documents : mapping
            Texts by name, at most 20; a name always has the same text.
        """
        ...


class AccountStore(DocumentStore, Protocol):
    """Accounts, their keys, the log of what was done to them, and administrators' documents."""

    def find_key(self, key_id: str) -> ApiKey | None:
        """The key with this SHA-256, if there is one."""
        ...

    def find_account(self, account_id: str) -> Account | None:
        """The account with this id, if there is one."""
        ...

    def list_keys(self, account_id: str) -> list[ApiKey]:
        """The keys of an account, oldest first, revoked ones too."""
        ...

    def list_accounts(self, part: Slice) -> list[Account]:
        """A part of all accounts, in order of their ids, which is that of their making."""
        ...

    def audit_log(self, account_id: str, part: Slice = NEWEST) -> list[AuditEntry]:
        """A part of what was done to an account, newest first."""
        ...

    def find_once(self, account_id: str, once_id: str) -> Once | None:
        """The mark of a deed, which may be out of date."""
        ...

    def create_account(
        self, account: Account, key: ApiKey | None, entry: AuditEntry, once: Once | None = None
    ) -> bool:
        """Keep a new account, with a key or without, and its audit entry: all or nothing.

        False when the account or the key is there already, or ``once`` is marked already.
        """
        ...

    def create_key(self, key: ApiKey, entry: AuditEntry, once: Once | None = None) -> bool:
        """Keep a new key of an existing account, and the audit entry: both or neither.

        False when there is no such account, the key is there already, or ``once`` is marked.
        """
        ...

    def rotate_key(
        self,
        old: ApiKey,
        new: ApiKey,
        days: tuple[str, ...],
        entry: AuditEntry,
        once: Once | None = None,
    ) -> bool:
        """Keep ``new``, and what ``old`` has become with it: its end, its successor; or neither.

        Where ``old`` has a ``revoked_at`` it is named in the items of ``days``, as by revoke_key.
        False when there is no such key any more that was neither revoked nor rotated before, or
        ``once`` is marked.
        """
        ...

    def revoke_key(self, key: ApiKey, at: int, days: tuple[str, ...], entry: AuditEntry) -> bool:
        """Mark a key as revoked, and name it in the items of ``days``, so the next admission stops.

        Called again it does the marking again and keeps the first time: a revocation that was cut
        short can be repeated. False when there is no such key.
        """
        ...

    def set_plan(
        self, account_id: str, plan: str | None, overrides: Overrides, entry: AuditEntry
    ) -> bool:
        """Give an account a plan, None for the one it has, and its overrides in place of others.

        False when there is no such account.
        """
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...

    def touch_key(self, key_id: str, at: int, every: int) -> None:
        """Note when a key was last used, unless a use within ``every`` microseconds stands there.

        SET  last_used_at = :at
        IF   no last_used_at OR last_used_at <= at - every

        Of many processes that notice a use at once, one writes.
        """
        ...


class UsageStore(Protocol):
    """What each account used, one item a UTC day, changed by conditional writes only."""

    def busy(
        self, charge: Charge, lo: int, hi: int, step: int, slots: tuple[int, ...] = ()
    ) -> Outcome:
        """Admit a caller whose bucket is in the band.

            SET  tat = tat + step,  marks = slots,  used = used + units,  reqs = reqs + requests
            IF   tat BETWEEN lo AND hi  AND  used <= room  AND  key not in revoked

        One atomic write, never repeated: however many admit at once, neither the rate nor the day
        is passed. A refusal hands back the item that failed the condition.

        Parameters
        ----------
        lo, hi : int, microseconds since the epoch
            The band of arrival times in which this form is allowed (limits.Rate.at).
        step : int, microseconds
            n*T, which the requests push the arrival time ahead by.
        slots : tuple of int, below SLOTS
            What the item is marked with, for `idle`: with no others, and only as long as nothing
            else has moved ``tat``.
        """
        ...

    def idle(self, charge: Charge, x: int, tat: int, slot: Slot | None = None) -> Outcome:
        """Admit a caller who has rested, or whose day has no item and is old enough.

            SET  tat = :tat,  marks = slots,
                 used = (used or 0) + units,  reqs = (reqs or 0) + requests
            IF   (no tat OR tat <= x) AND slot is not marked
            AND  (no used OR used <= room) AND key not in revoked

        Where the first of the slots is marked, somebody was here in it, or so late before it that
        it does not matter: then it is `busy`, with the edges of the slot and the step from ``x`` to
        ``tat``.

            SET  tat = tat + (:tat - x)
            IF   slot is marked AND tat BETWEEN slot.lo AND slot.hi

        Where marks are not to be heeded, or no slot is given, only the first of the two is tried,
        whatever marks there are; without a slot they are taken off.
        """
        ...

    def new(self, charge: Charge, tat: int) -> Outcome:
        """Admit the first request of a day that is younger than tau.

        SET  tat = :tat,  used = (used or 0) + units,  reqs = (reqs or 0) + requests
        IF   no tat  AND  (no used OR used <= room)  AND  key not in revoked
        """
        ...

    def give_back(self, account_id: str, day: str, requests: int, units: int) -> None:
        """Take requests and units off a day again, once; ``tat`` stays, since it never falls."""
        ...

    def usage(self, account_id: str, day: str) -> UsageDay:
        """One day as it stands, empty when nothing was used."""
        ...

    def history(self, account_id: str, first: str, last: str) -> list[UsageDay]:
        """The days from ``first`` to ``last`` that have an item, oldest first."""
        ...
