"""How the records lie in the DynamoDB table: one table, eight kinds of item, one sparse index.

    pk             sk            what
    KEY#<sha256>   META          ApiKey; `owner`, `created_at` put it into the index keys_by_account
    ACCT#<id>      PROFILE       Account
    ACCT#<id>      USE#<day>     UsageDay; `expires_at` (seconds) is the table's time to live;
                                 `slot<n>` marks the slot of time it was last admitted to
    ACCT#<id>      AUDIT#<ulid>  AuditEntry
    DOC#<name>     TEXT          a registered document
    DOCS           COUNT         how many documents are kept
    ACCT#<id>      ONCE#<sha256> Once; `expires_at`
    ACCOUNTS       ACCT#<id>     that there is such an account, for listing them in order

Only USE and ONCE items carry the attribute `expires_at`. A key's own end is called `valid_until`,
or else DynamoDB would delete expired keys, and "expired" would read "unknown".
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from graphql_api.stores.records import Account, ApiKey, AuditEntry, Once, Overrides, Scope, UsageDay

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = Mapping[str, AttributeValueTypeDef]

__all__ = [
    "ALL_ACCOUNTS",
    "DOCUMENTS",
    "INDEX",
    "TABLE",
    "TIME_TO_LIVE",
    "account_item",
    "account_of",
    "account_pk",
    "audit_item",
    "audit_of",
    "document_pk",
    "key_item",
    "key_of",
    "key_pk",
    "listed_item",
    "once_item",
    "once_of",
    "once_sk",
    "overrides_value",
    "time_to_live",
    "usage_of",
    "use_sk",
]

DOCUMENTS: Final[tuple["AttributeValueTypeDef", "AttributeValueTypeDef"]] = (
    {"S": "DOCS"},
    {"S": "COUNT"},
)
INDEX: Final = "keys_by_account"
TIME_TO_LIVE: Final = "expires_at"
ALL_ACCOUNTS: Final["AttributeValueTypeDef"] = {"S": "ACCOUNTS"}
KEPT_DAYS: Final = 35  # 30 of history, and slack

TABLE: Final[dict[str, Any]] = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
        {"AttributeName": "owner", "AttributeType": "S"},
        {"AttributeName": "created_at", "AttributeType": "N"},
    ],
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": INDEX,
            "KeySchema": [
                {"AttributeName": "owner", "KeyType": "HASH"},
                {"AttributeName": "created_at", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
}


def key_pk(key_id: str) -> "AttributeValueTypeDef":
    """The partition of a key."""
    return {"S": f"KEY#{key_id}"}


def account_pk(account_id: str) -> "AttributeValueTypeDef":
    """The partition of an account."""
    return {"S": f"ACCT#{account_id}"}


def document_pk(name: str) -> "AttributeValueTypeDef":
    """The partition of a registered document."""
    return {"S": f"DOC#{name}"}


def use_sk(day: str) -> "AttributeValueTypeDef":
    """The sort key of a day of use."""
    return {"S": f"USE#{day}"}


def time_to_live(day: str) -> "AttributeValueTypeDef":
    """When the item of a day may go, in epoch seconds."""
    end = date.fromisoformat(day) + timedelta(days=KEPT_DAYS)
    return {"N": str((end - date(1970, 1, 1)).days * 86_400)}


def key_item(key: ApiKey) -> "dict[str, AttributeValueTypeDef]":
    """A key as an item, in the index of its account."""
    item: dict[str, AttributeValueTypeDef] = {
        "pk": key_pk(key.id),
        "sk": {"S": "META"},
        "owner": account_pk(key.account_id),
        "created_at": {"N": str(key.created_at)},
        "label": {"S": key.label},
        "last_four": {"S": key.last_four},
        "scopes": {"S": " ".join(sorted(key.scopes))},
    }
    texts = {
        "networks": " ".join(key.networks),
        "replaces": key.replaces,
        "replaced_by": key.replaced_by,
    }
    item.update({name: {"S": text} for name, text in texts.items() if text})
    moments = {
        "valid_from": key.not_before,
        "valid_until": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }
    item.update({name: {"N": str(at)} for name, at in moments.items() if at is not None})
    return item


def key_of(item: "Item") -> ApiKey:
    """The key in an item."""
    return ApiKey(
        id=item["pk"]["S"].removeprefix("KEY#"),
        account_id=item["owner"]["S"].removeprefix("ACCT#"),
        label=item["label"]["S"],
        last_four=item["last_four"]["S"],
        scopes=frozenset(map(Scope, item["scopes"]["S"].split())),
        created_at=int(item["created_at"]["N"]),
        not_before=_number(item, "valid_from"),
        expires_at=_number(item, "valid_until"),
        revoked_at=_number(item, "revoked_at"),
        last_used_at=_number(item, "last_used_at"),
        networks=tuple((_text(item, "networks") or "").split()),
        replaces=_text(item, "replaces"),
        replaced_by=_text(item, "replaced_by"),
    )


def account_item(account: Account) -> "dict[str, AttributeValueTypeDef]":
    """An account as an item."""
    return {
        "pk": account_pk(account.id),
        "sk": {"S": "PROFILE"},
        "name": {"S": account.name},
        "plan": {"S": account.plan},
        "created_at": {"N": str(account.created_at)},
        "overrides": overrides_value(account.overrides),
    }


def overrides_value(overrides: Overrides) -> "AttributeValueTypeDef":
    """The overridden limits as a map of those that there are."""
    given = asdict(overrides).items()
    return {"M": {name: {"N": str(value)} for name, value in given if value is not None}}


def account_of(item: "Item") -> Account:
    """The account in an item."""
    return Account(
        id=item["pk"]["S"].removeprefix("ACCT#"),
        name=item["name"]["S"],
        plan=item["plan"]["S"],
        created_at=int(item["created_at"]["N"]),
        overrides=_overrides(item),
    )


def listed_item(account: Account) -> "dict[str, AttributeValueTypeDef]":
    """What lists an account among all."""
    return {"pk": ALL_ACCOUNTS, "sk": account_pk(account.id)}


def once_sk(once_id: str) -> "AttributeValueTypeDef":
    """The sort key of the mark of a deed that is done once."""
    return {"S": f"ONCE#{once_id}"}


def once_item(once: Once) -> "dict[str, AttributeValueTypeDef]":
    """The mark as an item."""
    return {
        "pk": account_pk(once.account_id),
        "sk": once_sk(once.id),
        "fingerprint": {"S": once.fingerprint},
        "result": {"S": once.result},
        "valid_until": {"N": str(once.until)},
        "expires_at": {"N": str(-(-once.until // 1_000_000))},
    }


def once_of(item: "Item") -> Once:
    """The mark in an item."""
    return Once(
        account_id=item["pk"]["S"].removeprefix("ACCT#"),
        id=item["sk"]["S"].removeprefix("ONCE#"),
        fingerprint=item["fingerprint"]["S"],
        result=item["result"]["S"],
        until=int(item["valid_until"]["N"]),
    )


def usage_of(item: "Item", day: str) -> UsageDay:
    """The day of use in an item; an empty day for an empty item."""
    return UsageDay(
        day=day,
        tat=_number(item, "tat"),
        units_used=_number(item, "used") or 0,
        requests=_number(item, "reqs") or 0,
        revoked=frozenset(item["revoked"]["SS"]) if "revoked" in item else frozenset(),
    )


def audit_item(entry: AuditEntry) -> "dict[str, AttributeValueTypeDef]":
    """An audit entry as an item."""
    return {
        "pk": account_pk(entry.account_id),
        "sk": {"S": f"AUDIT#{entry.id}"},
        "at": {"N": str(entry.at)},
        "actor": {"S": entry.actor},
        "action": {"S": entry.action},
        "details": {"S": json.dumps(dict(entry.details))},
    }


def audit_of(item: "Item") -> AuditEntry:
    """The audit entry in an item."""
    return AuditEntry(
        id=item["sk"]["S"].removeprefix("AUDIT#"),
        account_id=item["pk"]["S"].removeprefix("ACCT#"),
        at=int(item["at"]["N"]),
        actor=item["actor"]["S"],
        action=item["action"]["S"],
        details=json.loads(item["details"]["S"]),
    )


def _overrides(item: "Item") -> Overrides:
    kept = item["overrides"]["M"] if "overrides" in item else {}
    return Overrides(**{name: int(value["N"]) for name, value in kept.items()})


def _text(item: "Item", name: str) -> str | None:
    return item[name]["S"] if name in item else None


def _number(item: "Item", name: str) -> int | None:
    return int(item[name]["N"]) if name in item else None
