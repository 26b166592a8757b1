"""Round trips to the store and what they cost, on a virtual clock: the same on every machine."""

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.traffic.load import Load, contended, poisson
from graphql_api.guard.plans import PLANS
from graphql_api.stores.dynamodb.items import account_pk, time_to_live, use_sk
from graphql_api.stores.records import SLOTS

# US dollars a million, on demand, US East (N. Virginia), table class Standard. What is a unit:
# https://aws.amazon.com/dynamodb/pricing/on-demand/, seen in November 2026. The two prices, halved
# in November 2024: https://airbyte.com/data-engineering-resources/dynamodb-pricing of 2025-07-21.
# A write of up to 1 KB is one unit, also one whose condition fails; a consistent read of up to
# 4 KB is one.
WRITE, READ = 0.625, 0.125
TWO_COUNTERS = 2  # writes a request: one that counts for the rate, one for the day
WARM = 1  # seconds after which every environment has its first lease


@dataclass(frozen=True)
class Case:
    """Traffic of one account."""

    plan: str
    per_second: int
    environments: int
    seconds: int
    used: int = 0

    def run(self) -> Load:
        """What comes of it."""
        return poisson(self.plan, self.per_second, self.environments, self.seconds, self.used)

    def __str__(self) -> str:
        return f"{self.plan:11}{self.per_second:6}/s over {self.environments:2}"


BASIC = Case("BASIC", 90, 16, 60)
ENTERPRISE = Case("ENTERPRISE", 2_000, 55, 20)
STEADY = (
    Case("DEMO", 4, 1, 60),
    Case("BASIC", 10, 1, 60),
    Case("BASIC", 10, 4, 60),
    Case("BASIC", 50, 8, 60),
    BASIC,
    Case("BASIC", 90, 32, 60),
    Case("PREMIUM", 50, 4, 60),
    Case("PREMIUM", 450, 16, 60),
    ENTERPRISE,
)
SPENT = (Case("BASIC", 90, 8, 60, used=10_000), Case("ENTERPRISE", 2_000, 55, 20, used=1_000_000))


def price(load: Load) -> float:
    """Dollars for a million admitted requests: writes of the day's item, look-ups of the key."""
    return (load.writes * WRITE + load.reads * READ) / load.granted


def price_of_two_counters(load: Load) -> float:
    """The same requests, each counted in two items; keys are looked up as ours are."""
    return TWO_COUNTERS * WRITE + load.reads * READ / load.granted


def item_size(units: int, revoked: int) -> int:
    """Bytes of a day's item as DynamoDB counts them: names, texts, and two digits a byte."""
    texts = ("pk", "sk", account_pk("0" * 26)["S"], use_sk("2026-11-21")["S"])
    size = sum(map(len, texts))
    for name, number in (
        ("tat", 1_795_262_400_000_000),
        (f"slot{SLOTS - 1}", 1_795_262_400_000_000),
        ("used", units),
        ("reqs", units),
        ("expires_at", int(time_to_live("2026-11-21")["N"])),
    ):
        size += len(name) + (len(str(number)) + 1) // 2 + 1
    return size + (len("revoked") + 3 + revoked * (64 + 1) if revoked else 0)


def share_of_allowed(load: Load, plan: str, seconds: int) -> float:
    """What was granted of what burst and rate allow."""
    return load.granted / (PLANS[plan].burst + PLANS[plan].per_second * seconds)


def after_start(load: Load) -> int:
    """Write units in the busiest second, the first one left out."""
    first = min(load.store.writes)
    return max(units for second, units in load.store.writes.items() if second >= first + WARM)


def main() -> None:
    heads = ("granted", "writes", "reads", "trips a grant", "writes/s", "at most", "$ a million")
    print(f"{'environments of one account':28}" + "".join(f"{head:>14}" for head in heads))
    for case in STEADY:
        load = case.run()
        numbers = (
            f"{load.granted:14,}{load.writes:14,}{load.reads:14,}{load.trips_per_grant:14.3f}"
            f"{load.writes / case.seconds:14.1f}{after_start(load):14}{price(load):14.4f}"
        )
        print(f"{case!s:28}{numbers}")
        if case in (BASIC, ENTERPRISE):
            two = price_of_two_counters(load)
            print(f"{'  two counters':28}{two:98.4f}  ours / theirs {price(load) / two:.3f}")
    print("\nthe day's units gone")
    for case in SPENT:
        load = case.run()
        print(f"{case!s:28} {load.trips_per_request:.4f} trips a request, none admitted")
    load = contended("BASIC", 32, 5, pause=4_000)
    print(
        f"\n32 environments ask without an end (BASIC): {share_of_allowed(load, 'BASIC', 5):.3f} "
        "of what is allowed is granted"
    )
    print(
        f"\na day's item: {item_size(10**6, 0)} bytes, with 10 revoked keys "
        f"{item_size(10**6, 10)}; one write unit up to 1,024"
    )
    print(f"prices: ${WRITE} a million write units, ${READ} a million read units, us-east-1")
    print("https://airbyte.com/data-engineering-resources/dynamodb-pricing (2025-07-21); units:")
    print("https://aws.amazon.com/dynamodb/pricing/on-demand/ (November 2026)")


if __name__ == "__main__":
    main()
