"""What the records of a trial prove: grants over a limit, and units that do not add up."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from tests.attacks.guard.bounds import SECOND, most_in_any_interval, most_in_use

__all__ = ["Account", "Evidence", "Tally", "read"]


@dataclass
class Tally:
    """Requests and units of one day."""

    requests: int = 0
    units: int = 0

    def add(self, requests: int, units: int) -> None:
        self.requests += requests
        self.units += units


def within(kept: Tally, known: Tally, more: Tally, less: Tally) -> bool:
    """Whether what was kept is what is known, give or take what may have happened besides."""
    return (
        less.requests <= kept.requests - known.requests <= more.requests
        and less.units <= kept.units - known.units <= more.units
    )


@dataclass
class Account:
    """The limits that were attacked."""

    per_second: int
    burst: int
    units_per_day: int
    lease: int
    skew: int  # microseconds by which two clocks may differ


@dataclass
class Evidence:
    """What the environments of one trial did and were told."""

    grants: list[tuple[int, int]] = field(default_factory=list)  # (true time, requests)
    charged: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    answered: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    perhaps_charged: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    perhaps_given_back: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    held: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    in_hand: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    handed_back: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    refused: Counter[str] = field(default_factory=Counter)
    writes: int = 0
    refunds: int = 0
    refunds_lost: int = 0
    owed: int = 0  # requests whose refund was not sent, and may have been done later
    unclosed: int = 0  # environments that were killed
    unanswered: int = 0  # writes that the store did not answer in time
    doubtful: list[str] = field(default_factory=list)  # grants whose time cannot be

    def over_grants(self, account: Account) -> list[str]:
        """What was granted over a limit, in any interval and on any day."""
        found = []
        worst = most_in_any_interval(self.grants, account.per_second)
        bound = SECOND * account.burst + account.per_second * account.skew
        if worst > bound:
            found.append(
                f"{(worst - bound) / SECOND:.2f} requests over {account.burst} + "
                f"{account.per_second}/s in some interval"
            )
        for day, granted in self.in_hand.items():
            most = most_in_use(granted, self.handed_back[day])
            if most > account.units_per_day:
                found.append(f"{most} units on {day}, of {account.units_per_day}")
        return found

    def discrepancies(self, account: Account, kept: dict[str, tuple[int, int]]) -> list[str]:
        """Where what the store kept is not what was answered and what was held.

        Parameters
        ----------
        kept : of day to (requests, units)
            As the store has it when all is over.
        """
        found = list(self.doubtful)
        for day in sorted({*kept, *self.charged, *self.answered}):
            in_store = Tally(*kept.get(day, (0, 0)))
            charged, answered, held = self.charged[day], self.answered[day], self.held[day]
            more, less = self.perhaps_charged[day], self.perhaps_given_back[day]
            if not within(in_store, charged, more, less):
                found.append(f"{day}: {in_store} kept, {charged} charged, give {less} take {more}")
            if charged != Tally(answered.requests + held.requests, answered.units + held.units):
                found.append(f"{day}: {charged} charged, {answered} answered and {held} held")
        # With a write that may or may not have been done goes what it would have given back.
        most = (self.unclosed + self.unanswered) * (2 * account.lease + 1)
        lost = sum(tally.requests for tally in self.held.values())
        if not -self.owed <= lost <= most:
            found.append(
                f"{lost} requests held by {self.unclosed} killed, {self.unanswered} unanswered"
            )
        if self.refunds_lost:
            found.append(f"{self.refunds_lost} of {self.refunds} refunds lost")
        return found


def read(folder: Path) -> Evidence:
    """The evidence of all environments of a trial."""
    evidence = Evidence()
    for path in sorted(folder.glob("*.record")):
        _Reader(evidence).read(path)
    return evidence


class _Reader:
    """Reads the record of one environment."""

    def __init__(self, evidence: Evidence) -> None:
        self._all = evidence
        self._charged: dict[str, Tally] = defaultdict(Tally)
        self._answered: dict[str, Tally] = defaultdict(Tally)
        self._sent: tuple[int, int, str] | None = None  # a write without an answer yet
        self._failed: tuple[int, int, str] | None = None  # a refund without an answer yet
        self._closed = False
        self._unanswered = 0

    def read(self, path: Path) -> None:
        for line in path.read_text().splitlines():
            kind, *words = line.split()
            getattr(self, f"_{kind.replace('c', 'answer').replace('g', 'answer')}")(*words)
        if self._sent is not None:  # killed before the answer came
            self._answer("?")
        self._close()

    def _C(self, before: str, requests: str, units: str, day: str) -> None:
        self._sent = (int(requests), int(units), day)
        self._all.writes += 1

    def _G(self, requests: str, units: str, day: str) -> None:
        self._sent = (-int(requests), -int(units), day)
        self._all.writes += 1

    def _answer(self, admitted: str) -> None:
        assert self._sent is not None
        requests, units, day = self._sent
        self._sent = None
        if admitted == "1":
            self._charged[day].add(requests, units)
        elif admitted == "?":
            self._unanswered += 1
            # One write may charge a request and give back more units than that one costs.
            self._all.perhaps_charged[day].add(max(requests, 0), max(units, 0))
            self._all.perhaps_given_back[day].add(min(requests, 0), min(units, 0))

    def _A(self, before: str, at: str, after: str, units: str, day: str) -> None:
        if not int(before) <= int(at) <= int(after):
            self._all.doubtful.append(f"granted at {at}, asked at {before}, answered at {after}")
        self._all.grants.append((int(at), 1))
        self._all.in_hand[day].append((int(after), int(units)))
        self._answered[day].add(1, int(units))

    def _R(self, begun: str, requests: str, units: str, day: str) -> None:
        self._failed = (int(requests), int(units), day)
        self._all.handed_back[day].append((int(begun), int(units)))

    def _r(self, done: str) -> None:
        assert self._failed is not None
        requests, units, day = self._failed
        self._failed = None
        self._all.refunds += 1
        if done == "1":
            self._answered[day].add(-requests, -units)
            return
        self._all.owed += requests
        if not self._unanswered:  # else it was left alone, or this very write was not answered
            self._all.refunds_lost += 1

    def _N(self, what: str) -> None:
        self._all.refused[what] += 1

    def _E(self) -> None:
        self._closed = True

    def _close(self) -> None:
        """What was charged and never answered: by an environment that lives, nothing."""
        for day in {*self._charged, *self._answered}:
            charged, answered = self._charged[day], self._answered[day]
            self._all.charged[day].add(charged.requests, charged.units)
            self._all.answered[day].add(answered.requests, answered.units)
            if not self._closed or self._unanswered:
                self._all.held[day].add(
                    charged.requests - answered.requests, charged.units - answered.units
                )
        self._all.unclosed += not self._closed
        self._all.unanswered += self._unanswered
