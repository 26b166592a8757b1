"""Accounts, keys and the audit log in DynamoDB."""

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from graphql_api.stores.dynamodb.items import (
    ALL_ACCOUNTS,
    INDEX,
    account_item,
    account_of,
    account_pk,
    audit_of,
    key_item,
    key_of,
    key_pk,
    listed_item,
    once_of,
    once_sk,
    overrides_value,
    time_to_live,
    use_sk,
)
from graphql_api.stores.dynamodb.table import READ_ATTEMPTS, Table, numbers
from graphql_api.stores.records import NEWEST, Account, ApiKey, AuditEntry, Once, Overrides, Slice
from market_data.aws.calls import ConditionFailed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

__all__ = ["DynamoDBAccounts"]

NOT_SEEN_LATELY: Final = "(attribute_not_exists(last_used_at) OR last_used_at <= :before)"
NOT_REPLACED: Final = " AND ".join(
    (
        "attribute_exists(pk)",
        "attribute_not_exists(revoked_at)",
        "attribute_not_exists(replaced_by)",
    )
)
LAST: Final = "~"  # sorts behind every id


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

    def list_accounts(self, part: Slice) -> list[Account]:
        """See AccountStore.list_accounts."""
        listed = [item["sk"] for item in self._part(ALL_ACCOUNTS, "ACCT#", part, descending=False)]
        keys: list[dict[str, AttributeValueTypeDef]] = [
            {"pk": pk, "sk": {"S": "PROFILE"}} for pk in listed
        ]
        found = {item["pk"]["S"]: account_of(item) for item in self.get_many(keys)}
        return [found[pk["S"]] for pk in listed if pk["S"] in found]

    def audit_log(self, account_id: str, part: Slice = NEWEST) -> list[AuditEntry]:
        """See AccountStore.audit_log."""
        items = self._part(account_pk(account_id), "AUDIT#", part, descending=True)
        return [audit_of(item) for item in items]

    def find_once(self, account_id: str, once_id: str) -> Once | None:
        """See AccountStore.find_once."""
        item = self.get(account_pk(account_id), once_sk(once_id))
        return once_of(item) if item else None

    def create_account(
        self, account: Account, key: ApiKey | None, entry: AuditEntry, once: Once | None = None
    ) -> bool:
        """See AccountStore.create_account."""
        puts = [account_item(account), listed_item(account)] + ([key_item(key)] if key else [])
        return self.transact([self._put_once(item) for item in puts], entry, once)

    def create_key(self, key: ApiKey, entry: AuditEntry, once: Once | None = None) -> bool:
        """See AccountStore.create_key."""
        account_exists: TransactWriteItemTypeDef = {
            "ConditionCheck": {
                "TableName": self.table,
                "Key": {"pk": account_pk(key.account_id), "sk": {"S": "PROFILE"}},
                "ConditionExpression": "attribute_exists(pk)",
            }
        }
        return self.transact([account_exists, self._put_once(key_item(key))], entry, once)

    def rotate_key(
        self,
        old: ApiKey,
        new: ApiKey,
        days: tuple[str, ...],
        entry: AuditEntry,
        once: Once | None = None,
    ) -> bool:
        """See AccountStore.rotate_key.

            PUT  new
            SET  valid_until = :end,  replaced_by = :new        of old
            IF   old  AND  no revoked_at  AND  no replaced_by

        One transaction: of two rotations at once one is refused, and no key is left without its
        successor or the other way round.
        """
        values: dict[str, AttributeValueTypeDef] = {":new": {"S": new.id}}
        changes = ["replaced_by = :new"]
        ends = {"valid_until": old.expires_at, "revoked_at": old.revoked_at}
        for name, at in ends.items():
            if at is not None:
                changes.append(f"{name} = :{name}")
                values[f":{name}"] = {"N": str(at)}
        replace: TransactWriteItemTypeDef = {
            "Update": {
                "TableName": self.table,
                "Key": {"pk": key_pk(old.id), "sk": {"S": "META"}},
                "UpdateExpression": f"SET {', '.join(changes)}",
                "ConditionExpression": NOT_REPLACED,
                "ExpressionAttributeValues": values,
            }
        }
        if not self.transact([replace, self._put_once(key_item(new))], entry, once):
            return False
        if old.revoked_at is not None:
            self._mark(old, days)
        return True

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
        self._mark(key, days)
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

    def _mark(self, key: ApiKey, days: tuple[str, ...]) -> None:
        """Name a key that was revoked in the items of some days; harmless to repeat."""
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

    def _part(
        self, pk: "AttributeValueTypeDef", prefix: str, part: Slice, *, descending: bool
    ) -> "list[dict[str, AttributeValueTypeDef]]":
        """A part of the items of one kind in order of their ids.

        BETWEEN takes its ends in; they are asked for beyond the limit, and left out.
        """
        low, high = (part.before, part.after) if descending else (part.after, part.before)
        ends = [prefix + (low or ""), prefix + (LAST if high is None else high)]
        if ends[0] > ends[1]:
            return []
        items = self.query(
            KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues={
                ":pk": pk,
                ":low": {"S": ends[0]},
                ":high": {"S": ends[1]},
            },
            ConsistentRead=True,
            ScanIndexForward=descending is part.from_end,
            Limit=part.limit + 2,
        )
        items = [item for item in items if item["sk"]["S"] not in ends][: part.limit]
        return items[::-1] if part.from_end else items

    def _put_once(self, item: "dict[str, AttributeValueTypeDef]") -> "TransactWriteItemTypeDef":
        return {
            "Put": {
                "TableName": self.table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
