"""Deeds that are done once however often they are asked for: who lost the answer asks again."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final

import orjson

from graphql_api.errors import BadInput
from graphql_api.guard.limits import DAY
from graphql_api.stores import Once

__all__ = ["Request", "check_same"]

REMEMBERED: Final = DAY
SHAPE: Final = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True, slots=True)
class Request:
    """A request under a name of the asker's own, which no other of its requests has."""

    account_id: str  # of whoever asks
    key: str  # the idempotency key, as a UUID

    def mark(self, deed: str, asked: Any, result: str, now: int) -> Once:
        """What is kept with the deed, so that the same request is known again for a day.

        Raises
        ------
        BadInput
            When the idempotency key is none.
        """
        if not SHAPE.fullmatch(self.key):
            raise BadInput(
                "idempotencyKey has 1 to 255 characters of ASCII without spaces: a UUID is best."
            )
        fingerprint = orjson.dumps([deed, asked], option=orjson.OPT_SORT_KEYS)
        return Once(
            account_id=self.account_id,
            id=hashlib.sha256(self.key.encode()).hexdigest(),
            fingerprint=hashlib.sha256(fingerprint).hexdigest(),
            result=result,
            until=now + REMEMBERED,
        )


def check_same(before: Once, mark: Once) -> None:
    """Raise BadInput where the idempotency key was used for something else."""
    if before.fingerprint != mark.fingerprint:
        raise BadInput(
            "This idempotencyKey was used for another request within the last day: take a new one."
        )
