"""Who asks, with what right: the account, its plan, the key that was shown, and its scopes."""

from collections.abc import Iterable
from dataclasses import dataclass

from graphql_api.errors import BEARER_CHALLENGE, Forbidden
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

    def check_grant(self, scopes: Iterable[Scope]) -> None:
        """Raise Forbidden for scopes that this caller does not hold, so could not give."""
        for scope in sorted(scopes):
            if scope not in self.scopes and not self.is_admin:
                raise Forbidden(
                    f"The scope {scope.value} can be given only by whoever holds it, "
                    "which this caller does not."
                )
