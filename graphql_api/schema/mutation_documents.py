"""The mutation by which an administrator registers documents."""

from typing import Annotated

import strawberry

from graphql_api.schema.access import ADMIN
from graphql_api.schema.catalogue import FREE
from graphql_api.schema.context import Info, Registered

__all__ = ["DocumentMutations"]


@strawberry.input(description="Documents to be asked for by name.")
class RegisterDocumentsInput:
    """Some documents."""

    documents: list[str] = strawberry.field(
        description="Their texts, 1 to 20; each must fit the schema, or none is registered."
    )


@strawberry.type(description="A document that is asked for by its name.", directives=FREE)
class RegisteredDocument:
    """A registered document."""

    document_id: str = strawberry.field(
        description="sha256: and the SHA-256 of its text; give it as documentId in a request."
    )
    operations: list[str] = strawberry.field(description="The names of its operations.")
    is_new: bool = strawberry.field(description="Whether it was not registered before.")

    @classmethod
    def of(cls, kept: Registered) -> "RegisteredDocument":
        """A document as it was kept."""
        return cls(document_id=kept.name, operations=kept.operations, is_new=kept.is_new)


@strawberry.type(description="What was registered.", directives=FREE)
class RegisterDocumentsPayload:
    """The documents of one mutation."""

    documents: list[RegisteredDocument] = strawberry.field(
        description="The documents, in the order in which they were given."
    )


@strawberry.type
class DocumentMutations:
    """What may be done about documents."""

    @strawberry.mutation(
        description="Register documents, so that clients can ask for them by name; kept for good, "
        "for every client and process. It is audited.",
        directives=ADMIN,
    )
    def register_documents(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            RegisterDocumentsInput, strawberry.argument(description="What is registered.")
        ],
    ) -> RegisterDocumentsPayload | None:
        """All of the documents, or none."""
        context = info.context
        kept = context.registrar.register(context.caller, input.documents, context.reach)
        return RegisterDocumentsPayload(documents=[RegisteredDocument.of(one) for one in kept])
