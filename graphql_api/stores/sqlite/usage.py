"""Days of use in SQLite: the three forms of admission, each one conditional statement."""

from typing import Any, Final

from graphql_api.stores.records import Charge, Outcome, Slot, UsageDay
from graphql_api.stores.sqlite.file import SqliteFile

__all__ = ["SqliteUsage"]

BUSY: Final = """
UPDATE usage SET tat = tat + :step, slot = :slot, used = used + :units, reqs = reqs + :requests
WHERE account_id = :account AND day = :day AND tat BETWEEN :lo AND :hi
AND (:room IS NULL OR used <= :room) AND instr(revoked, :key) = 0
AND used + :units >= 0 AND reqs + :requests >= 0
RETURNING day, tat, used, reqs, revoked"""
# A day without a row is a day without use, so the INSERT admits, unless more is given back than is
# taken; else the row has its say.
RESTART: Final = """
INSERT INTO usage (account_id, day, tat, slot, used, reqs)
SELECT :account, :day, :tat, :slot, :units, :requests
WHERE (:units >= 0 AND :requests >= 0)
OR EXISTS (SELECT 1 FROM usage WHERE account_id = :account AND day = :day)
ON CONFLICT (account_id, day) DO UPDATE
SET tat = {tat}, slot = excluded.slot, used = used + excluded.used, reqs = reqs + excluded.reqs
WHERE (tat IS NULL{or_so})
AND (:room IS NULL OR used <= :room) AND instr(revoked, :key) = 0
AND used + excluded.used >= 0 AND reqs + excluded.reqs >= 0
RETURNING day, tat, used, reqs, revoked"""
IDLE: Final = RESTART.format(
    tat="iif(slot & :heeded, tat + :tat - :x, excluded.tat)",
    or_so=" OR iif(slot & :heeded, tat BETWEEN :lo AND :hi, tat <= :x)",
)
NEW: Final = RESTART.format(tat="excluded.tat", or_so="")
GIVE_BACK: Final = """
UPDATE usage SET used = used - :units, reqs = reqs - :requests
WHERE account_id = :account AND day = :day AND used >= :units AND reqs >= :requests"""
DAYS: Final = """
SELECT day, tat, used, reqs, revoked FROM usage
WHERE account_id = :account AND day BETWEEN :first AND :last ORDER BY day"""


class SqliteUsage(SqliteFile):
    """A UsageStore in a file."""

    def busy(
        self, charge: Charge, lo: int, hi: int, step: int, slots: tuple[int, ...] = ()
    ) -> Outcome:
        """See UsageStore.busy."""
        return self._admit(BUSY, charge, lo=lo, hi=hi, step=step, slot=_bits(slots))

    def idle(self, charge: Charge, x: int, tat: int, slot: Slot | None = None) -> Outcome:
        """See UsageStore.idle."""
        slot = slot or Slot((), 0, 0, heeded=False)
        heeded = _bits(slot.numbers[:1]) if slot.heeded else 0
        edges = {"lo": slot.lo, "hi": slot.hi, "heeded": heeded, "slot": _bits(slot.numbers)}
        return self._admit(IDLE, charge, x=x, tat=tat, **edges)

    def new(self, charge: Charge, tat: int) -> Outcome:
        """See UsageStore.new."""
        return self._admit(NEW, charge, tat=tat, slot=0)

    def give_back(self, account_id: str, day: str, requests: int, units: int) -> None:
        """See UsageStore.give_back."""
        values = {"account": account_id, "day": day, "requests": requests, "units": units}
        with self.transaction() as db:
            db.execute(GIVE_BACK, values)

    def usage(self, account_id: str, day: str) -> UsageDay:
        """See UsageStore.usage."""
        days = self.history(account_id, day, day)
        return days[0] if days else UsageDay(day)

    def history(self, account_id: str, first: str, last: str) -> list[UsageDay]:
        """See UsageStore.history."""
        values = {"account": account_id, "first": first, "last": last}
        with self.reading() as db:
            return [_usage(row) for row in db.execute(DAYS, values)]

    def _admit(self, statement: str, charge: Charge, **edges: int) -> Outcome:
        """Run one conditional statement; the row as it stands after it, or as it refused."""
        values = {
            **edges,
            "account": charge.account_id,
            "day": charge.day,
            "key": charge.key_id,
            "requests": charge.requests,
            "units": charge.units,
            "room": charge.room,
        }
        with self.transaction() as db:
            row = db.execute(statement, values).fetchone()
            if row is not None:
                return Outcome(True, _usage(row))
            values = {"account": charge.account_id, "first": charge.day, "last": charge.day}
            row = db.execute(DAYS, values).fetchone()
        return Outcome(False, _usage(row) if row else UsageDay(charge.day))


def _bits(slots: tuple[int, ...]) -> int:
    """Slots as the column has them: a bit for each that is marked."""
    return sum(1 << number for number in slots)


def _usage(row: tuple[Any, ...]) -> UsageDay:
    day, tat, used, requests, revoked = row
    return UsageDay(day, tat, used, requests, frozenset(revoked.split()))
