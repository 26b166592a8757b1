"""Who asks: the account, its plan, and the key that was shown."""

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
