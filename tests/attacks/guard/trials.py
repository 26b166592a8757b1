"""Trials of the attack: what binds, what goes wrong meanwhile, and what came of it."""

from dataclasses import dataclass

from graphql_api.guard.plans import Plan
from tests.attacks.guard.bounds import SECOND
from tests.attacks.guard.environments import ACCOUNT_PLAN
from tests.attacks.guard.evidence import Account, Evidence

__all__ = ["BINDINGS", "MIDNIGHT", "Result", "Trial"]

MIDNIGHT = 1_795_305_600 * SECOND  # 2026-11-22T00:00:00Z
SKEW = 50_000  # microseconds that a clock may be off
WEIGHTS = (1, 1, 2, 3, 5, 8)
PER_SECOND = 40
BURST = 40
BURST_WITH_LEASES = 100  # 2.5 s of the rate, as of the plans that lease
LEASE = 20
BINDINGS = ("rate", "quota", "both")
ENDLESS = 1_000_000


@dataclass(frozen=True)
class Trial:
    """One attack: what binds, what goes wrong meanwhile, and for how long."""

    binding: str
    weighted: bool
    number: int
    seconds: float
    skewed: bool = False
    midnight: bool = False
    leased: bool = False
    killed: bool = False

    @classmethod
    def numbered(cls, binding: str, weighted: bool, number: int, seconds: float) -> "Trial":
        """The n-th of a case: the first is plain, the second has everything, others some of it."""
        return cls(
            binding,
            weighted,
            number,
            seconds,
            skewed=number % 2 == 1,
            midnight=number % 4 in (1, 2),
            leased=number % 3 == 1,
            killed=number % 5 == 1,
        )

    @property
    def plan(self) -> Plan:
        """Limits that are reached within the trial, and on both days when there are two."""
        limits = {"per_second": PER_SECOND, "burst": BURST, "units_per_day": ENDLESS}
        if self.leased:
            limits |= {"burst": BURST_WITH_LEASES, "lease": LEASE}
        if self.binding == "quota":
            limits |= {"per_second": 10_000, "burst": 20_000}
        if self.binding != "rate":
            mean = sum(WEIGHTS) / len(WEIGHTS) if self.weighted else 1
            limits["units_per_day"] = round(mean * PER_SECOND * self.seconds / 2)
        return Plan(ACCOUNT_PLAN, single_query=max(WEIGHTS), **limits)

    @property
    def account(self) -> Account:
        """The limits as the evidence is held against them."""
        plan = self.plan
        apart = 2 * SKEW if self.skewed else 0
        return Account(plan.per_second, plan.burst, plan.units_per_day, plan.lease, apart)

    def __str__(self) -> str:
        told = [name for name in ("skewed", "midnight", "leased", "killed") if getattr(self, name)]
        weight = "weighted" if self.weighted else "unweighted"
        return f"{self.binding:5} {weight:10} {self.number:2} {' '.join(told):30}"


@dataclass(frozen=True)
class Result:
    """What a trial proved."""

    trial: Trial
    evidence: Evidence
    over_grants: list[str]
    discrepancies: list[str]
    granted: float  # of what was allowed

    @property
    def saturated(self) -> bool:
        """Whether more was asked for than there is."""
        return self.evidence.refused.total() > 0

    def __str__(self) -> str:
        evidence = self.evidence
        refused = " ".join(f"{what}:{n}" for what, n in sorted(evidence.refused.items()))
        held = sum(tally.requests for tally in evidence.held.values())
        wrong = "".join(f"\n    {one}" for one in [*self.over_grants, *self.discrepancies])
        return (
            f"{self.trial} granted {len(evidence.grants):4} ({self.granted:.2f} of allowed) "
            f"writes {evidence.writes:4} refunds {evidence.refunds:3} held {held:2} "
            f"unanswered {evidence.unanswered} "
            f"refused {refused}{wrong}"
        )


def share(trial: Trial, evidence: Evidence) -> float:
    """What was granted, of what the limit that binds allows; of the two the nearer, if both do."""
    plan = trial.plan
    times = [at for at, _ in evidence.grants]
    if not times:
        return 0.0
    by_rate = len(times) / (plan.burst + (max(times) - min(times)) * plan.per_second / SECOND)
    granted = sum(units for day in evidence.in_hand.values() for _, units in day)
    again = sum(units for day in evidence.handed_back.values() for _, units in day)
    by_quota = granted / (plan.units_per_day * len(evidence.in_hand) + again)
    return {"rate": by_rate, "quota": by_quota, "both": max(by_rate, by_quota)}[trial.binding]
