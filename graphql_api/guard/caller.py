"""Who asks, with what right: the account, its plan, the key that was shown, and its scopes."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from graphql_api.errors import BEARER_CHALLENGE, Forbidden
from graphql_api.guard.networks import all_within
from graphql_api.guard.plans import Plan
from graphql_api.stores.records import Account, ApiKey, Scope

__all__ = ["Caller"]


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller whose credentials were found good."""

    account: Account
    plan: Plan
    key: ApiKey | None  # None for a token
    scopes: frozenset[Scope]
    subject: str | None = None  # whom a token names

    @property
    def account_id(self) -> str:
        """The account whose limits count."""
        return self.account.id

    @property
    def account_name(self) -> str:
        """The account's name, as its owner gave it."""
        return self.account.name

    @property
    def key_id(self) -> str:
        """What a revocation would name: the key's id, or a word that names no key."""
        return self.key.id if self.key else "token"

    def require(self, scope: Scope) -> None:
        """Raise Forbidden unless this caller holds ``scope``; ``admin`` holds them all."""
        if scope in self.scopes or Scope.ADMIN in self.scopes:
            return
        if self.key is not None:
            raise Forbidden(f"This needs the scope {scope.value}, which the key does not have.")
        raise Forbidden(
            f"This needs the scope {scope.value}, which the token does not have.",
            challenge=f'{BEARER_CHALLENGE}, error="insufficient_scope", scope="{scope.value}"',
        )

    @property
    def actor(self) -> str:
        """Who this is in the audit log."""
        return f"key:{self.key.id}" if self.key else f"token:{self.subject or ''}"

    @property
    def is_admin(self) -> bool:
        """Whether every account is open to this caller."""
        return Scope.ADMIN in self.scopes

    def managed(self, account_id: str | None) -> str:
        """The account that this caller means and may manage: its own, or as an admin any.

        Whether another account is there plays no part in the refusal.

        Raises
        ------
        Forbidden
        """
        if account_id is None or account_id == self.account_id:
            self.require(Scope.KEYS_WRITE)
            return self.account_id
        self.require(Scope.ADMIN)
        return account_id

    def check_grant(
        self, scopes: Collection[Scope], networks: Collection[str], account_id: str | None
    ) -> None:
        """Raise Forbidden for a key that would be good for more than this caller is.

        Whoever may use a key in one place only could make itself another for everywhere. But an
        administrator makes keys for people elsewhere: those of other accounts, where they are no
        administrator's, may be for anywhere.

        Parameters
        ----------
        networks : of str
            Where it is to be taken from; none means from anywhere. What is no network is not
            judged here.
        account_id : str or None
            Whose key it is to be; None for an account that is not there yet.
        """
        for scope in sorted(scopes):
            if scope not in self.scopes and not self.is_admin:
                raise Forbidden(
                    f"The scope {scope.value} can be given only by whoever holds it, "
                    "which this caller does not."
                )
        for_others = account_id != self.account_id and Scope.ADMIN not in scopes
        if self.key is None or for_others:
            return
        with suppress(ValueError):
            if not all_within(networks, self.key.networks):
                raise Forbidden(
                    "The key that asks is taken from its networks only, and so is whatever it "
                    "makes: name networks that lie within them."
                )
