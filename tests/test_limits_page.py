"""Every number in the page on limits and cost is the one in the code."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from graphql_api.execution import MAX_ERRORS
from graphql_api.guard.plans import PLANS
from graphql_api.limits import LIMITS
from graphql_api.registry import AT_ONCE
from graphql_api.schema import prices
from graphql_api.trusted import MAX_DEPLOYED
from tests.pages import ROOT, reader, rows

PAGE = (ROOT / "docs" / "limits-and-cost.md").read_text()
SHOWN = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


@pytest.fixture
def client(data: Path, clock: Any) -> Iterator[TestClient]:
    with reader(data, clock) as client:
        yield client


def test_every_limit_stands_in_the_page() -> None:
    assert rows(PAGE, "`extensions.limit`") == [
        [f"`{one.name}`", f"{one.maximum:,}", one.meaning] for one in LIMITS.values()
    ]
    assert "At most five errors" in PAGE
    assert MAX_ERRORS == 5


def test_every_plan_stands_in_the_page() -> None:
    assert rows(PAGE, "plan") == [
        [plan.name, f"{plan.single_query:,}", f"{plan.units_per_day:,}"] for plan in PLANS.values()
    ]


def test_every_price_stands_in_the_page() -> None:
    told = {field.strip("`"): (int(weight), often) for field, weight, often in rows(PAGE, "field")}
    paid = {key: price for key, price in prices().table.items() if price.weight or price.size}
    assert set(told) == {f"{type_}.{field}" for type_, field in paid}
    for (type_, field), price in paid.items():
        weight, often = told[f"{type_}.{field}"]
        assert weight == price.weight
        assert (often == "once") == (price.size is None)
        if price.size is not None:
            named = [*(price.size.slicing_arguments or ()), *(price.size.sized_fields or ())]
            assert all(f"`{name}`" in often for name in named)
            assert not price.size.assumed_size or f"{price.size.assumed_size} if" in often


def test_every_mutation_is_free_as_the_page_says() -> None:
    table = prices().table
    weights = {field: table[type_, field].weight for type_, field in table if type_ == "Mutation"}
    assert set(weights.values()) == {0}
    assert {"createApiKey", "revokeApiKey", "registerDocuments"} < set(weights)
    assert "So does every mutation" in PAGE
    assert f"at most {AT_ONCE} documents at once" in PAGE
    assert f"{MAX_DEPLOYED:,} in all" in PAGE


def test_the_example_costs_what_the_page_says(client: TestClient) -> None:
    (query,) = re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)
    answer = client.post("/graphql", json={"query": query}).json()
    assert answer["extensions"]["cost"] == SHOWN[1]
    dry = client.post("/graphql", json={"query": query}, headers={"x-dry-run": "1"}).json()
    assert shape(dry) == shape(SHOWN[2])
    for name in ("requestedQueryCost", "actualQueryCost", "maximumQueryCost"):
        assert dry["extensions"]["cost"][name] == SHOWN[2]["extensions"]["cost"][name]


def test_the_refusal_reads_as_the_page_says(client: TestClient) -> None:
    query = "{" + " ".join(f"a{i}: __typename" for i in range(16)) + "}"
    answer = client.post("/graphql", json={"query": query}).json()
    assert {"errors": answer["errors"]} == SHOWN[0]


def shape(value: Any) -> Any:
    """The names in an answer, without its values."""
    if isinstance(value, dict):
        return {name: shape(inside) for name, inside in value.items()}
    return None
