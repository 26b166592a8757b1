"""One commit on its way: what it would write, written and confirmed, however often that takes.

A commit puts its chunks first and then, on condition of the version that it has read, a new HEAD;
a home with transactions writes both in one. In that HEAD its rows are *pending*: readers do not
speak of moments from their k on. Once the writer has seen the answer before k - 0.5 s it confirms
them, and that may take as long as it will. Where it has not, or where it died, whoever commits next
moves the rows to a k of its own. So a crash between any two writes loses nothing that a redelivery
does not bring, and changes no answer.
"""

import random
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from market_data.clock import Clock, Sleep
from market_data.errors import StoreUnavailable, StoreUntouched
from market_data.stores.base import CONFIRM, CommitResult
from market_data.stores.drafting import Delivery, Draft, Drafter
from market_data.stores.head import Head, pack, unpack
from market_data.stores.objects import NOTHING, Backend, Beside, Name
from market_data.stores.reading import Reader

__all__ = ["Commit"]

# Too slow so often in a row: a machine that cannot keep the promise now.
ATTEMPTS: Final = 5
# A commit that another one beat this often gives up.
CONFLICTS: Final = 100
# Seconds, times a random number and a power of two: between attempts, and between looks at a HEAD.
PAUSE: Final = 0.01
LONGEST: Final = 0.25
# Looks at a HEAD with rows pending before they are taken over though their k is still far.
LOOKS: Final = 20


