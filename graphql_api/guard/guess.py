"""Which form to try first: what was last seen of an account, and what others do meanwhile."""

from dataclasses import dataclass
from typing import Final

from graphql_api.guard.limits import Band, Form, Rate
from graphql_api.stores import Outcome, UsageDay
from graphql_api.stores.records import SLOTS

__all__ = ["Flow", "Seen", "expected_tat", "fitting", "likely", "marked_by", "misled", "sharers"]

SHARERS: Final = 4.0  # at least, where there are any


class Flow:
    """How much others spend from the same bucket, as the day's requests tell that are not ours."""

    __slots__ = ("_newer", "_older", "_own", "others", "sharers")

    def __init__(self) -> None:
        self.others = 0.0  # of the rate, so 1 is all of it
        self.sharers = 1.0  # processes that spend as much as this one, with it
        self._own = 0
        self._older: tuple[int, int, int] | None = None  # when, and others' and ours by then
        self._newer = (0, 0, 0)

    def learn(self, rate: Rate, outcome: Outcome, own: int, now: int) -> None:
        """Count an answer: what came in the last tau to two of it, or since the first answer."""
        self._own += own if outcome.admitted else 0
        theirs = outcome.usage.requests - self._own
        if self._older is None or now < self._newer[0]:
            self._older = self._newer = now, theirs, self._own
        elif now - self._newer[0] >= rate.tau:
            self._older, self._newer = self._newer, (now, theirs, self._own)
        since, before, own_before = self._older
        came = max(0, theirs - before)
        if now - since >= rate.slack // 4:
            self.others = min(1.0, came * rate.spacing / (now - since))
        if self._own > own_before:
            self.sharers = 1 + came / (self._own - own_before)


@dataclass(slots=True)
class Seen:
    """What the last answer of the store said of an account."""

    usage: UsageDay
    at: int
    shared: bool  # the bucket had moved since the answer before: others spend from it too
    flow: Flow
    checked_at: int  # when the day's units were last looked at
    recheck_after: int
    mark: int | None = None  # the slot that the item bears the mark of, where that is known
    refused: int = 0  # since then, from memory
    held_until: int = 0  # the bucket is all but empty: not asked before


def sharers(rate: Rate, seen: Seen | None, now: int) -> float:
    """How many spend from the same bucket, this process among them, where it were one of equals."""
    if seen is None:
        return SHARERS
    return max(seen.flow.sharers, SHARERS if seen.shared and now < seen.at + rate.tau else 1.0)


def expected_tat(seen: Seen | None, at: int) -> int | None:
    """Where the bucket stands at a moment, with what others are expected to have spent."""
    if seen is None or seen.usage.tat is None:
        return None
    return seen.usage.tat + round(seen.flow.others * max(0, at - seen.at))


def fitting(rate: Rate, seen: Seen | None, now: int, life: int) -> Form:
    """The form that the last ``tat`` seen calls for."""
    return rate.form(now, seen.usage.tat if seen else None, life)


def likely(rate: Rate, seen: Seen | None, now: int, life: int) -> Form:
    """The form to try first, on what was seen a while ago.

    IDLE serves whoever comes in a slot of time that is marked, and else a bucket that stood at most
    a slot ahead when the first of those slots began of which a mark would be there. So BUSY is the
    better guess where the bucket stood further ahead by then.
    """
    begun = rate.slot_end(now) - rate.slots * rate.slack
    if seen is None or seen.at >= begun or (tat := expected_tat(seen, begun)) is None:
        return fitting(rate, seen, now, life)
    unsure = rate.slack // 8  # BUSY errs less there: if it has fallen so far, others have raised it
    return Form.BUSY if tat > rate.at(now, life=life).x - unsure else Form.IDLE


def misled(rate: Rate, seen: Seen | None, band: Band, now: int, fresh: bool) -> bool:
    """Whether the item bears a mark that looks like this slot's and is of no use.

    It may be old. Or it is this slot's, and was left by somebody who asked for less time ahead; but
    unless what was seen is ``fresh``, others who ask for as much as we do have left theirs by now.
    """
    if seen is None or seen.mark is None or (seen.usage.tat or 0) >= band.lo:
        return False
    if (band.slots[0] - seen.mark) % SLOTS >= rate.slots:
        return False
    return fresh or not seen.shared or seen.at < rate.slot_end(now) - rate.slack


def marked_by(form: Form, band: Band, outcome: Outcome) -> bool:
    """Whether the item is known to bear the mark of the slot in which it was asked for."""
    if outcome.admitted:
        return form is not Form.NEW  # or else nothing but a mark refuses IDLE where it has rested
    return form is Form.IDLE and outcome.usage.tat is not None and outcome.usage.tat <= band.x
