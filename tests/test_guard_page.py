"""Every number in the page on rate, quota and refusals is the one in the code."""

import json
import re

import pytest

from graphql_api.errors import (
    Forbidden,
    LimitReached,
    QueryTooComplex,
    QuotaExceeded,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from graphql_api.guard import breaker, charging, lease_size, leasing, reach, refusals
from graphql_api.guard.admit import HISTORY_DAYS
from graphql_api.guard.limits import SECOND, rate_of
from graphql_api.guard.plans import PLANS
from graphql_api.guard.standing import standing
from graphql_api.stores import UsageDay
from tests.pages import ROOT, rows

PAGE = (ROOT / "docs" / "guard.md").read_text()
NOON = 1_795_262_400 * SECOND


def test_every_plan_stands_in_the_page() -> None:
    assert rows(PAGE, "plan") == [
        [
            plan.name,
            f"{plan.per_second:,}",
            f"{plan.burst:,}",
            f"{rate_of(plan.per_second, plan.burst).guaranteed:,}",
            f"{plan.units_per_day:,}",
            f"{plan.single_query:,}",
            str(plan.lease or "none"),
        ]
        for plan in PLANS.values()
    ]


def test_every_refusal_stands_in_the_page() -> None:
    told = [(int(status), code.strip("`")) for status, code, *_ in rows(PAGE, "status")]
    assert told == [
        (refusal.status, refusal.code)
        for refusal in (
            RateLimited,
            QuotaExceeded,
            QueryTooComplex,
            Unauthenticated,
            Forbidden,
            Unavailable,
        )
    ]


def test_the_refusal_that_is_shown_is_the_one_that_is_given() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (shown,) = json.loads(block)["errors"]
    refused: LimitReached = refusals.rate_limited(
        PLANS["BASIC"], UsageDay("2026-11-21", NOON + 1_800_000, 400, 200), NOON
    )
    assert shown == {"message": refused.message, "extensions": refused.extensions()}


def test_the_headers_that_are_shown_are_those_that_are_sent() -> None:
    headers = standing(PLANS["BASIC"], UsageDay("2026-11-21", NOON - 90_000, 3, 1), NOON).headers()
    for name, value in headers.items():
        assert f"{name}: {value}\n" in PAGE


@pytest.mark.parametrize(
    ("sentence", "numbers"),
    [
        (r"up to (\d+) s more, at random", (refusals.SPREAD,)),
        (r"(\d+) to (\d+) s, at random", reach.COME_BACK),
        (
            r"(\d+) to (\d+) s, once (\d+)\s+requests were refused meanwhile, and after (\d+) s",
            (
                *(edge // SECOND for edge in charging.RECHECK),
                charging.RECHECK_REFUSALS,
                charging.RECHECK_LONGEST // SECOND,
            ),
        ),
        (r"After (\d+) failures in a row", (breaker.FAILURES,)),
        (r"(\d+) ms at first and up to a second", (charging.THROTTLED_FOR * 1_000 // SECOND,)),
        (r"For\s+the next (\d+) s its\s+leases are twice", (leasing.PRESSED_FOR // SECOND,)),
        (r"history\(days: (\d+)\)", (HISTORY_DAYS,)),
    ],
)
def test_a_number_in_the_text_is_the_one_in_the_code(
    sentence: str, numbers: tuple[float, ...]
) -> None:
    found = re.search(sentence, PAGE)
    assert found is not None
    assert tuple(map(float, found.groups())) == tuple(map(float, numbers))


def test_what_the_page_says_in_words_is_so() -> None:
    assert lease_size.LONGEST == SECOND
    assert lease_size.SHARE == lease_size.GROWTH == 4
    assert lease_size.FEW == 12
    assert lease_size.AHEAD == 8
    assert lease_size.FAST == charging.SCARCE == 16
    assert (lease_size.LEAST, lease_size.MOST) == ((-2, 0.1), (1, 0.5))
    assert reach.PATIENCE == charging.THROTTLED_MOST == charging.RATION_LONGEST == SECOND
    assert {plan.lease for plan in PLANS.values()} == {0, 50}
