"""Round trips to the store and what they cost, on a virtual clock: the same on every machine."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.traffic.grid import Case, grid
from benchmarks.traffic.load import Load, burst, contended
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
SPENT_TRIPS, CONTENDED_SHARE, BURST_PART = 0.02, 0.90, 0.95
BURSTS = tuple(
    (plan, environments, within)
    for plan, environments in (("BASIC", 8), ("PREMIUM", 1), ("PREMIUM", 16), ("ENTERPRISE", 55))
    for within in (0.02, 0.3, 1)
)


BASIC = Case("BASIC", 90, 16, 60)
ENTERPRISE = Case("ENTERPRISE", 2_000, 55, 20)
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
        (f"slot{SLOTS - 2}", 1_795_262_400_000_000),
        (f"slot{SLOTS - 1}", 1_795_262_400_000_000),  # two, where a request takes a whole slot
        ("used", units),
        ("reqs", units),
        ("expires_at", int(time_to_live("2026-11-21")["N"])),
    ):
        size += len(name) + (len(str(number)) + 1) // 2 + 1
    return size + (len("revoked") + 3 + revoked * (64 + 1) if revoked else 0)


def share_of_allowed(load: Load, plan: str, seconds: int) -> float:
    """What was granted of what burst and rate allow."""
    return load.granted / (PLANS[plan].burst + PLANS[plan].per_second * seconds)


def line(case: Case, load: Load) -> str:
    """A line of the table, with its verdict."""
    bound = case.bound(load)
    return (
        f"{case!s:28}{case.arrivals.value:>10}{load.granted:9,}{load.refused:9,}{load.writes:9,}"
        f"{load.reads:7,}{load.trips_per_grant:9.3f}{bound:8.3f}{load.busiest_second:8,}"
        f"{price(load):9.4f}  {'met' if case.holds(load) else 'NOT MET'}"
    )


def main() -> int:
    """Print everything; 1 where a bound is not met."""
    met = True
    heads = ("arrivals", "granted", "refused", "writes", "reads", "trips", "bound", "at most", "$")
    widths = (10, 9, 9, 9, 7, 9, 8, 8, 9)
    print("trips: round trips to the store a granted request; at most: writes in any second")
    print(" " * 28 + "".join(f"{one:>{width}}" for one, width in zip(heads, widths, strict=True)))
    for case in grid():
        load = case.run()
        met = case.holds(load) and met
        print(line(case, load), flush=True)
    print("\na million requests, of two counters and ours")
    for case, most in ((BASIC, 0.55), (ENTERPRISE, 1 / 15)):
        load = case.run()
        two = price_of_two_counters(load)
        met = price(load) <= most * two and met
        print(f"{case!s:28} ${two:.4f}  ${price(load):.4f}  {price(load) / two:.3f}")
    print("\nthe day's units gone: trips a request, none admitted; at most 0.02")
    for case in SPENT:
        load = case.run()
        met = load.trips_per_request <= SPENT_TRIPS and met
        print(f"{case!s:28} {load.trips_per_request:.4f}")
    share = share_of_allowed(contended("BASIC", 32, 5, pause=4_000), "BASIC", 5)
    met = share >= CONTENDED_SHARE and met
    print(
        f"\n32 environments ask without an end (BASIC): {share:.3f} of what is allowed is granted"
    )
    print("\nafter a rest, the guaranteed burst within a time: the part that is granted; 0.95")
    for plan, environments, within in BURSTS:
        load = burst(plan, environments, within)
        part = load.granted / (load.granted + load.refused)
        met = part >= BURST_PART and met
        print(f"{plan:11}over {environments:2} within {within:4} s: {part:.3f}")
    print(
        f"\na day's item: {item_size(10**6, 0)} bytes, with 10 revoked keys "
        f"{item_size(10**6, 10)}; one write unit up to 1,024"
    )
    print(f"prices: ${WRITE} a million write units, ${READ} a million read units, us-east-1")
    print("https://airbyte.com/data-engineering-resources/dynamodb-pricing (2025-07-21); units:")
    print("https://aws.amazon.com/dynamodb/pricing/on-demand/ (November 2026)")
    print("\nall bounds are met" if met else "\nA BOUND IS NOT MET")
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
