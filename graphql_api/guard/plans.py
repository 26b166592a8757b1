"""The plans that can be bought, one row each, and what an account makes of its own."""

from dataclasses import asdict, dataclass, replace

from graphql_api.stores.records import Account

__all__ = ["PLANS", "Plan", "plan_of"]


@dataclass(frozen=True, slots=True)
class Plan:
    """The limits of an account."""

    name: str
    per_second: int  # requests, sustained
    burst: int  # requests at once, after a rest
    units_per_day: int  # UTC days
    single_query: int  # units that one query may cost
    lease: int = 0  # requests that one process may be given ahead, with their units


PLANS: dict[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan("DEMO", per_second=5, burst=10, units_per_day=500, single_query=100),
        Plan("BASIC", per_second=100, burst=200, units_per_day=10_000, single_query=500),
        Plan(
            "PREMIUM",
            per_second=500,
            burst=1_000,
            units_per_day=100_000,
            single_query=1_000,
            lease=50,
        ),
        Plan(
            "ENTERPRISE",
            per_second=2_000,
            burst=5_000,
            units_per_day=1_000_000,
            single_query=5_000,
            lease=50,
        ),
    )
}


def plan_of(account: Account) -> Plan | None:
    """The limits that count for an account: its plan's, but for those that are overridden.

    None for a plan that is not known here.
    """
    plan = PLANS.get(account.plan)
    own = {name: value for name, value in asdict(account.overrides).items() if value is not None}
    return plan if plan is None or not own else replace(plan, **own)
