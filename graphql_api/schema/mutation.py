"""The root of every mutation, put together from its families."""

import strawberry

from graphql_api.schema.mutation_accounts import AccountMutations
from graphql_api.schema.mutation_documents import DocumentMutations
from graphql_api.schema.mutation_keys import KeyMutations

__all__ = ["Mutation"]


@strawberry.type(
    description="What can be changed. Those of one document run one after another, each whole or "
    "not at all, and what fails is null with an error beside what was done."
)
class Mutation(KeyMutations, AccountMutations, DocumentMutations):
    """The fields at the root."""
