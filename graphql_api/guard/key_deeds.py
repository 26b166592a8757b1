"""The deeds done to keys: made, listed, rotated and revoked, each with its audit entry."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from graphql_api.errors import BadInput
from graphql_api.guard.deeds import NO_SUCH_KEY, Deeds, NewKey, asked_of, no_account, told_of
from graphql_api.guard.idempotency import Request
from graphql_api.guard.limits import SECOND, day_of, next_day_of
from graphql_api.guard.terms import KeyTerms
from graphql_api.stores import ApiKey, Scope

__all__ = ["GRACE", "KeyDeeds"]

MOST_KEYS: Final = 100  # in force at once; seen from a list that may be a moment old
GRACE: Final = 86_400  # seconds
# Every process knows within a minute that a key was given an end, so a shorter one would not hold.
SHORTEST_GRACE: Final = 60
LONGEST_GRACE: Final = 30 * 86_400


class KeyDeeds(Deeds):
    """What is done to the keys of an account."""

    def create_key(
        self,
        account_id: str,
        label: str = "",
        scopes: Iterable[Scope] = (Scope.SIGNALS_READ,),
        expires_at: int | None = None,
        *,
        not_before: int | None = None,
        networks: Iterable[str] = (),
        request: Request | None = None,
    ) -> NewKey:
        """A new key of an account that is there.

        Asked for again under the same name it is the same key, without its secret, which nobody
        keeps: who lost it rotates that key.

        Raises
        ------
        BadInput
            When there is no such account, the account has too many keys, or the key would never be
            valid.
        """
        account = self._account(account_id)
        new = self._new_key(account, KeyTerms(label, scopes, not_before, expires_at, networks))
        mark = self._mark(request, "key.created", asked_of(new.key), new.key.id)
        before = self._made_before(mark)
        if before is not None:
            return before
        self._check_room(account_id)
        entry = self._entry(account_id, "key.created", key=new.key.id, **told_of(new.key))
        if not self._ask(self._store.create_key, new.key, entry, mark):
            before = self._made_before(mark)
            if before is None:
                raise no_account(account_id)
        return before or new

    def rotate_key(
        self,
        account_id: str,
        key_id: str,
        grace: int = GRACE,
        expires_at: int | None = None,
        request: Request | None = None,
    ) -> NewKey:
        """A key with another secret in place of an old one, which lives on for ``grace`` seconds.

        It may do what the old one may, from the same networks, and lives as long from now as the
        old one was to live, where no other end is given. With a grace of 0 the old key is revoked.

        Raises
        ------
        BadInput
            When the account has no such key, or it was revoked, has expired or was rotated before.
        """
        if grace != 0 and not SHORTEST_GRACE <= grace <= LONGEST_GRACE:
            raise BadInput(
                f"graceSeconds is {grace}; it is 0, or {SHORTEST_GRACE} to {LONGEST_GRACE:,}: "
                "every process knows the end of a key within a minute."
            )
        old = self.find_key(key_id, account_id)
        now = self._clock()
        new = self._successor(old, expires_at, now)
        mark = self._mark(request, "key.rotated", [key_id, grace, expires_at], new.key.id)
        before = self._made_before(mark)
        if before is not None:
            return before
        _check_in_force(old, now)
        old = _ended(old, new.key.id, now, grace)
        details = {"key": old.id, "successor": new.key.id, "grace_seconds": str(grace)}
        entry = self._entry(account_id, "key.rotated", **details)
        if not self._ask(self._store.rotate_key, old, new.key, _days(now), entry, mark):
            before = self._made_before(mark)
            if before is None:  # another was quicker
                _check_in_force(self.find_key(key_id, account_id), now)
                raise BadInput(NO_SUCH_KEY)
        return before or replace(new, replaced=old)

    def revoke_key(self, account_id: str, key_id: str) -> ApiKey:
        """Stop a key: at the account's next admission, wherever that is decided.

        Its id is written into today's and tomorrow's item, so that a new day does not revive it
        where it is still remembered. May be repeated.

        Raises
        ------
        BadInput
            When the account has no such key.
        """
        key = self.find_key(key_id, account_id)
        now = self._clock()
        entry = self._entry(account_id, "key.revoked", key=key_id)
        self._ask(self._store.revoke_key, key, now, _days(now), entry)
        return key if key.revoked_at is not None else replace(key, revoked_at=now)

    def list_keys(self, account_id: str) -> list[ApiKey]:
        """The keys of an account, oldest first, revoked ones too."""
        return self._ask(self._store.list_keys, account_id)

    def _successor(self, old: ApiKey, expires_at: int | None, now: int) -> NewKey:
        """A key that may do what the old one may, and lives as long where no end is given."""
        if expires_at is None and old.expires_at is not None:
            expires_at = now + old.expires_at - old.created_at
        terms = KeyTerms(old.label, old.scopes, None, expires_at, old.networks)
        new = self._new_key(self._account(old.account_id), terms)
        return replace(new, key=replace(new.key, replaces=old.id))

    def _check_room(self, account_id: str) -> None:
        now = self._clock()
        in_force = sum(_ends(key, now) is None for key in self.list_keys(account_id))
        if in_force >= MOST_KEYS:
            raise BadInput(
                f"The account has {in_force} keys in force, and may have {MOST_KEYS}: "
                "revoke those that are not used."
            )


def _days(now: int) -> tuple[str, str]:
    return day_of(now), next_day_of(now)


def _ends(key: ApiKey, now: int) -> str | None:
    """Why a key is good for nothing more; None while it is."""
    if key.revoked_at is not None:
        return "The key was revoked already."
    if key.expires_at is not None and key.expires_at <= now:
        return "The key has expired already."
    return None


def _check_in_force(key: ApiKey, now: int) -> None:
    """Raise BadInput for a key that cannot be rotated, with why."""
    if key.replaced_by is not None:
        raise BadInput(
            "The key was rotated already: rotate the key that took its place.",
            successor=key.replaced_by,
        )
    why = _ends(key, now)
    if why is not None:
        raise BadInput(f"{why} Create a new one.")


def _ended(key: ApiKey, successor: str, now: int, grace: int) -> ApiKey:
    """A key that was rotated: never longer in force than it was to be."""
    if grace == 0:
        return replace(key, replaced_by=successor, revoked_at=now)
    end = now + grace * SECOND
    end = end if key.expires_at is None else min(end, key.expires_at)
    return replace(key, replaced_by=successor, expires_at=end)