class Commit:
    """One commit on its way.

    Parameters
    ----------
    backend : Backend
    reader : Reader
        Of the same backend: it is told when a HEAD that it may hold has been replaced.
    clock : Clock
        Off which k is taken.
    sleep : Sleep
    delivery : Delivery
    """

    def __init__(
        self, backend: Backend, reader: Reader, clock: Clock, sleep: Sleep, delivery: Delivery
    ) -> None:
        self._backend = backend
        self._whole = backend.transactional
        self._reader = reader
        self._drafter = Drafter(reader, clock)
        self._clock = clock
        self._sleep = sleep
        self._delivery = delivery
        self._symbol = delivery.instrument.symbol
        self._mine: set[str] = set()
        self._unheard: set[str] = set()
        self._landed: CommitResult | None = None
        self._superseded: set[Name] = set()
        self._now = self._late = self._beaten = 0

    def run(self) -> CommitResult:
        """Draft, write and confirm until it is done; what came of it.

        Raises
        ------
        BadInstrument
            The symbol is kept from another source or with another calendar.
        StoreUnavailable
            The store does not answer, this machine is too slow, or others always come first.
        """
        while True:
            draft = self._drafter.draft(self._settled(), self._delivery)
            if not draft.writes:
                self._expire(self._superseded)
                return self._told(draft)
            if self._written(draft) and self._confirmed(draft):
                if not self._whole:
                    self._expire(self._superseded)
                return self._told(draft)

    def _settled(self) -> Head:
        """The HEAD, after waiting a little for whoever has rows pending to confirm them."""
        looks = 0
        while True:
            kept = self._backend.heads([self._symbol]).get(self._symbol)
            if kept is None:
                return Head(self._delivery.instrument)
            head = unpack(kept.packed)
            if not head.pending or head.commit in self._mine or looks == LOOKS:
                return head
            if self._clock() >= head.pending - CONFIRM:
                return head
            looks += 1
            self._pause(looks)

    def _written(self, draft: Draft) -> bool:
        """Write a draft; whether its HEAD is there, that is, in time and before any other."""
        self._keep(draft.objects)
        if self._too_late(draft):
            self._discard(draft)
            return False
        # What needs no confirmation is the last write.
        superseded = draft.superseded if draft.result.known is None else set[Name]()
        if self._swap(draft.head, draft.packed, draft.objects, superseded):
            self._superseded |= draft.superseded
            return True
        # What was not heard of may be done yet, and then its HEAD names these objects.
        if draft.head.commit not in self._unheard:
            self._discard(draft)
        self._pause_after_conflict()
        return False

    def _swap(
        self, head: Head, packed: bytes, objects: Mapping[Name, bytes], superseded: set[Name]
    ) -> bool:
        """Write a HEAD; whether it is there. Where the answer is lost, the store is asked."""
        self._mine.add(head.commit)
        beside = Beside(objects, _salted(superseded), self._now) if self._whole else NOTHING
        try:
            return self._backend.swap(head.instrument, head.version - 1, packed, beside)
        except StoreUnavailable as error:
            if self._whole and isinstance(error, StoreUntouched):
                raise  # it has waited for its turn already
            self._unheard.add(head.commit)
            return self._is_there(head)
        finally:
            self._reader.forget(self._symbol)

    def _is_there(self, head: Head) -> bool:
        """Whether a HEAD whose writing has an unknown outcome has been written by now.

        If it has not, it may be yet: but then the next attempt, which expects the same version,
        either comes first and makes it fail, or fails itself and finds it.
        """
        for attempt in range(ATTEMPTS):
            with suppress(StoreUnavailable):
                kept = self._backend.heads([self._symbol]).get(self._symbol)
                return kept is not None and unpack(kept.packed).commit == head.commit
            self._pause(attempt)
        raise StoreUnavailable(f"whether the bars of {self._symbol} were committed is unknown")

    def _confirmed(self, draft: Draft) -> bool:
        """Confirm what is visible, if it was so in time; whether nobody has moved it meanwhile."""
        if draft.result.known is None:
            return True
        self._landed = self._landed or draft.result
        if self._too_late(draft):
            return False
        # It may come out a few bytes longer, and then be split where the draft was not.
        head, packed, parts = pack(
            replace(
                draft.head,
                version=draft.head.version + 1,
                pending=0,
                commit=f"{random.getrandbits(64):016x}",
            )
        )
        self._keep(parts)
        if self._swap(head, packed, parts, self._superseded):
            return True
        self._pause_after_conflict()
        return False

    def _keep(self, objects: Mapping[Name, bytes]) -> None:
        """Write objects ahead of their HEAD, where both cannot be written at once."""
        if objects and not self._whole:
            self._backend.keep(objects)

    def _too_late(self, draft: Draft) -> bool:
        """Whether the clock has come too close to the k of a draft, and so it must be redone."""
        self._now, known = self._clock(), draft.result.known
        if known is None or self._now < known - CONFIRM:
            return False
        self._late += 1
        if self._late == ATTEMPTS:
            how = "committed" if self._landed is None else "confirmed"
            raise StoreUnavailable(f"the bars were not {how} in time, {ATTEMPTS} times in a row")
        return True

    def _told(self, draft: Draft) -> CommitResult:
        """What came of it, as of the first attempt that changed anything."""
        if self._landed is None:
            return draft.result
        known = draft.result.known or draft.since or self._landed.known
        return replace(self._landed, known=known)

    def _discard(self, draft: Draft) -> None:
        """Let go of objects that no HEAD will name, where they were kept before it."""
        if not self._whole:
            self._expire(draft.objects)

    def _expire(self, names: Collection[Name]) -> None:
        """Let objects go."""
        names = _salted(names)
        if names:
            # What stays for ever costs a little; it is no reason to fail.
            with suppress(StoreUnavailable):
                self._backend.expire(names, self._now)

    def _pause_after_conflict(self) -> None:
        self._beaten += 1
        if self._beaten == CONFLICTS:
            raise StoreUnavailable(f"other commits to {self._symbol} came first each time")
        self._pause(self._beaten)

    def _pause(self, attempt: int) -> None:
        self._sleep(random.uniform(0.5, 1.0) * min(LONGEST, PAUSE * 2**attempt))


def _salted(names: Collection[Name]) -> set[Name]:
    """Those that nobody names again: parts of manifests have no salt, and another may name them."""
    return {name for name in names if name.kind != "M"}
