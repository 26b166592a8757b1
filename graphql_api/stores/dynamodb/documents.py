"""Registered documents in DynamoDB."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from graphql_api.stores.dynamodb.items import DOCUMENTS, document_pk
from graphql_api.stores.dynamodb.table import READ_ATTEMPTS, Table, numbers
from graphql_api.stores.records import AuditEntry
from market_data.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactGetItemTypeDef, TransactWriteItemTypeDef

__all__ = ["DynamoDBDocuments"]

TURNS: Final = 3  # others may register the same documents at the same time


class DynamoDBDocuments(Table):
    """A DocumentStore on a table laid out as in `items`."""

    def find_document(self, name: str) -> str | None:
        """See DocumentStore.find_document."""
        item = self.get(document_pk(name), {"S": "TEXT"})
        return item["text"]["S"] if item else None

    def keep_documents(
        self, documents: Mapping[str, str], entry: AuditEntry, most: int
    ) -> frozenset[str] | None:
        """See DocumentStore.keep_documents.

            PUT  each new document           IF  it is not there
            SET  kept = (kept or 0) + new    IF  no kept OR kept <= most - new
            PUT  the audit entry

        What is new is looked up first, since a document that is there already is no mistake. One
        that comes to be there meanwhile fails the condition, and it is looked up again.
        """
        for turn in range(TURNS):
            kept, known = self._look_up(documents)
            new = documents.keys() - known
            if kept + len(new) > most:
                return None
            puts = [self._put(name, documents[name], entry.at) for name in sorted(new)]
            # Another request, so another token: the entry's id is one.
            turned = replace(entry, id=f"{entry.id[:-1]}{turn}") if turn else entry
            if self.transact([*puts, *self._count(len(new), most)], turned):
                return frozenset(new)
        raise StoreUnavailable("too many register documents at the same time")

    def _look_up(self, documents: Mapping[str, str]) -> tuple[int, set[str]]:
        """How many are kept, and which of these; one call, and as of one moment."""
        places = [DOCUMENTS, *((document_pk(name), {"S": "TEXT"}) for name in documents)]
        gets: list[TransactGetItemTypeDef] = [
            {
                "Get": {
                    "TableName": self.table,
                    "Key": {"pk": pk, "sk": sk},
                    "ProjectionExpression": "pk, kept",
                }
            }
            for pk, sk in places
        ]
        answer = self.ask_again(READ_ATTEMPTS, self.client.transact_get_items, TransactItems=gets)
        count, *found = [one.get("Item") for one in answer["Responses"]]
        known = {name for name, item in zip(documents, found, strict=True) if item}
        return int(count["kept"]["N"]) if count else 0, known

    def _put(self, name: str, text: str, at: int) -> "TransactWriteItemTypeDef":
        return {
            "Put": {
                "TableName": self.table,
                "Item": {
                    "pk": document_pk(name),
                    "sk": {"S": "TEXT"},
                    "text": {"S": text},
                    **numbers({"at": at}),
                },
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    def _count(self, new: int, most: int) -> "list[TransactWriteItemTypeDef]":
        if not new:
            return []
        pk, sk = DOCUMENTS
        return [
            {
                "Update": {
                    "TableName": self.table,
                    "Key": {"pk": pk, "sk": sk},
                    "UpdateExpression": "SET kept = if_not_exists(kept, :none) + :new",
                    "ConditionExpression": "attribute_not_exists(kept) OR kept <= :room",
                    "ExpressionAttributeValues": numbers(
                        {":none": 0, ":new": new, ":room": most - new}
                    ),
                }
            }
        ]
