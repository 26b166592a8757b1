"""Days of use in DynamoDB: the three forms of admission, each one conditional UpdateItem.

Admissions and refunds are sent with exactly one attempt, since a repeated one would count twice.
"""

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Final

from graphql_api.stores.dynamodb.items import account_pk, time_to_live, usage_of, use_sk
from graphql_api.stores.dynamodb.table import Table, numbers
from graphql_api.stores.records import SLOTS, Charge, Outcome, Slot, UsageDay
from market_data.aws.calls import ConditionFailed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

__all__ = ["DynamoDBUsage"]

KEY_NOT_REVOKED: Final = "(attribute_not_exists(revoked) OR NOT contains(revoked, :key))"
ROOM_IN_THE_DAY: Final = "used <= :room"
ROOM_OR_NEW_DAY: Final = "(attribute_not_exists(used) OR used <= :room)"
IN_THE_BAND: Final = "tat BETWEEN :lo AND :hi"
RESTED: Final = "(attribute_not_exists(tat) OR tat <= :x)"
HOLDS_WHAT_IS_OWED: Final = "used >= :units_owed AND reqs >= :requests_owed"
UNTOUCHED: Final = "attribute_not_exists(tat)"
ADVANCE: Final = "used = used + :units, reqs = reqs + :requests"
RESTART: Final = (
    "used = if_not_exists(used, :zero) + :units, "
    "reqs = if_not_exists(reqs, :zero) + :requests, expires_at = :expires_at"
)
MARKS: Final = tuple(f"slot{number}" for number in range(SLOTS))
"""Of these an item has those of the last admission, each with what ``tat`` was made by it.

A slot is an attribute's name, not its value: whether there is one is all that `SET` can ask. So all
others are removed each time. That makes the request 250 bytes longer, and no write unit dearer.
"""


class DynamoDBUsage(Table):
    """A UsageStore on a table laid out as in `items`."""

    def busy(
        self, charge: Charge, lo: int, hi: int, step: int, slots: tuple[int, ...] = ()
    ) -> Outcome:
        """See UsageStore.busy."""
        update = _marked(slots, "tat + :step", ADVANCE)
        edges = {":lo": lo, ":hi": hi, ":step": step}
        return self._admit(charge, update, IN_THE_BAND, ROOM_IN_THE_DAY, edges)

    def idle(self, charge: Charge, x: int, tat: int, slot: Slot | None = None) -> Outcome:
        """See UsageStore.idle."""
        if slot is None or not slot.heeded:
            update = _marked(slot.numbers if slot else (), ":tat", RESTART)
            return self._restart(charge, update, RESTED, {":x": x, ":tat": tat})
        mark = MARKS[slot.numbers[0]]
        update = _marked(slot.numbers, f"if_not_exists({mark}, :x) + :step", RESTART)
        rested = f"attribute_not_exists({mark}) AND {RESTED}"
        bucket = f"(({rested}) OR ({mark} = tat AND {IN_THE_BAND}))"
        edges = {":x": x, ":step": tat - x, ":lo": slot.lo, ":hi": slot.hi}
        return self._restart(charge, update, bucket, edges)

    def new(self, charge: Charge, tat: int) -> Outcome:
        """See UsageStore.new."""
        return self._restart(charge, f"SET tat = :tat, {RESTART}", UNTOUCHED, {":tat": tat})

    def give_back(self, account_id: str, day: str, requests: int, units: int) -> None:
        """See UsageStore.give_back."""
        with suppress(ConditionFailed):  # or else the day is gone, and nothing is owed
            self.ask(
                self.client.update_item,
                TableName=self.table,
                Key={"pk": account_pk(account_id), "sk": use_sk(day)},
                UpdateExpression="SET used = used - :units, reqs = reqs - :requests",
                ConditionExpression="used >= :units AND reqs >= :requests",
                ExpressionAttributeValues=numbers({":units": units, ":requests": requests}),
            )

    def usage(self, account_id: str, day: str) -> UsageDay:
        """See UsageStore.usage."""
        item = self.get(account_pk(account_id), use_sk(day))
        return usage_of(item or {}, day)

    def history(self, account_id: str, first: str, last: str) -> list[UsageDay]:
        """See UsageStore.history."""
        items = self.query(
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": account_pk(account_id),
                ":first": use_sk(first),
                ":last": use_sk(last),
            },
        )
        return [usage_of(item, item["sk"]["S"].removeprefix("USE#")) for item in items]

    def _restart(self, charge: Charge, update: str, bucket: str, edges: dict[str, int]) -> Outcome:
        expires_at = time_to_live(charge.day)
        return self._admit(
            charge,
            update,
            bucket,
            ROOM_OR_NEW_DAY,
            {**edges, ":zero": 0},
            {":expires_at": expires_at},
        )

    def _admit(
        self,
        charge: Charge,
        update: str,
        bucket: str,
        room: str,
        edges: dict[str, int],
        more: "dict[str, AttributeValueTypeDef] | None" = None,
    ) -> Outcome:
        """Send one conditional write; the item as it stands after it, or as it refused."""
        condition = f"{bucket} AND {KEY_NOT_REVOKED}"
        values = numbers({**edges, ":units": charge.units, ":requests": charge.requests})
        values[":key"] = {"S": charge.key_id}
        values.update(more or {})
        if charge.units < 0 or charge.requests < 0:  # or else a day without an item opens below 0
            condition = f"{condition} AND {HOLDS_WHAT_IS_OWED}"
            owed = {":units_owed": -charge.units, ":requests_owed": -charge.requests}
            values.update(numbers(owed))
        if charge.room is not None:
            condition = f"{condition} AND {room}"
            values[":room"] = {"N": str(charge.room)}
        try:
            answer = self.ask(
                self.client.update_item,
                TableName=self.table,
                Key={"pk": account_pk(charge.account_id), "sk": use_sk(charge.day)},
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ConditionFailed as refusal:
            return Outcome(False, usage_of(refusal.item, charge.day))
        return Outcome(True, usage_of(answer["Attributes"], charge.day))


@cache
def _marked(slots: tuple[int, ...], tat: str, rest: str) -> str:
    """An update that moves ``tat``, marks slots of time with it, and takes off all other marks."""
    marks = [MARKS[number] for number in slots]
    moved = ", ".join(f"{name} = {tat}" for name in ("tat", *marks))
    others = ", ".join(mark for mark in MARKS if mark not in marks)
    return f"SET {moved}, {rest} REMOVE {others}"
