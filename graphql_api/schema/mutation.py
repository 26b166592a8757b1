"""The root of every mutation, put together from its families."""

import strawberry

from graphql_api.schema.mutation_documents import DocumentMutations

__all__ = ["Mutation"]


@strawberry.type(description="What can be done.")
class Mutation(DocumentMutations):
    """The fields at the root."""
