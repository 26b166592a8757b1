"""Accounts, keys and the audit log in DynamoDB."""

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from graphql_api.stores.dynamodb.items import (
    INDEX,
    account_item,
    account_of,
    account_pk,
    audit_of,
    key_item,
    key_of,
    key_pk,
    overrides_value,
    time_to_live,
    use_sk,
)
from graphql_api.stores.dynamodb.table import READ_ATTEMPTS, ConditionFailed, Table, numbers
from graphql_api.stores.records import Account, ApiKey, AuditEntry, Overrides

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

__all__ = ["DynamoDBAccounts"]

NOT_SEEN_LATELY: Final = "(attribute_not_exists(last_used_at) OR last_used_at <= :before)"


class DynamoDBAccounts(Table):
    """An AccountStore on a table laid out as in `items`."""

    def find_key(self, key_id: str) -> ApiKey | None:
        """See AccountStore.find_key."""
        item = self.get(key_pk(key_id), {"S": "META"})
        return key_of(item) if item else None

    def find_account(self, account_id: str) -> Account | None:
        """See AccountStore.find_account."""
        item = self.get(account_pk(account_id), {"S": "PROFILE"})
        return account_of(item) if item else None

    def list_keys(self, account_id: str) -> list[ApiKey]:
        """See AccountStore.list_keys; a key made this instant may still be missing."""
        items = self.query(
            IndexName=INDEX,
            KeyConditionExpression="#owner = :owner",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={":owner": account_pk(account_id)},
        )
        return [key_of(item) for item in items]

    def audit_log(self, account_id: str, limit: int = 100) -> list[AuditEntry]:
        """See AccountStore.audit_log."""
        items = self.query(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :audit)",
            ExpressionAttributeValues={":pk": account_pk(account_id), ":audit": {"S": "AUDIT#"}},
            ScanIndexForward=False,
            Limit=limit,
        )
        return [audit_of(item) for item in items]

    def create_account(self, account: Account, key: ApiKey | None, entry: AuditEntry) -> bool:
        """See AccountStore.create_account."""
        puts = [account_item(account)] + ([key_item(key)] if key else [])
        return self.transact([self._put_once(item) for item in puts], entry)

    def create_key(self, key: ApiKey, entry: AuditEntry) -> bool:
        """See AccountStore.create_key."""
        account_exists: TransactWriteItemTypeDef = {
            "ConditionCheck": {
                "TableName": self.table,
                "Key": {"pk": account_pk(key.account_id), "sk": {"S": "PROFILE"}},
                "ConditionExpression": "attribute_exists(pk)",
            }
        }
        return self.transact([account_exists, self._put_once(key_item(key))], entry)

    def revoke_key(self, key: ApiKey, at: int, days: tuple[str, ...], entry: AuditEntry) -> bool:
        """See AccountStore.revoke_key.

        The days are marked one by one after the transaction: inside it they would collide with the
        account's admissions, and a busy account could not be stopped.
        """
        revoke: TransactWriteItemTypeDef = {
            "Update": {
                "TableName": self.table,
                "Key": {"pk": key_pk(key.id), "sk": {"S": "META"}},
                "UpdateExpression": "SET revoked_at = if_not_exists(revoked_at, :at)",
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeValues": numbers({":at": at}),
            }
        }
        if not self.transact([revoke], entry):
            return False
        for day in days:
            self.ask_again(
                READ_ATTEMPTS,
                self.client.update_item,
                TableName=self.table,
                Key={"pk": account_pk(key.account_id), "sk": use_sk(day)},
                UpdateExpression="SET expires_at = :expires_at ADD revoked :keys",
                ExpressionAttributeValues={
                    ":expires_at": time_to_live(day),
                    ":keys": {"SS": [key.id]},
                },
            )
        return True

    def set_plan(
        self, account_id: str, plan: str | None, overrides: Overrides, entry: AuditEntry
    ) -> bool:
        """See AccountStore.set_plan."""
        update = "SET overrides = :overrides"
        values = {":overrides": overrides_value(overrides)}
        if plan is not None:
            update += ", #plan = :plan"
            values[":plan"] = {"S": plan}
        move: TransactWriteItemTypeDef = {
            "Update": {
                "TableName": self.table,
                "Key": {"pk": account_pk(account_id), "sk": {"S": "PROFILE"}},
                "UpdateExpression": update,
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeValues": values,
            }
        }
        if plan is not None:
            move["Update"]["ExpressionAttributeNames"] = {"#plan": "plan"}
        return self.transact([move], entry)

    def touch_key(self, key_id: str, at: int, every: int) -> None:
        """See AccountStore.touch_key."""
        with suppress(ConditionFailed):  # or else the key is gone, or was seen lately
            self.ask(
                self.client.update_item,
                TableName=self.table,
                Key={"pk": key_pk(key_id), "sk": {"S": "META"}},
                UpdateExpression="SET last_used_at = :at",
                ConditionExpression=f"attribute_exists(pk) AND {NOT_SEEN_LATELY}",
                ExpressionAttributeValues=numbers({":at": at, ":before": at - every}),
            )

    def _put_once(self, item: "dict[str, AttributeValueTypeDef]") -> "TransactWriteItemTypeDef":
        return {
            "Put": {
                "TableName": self.table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
